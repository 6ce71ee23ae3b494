package cli

import (
	"context"
	"time"
)

// approach is an engine that is being reached while the files are read: it is
// asked who it is, which takes it about as long as reading them takes us, and
// nothing else. What is wrong with the files is told first all the same.
type approach struct {
	cancel context.CancelFunc
	done   chan struct{}
	// engine and err may be read once done is closed.
	engine engine
	err    error
}

// approach begins to reach the engine, as connect does. The caller leaves it.
func (a *app) approach(ctx context.Context, retryFor time.Duration) *approach {
	ctx, cancel := context.WithCancel(ctx)
	c := &approach{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.err = guarded(func() (err error) {
			if c.engine, err = a.connect(ctx, retryFor); err != nil {
				return err
			}
			// Whatever comes next finds this known; without an answer it asks again, and fails.
			_, _ = c.engine.Info(ctx)
			return nil
		})
	}()
	return c
}

// reached waits for the engine. It is closed by leave, not by the caller.
func (c *approach) reached() (engine, error) {
	<-c.done
	return c.engine, c.err
}

// leave lets go of the engine, or stops reaching for it.
func (c *approach) leave() {
	c.cancel()
	<-c.done
	if c.engine != nil {
		_ = c.engine.Close() // all answers are there
	}
}
