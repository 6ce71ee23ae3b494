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
	// calmMax bounds how long a container that is well is not looked at.
	calmMax = 5 * time.Second
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
	for id, s := range w.sights {
		l, there := byID[id]
		switch {
		case s.Gone || !s.At.Before(began):
		case !there || s.due(l, began):
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

// due says whether a container has to be looked at after a list.
func (s Sight) due(l Listed, now time.Time) bool {
	health := s.Health.Status
	if health == healthchecks.StatusNone {
		health = ""
	}
	if l.State != s.State || l.State == StateRunning && l.Health != health {
		return true
	}
	return !s.calm() || now.Sub(s.At) >= s.calmFor()
}

// calmFor is how long a container that is well need not be looked at: the
// engine's log of its probes must not lose any in between.
func (s Sight) calmFor() time.Duration {
	if s.State != StateRunning || !s.Check.Defined() {
		return calmMax
	}
	return max(resync, min(calmMax, (logCapacity-1)*s.Check.WithDefaults().Interval))
}

// news says whether a look shows anything that was not known.
func (s Sight) news(before Sight) bool {
	s.At, s.Took, s.Confirmed = before.At, before.Took, before.Confirmed
	return !reflect.DeepEqual(s, before)
}
