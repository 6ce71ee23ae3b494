package docker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/stackctl/stackctl/orchestrator"
	"golang.org/x/sync/semaphore"
)

// recentFor is how long an answer counts as of this moment, where many calls in
// a row want to know the same.
const recentFor = time.Second

// recent are answers that do not change from one call to the next.
type recent struct {
	mu     sync.Mutex
	info   orchestrator.EngineInfo
	infoAt time.Time

	// turn is taken by whoever looks at networks, for as long as that call
	// takes: a mutex would hold others up beyond the end of their contexts.
	turn *semaphore.Weighted
	// named is when each network was last found to be there, and alone.
	named map[string]time.Time
}

// keep takes what the engine said of itself.
func (r *recent) keep(info orchestrator.EngineInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.info, r.infoAt = info, time.Now()
}

// recall is what the engine said of itself a moment ago, if it did.
func (r *recent) recall() (orchestrator.EngineInfo, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.info, !r.infoAt.IsZero() && time.Since(r.infoAt) < recentFor
}

// doubt drops what the engine said of itself: who answers next may be another.
func (r *recent) doubt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.infoAt = time.Time{}
}

// oncePer calls check unless it has succeeded for this name a moment ago; those
// that ask at the same time wait for one answer.
func (r *recent) oncePer(ctx context.Context, name string, check func() error) error {
	if err := r.turn.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("look up network %s: %w", name, err)
	}
	defer r.turn.Release(1)
	if at, ok := r.named[name]; ok && time.Since(at) < recentFor {
		return nil
	}
	if err := check(); err != nil {
		return err
	}
	if r.named == nil {
		r.named = map[string]time.Time{}
	}
	r.named[name] = time.Now()
	return nil
}
