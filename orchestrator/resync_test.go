package orchestrator

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

func TestAListSaysWhichContainersHaveToBeLookedAt(t *testing.T) {
	now := time.Now()
	check := &healthchecks.Check{Test: []string{"CMD", "ok"}, Interval: 10 * time.Second}
	well := func(change func(s *Sight)) Sight {
		s := Sight{Container: Container{ID: "a", State: StateRunning, Check: check}, At: now.Add(-2 * time.Second)}
		s.Health.Status = healthchecks.StatusHealthy
		s.Window.Since = now.Add(-time.Minute)
		change(&s)
		return s
	}
	same := Listed{ID: "a", State: StateRunning, Health: healthchecks.StatusHealthy}
	for _, c := range []struct {
		name   string
		change func(s *Sight)
		listed Listed
		want   bool
	}{
		{"well, and looked at a moment ago", func(*Sight) {}, same, false},
		{"well, and not looked at for long", func(s *Sight) { s.At = now.Add(-calmMax) }, same, true},
		{"well, with an engine that forgets its probes soon", func(s *Sight) {
			s.Check = &healthchecks.Check{Test: []string{"CMD", "ok"}, Interval: 400 * time.Millisecond}
		}, same, true},
		{"another state", func(*Sight) {}, Listed{ID: "a", State: StatePaused}, true},
		{"another health", func(*Sight) {}, Listed{ID: "a", State: StateRunning, Health: healthchecks.StatusUnhealthy}, true},
		{"not well yet", func(s *Sight) { s.Window.Since = time.Time{} }, same, true},
		{"restarting", func(s *Sight) { s.State, s.Window.Since = StateRestarting, time.Time{} }, Listed{ID: "a", State: StateRestarting}, true},
		{"ended, and known to be", func(s *Sight) { s.State, s.Window.Since = StateExited, time.Time{} }, Listed{ID: "a", State: StateExited}, false},
		{"without a check", func(s *Sight) { s.Check, s.Health.Status = nil, healthchecks.StatusNone }, Listed{ID: "a", State: StateRunning}, false},
	} {
		if got := well(c.change).due(c.listed, now); got != c.want {
			t.Errorf("%s: to be looked at %t, want %t", c.name, got, c.want)
		}
	}
}

func TestContainersThatAreWellCostOneListASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFake()
		w := newWorld(e, "p")
		w.well = func(Sight) bool { return true }
		for _, id := range []string{"a", "b", "c"} {
			e.containers[id] = &fakeContainer{Container: Container{ID: id, Project: "p", State: StateRunning, StartedAt: time.Now()}}
			w.track(e.containers[id].Container)
		}
		e.dropEvents = true
		stop := keepLooking(t, w)
		defer stop()
		<-time.After(500 * time.Millisecond)
		looks := func() int {
			e.mu.Lock()
			defer e.mu.Unlock()
			return e.looks
		}
		first := looks()
		<-time.After(2 * time.Second)
		if n := looks() - first; n != 0 {
			t.Errorf("%d looks at containers of which nothing has changed", n)
		}
		e.mu.Lock()
		e.containers["b"].State = StateExited
		e.mu.Unlock()
		<-time.After(1100 * time.Millisecond)
		sights, _, _ := w.view()
		if sights["b"].State != StateExited {
			t.Errorf("b is %s a second after its end, of which no event told", sights["b"].State)
		}
		if n := looks() - first; n != 1 {
			t.Errorf("%d looks for one change, want 1", n)
		}
	})
}

// keepLooking lets a world look until the result is called.
func keepLooking(t *testing.T, w *world) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run(ctx, nil)
	}()
	return func() {
		cancel()
		<-done
	}
}
