package cli

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

// againOptions are the flags of start and restart.
type againOptions struct {
	grace       *time.Duration
	waitTimeout time.Duration
	stableFor   *time.Duration
	unchecked   uncheckedFlags
	createBinds string
	waitLock    bool
	report      []string
}

func (o *againOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(durationVar(&o.waitTimeout), "wait-timeout", "bound over everything (default: the file's, else 5m)")
	f.Var(optionalDuration(&o.stableFor), "stable-for", "how long everything must stay well (default: the file's, else 2s)")
	o.unchecked.declare(cmd)
	createBindsFlag(f, &o.createBinds)
	waitLockFlag(f, &o.waitLock)
	reportFlag(f, &o.report)
}

func (a *app) startCommand() *cobra.Command {
	var o againOptions
	cmd := &cobra.Command{
		Use:   "start [SERVICE...]",
		Short: "Start containers that were stopped, and prove them",
		Long: `Start the containers that are there and do not run, in the order of their
dependencies, and prove them as up does. Nothing is created. With SERVICE, these
and what they depend on.`,
		ValidArgsFunction: a.completeServices,
		RunE: a.begun(func(cmd *cobra.Command, args []string) error {
			return a.again(cmd.Context(), "start", o, args, startWhat, a.ops.start)
		}),
	}
	o.flags(cmd)
	cmd.Flags().Bool("wait", false, "accepted for its users' habits: stackctl always waits")
	return cmd
}

func (a *app) restartCommand() *cobra.Command {
	var o againOptions
	cmd := &cobra.Command{
		Use:   "restart [SERVICE...]",
		Short: "Stop and start containers, and prove them",
		Long: `Stop and start the containers that are there, in the order of their
dependencies, and prove them as up does. No change of the file is applied: that
is what up is for. With SERVICE, these and what follows them (depends_on with
restart: true, or a namespace of theirs that is shared).`,
		ValidArgsFunction: a.completeServices,
		RunE: a.begun(func(cmd *cobra.Command, args []string) error {
			return a.again(cmd.Context(), "restart", o, args, restartWhat, a.ops.restart)
		}),
	}
	o.flags(cmd)
	cmd.Flags().VarP(optionalDuration(&o.grace), "timeout", "t", "how long a container may take to stop")
	return cmd
}

// startWhat is the part of the project that a start is about, and the services
// to start: the named ones with what they need.
func startWhat(p *compose.Project, named []string) (*compose.Project, []string, error) {
	part, err := p.Select(named...)
	if err != nil {
		return nil, nil, err
	}
	return part, withContainers(part), nil
}

// restartWhat is the part of the project that a restart is about, and the
// services to restart: the named ones with what follows them.
func restartWhat(p *compose.Project, named []string) (*compose.Project, []string, error) {
	if len(named) == 0 {
		return p, withContainers(p), nil
	}
	if _, err := p.Select(named...); err != nil {
		return nil, nil, err
	}
	all := followers(p, named)
	part, err := p.Select(all...)
	return part, all, err
}

// withContainers are the services that have containers when they are up.
func withContainers(p *compose.Project) []string {
	return slices.DeleteFunc(p.ServiceNames(), func(name string) bool { return p.Services[name].Replicas() == 0 })
}

// followers are the named services and those that are restarted with them.
func followers(p *compose.Project, named []string) []string {
	out := slices.Clone(named)
	for i := 0; i < len(out); i++ {
		for _, other := range p.Dependents(out[i]) {
			follows := p.Services[other].DependsOn[out[i]].Restart || orchestrator.SharesNamespace(p.Services[other], out[i])
			if follows && !slices.Contains(out, other) {
				out = append(out, other)
			}
		}
	}
	return out
}

// again starts or restarts and proves.
func (a *app) again(
	ctx context.Context, verb string, o againOptions, named []string,
	what func(*compose.Project, []string) (*compose.Project, []string, error),
	work func(context.Context, orchestrator.FullEngine, *compose.Project, []string, orchestrator.Options) (orchestrator.Report, error),
) error {
	if err := a.owe(o.report, true); err != nil {
		return err
	}
	whole, err := a.loadWhole(ctx, named)
	if err != nil {
		return err
	}
	a.dues.about(whole)
	p, services, err := what(whole, named)
	if err != nil {
		return err
	}
	e, err := a.engage(ctx, p, o.waitLock)
	if err != nil {
		return err
	}
	defer e.done()
	p = e.project
	tell, end := a.showProgress(verb, p)
	options := a.orchestratorOptions(p, planFlags{unchecked: o.unchecked, createBinds: o.createBinds, grace: o.grace}, tell)
	options.WaitTimeout, options.StableFor = o.waitTimeout, o.stableFor
	report, err := work(ctx, e, p, services, options)
	end(&report)
	a.dues.found(report, true)
	return a.ended(report, err, false, true)
}

// stopOptions are the flags of stop.
type stopOptions struct {
	grace    *time.Duration
	waitLock bool
}

func (a *app) stopCommand() *cobra.Command {
	var o stopOptions
	cmd := &cobra.Command{
		Use:   "stop [SERVICE...]",
		Short: "Stop containers and keep them",
		Long: `Stop the containers of the project, or of the named services alone, in the
reverse order of their dependencies. Nothing is removed; start brings them back.`,
		ValidArgsFunction: a.completeServices,
		RunE:              a.begun(func(cmd *cobra.Command, args []string) error { return a.stop(cmd.Context(), o, args) }),
	}
	cmd.Flags().VarP(optionalDuration(&o.grace), "timeout", "t", "how long a container may take to stop")
	waitLockFlag(cmd.Flags(), &o.waitLock)
	return cmd
}

func (a *app) stop(ctx context.Context, o stopOptions, services []string) error {
	p, err := a.loadForgiving(ctx, services...)
	if err != nil {
		return err
	}
	if _, err := p.Select(services...); err != nil {
		return err
	}
	e, err := a.engage(ctx, p, o.waitLock)
	if err != nil {
		return err
	}
	defer e.done()
	p = e.project
	stopped, err := a.takeOff(ctx, e, p, services, o.grace)
	if err != nil {
		return err
	}
	if stopped == 0 {
		return a.print(p.Name + ": nothing was running\n")
	}
	return a.print(p.Name + ": " + console.Count(stopped, "container") + " stopped\n")
}

// takeOff runs the orchestrator, shows what it does and counts what stopped.
func (a *app) takeOff(ctx context.Context, e engine, p *compose.Project, services []string, grace *time.Duration) (stopped int, err error) {
	tell, end := a.showProgress("stop", p)
	defer end(nil)
	var count atomic.Int64
	err = a.ops.stop(ctx, e, p, services, grace, func(event orchestrator.Progress) {
		if event.Phase == orchestrator.PhaseStopped {
			count.Add(1)
		}
		tell(event)
	})
	return int(count.Load()), err
}
