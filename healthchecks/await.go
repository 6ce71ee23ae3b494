package healthchecks

import (
	"context"
	"fmt"
	"time"
)

// Repeat asks several times in a row and passes when every answer does: one
// good answer between two bad ones proves nothing.
type Repeat struct {
	Probe Probe
	// Times is how many answers must pass, 2 when it is less.
	Times int
	// Gap lies between two questions.
	Gap time.Duration
}

var _ Probe = Repeat{}

func (r Repeat) String() string { return r.Probe.String() }

// Run asks until an answer fails or enough of them passed, and returns the
// last one.
func (r Repeat) Run(ctx context.Context) Evidence {
	e := r.Probe.Run(ctx)
	for n := 1; e.Passed && n < max(r.Times, 2); n++ {
		if !pause(ctx, r.Gap) {
			e.Passed, e.Code, e.Result = false, CodeTimeout, "the time was over after one good answer"
			return e
		}
		e = r.Probe.Run(ctx)
	}
	return e
}

// Await asks until an answer passes or a failure is final, every so often, and
// returns the last evidence; the error is nil only for evidence that passed.
// seen is told of each answer; it may be nil.
func Await(ctx context.Context, p Probe, every time.Duration, seen func(Evidence)) (Evidence, error) {
	for {
		e := p.Run(ctx)
		if seen != nil {
			seen(e)
		}
		switch {
		case e.Passed:
			return e, nil
		case e.Final:
			return e, fmt.Errorf("%s: %s", e.Probe, e.Result)
		case !pause(ctx, every):
			return e, fmt.Errorf("%s: %w; the last answer: %s", e.Probe, ctx.Err(), e.Result)
		}
	}
}

// pause waits and says whether the whole time passed.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
