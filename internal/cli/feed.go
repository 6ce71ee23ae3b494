package cli

import (
	"context"
	"time"

	"github.com/stackctl/stackctl/orchestrator"
)

// reconnect is the pause after the engine's events broke off.
const reconnect = time.Second

// feed hands the project's events on, one after the other, from the moment of
// the call until ctx ends, whose cause it returns, or take returns an error.
// subscribed is called once they are listened to; lost each time that they
// break off, before they are asked for again from where they broke.
func feed(
	ctx context.Context, e orchestrator.Observer, project string, since time.Time,
	lost func(error), take func(orchestrator.Event) error,
) error {
	for {
		reading, cancel := context.WithCancel(ctx)
		last, broken, err := drain(reading, e, project, since, take)
		cancel()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		}
		lost(broken)
		if !last.IsZero() {
			since = last.Add(1) // the engine's clock has nanoseconds: this one was told
		}
		if err := rest(ctx, reconnect); err != nil {
			return err
		}
	}
}

// drain hands one stream of events on until it ends. last is the time of the
// newest event, broken why the stream ended, err what take returned.
func drain(
	ctx context.Context, e orchestrator.Observer, project string, since time.Time, take func(orchestrator.Event) error,
) (last time.Time, broken, err error) {
	events, failed := e.Events(ctx, project, since)
	for {
		select {
		case <-ctx.Done():
			return last, nil, nil
		case event, ok := <-events:
			if !ok {
				return last, <-failed, nil
			}
			if err := take(event); err != nil {
				return last, nil, err
			}
			last = event.At
		}
	}
}

// rest waits, or returns the cause of ctx's end.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
