package reaper

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// The times of a watcher.
const (
	// quiet is how long nothing of a copy may turn up after its owner died:
	// the engine may still be at what the owner asked for last.
	quiet = 3 * time.Second
	// lookEvery is the pause between two looks at the clock, and at whether
	// there is anything left to watch over.
	lookEvery = 5 * time.Second
	// SilenceOfDeath is how long a distant owner may be silent: its host may
	// have lost its power, or its network, and nobody ends the connection.
	SilenceOfDeath = 5 * time.Minute
	// reapWithin bounds the removal.
	reapWithin = 10 * time.Minute
)

// Watched is what a watcher needs of the engine.
type Watched interface {
	orchestrator.Remover
	Info(ctx context.Context) (orchestrator.EngineInfo, error)
}

// Watch says that it watches, reads from its owner, and removes the copy when
// the owner has died or the copy's time is over. engineID is the engine that
// the owner meant, "" for any; silence is how long the owner may give no sign of
// life, 0 for as long as it likes.
func Watch(ctx context.Context, e Watched, c orchestrator.Copy, engineID string, silence time.Duration, in io.Reader, out io.Writer) error {
	info, err := e.Info(ctx)
	if err != nil {
		return err
	}
	if engineID != "" && info.ID != engineID {
		return fault.New(fault.Engine, "this is engine %s, and not %s, which the copy is on", info.ID, engineID)
	}
	if _, err := fmt.Fprintln(out, wordReady); err != nil {
		return err
	}
	owner := listen(in, silence)
	if !wait(ctx, e, c, info, owner) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reapWithin)
	defer cancel()
	return orchestrator.Reap(ctx, e, c.Run, orchestrator.ReapOptions{Quiet: quiet, Reapers: true})
}

// wait returns when there is nothing more to wait for: true when the copy is
// to be removed.
func wait(ctx context.Context, e Watched, c orchestrator.Copy, info orchestrator.EngineInfo, o *owner) bool {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	kept, empty, words := false, 0, o.words
	for {
		select {
		case <-ctx.Done():
			return false
		case word := <-words:
			if word != wordKeep {
				return word != wordDone
			}
			kept, words = true, nil
		case <-ticker.C:
		}
		// Clocks on the wall count: a laptop that slept has lost that time too.
		if c.Expired(time.Now().Round(0).Add(info.ClockAhead)) {
			return true
		}
		if !kept {
			if o.silent() {
				return true
			}
			continue
		}
		if empty = countEmpty(ctx, e, c, empty); empty > 1 {
			return false
		}
	}
}

// countEmpty counts how often in a row nothing of the copy was there.
func countEmpty(ctx context.Context, e Watched, c orchestrator.Copy, before int) int {
	traces, err := e.Traces(ctx, c.Run)
	if err != nil {
		return 0
	}
	for _, t := range traces {
		if !t.Reaper {
			return 0
		}
	}
	return before + 1
}
