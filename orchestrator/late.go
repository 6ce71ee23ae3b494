package orchestrator

import (
	"context"
	"time"
)

// How long a run looks for what an engine makes late, because an earlier run ended
// before it had the answers: until nothing has come for a while, and lateMax in all.
const (
	// LateAfterKill is that while after a run that was killed, LateAfterUnknown after
	// one that knew of calls without an answer.
	LateAfterKill    = 2 * time.Second
	LateAfterUnknown = 8 * time.Second
	lateMax          = 30 * time.Second
	latePause        = 250 * time.Millisecond
)

// awaitLate looks at the engine until nothing more comes of the calls of an earlier
// run, and returns the last look. came says whether anything came after the first.
func awaitLate(ctx context.Context, engine Observer, scope Scope, quiet time.Duration) (o Observed, came bool, err error) {
	begin := time.Now()
	changed, seen := begin, -1
	for {
		o, err = engine.Observe(ctx, scope)
		if err != nil {
			return o, came, err
		}
		now := time.Now()
		if n := objects(o); n != seen {
			came = came || seen >= 0
			seen, changed = n, now
		}
		if now.Sub(changed) >= quiet || now.Sub(begin) >= lateMax {
			return o, came, nil
		}
		if err := pause(ctx, latePause, nil); err != nil {
			return o, came, err
		}
	}
}

// objects counts what belongs to a project.
func objects(o Observed) int { return len(o.Containers) + len(o.Networks) + len(o.Volumes) }
