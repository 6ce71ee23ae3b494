package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
)

// The words of -o.
const (
	outputTable = "table"
	outputText  = "text"
	outputWide  = "wide"
	outputJSON  = "json"
	outputYAML  = "yaml"
)

// planOptions are the flags of plan.
type planOptions struct {
	planFlags
	output   string
	exitCode bool
}

func (a *app) planCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan [SERVICE...]",
		Short: "Say what up would do, and why",
		Long: `Compare the project with the engine and list what up would do, each action with
its cause. Nothing is changed.`,
		ValidArgsFunction: a.completeServices,
		RunE: a.begun(func(cmd *cobra.Command, args []string) error {
			return a.plan(cmd.Context(), o, args)
		}),
	}
	o.flags(cmd)
	cmd.Flags().VarP(newChoice(&o.output, outputText, outputJSON), "output", "o", "form of the plan")
	cmd.Flags().BoolVar(&o.exitCode, "exit-code", false, "end with 11 when there is something to do")
	return cmd
}

func (a *app) plan(ctx context.Context, o planOptions, services []string) error {
	call := a.approach(ctx, 0)
	defer call.leave()
	p, err := a.wanted(ctx, o.planFlags, services)
	if err != nil {
		return err
	}
	e, err := call.reached()
	if err != nil {
		return err
	}
	if p, err = a.claim(ctx, e, p); err != nil {
		return err
	}
	return a.showPlan(ctx, e, p, o, services)
}

func (a *app) showPlan(ctx context.Context, e engine, p *compose.Project, o planOptions, services []string) error {
	preview, err := a.ops.preview(ctx, e, p, a.orchestratorOptions(p, o.planFlags, nil))
	if err != nil {
		return err
	}
	text := show.Preview(a.showOptions(a.streams.OutTerminal, engineTime(preview.Engine)), p.Name, preview)
	if o.output == outputJSON {
		document, err := show.JSON(show.MakePlanDocument(p.Name, p.Dir, preview))
		if err != nil {
			return err
		}
		text = string(document)
	}
	if err := a.print(text); err != nil {
		return err
	}
	if err := preview.Plan.RefusedAsPlanned(); err != nil {
		return err
	}
	if o.exitCode && preview.Changes() {
		return fault.New(fault.Differs, "%s differs from the file", p.Name).WithHint("%s", strings.Join(append([]string{"stackctl up"}, services...), " "))
	}
	return nil
}
