package orchestrator

import (
	"slices"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

// pastMax bounds how many incarnations of a container are remembered.
const pastMax = 32

// starts are the incarnations before that of c, which is reported after s.
func (s Sight) starts(c Container) []time.Time {
	if s.StartedAt.IsZero() || s.StartedAt.Equal(c.StartedAt) {
		return s.past
	}
	past := append(slices.Clip(s.past), s.StartedAt)
	return past[max(0, len(past)-pastMax):]
}

// outdates says that a report shows what was so before s: two answers of an
// engine may overtake each other, and what is between it and us may keep one.
// No clock has a say in it, since the engine's may be set back: a report is old
// when it shows an incarnation that others have followed, one that has ended as
// running, or a newest probe that others have followed.
func (s Sight) outdates(c Container) bool {
	if s.ID != c.ID || s.ID == "" || s.StartedAt.IsZero() {
		return false
	}
	if !s.StartedAt.Equal(c.StartedAt) {
		return slices.ContainsFunc(s.past, c.StartedAt.Equal) || s.follows(c)
	}
	if c.State == StateRunning && c.RestartCount == s.RestartCount && (s.State == StateExited || s.State == StateRestarting) {
		return true
	}
	last := c.Health.Last()
	return last != nil && slices.ContainsFunc(s.Health.Log[:max(0, len(s.Health.Log)-1)], func(r healthchecks.Result) bool { return r.Start.Equal(last.Start) })
}

// follows says that the engine has restarted the container since the
// incarnation of c, which may never have been seen. A start by hand counts anew
// from 0.
func (s Sight) follows(c Container) bool {
	return c.RestartCount > 0 && c.RestartCount < s.RestartCount && c.StartedAt.Before(s.StartedAt)
}
