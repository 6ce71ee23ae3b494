package docker

import (
	"slices"
	"sync"
	"time"
)

// answersKept is of how many calls the times are kept.
const answersKept = 16

// answers are how long the last calls took that only look, or change little.
type answers struct {
	mu   sync.Mutex
	took [answersKept]time.Duration
	next int
}

// note takes how long a call took.
func (a *answers) note(took time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took[a.next%answersKept] = took
	a.next++
}

// SlowestAnswer is how long the slowest of the last calls took.
func (e *Engine) SlowestAnswer() time.Duration {
	e.answers.mu.Lock()
	defer e.answers.mu.Unlock()
	return slices.Max(e.answers.took[:])
}
