package cli

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

// downOptions are the flags of down.
type downOptions struct {
	volumes, removeOrphans, waitLock bool
	rmi                              string
	grace                            *time.Duration
}

func (a *app) downCommand() *cobra.Command {
	var o downOptions
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Stop the stack and remove what is ours",
		Long: `Stop the services in the reverse order of their dependencies and remove their
containers and networks; volumes stay unless -v is given. What was not made by
stackctl for this project is never touched.`,
		Args: cobra.NoArgs,
		RunE: a.begun(func(cmd *cobra.Command, _ []string) error { return a.down(cmd.Context(), o) }),
	}
	f := cmd.Flags()
	f.BoolVarP(&o.volumes, "volumes", "v", false, "remove the project's volumes and their data too")
	f.BoolVar(&o.removeOrphans, "remove-orphans", false, "remove containers of services that the file no longer has")
	f.Var(optionalChoice(&o.rmi, "local", "all"), "rmi", "remove images: those without a name of their own, or all that are used")
	f.VarP(optionalDuration(&o.grace), "timeout", "t", "how long a container may take to stop")
	waitLockFlag(f, &o.waitLock)
	return cmd
}

func (a *app) down(ctx context.Context, o downOptions) error {
	call := a.approach(ctx, bridge)
	defer call.leave()
	p, err := a.loadForgiving(ctx)
	if err != nil {
		return err
	}
	e, err := call.reached()
	if err != nil {
		return err
	}
	if p, err = a.takeOver(ctx, e, p); err != nil {
		return err
	}
	if err := a.besideSupervisor(ctx, e, p); err != nil {
		return err
	}
	release, err := a.hold(ctx, e, p, o.waitLock)
	if err != nil {
		return err
	}
	defer release()
	removed, err := a.takeDown(ctx, e, p, o)
	if err != nil {
		return err
	}
	if removed == 0 {
		return a.print(p.Name + " is down; there was nothing to remove\n")
	}
	return a.print(p.Name + " is down: " + console.Count(removed, "object") + " removed\n")
}

// takeDown runs the orchestrator, shows what it does and counts what went.
func (a *app) takeDown(ctx context.Context, e engine, p *compose.Project, o downOptions) (removed int, err error) {
	tell, end := a.showProgress("down", p)
	defer end(nil)
	var count atomic.Int64
	err = a.ops.down(ctx, e, p, orchestrator.DownOptions{
		Volumes: o.volumes, RemoveOrphans: o.removeOrphans, Images: o.rmi, Grace: o.grace, Late: a.late(),
		Listen: func(event orchestrator.Progress) {
			if event.Phase == orchestrator.PhaseRemoved {
				count.Add(1)
			}
			tell(event)
		},
	})
	return int(count.Load()), err
}
