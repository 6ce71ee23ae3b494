package orchestrator

import (
	"testing"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

// incarnation is a container that was started in some minute, with probes at
// some seconds after that.
func incarnation(minute, restarts int, state State, probes ...int) Container {
	c := Container{ID: "c1", State: state, RestartCount: restarts, StartedAt: time.Unix(int64(60*minute), 0)}
	for _, at := range probes {
		c.Health.Log = append(c.Health.Log, healthchecks.Result{Start: c.StartedAt.Add(time.Duration(at) * time.Second)})
	}
	return c
}

// after is what is known once the reports came in this order.
func after(reports ...Container) (s Sight) {
	for i, c := range reports {
		s = advance(s, c, time.Unix(int64(i), 0))
	}
	return s
}

func TestAnAnswerThatAnotherHasOvertakenIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		known []Container
		next  Container
		want  bool
	}{
		"the first answer":                   {nil, incarnation(1, 0, StateRunning), false},
		"the same answer again":              {[]Container{incarnation(1, 0, StateRunning, 1, 2)}, incarnation(1, 0, StateRunning, 1, 2), false},
		"a later probe":                      {[]Container{incarnation(1, 0, StateRunning, 1, 2)}, incarnation(1, 0, StateRunning, 1, 2, 3), false},
		"an earlier probe":                   {[]Container{incarnation(1, 0, StateRunning, 1, 2)}, incarnation(1, 0, StateRunning, 1), true},
		"a later probe by a clock set back":  {[]Container{incarnation(1, 0, StateRunning, 100, 101)}, incarnation(1, 0, StateRunning, 100, 101, 3), false},
		"a later incarnation":                {[]Container{incarnation(1, 0, StateRunning)}, incarnation(2, 1, StateRunning), false},
		"an incarnation by a clock set back": {[]Container{incarnation(9, 0, StateRunning)}, incarnation(2, 1, StateRunning), false},
		"a start by hand, clock set back":    {[]Container{incarnation(9, 3, StateExited)}, incarnation(2, 0, StateRunning), false},
		"an incarnation that was seen":       {[]Container{incarnation(1, 0, StateRunning), incarnation(2, 0, StateRunning)}, incarnation(1, 0, StateRunning), true},
		"one that was seen long ago":         {[]Container{incarnation(1, 0, StateRunning), incarnation(2, 1, StateRunning), incarnation(3, 2, StateRunning)}, incarnation(1, 0, StateRunning), true},
		"one that was not seen":              {[]Container{incarnation(1, 0, StateRunning), incarnation(3, 2, StateRunning)}, incarnation(2, 1, StateRunning), true},
		"the end of what runs":               {[]Container{incarnation(1, 0, StateRunning)}, incarnation(1, 0, StateExited), false},
		"what has ended, running":            {[]Container{incarnation(1, 0, StateRunning), incarnation(1, 0, StateExited)}, incarnation(1, 0, StateRunning), true},
		"a pause":                            {[]Container{incarnation(1, 0, StateRunning)}, incarnation(1, 0, StatePaused), false},
		"the end of a pause":                 {[]Container{incarnation(1, 0, StatePaused)}, incarnation(1, 0, StateRunning), false},
		"a created one that runs":            {[]Container{{ID: "c1", State: StateCreated}}, incarnation(1, 0, StateRunning), false},
	} {
		t.Run(name, func(t *testing.T) {
			known := after(tc.known...)
			if got := known.outdates(tc.next); got != tc.want {
				t.Errorf("outdated is %v", got)
			}
			s := advance(known, tc.next, time.Unix(99, 0))
			if s.Outdated != tc.want {
				t.Errorf("the sight is outdated: %v", s.Outdated)
			}
			if tc.want && (!s.StartedAt.Equal(known.StartedAt) || s.State != known.State) {
				t.Errorf("what was known is lost: %+v", s)
			}
		})
	}
}

func TestWhatIsKnownOutlivesAnOutdatedAnswer(t *testing.T) {
	w := newWorld(newFake(), "p")
	for _, c := range []Container{incarnation(1, 0, StateRunning), incarnation(2, 1, StateRunning), incarnation(1, 0, StateRunning)} {
		w.take(t.Context(), c.ID, c, nil)
	}
	sights, _, _ := w.view()
	if s := sights["c1"]; s.RestartCount != 1 || s.Outdated || !w.dirty["c1"] {
		t.Errorf("%+v, to be looked at again: %v", s, w.dirty["c1"])
	}
}
