package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// waitLook is how often wait looks beside the events, which can be lost.
const waitLook = 2 * time.Second

func (a *app) waitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "wait SERVICE...",
		Short: "Wait until containers have stopped",
		Long: `Wait until all containers of the named services have stopped, and say how each
did. The exit code is that of the first which ended with another one than 0.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeServices,
		RunE:              a.begun(func(cmd *cobra.Command, args []string) error { return a.wait(cmd.Context(), args) }),
	}
}

func (a *app) wait(ctx context.Context, services []string) error {
	p, e, err := a.inspectable(ctx, services)
	if err != nil {
		return err
	}
	defer e.Close()
	info, err := e.Info(ctx)
	if err != nil {
		return err
	}
	begin := engineTime(info)
	w := &waiter{engine: e, codes: map[string]int{}, gone: map[string]time.Time{}, tell: a.print}
	for _, service := range services {
		all, err := observe(ctx, e, p, []string{service})
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return fault.New(fault.Service, "%s has no container", service).WithHint("stackctl up %s", service)
		}
		w.pending = append(w.pending, all...)
	}
	return w.run(ctx, p.Name, begin)
}

// waiter waits for containers to stop.
type waiter struct {
	engine  orchestrator.Observer
	pending []orchestrator.Container
	// codes are the exit codes that events told, by container ID: all that is
	// left of a container that was removed.
	codes map[string]int
	// gone is since when a container is known not to be there any more.
	gone map[string]time.Time
	// code is the first that is not 0.
	code int
	tell func(string) error
}

// run looks again with each event and every two seconds, until nothing is
// waited for any more.
func (w *waiter) run(ctx context.Context, project string, since time.Time) error {
	reading, cancel := context.WithCancel(ctx)
	var feeding sync.WaitGroup
	defer feeding.Wait()
	defer cancel()
	news := make(chan orchestrator.Event)
	feeding.Go(func() {
		// What broke is made up for by looking; the end is ctx's.
		_ = feed(reading, w.engine, project, since, func(error) {}, func(event orchestrator.Event) error {
			select {
			case news <- event:
				return nil
			case <-reading.Done():
				return context.Cause(reading)
			}
		})
	})
	ticker := time.NewTicker(waitLook)
	defer ticker.Stop()
	for {
		if err := w.look(ctx); err != nil {
			return err
		}
		if len(w.pending) == 0 {
			return exited(w.code)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case event := <-news:
			if event.Action == "die" && event.ExitCode != nil {
				w.codes[event.ContainerID] = *event.ExitCode
			}
		case <-ticker.C:
		}
	}
}

// look sorts out what has stopped.
func (w *waiter) look(ctx context.Context) error {
	var still []orchestrator.Container
	for i, was := range w.pending {
		c, err := w.engine.Inspect(ctx, was.ID)
		if errdefs.IsNotFound(err) {
			c, err = w.removed(was)
		}
		if err != nil {
			w.pending = append(still, w.pending[i:]...)
			return err
		}
		done, err := ended(c)
		if err != nil {
			return err
		}
		if !done {
			still = append(still, was)
			continue
		}
		if w.code == 0 {
			w.code = c.ExitCode
		}
		if err := w.tell(fmt.Sprintf("%s ended with code %d\n", was.Name, c.ExitCode)); err != nil {
			return err
		}
	}
	w.pending = still
	return nil
}

// removed is a container that is gone, as the events left it. They may still be
// on their way.
func (w *waiter) removed(was orchestrator.Container) (orchestrator.Container, error) {
	if code, ok := w.codes[was.ID]; ok {
		was.State, was.ExitCode = orchestrator.StateExited, code
		return was, nil
	}
	since, known := w.gone[was.ID]
	if !known {
		w.gone[was.ID] = time.Now()
	} else if time.Since(since) >= waitLook/2 {
		return was, fault.New(fault.Service, "%s was removed, and nobody saw how it ended", was.Name)
	}
	was.State = orchestrator.StateRemoving
	return was, nil
}

// ended says whether a container has stopped for good; the error is that it
// never ran.
func ended(c orchestrator.Container) (bool, error) {
	switch c.State {
	case orchestrator.StateExited, orchestrator.StateDead:
		return true, nil
	case orchestrator.StateCreated:
		return false, fault.New(fault.Service, "%s was never started", c.Name).WithHint("stackctl up %s", c.Service)
	default:
		return false, nil
	}
}
