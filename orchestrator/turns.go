package orchestrator

import (
	"cmp"
	"container/heap"
	"context"
	"sync"
)

// urgency orders the actions that are ready to be carried out: what more waits
// for goes first, and of equals the first of the plan.
type urgency struct {
	// chain is how many actions follow one after the other, at most; index is
	// the place in the plan.
	chain, index int
}

// before says whether u goes first.
func (u urgency) before(other urgency) bool {
	return cmp.Or(cmp.Compare(other.chain, u.chain), cmp.Compare(u.index, other.index)) < 0
}

// urgencies are those of all actions of a plan, which has each behind those it
// depends on.
func urgencies(plan Plan) map[string]urgency {
	chain := make(map[string]int, len(plan.Actions))
	out := make(map[string]urgency, len(plan.Actions))
	for i := len(plan.Actions) - 1; i >= 0; i-- {
		a := plan.Actions[i]
		out[a.ID] = urgency{chain[a.ID], i}
		for _, before := range a.DependsOn {
			chain[before] = max(chain[before], chain[a.ID]+1)
		}
	}
	return out
}

// turns let a bounded number of actions work at the same time and choose the
// most urgent of those that wait.
type turns struct {
	mu      sync.Mutex
	free    int
	waiting queue
}

func newTurns(n int) *turns { return &turns{free: n} }

// take waits for a turn, which give ends; the error is ctx's.
func (t *turns) take(ctx context.Context, u urgency) error {
	t.mu.Lock()
	if t.free > 0 && ctx.Err() == nil {
		t.free--
		t.mu.Unlock()
		return nil
	}
	mine := &turn{urgency: u, come: make(chan struct{})}
	heap.Push(&t.waiting, mine)
	t.mu.Unlock()
	select {
	case <-mine.come:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.at < 0 { // it came meanwhile
		t.pass()
		return ctx.Err()
	}
	heap.Remove(&t.waiting, mine.at)
	return ctx.Err()
}

// give hands the turn on.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pass()
}

func (t *turns) pass() {
	if len(t.waiting) == 0 {
		t.free++
		return
	}
	close(heap.Pop(&t.waiting).(*turn).come)
}

// turn is a place in the queue; at is -1 once it has left it.
type turn struct {
	urgency
	come chan struct{}
	at   int
}

// queue is a heap of those that wait.
type queue []*turn

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].before(q[j].urgency) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

// Push implements [heap.Interface].
func (q *queue) Push(x any) {
	t := x.(*turn)
	t.at = len(*q)
	*q = append(*q, t)
}

// Pop implements [heap.Interface].
func (q *queue) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	(*q)[last] = nil
	t.at = -1
	*q = (*q)[:last]
	return t
}
