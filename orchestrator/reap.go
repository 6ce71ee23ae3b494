package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
	"golang.org/x/sync/errgroup"
)

// Remover finds and removes what belongs to copies.
type Remover interface {
	// Traces lists what carries the identity run; "" means any.
	Traces(ctx context.Context, run string) ([]Trace, error)
	RemoveContainer(ctx context.Context, id string, anonymous bool) error
	RemoveNetwork(ctx context.Context, id string) error
	RemoveVolume(ctx context.Context, name string) error
}

// reapPause is the time between two looks at what is left.
const reapPause = 200 * time.Millisecond

// reapAtOnce bounds the removals at once.
const reapAtOnce = 8

// ReapOptions are the wishes for Reap.
type ReapOptions struct {
	// Quiet is how long nothing may turn up before all of it counts as gone:
	// the engine may still be at what a process that was killed asked for.
	Quiet time.Duration
	// Reapers removes the containers that watch over the copy too, last.
	Reapers bool
	// Removed is told of each object; nil tells nobody.
	Removed func(Trace)
}

// Reap removes everything that carries the identity run, and nothing else: its
// containers are killed, not stopped, and their anonymous volumes go with
// them. It looks again until nothing is left, or ctx ends; the error then says
// what is in the way. Several may do it at the same time.
func Reap(ctx context.Context, engine Remover, run string, o ReapOptions) error {
	if run == "" {
		return fault.New(fault.Internal, "a copy without an identity cannot be removed")
	}
	var failed error
	var empty time.Time // the end of the first look in a row that found nothing
	for {
		began := time.Now()
		traces, err := engine.Traces(ctx, run)
		if err != nil && ctx.Err() == nil && fault.ClassOf(err) != fault.Engine {
			return err
		}
		if err == nil && len(of(traces, false)) == 0 {
			// A look may take longer than Quiet: what counts is the time between looks.
			if o.Quiet == 0 || !empty.IsZero() && began.Sub(empty) >= o.Quiet {
				return reapReapers(ctx, engine, traces, o)
			}
			if empty.IsZero() {
				empty = time.Now()
			}
		} else if err == nil {
			failed = removeTraces(ctx, engine, of(traces, false), o)
			empty = time.Time{}
		}
		if pause(ctx, reapPause, nil) != nil {
			return fmt.Errorf("remove copy %s: %w", run, errors.Join(context.Cause(ctx), failed, err))
		}
	}
}

func reapReapers(ctx context.Context, engine Remover, traces []Trace, o ReapOptions) error {
	if !o.Reapers {
		return nil
	}
	return removeTraces(ctx, engine, of(traces, true), o)
}

// of are the traces that are, or are not, reapers.
func of(traces []Trace, reapers bool) []Trace {
	var out []Trace
	for _, t := range traces {
		if t.Reaper == reapers {
			out = append(out, t)
		}
	}
	return out
}

// removeTraces tries each object once, containers before what they use. What
// could not be removed is the error.
func removeTraces(ctx context.Context, engine Remover, traces []Trace, o ReapOptions) error {
	var failed []error
	for _, kinds := range [][]TraceKind{{TraceContainer}, {TraceNetwork, TraceVolume}} {
		errs := make([]error, len(traces))
		var group errgroup.Group
		group.SetLimit(reapAtOnce)
		for i, t := range traces {
			if t.Kind != kinds[0] && t.Kind != kinds[len(kinds)-1] {
				continue
			}
			group.Go(func() error {
				errs[i] = removeTrace(ctx, engine, t)
				if errs[i] == nil && o.Removed != nil {
					o.Removed(t)
				}
				return nil
			})
		}
		_ = group.Wait() // each has its own error
		failed = append(failed, errs...)
	}
	return errors.Join(failed...)
}

func removeTrace(ctx context.Context, engine Remover, t Trace) error {
	switch t.Kind {
	case TraceContainer:
		return engine.RemoveContainer(ctx, t.ID, true)
	case TraceNetwork:
		return engine.RemoveNetwork(ctx, t.ID)
	default:
		return engine.RemoveVolume(ctx, t.Name)
	}
}
