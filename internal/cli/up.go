package cli

import (
	"context"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// bridge is how long the calls of a run that changes something bridge a
// restart of the engine.
const bridge = 10 * time.Second

func (a *app) upCommand() *cobra.Command {
	var o upOptions
	cmd := &cobra.Command{
		Use:   "up [SERVICE...]",
		Short: "Build, pull, create, start, wait and prove",
		Long: `Bring the project to what the file says and prove that it works. Exit code 0 is
that proof. With SERVICE, these and what they depend on.`,
		ValidArgsFunction: a.completeServices,
		RunE: a.begun(func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return a.up(cmd.Context(), o, args)
		}),
	}
	o.declare(cmd)
	return cmd
}

func (a *app) up(ctx context.Context, o upOptions, services []string) error {
	if err := a.owe(o.report, !o.dryRun); err != nil {
		return err
	}
	if o.ephemeral {
		return a.upCopy(ctx, o, services)
	}
	call := a.approach(ctx, bridge)
	defer call.leave()
	p, err := a.wanted(ctx, o.planFlags, services)
	if err != nil {
		return err
	}
	a.dues.about(p)
	e, err := call.reached()
	if err != nil {
		return err
	}
	if p, err = a.takeOver(ctx, e, p); err != nil {
		return err
	}
	if o.dryRun {
		return a.showPlan(ctx, e, p, planOptions{planFlags: o.planFlags, output: outputText}, services)
	}
	if err := a.besideSupervisor(ctx, e, p); err != nil {
		return err
	}
	release, err := a.hold(ctx, e, p, o.waitLock)
	if err != nil {
		return err
	}
	defer release()
	if o.rollback {
		a.leave.take(orchestrator.RollbackWithin) // a second signal still ends the run at once
	}
	report, err := a.bringUp(ctx, e, p, o)
	a.dues.found(report, !o.rollback)
	return a.ended(report, err, o.timings, !o.rollback)
}

// ended shows what came of a run. One that is unchecked is up, as one that is
// proven, and shown as that is.
func (a *app) ended(r orchestrator.Report, err error, timings, kept bool) error {
	switch {
	case fault.ClassOf(err) == fault.Unchecked:
		if failed := a.printSettled(r, timings); failed != nil {
			return failed
		}
		return err
	case err != nil:
		return &stackError{err: err, report: r, kept: kept}
	case !r.Proven: // an error that is no error would be a lie
		return fault.New(fault.Internal, "the run ended without a proof and without an error")
	}
	return a.printSettled(r, timings)
}

// wanted is the project as the command line wants it.
func (a *app) wanted(ctx context.Context, o planFlags, services []string) (*compose.Project, error) {
	replicas, err := o.replicas()
	if err != nil {
		return nil, err
	}
	return a.wantedWith(ctx, a.loadOptions(services), replicas)
}

// wantedWith is wanted with options of its own.
func (a *app) wantedWith(ctx context.Context, options compose.Options, replicas map[string]int) (*compose.Project, error) {
	options.Scale = replicas
	p, err := a.loadWith(ctx, options)
	if err != nil {
		return nil, err
	}
	return p, a.takesPart(p, replicas)
}

// bringUp runs the orchestrator and shows what it does.
func (a *app) bringUp(ctx context.Context, e engine, p *compose.Project, o upOptions) (orchestrator.Report, error) {
	tell, end := a.showProgress("up", p)
	options := a.orchestratorOptions(p, o.planFlags, tell)
	options.Plan.Rollback = o.rollback
	options.WaitTimeout, options.Deadline, options.StableFor = o.waitTimeout, o.deadline, o.stableFor
	report, err := a.ops.up(ctx, e, p, options)
	end(&report)
	return report, err
}

// orchestratorOptions are what up, plan and status have in common.
func (a *app) orchestratorOptions(p *compose.Project, o planFlags, tell orchestrator.Listener) orchestrator.Options {
	plan, image := o.options()
	return orchestrator.Options{
		Plan: plan, Images: image, Listen: tell, Log: a.logger(), Redact: a.hide(p), Outside: a.around.Outside,
		Late: a.late(), Unfinished: a.held.Unfinished,
	}
}

func (a *app) printSettled(r orchestrator.Report, timings bool) error {
	if a.jsonLines() {
		a.tellSettled(r)
	}
	o := a.showOptions(a.streams.OutTerminal, engineTime(r.Engine))
	text := show.Proven(o, r)
	if timings {
		text += "\n" + show.Timings(o, r)
	}
	return a.print(text)
}

// tellSettled ends the JSON lines of a run that succeeded.
func (a *app) tellSettled(r orchestrator.Report) {
	message := "proven"
	if !r.Proven {
		message = "unchecked"
	}
	log := zerolog.New(a.logs) // redacts whatever goes into it
	log.Info().Int("schema_version", show.SchemaVersion).
		Str("time", time.Now().UTC().Format(time.RFC3339Nano)).
		Str("project", r.Project).Int("services", len(r.Services)).
		Float64("ready_after_seconds", r.ReadyAfter.Round(time.Millisecond).Seconds()).
		Float64("took_seconds", r.Took.Round(time.Millisecond).Seconds()).
		Strs("unchecked", r.Unchecked()).Msg(message)
}
