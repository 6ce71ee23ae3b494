package orchestrator

import (
	"context"
	"reflect"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

const (
	// resync is how often the containers are listed although no event came,
	// as events can be dropped; those that are not well yet are looked at,
	// since a failing probe sends none.
	resync = time.Second
	// calmMax is how long a container is not looked at of which neither an event
	// nor the list tells anything, unless there are many.
	calmMax = 5 * time.Second
	// lookShare bounds the looks that the clock alone asks for: with more
	// containers than a second has room for, each has its turn less often.
	lookShare = 50 * time.Millisecond
	// told is how long after a start, or a run of a check, the engine's event of
	// it comes at most, for it to be told apart from that of another.
	told = time.Second
	// logCapacity is how many probes an engine keeps: a look after one fewer
	// misses none.
	logCapacity = 5
)

// lookAgain lists the containers and looks at those of which the list, or the
// time since the last look, leaves anything open. A list that cannot be had
// leaves everything open.
func (w *world) lookAgain(ctx context.Context) {
	began := w.clock()
	listed, err := w.engine.List(ctx, w.project)
	if err != nil {
		w.lookAll(ctx)
		return
	}
	byID := make(map[string]Listed, len(listed))
	for _, l := range listed {
		byID[l.ID] = l
	}
	w.mu.Lock()
	calm, restless := w.census()
	for id, s := range w.sights {
		l, there := byID[id]
		switch {
		case s.Gone || !s.At.Before(began):
		case !there || s.due(l, began, calm, restless):
			w.dirty[id] = true
		default:
			s.Confirmed = began
			w.set(s)
		}
	}
	w.mu.Unlock()
	w.lookDirty(ctx)
}

// calm says that nothing about a container is on its way: it is well, or does
// not run.
func (s Sight) calm() bool {
	return !s.Window.Since.IsZero() || s.State != StateRunning && s.State != StateRestarting
}

// census counts the containers that are calm and those that are not; the caller
// holds the lock.
func (w *world) census() (calm, restless int) {
	for _, s := range w.sights {
		switch {
		case s.Gone:
		case s.calm():
			calm++
		default:
			restless++
		}
	}
	return calm, restless
}

// due says whether a container has to be looked at after a list, as one of so
// many that are calm, or are not.
func (s Sight) due(l Listed, now time.Time, calm, restless int) bool {
	health := s.Health.Status
	if health == healthchecks.StatusNone {
		health = ""
	}
	if l.State != s.State || l.State == StateRunning && l.Health != health {
		return true
	}
	if s.calm() {
		return now.Sub(s.At) >= s.calmFor(calm)
	}
	return now.Sub(s.At) >= min(calmMax, max(share(restless), s.untilProbe()))
}

// share is how long after a look another of n containers is not due yet: as many
// as fit into a second are looked at after each list.
func share(n int) time.Duration { return max(0, time.Duration(n)*lookShare-resync) }

// calmFor is how long a container that is well, one of so many, need not be
// looked at: the engine's log of its probes must not lose any in between, and what
// was seen of them must not have become too old to count before the next list.
func (s Sight) calmFor(calm int) time.Duration {
	longest := max(calmMax, share(calm))
	if s.State != StateRunning || !s.Check.Defined() {
		return longest
	}
	check := s.Check.WithDefaults()
	fresh := check.Timeout + healthchecks.Slack - 2*resync
	return max(resync, min(longest, (logCapacity-1)*check.Interval, fresh))
}

// untilProbe is how long after the last look there was no probe to see yet: the
// first one of this incarnation was still to come.
func (s Sight) untilProbe() time.Duration {
	if s.State != StateRunning || !s.Check.Defined() || s.Health.Status != healthchecks.StatusStarting || len(runsOf(s.Container)) > 0 {
		return 0
	}
	first := healthchecks.FirstProbe(*s.Check, s.StartedAt, s.Check.StartInterval > 0).Sub(s.StartedAt)
	return first - s.At.Sub(s.Seen)
}

// The engine's words for what a look may have shown before the event comes.
const (
	eventCreate = "create"
	eventStart  = "start"
	eventHealth = "health_status"
)

// knows says that an event tells nothing that the sight does not have: that the
// container is there, that the incarnation runs that was seen to run, that its
// check has brought it to the health that was seen. All times are the engine's.
// Between two starts, or two turns of the health to the same, comes an event of
// another kind, which is never one that is known.
func (s Sight) knows(e Event) bool {
	if e.Action == eventCreate {
		return true
	}
	if s.Outdated || s.State != StateRunning || s.StartedAt.IsZero() {
		return false
	}
	soon := func(after time.Time) bool { return e.At.Sub(after) < told }
	switch e.Action {
	case eventStart:
		return !e.At.Before(s.StartedAt) && soon(s.StartedAt)
	case eventHealth:
		runs := runsOf(s.Container)
		return len(runs) > 0 && string(s.Health.Status) == e.Health && !e.At.Before(s.StartedAt) && soon(runs[len(runs)-1].End) &&
			s.Check.WithDefaults().Interval > told // with Podman each run of a check sends one
	default:
		return false
	}
}

// news says whether a look shows anything that was not known.
func (s Sight) news(before Sight) bool {
	s.At, s.Took, s.Confirmed = before.At, before.Took, before.Confirmed
	return !reflect.DeepEqual(s, before)
}
