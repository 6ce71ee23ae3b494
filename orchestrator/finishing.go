package orchestrator

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// How long a call that changes the engine may go on once the run has ended: an
// engine carries out what it was asked for, whether somebody waits for the answer
// or not, and what nobody waited for is there afterwards and nobody's.
const (
	finishWithin = 30 * time.Second
	// finishInterrupted is for a run that a person or a system has ended.
	finishInterrupted = time.Second
)

// finishingEngine lets each changing call come to its end although its context has
// ended, within bounds, and remembers those whose end is unknown. Calls that only
// look end with their context.
type finishingEngine struct {
	Engine

	mu      sync.Mutex
	unknown []string
}

// report tells of the calls whose end is unknown, and calls unfinished, which may be
// nil, when there are any.
func (e *finishingEngine) report(listen Listener, unfinished func()) {
	e.mu.Lock()
	calls := slices.Clone(e.unknown)
	e.mu.Unlock()
	for _, call := range calls {
		listen.tell(Progress{Phase: PhaseWarning, Message: "how this call ended is unknown: " + call +
			"; the engine may still carry it out, and the next up or down looks for what comes of it"})
	}
	if len(calls) > 0 && unfinished != nil {
		unfinished()
	}
}

// finish makes a call that goes on after ctx has ended. It begins none then.
func (e *finishingEngine) finish(ctx context.Context, kind Kind, target string, call func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	outliving, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		cause := context.Cause(ctx)
		within := finishWithin
		switch {
		case fault.ClassOf(cause).Signal():
			within = finishInterrupted
		case cause == context.Canceled: //nolint:errorlint // bare: nobody waits for anything
			within = 0
		}
		_ = pause(outliving, within, nil) // it ends with the call
		cancel(cause)
	})
	defer stop()
	err := call(outliving)
	if err != nil && (outliving.Err() != nil || fault.ClassOf(err) == fault.Engine && !isRefused(err)) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.unknown = append(e.unknown, string(kind)+" "+target)
	}
	return err
}

// CreateNetwork implements Mutator.
func (e *finishingEngine) CreateNetwork(ctx context.Context, spec NetworkSpec) (id string, err error) {
	err = e.finish(ctx, CreateNetwork, spec.Name, func(ctx context.Context) error {
		id, err = e.Engine.CreateNetwork(ctx, spec)
		return err
	})
	return id, err
}

// RemoveNetwork implements Mutator.
func (e *finishingEngine) RemoveNetwork(ctx context.Context, id string) error {
	return e.finish(ctx, RemoveNetwork, shortID(id), func(ctx context.Context) error { return e.Engine.RemoveNetwork(ctx, id) })
}

// CreateVolume implements Mutator.
func (e *finishingEngine) CreateVolume(ctx context.Context, spec VolumeSpec) error {
	return e.finish(ctx, CreateVolume, spec.Name, func(ctx context.Context) error { return e.Engine.CreateVolume(ctx, spec) })
}

// RemoveVolume implements Mutator.
func (e *finishingEngine) RemoveVolume(ctx context.Context, name string) error {
	return e.finish(ctx, RemoveVolume, name, func(ctx context.Context) error { return e.Engine.RemoveVolume(ctx, name) })
}

// CreateContainer implements Mutator.
func (e *finishingEngine) CreateContainer(ctx context.Context, spec ContainerSpec) (id string, err error) {
	err = e.finish(ctx, CreateContainer, spec.Name, func(ctx context.Context) error {
		id, err = e.Engine.CreateContainer(ctx, spec)
		return err
	})
	return id, err
}

// StartContainer implements Mutator.
func (e *finishingEngine) StartContainer(ctx context.Context, id string) error {
	return e.finish(ctx, StartContainer, shortID(id), func(ctx context.Context) error { return e.Engine.StartContainer(ctx, id) })
}

// StopContainer implements Mutator.
func (e *finishingEngine) StopContainer(ctx context.Context, id string, grace *time.Duration) error {
	return e.finish(ctx, StopContainer, shortID(id), func(ctx context.Context) error { return e.Engine.StopContainer(ctx, id, grace) })
}

// UnpauseContainer implements Mutator.
func (e *finishingEngine) UnpauseContainer(ctx context.Context, id string) error {
	return e.finish(ctx, Unpause, shortID(id), func(ctx context.Context) error { return e.Engine.UnpauseContainer(ctx, id) })
}

// RemoveContainer implements Mutator.
func (e *finishingEngine) RemoveContainer(ctx context.Context, id string, anonymous bool) error {
	return e.finish(ctx, RemoveContainer, shortID(id), func(ctx context.Context) error { return e.Engine.RemoveContainer(ctx, id, anonymous) })
}

// RenameContainer implements Mutator.
func (e *finishingEngine) RenameContainer(ctx context.Context, id, name string) error {
	return e.finish(ctx, RenameContainer, name, func(ctx context.Context) error { return e.Engine.RenameContainer(ctx, id, name) })
}
