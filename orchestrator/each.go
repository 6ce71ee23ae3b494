package orchestrator

import (
	"runtime/debug"

	"github.com/stackctl/stackctl/internal/fault"
	"golang.org/x/sync/errgroup"
)

// each calls do for 0 to n-1, at most limit at once, and waits for all. A
// panic in one of them is one of the caller.
func each(n, limit int, do func(i int)) {
	var group errgroup.Group
	group.SetLimit(limit)
	for i := range n {
		group.Go(func() error {
			return guarded(func() error { do(i); return nil })
		})
	}
	if err := group.Wait(); err != nil {
		panic(err)
	}
}

// guarded makes a panic an error of class Internal, so that a run ends with a
// report and a code of its own.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}
