package orchestrator

import (
	"cmp"
	"container/heap"
	"context"
	"sync"
)

// dispatcher sets the actions of a plan to work: each once all it depends on
// have succeeded, a bounded number at the same time, and of those that could
// begin the one that the longest chain of others waits for. Waits take nobody's
// place.
type dispatcher struct {
	actions []Action
	// do carries out an action and says whether those that depend on it may
	// begin. It runs in a goroutine of its own.
	do func(Action) bool

	mu sync.Mutex
	// missing is how many actions each still depends on; followers are those
	// that depend on it.
	missing   []int
	followers [][]int
	ready     queue
	free      int
	group     sync.WaitGroup
}

// dispatch carries out a plan, which has each action behind those it depends on,
// and returns when all that was begun has ended. Nothing is begun once ctx has.
func dispatch(ctx context.Context, plan Plan, atOnce int, do func(Action) bool) {
	d := &dispatcher{
		actions: plan.Actions, do: do, free: atOnce,
		missing: make([]int, len(plan.Actions)), followers: make([][]int, len(plan.Actions)),
		ready: queue{chain: make([]int, len(plan.Actions))},
	}
	at := make(map[string]int, len(plan.Actions))
	for i, a := range plan.Actions {
		at[a.ID] = i
		d.missing[i] = len(a.DependsOn)
		for _, id := range a.DependsOn {
			d.followers[at[id]] = append(d.followers[at[id]], i)
		}
	}
	for i := len(plan.Actions) - 1; i >= 0; i-- {
		for _, follower := range d.followers[i] {
			d.ready.chain[i] = max(d.ready.chain[i], d.ready.chain[follower]+1)
		}
	}
	d.mu.Lock()
	for i := range plan.Actions {
		if d.missing[i] == 0 {
			d.admit(ctx, i)
		}
	}
	d.fill(ctx)
	d.mu.Unlock()
	d.group.Wait()
}

// admit takes an action that may begin: a wait begins, another queues. The caller
// holds the lock.
func (d *dispatcher) admit(ctx context.Context, i int) {
	if d.actions[i].Wait() {
		d.begin(ctx, i)
		return
	}
	heap.Push(&d.ready, i)
}

// fill begins the most urgent actions while there is room; the caller holds the
// lock.
func (d *dispatcher) fill(ctx context.Context) {
	for d.free > 0 && d.ready.Len() > 0 && ctx.Err() == nil {
		d.free--
		d.begin(ctx, heap.Pop(&d.ready).(int))
	}
}

func (d *dispatcher) begin(ctx context.Context, i int) {
	d.group.Go(func() {
		if ctx.Err() != nil {
			return
		}
		succeeded := d.do(d.actions[i])
		d.mu.Lock()
		defer d.mu.Unlock()
		if !d.actions[i].Wait() {
			d.free++
		}
		if succeeded {
			for _, follower := range d.followers[i] {
				if d.missing[follower]--; d.missing[follower] == 0 {
					d.admit(ctx, follower)
				}
			}
		}
		d.fill(ctx)
	})
}

// queue is a heap of actions, by their place in the plan.
type queue struct {
	waiting []int
	// chain is, for each action of the plan, how many follow one after the
	// other, at most.
	chain []int
}

func (q *queue) Len() int { return len(q.waiting) }

// Less says that i is more urgent than j: more waits for it, or as much and it
// comes first in the plan.
func (q *queue) Less(i, j int) bool {
	a, b := q.waiting[i], q.waiting[j]
	return cmp.Or(cmp.Compare(q.chain[b], q.chain[a]), cmp.Compare(a, b)) < 0
}

func (q *queue) Swap(i, j int) { q.waiting[i], q.waiting[j] = q.waiting[j], q.waiting[i] }

// Push implements [heap.Interface].
func (q *queue) Push(x any) { q.waiting = append(q.waiting, x.(int)) }

// Pop implements [heap.Interface].
func (q *queue) Pop() any {
	last := len(q.waiting) - 1
	i := q.waiting[last]
	q.waiting = q.waiting[:last]
	return i
}
