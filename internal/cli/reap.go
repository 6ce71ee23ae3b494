package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/reaper"
	"github.com/stackctl/stackctl/orchestrator"
)

// reapCommand watches over a throw-away copy; its owner starts it, nobody else.
func (a *app) reapCommand() *cobra.Command {
	var run, expires, engineID string
	var silence time.Duration
	cmd := &cobra.Command{
		Use:    reaper.Command,
		Short:  "Watch over a throw-away copy, for its owner",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: a.begun(func(cmd *cobra.Command, _ []string) error {
			at, err := time.Parse(time.RFC3339, expires)
			if err != nil || run == "" {
				return fault.New(fault.Usage, "this command is stackctl's own")
			}
			return a.reap(cmd.Context(), orchestrator.Copy{Run: run, Expires: at}, engineID, silence)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&run, "run", "", "identity of the copy")
	f.StringVar(&expires, "expires", "", "when the copy's time is over")
	f.StringVar(&engineID, "engine-id", "", "the engine that the copy is on")
	f.Var(durationVar(&silence), "silence", "how long the owner may give no sign of life")
	return cmd
}

// reap outlives every signal: those that its owner gets may reach it too.
func (a *app) reap(ctx context.Context, c orchestrator.Copy, engineID string, silence time.Duration) error {
	a.leave.refuse()
	ctx = context.WithoutCancel(ctx)
	e, err := a.connect(ctx, time.Minute)
	if err != nil {
		return err
	}
	defer e.Close()
	return reaper.Watch(ctx, e, c, engineID, silence, a.streams.In, a.streams.Out)
}
