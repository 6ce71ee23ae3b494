package cli

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// statusOptions are the flags of status.
type statusOptions struct {
	output    string
	watch     bool
	unchecked uncheckedFlags
	scale     []string
	report    []string
}

// watchEvery is the pause between two looks of --watch.
const watchEvery = 2 * time.Second

func (a *app) statusCommand() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [SERVICE...]",
		Short: "Prove what is true now, changing nothing",
		Long: `Ask the same questions as up and judge the answers in the same way. Exit code 0
only when everything is proven; otherwise that of what is wrong.`,
		ValidArgsFunction: a.completeServices,
		RunE: a.begun(func(cmd *cobra.Command, args []string) error {
			if o.watch && (o.output == outputJSON || o.output == outputYAML) {
				return fault.New(fault.Usage, "--watch is for people: it goes with -o table or wide")
			}
			if o.watch && len(o.report) > 0 {
				return fault.New(fault.Usage, "--watch and --report exclude each other")
			}
			return a.status(cmd.Context(), o, args)
		}),
	}
	f := cmd.Flags()
	f.VarP(newChoice(&o.output, outputTable, outputWide, outputJSON, outputYAML), "output", "o", "form of the result")
	f.BoolVarP(&o.watch, "watch", "w", false, "look again every two seconds until interrupted")
	o.unchecked.declare(cmd)
	f.Var(words{&o.scale}, "scale", "as for up: `SERVICE=N`")
	reportFlag(f, &o.report)
	return cmd
}

func (a *app) status(ctx context.Context, o statusOptions, services []string) error {
	if err := a.owe(o.report, false); err != nil {
		return err
	}
	flags := planFlags{unchecked: o.unchecked, scale: o.scale}
	call := a.approach(ctx, 0)
	defer call.leave()
	p, err := a.wanted(ctx, flags, services)
	if err != nil {
		return err
	}
	a.dues.about(p)
	e, err := call.reached()
	if err != nil {
		return err
	}
	if p, err = a.claim(ctx, e, p); err != nil {
		return err
	}
	look := func() (orchestrator.Report, error) {
		return a.ops.look(ctx, e, p, a.orchestratorOptions(p, flags, nil))
	}
	if o.watch {
		return a.watch(ctx, o, look)
	}
	report, err := look()
	a.dues.found(report, false)
	if failed := a.printStatus(ctx, o, report, err); failed != nil {
		return failed
	}
	if fault.ClassOf(err) == fault.Unchecked {
		return err
	}
	if err != nil {
		return &stackError{err: err, report: report, brief: true}
	}
	if !report.Proven {
		return fault.New(fault.Internal, "status of %s is neither proven nor an error", p.Name)
	}
	return nil
}

// printStatus writes the result in the form that was asked for.
func (a *app) printStatus(ctx context.Context, o statusOptions, r orchestrator.Report, err error) error {
	options := a.showOptions(a.streams.OutTerminal, engineTime(r.Engine))
	switch o.output {
	case outputJSON, outputYAML:
		text, failed := show.JSON(show.MakeDocument(options, r, err, exitClass(ctx, err)))
		if failed == nil && o.output == outputYAML {
			// YAML has more ways to write a secret than can be looked for.
			text, failed = show.YAML(json.RawMessage(a.redacted(string(text))))
		}
		if failed != nil {
			return failed
		}
		return a.print(string(text))
	default:
		return a.print(statusText(options, r, o.output == outputWide))
	}
}

// statusText is the table and what goes with it; nothing for a stack that was
// never brought up.
func statusText(o show.Options, r orchestrator.Report, wide bool) string {
	up := slices.ContainsFunc(r.Services, func(s orchestrator.ServiceReport) bool { return len(s.Containers) > 0 })
	if !up && !r.Proven {
		return ""
	}
	text := show.Services(o, r, wide)
	if r.Settled() {
		text += "\n" + show.Summary(o, r) + show.Notes(o, r)
	}
	return text
}

// watch shows the status again and again, on a terminal in one place.
func (a *app) watch(ctx context.Context, o statusOptions, look func() (orchestrator.Report, error)) error {
	for {
		report, err := look()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := a.print(a.watchText(o, report, err)); err != nil {
			return err
		}
		pause := time.NewTimer(watchEvery)
		select {
		case <-ctx.Done():
			pause.Stop()
			return context.Cause(ctx)
		case <-pause.C:
		}
	}
}

// watchText is one picture of --watch: all of it goes to one stream, so that
// a reader sees the reasons below the table.
func (a *app) watchText(o statusOptions, r orchestrator.Report, err error) string {
	options := a.showOptions(a.streams.OutTerminal, engineTime(r.Engine))
	text := options.Style.Dim(time.Now().Format(time.DateTime)) + "\n" + statusText(options, r, o.output == outputWide)
	if err != nil {
		text += show.Failure{Err: err, Report: r, Brief: true}.Text(options)
	}
	if a.streams.OutTerminal {
		return "\x1b[H\x1b[2J" + text
	}
	return text + "\n"
}
