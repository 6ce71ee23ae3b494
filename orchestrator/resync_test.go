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
		if got := well(c.change).due(c.listed, now, 1, 1); got != c.want {
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

func TestWithManyContainersEachHasItsTurnLessOften(t *testing.T) {
	now := time.Now()
	check := &healthchecks.Check{Test: []string{"CMD", "ok"}, Interval: 30 * time.Second, StartPeriod: time.Minute, StartInterval: 4 * time.Second}
	starting := func(seen, looked time.Duration) Sight {
		s := Sight{Container: Container{ID: "a", State: StateRunning, Check: check}, Seen: now.Add(-seen), At: now.Add(-looked)}
		s.StartedAt, s.Health.Status = s.Seen, healthchecks.StatusStarting
		return s
	}
	probed := func(seen, looked time.Duration) Sight {
		s := starting(seen, looked)
		s.Health.Log = []healthchecks.Result{{Start: s.StartedAt.Add(time.Millisecond), End: s.StartedAt.Add(2 * time.Millisecond), ExitCode: 1}}
		return s
	}
	well := func(looked time.Duration) Sight {
		s := starting(time.Minute, looked)
		s.Health.Status, s.Window.Since = healthchecks.StatusHealthy, now.Add(-time.Minute)
		return s
	}
	for _, c := range []struct {
		name           string
		sight          Sight
		calm, restless int
		want           bool
	}{
		{"its first probe is still to come", starting(3900*time.Millisecond, 3900*time.Millisecond), 0, 1, false},
		{"its first probe may have been", starting(4*time.Second, 4*time.Second), 0, 1, true},
		{"its first probe may have been, looked at before it", starting(4*time.Second, time.Second), 0, 1, true},
		{"probed, among few", probed(5*time.Second, time.Millisecond), 0, 20, true},
		{"probed, among many, a second ago", probed(5*time.Second, time.Second), 0, 60, false},
		{"probed, among many, two seconds ago", probed(5*time.Second, 2*time.Second), 0, 60, true},
		{"probed, among very many, five seconds ago", probed(9*time.Second, calmMax), 0, 1000, true},
		{"well, among few, five seconds ago", well(calmMax), 100, 0, true},
		{"well, among many, five seconds ago", well(calmMax), 200, 0, false},
		{"well, among many, nine seconds ago", well(9 * time.Second), 200, 0, true},
		{"well, among very many, before its newest probe is too old", well(29 * time.Second), 10000, 0, false},
		{"well, among very many, as its newest probe becomes too old", well(33 * time.Second), 10000, 0, true},
	} {
		l := Listed{ID: "a", State: StateRunning, Health: c.sight.Health.Status}
		if got := c.sight.due(l, now, c.calm, c.restless); got != c.want {
			t.Errorf("%s: to be looked at %t, want %t", c.name, got, c.want)
		}
	}
}

func TestAnEventTellsWhatALookHasNotShown(t *testing.T) {
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	runs := Sight{Container: Container{ID: "a", State: StateRunning, StartedAt: start}}
	healthy := runs
	healthy.Health = healthchecks.Health{Status: healthchecks.StatusHealthy, Log: []healthchecks.Result{{Start: at(90), End: at(100)}}}
	healthy.Check = &healthchecks.Check{Test: []string{"CMD", "ok"}, Interval: 10 * time.Second}
	outdated, ended, often, again := healthy, runs, healthy, healthy
	often.Check = &healthchecks.Check{Test: []string{"CMD", "ok"}, Interval: 500 * time.Millisecond}
	again.StartedAt = at(200)
	outdated.Outdated = true
	ended.State = StateExited
	for _, c := range []struct {
		name  string
		sight Sight
		event Event
		known bool
	}{
		{"it is there", ended, Event{Action: "create", At: at(-10)}, true},
		{"this incarnation runs", runs, Event{Action: "start", At: at(30)}, true},
		{"one that began later runs", runs, Event{Action: "start", At: at(1000)}, false},
		{"one that began before ran", runs, Event{Action: "start", At: at(-1)}, false},
		{"it was seen to have ended", ended, Event{Action: "start", At: at(30)}, false},
		{"the sight is older than one before", outdated, Event{Action: "start", At: at(30)}, false},
		{"a restart has no time", runs, Event{Action: "start"}, false},
		{"it is healthy", healthy, Event{Action: "health_status", Health: "healthy", At: at(101)}, true},
		{"it became so before the newest probe", healthy, Event{Action: "health_status", Health: "healthy", At: at(50)}, true},
		{"it became so long after the newest probe", healthy, Event{Action: "health_status", Health: "healthy", At: at(1100)}, false},
		{"it became so before its start", healthy, Event{Action: "health_status", Health: "healthy", At: at(-1)}, false},
		{"it may be the next run of a check that runs often", often, Event{Action: "health_status", Health: "healthy", At: at(101)}, false},
		{"its probes were of the incarnation before", again, Event{Action: "health_status", Health: "healthy", At: at(250)}, false},
		{"it became unhealthy", healthy, Event{Action: "health_status", Health: "unhealthy", At: at(101)}, false},
		{"it was not seen to be healthy", runs, Event{Action: "health_status", Health: "healthy", At: at(101)}, false},
		{"the sight of its health is older than one before", outdated, Event{Action: "health_status", Health: "healthy", At: at(101)}, false},
		{"it ended", healthy, Event{Action: "die", At: at(30)}, false},
		{"it was killed", healthy, Event{Action: "kill", At: at(30)}, false},
	} {
		if got := c.sight.knows(c.event); got != c.known {
			t.Errorf("%s: known %t, want %t", c.name, got, c.known)
		}
	}
}

// A container that is well is looked at again while its newest probe still counts: its
// next one may end an interval and the timeout after it.
func TestNoContainerIsLeftUntilWhatWasSeenIsTooOld(t *testing.T) {
	for _, timeout := range []time.Duration{time.Second, 5 * time.Second, 30 * time.Second} {
		for _, interval := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
			began := time.Now()
			check := &healthchecks.Check{Test: []string{"CMD", "ok"}, Interval: interval, Timeout: timeout}
			s := Sight{Container: Container{State: StateRunning, StartedAt: began, Check: check}, Seen: began}
			// Looked at when the next probe is about to come.
			s.At = began.Add(2 * interval)
			s.Health = healthchecks.Health{Status: healthchecks.StatusHealthy, Log: []healthchecks.Result{{Start: began.Add(interval), End: began.Add(interval)}}}
			again := s.At.Add(s.calmFor(10000) + resync)
			b := bench{check: check, role: RoleService, engine: EngineInfo{StartInterval: true}, now: again}
			if st := b.judge(s); !st.Well {
				t.Errorf("interval %s, timeout %s: %s before the next look: %s", interval, timeout, st.State, st.Reason)
			}
		}
	}
}
