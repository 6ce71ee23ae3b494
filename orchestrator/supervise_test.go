package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// ward4 is a stack for the operator. Nothing but it restarts db and web.
const ward4 = `
services:
  db:
    image: db
    healthcheck: {test: [CMD, ask], interval: 60s}
  migrate:
    image: tool
    depends_on: {db: {condition: service_healthy}}
    x-stackctl: {job: true}
  api:
    image: api
    restart: unless-stopped
    depends_on: {migrate: {condition: service_completed_successfully}, db: {condition: service_healthy, restart: true}}
    healthcheck: {test: [CMD, ask], interval: 60s}
  web:
    image: web
    depends_on: {api: {condition: service_healthy}}
    healthcheck: {test: [CMD, ask], interval: 60s}
`

// diary is what a supervisor told and remembered.
type diary struct {
	mu    sync.Mutex
	all   []Happening
	saved Memory
}

func (d *diary) tell(h Happening) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, h)
}

func (d *diary) save(m Memory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.saved = m
}

// count counts what was told of a kind about a service.
func (d *diary) count(kind HappeningKind, service string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, h := range d.all {
		if h.Kind == kind && h.Service == service {
			n++
		}
	}
	return n
}

// text is the diary for the reader of a failed test.
func (d *diary) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b strings.Builder
	for _, h := range d.all[max(0, len(d.all)-60):] {
		fmt.Fprintf(&b, "%s pass=%d %s %s %s: %s\n", h.At.Format(time.StampMilli), h.Pass, h.Kind, h.Service, h.State, h.Text)
	}
	return b.String()
}

// care is a supervisor at work in a test.
type care struct {
	*Supervisor
	t     *testing.T
	e     *fakeEngine
	diary *diary
	end   func() error
}

func ward4Engine() *fakeEngine {
	e := newFake().has("db", "tool", "api", "web")
	e.scripts["migrate"] = script{exits: time.Second}
	return e
}

// lookAfter sets a supervisor to work.
func lookAfter(t *testing.T, e *fakeEngine, p *compose.Project, opts SuperviseOptions) *care {
	t.Helper()
	c := &care{t: t, e: e, diary: &diary{}}
	opts.Tell, opts.Save = c.diary.tell, c.diary.save
	c.Supervisor = NewSupervisor(e, opts)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, p) }()
	c.end = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = c.end() })
	return c
}

// until waits for a snapshot, for at most limit of virtual time.
func (c *care) until(limit time.Duration, what string, ok func(*Snapshot) bool) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), limit)
	defer cancel()
	for {
		snapshot, changed := c.Snapshot()
		if snapshot != nil && ok(snapshot) {
			return
		}
		if pause(ctx, limit, changed) != nil {
			c.t.Fatalf("within %s it did not come true that %s\n%s\n%s", limit, what, conditions(snapshot.Report), c.diary.text())
		}
	}
}

func (c *care) untilProven(limit time.Duration) {
	c.t.Helper()
	// The look at a fault comes first: before it, the last proof still stands.
	pass := 0
	if snapshot, _ := c.Snapshot(); snapshot != nil {
		pass = snapshot.Pass
	}
	c.until(limit, "all is proven", func(s *Snapshot) bool { return s.Report.Proven && s.Pass > pass })
}

// rest lets time go by.
func (c *care) rest(d time.Duration) {
	c.t.Helper()
	if err := pause(c.t.Context(), d, nil); err != nil {
		c.t.Fatal(err)
	}
}

func TestASupervisorBringsUpWhatIsMissingInOrderAndThenWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := ward4Engine()
		c := lookAfter(t, e, load(t, ward4), SuperviseOptions{})
		c.untilProven(time.Minute)
		var starts []string
		for _, call := range e.changes() {
			if strings.HasPrefix(call, "start") {
				starts = append(starts, call)
			}
		}
		if want := []string{"start p-db-1", "start p-migrate-1", "start p-api-1", "start p-web-1"}; !slices.Equal(starts, want) {
			t.Errorf("the starts are %q, want %q", starts, want)
		}
		e.forget()
		c.rest(2 * time.Hour)
		if calls := e.changes(); len(calls) != 0 {
			t.Errorf("a healthy stack cost the calls %q", calls)
		}
		if snapshot, _ := c.Snapshot(); snapshot.Pass < 900 {
			t.Errorf("in two hours it looked %d times", snapshot.Pass)
		}
		_ = c.end()
	})
}

func TestWhoIsToldSomethingAndAsksIsGivenTheSameAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := ward4Engine()
		var boss atomic.Pointer[Supervisor]
		var told []string
		var look atomic.Value
		looks := func(call string) error {
			if call == "observe" || strings.HasPrefix(call, "inspect ") {
				look.Store(call)
			}
			return nil
		}
		e.fails(looks)
		opts := SuperviseOptions{Tell: func(h Happening) {
			s := boss.Load()
			snapshot, _ := s.Snapshot()
			var shown bool
			switch h.Kind {
			case Proven:
				shown = snapshot != nil && snapshot.Report.Proven && snapshot.Err == nil
				if look.Load() != "observe" {
					t.Errorf("it was proven by %q: only a look at everything proves", look.Load())
				}
			case Failing:
				shown = snapshot != nil && !snapshot.Report.Proven && snapshot.Err != nil
			case Trouble:
				shown = snapshot != nil && snapshot.Err != nil && snapshot.Troubles[h.State] == h.Text
			default:
				return
			}
			told = append(told, string(h.Kind))
			if !shown {
				t.Errorf("when %s %s is told, the newest snapshot does not show it", h.Kind, h.Service)
			}
		}}
		s := NewSupervisor(e, opts)
		boss.Store(s)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, load(t, ward4)) }()
		c := &care{t: t, e: e, Supervisor: s, diary: &diary{}}
		c.untilProven(time.Minute)
		e.with("p-web-1", func(c *fakeContainer) { e.exit(c, 137, false) })
		c.untilProven(time.Minute)
		e.fails(func(string) error { return fault.New(fault.Engine, "the engine is gone") })
		c.rest(10 * time.Second)
		e.fails(looks)
		c.rest(30 * time.Second)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if want := []string{"proven", "failed", "proven", "trouble", "proven"}; !slices.Equal(told, want) {
			t.Errorf("told were %q, want %q", told, want)
		}
	})
}

func TestADeathIsSeenAndHealedAtOnceThoughALookAtEverythingTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := ward4Engine()
		c := lookAfter(t, e, load(t, ward4), SuperviseOptions{})
		c.untilProven(time.Minute)
		e.fails(func(call string) error {
			if call == "observe" {
				<-time.After(700 * time.Millisecond)
			}
			return nil
		})
		for range 5 {
			c.diary.forget()
			// Not while a look is under way, which follows the probes every four
			// seconds.
			c.until(time.Minute, "a look at everything has ended", func(s *Snapshot) bool {
				return time.Since(s.At) == 0 && s.Report.Proven && s.LastTook > 600*time.Millisecond
			})
			c.rest(2 * time.Second)
			died := time.Now()
			e.forget()
			e.with("p-web-1", func(c *fakeContainer) { e.exit(c, 137, false) })
			c.until(time.Minute, "it was seen", func(s *Snapshot) bool { return !s.Report.Proven })
			if took := time.Since(died); took > 50*time.Millisecond {
				t.Fatalf("the death was seen after %s", took)
			}
			c.rest(50 * time.Millisecond)
			if calls := e.changes(); !slices.Equal(calls, []string{"start p-web-1"}) {
				t.Fatalf("%s after the death there were the calls %q\n%s", time.Since(died), calls, c.diary.text())
			}
			c.untilProven(time.Minute)
			c.rest(11 * time.Minute) // its budget is whole again
		}
	})
}

func TestASupervisorHealsEachKindOfFaultAndTouchesNothingElse(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(e *fakeEngine)
		calls []string
	}{
		{"a death", func(e *fakeEngine) { e.with("p-web-1", func(c *fakeContainer) { e.exit(c, 137, false) }) }, []string{"start p-web-1"}},
		{"a death that no event tells", func(e *fakeEngine) {
			e.dropEvents = true
			e.with("p-web-1", func(c *fakeContainer) { e.exit(c, 137, false) })
		}, []string{"start p-web-1"}},
		{"a removal", func(e *fakeEngine) { e.with("p-web-1", func(c *fakeContainer) { e.remove(c, true) }) }, []string{"create p-web-1", "start p-web-1"}},
		{"a pause", func(e *fakeEngine) {
			e.with("p-web-1", func(c *fakeContainer) { c.State = StatePaused; e.emit(c, "pause") })
		}, []string{"unpause p-web-1"}},
		{"a network cut", func(e *fakeEngine) { e.with("p-web-1", func(c *fakeContainer) { c.Endpoints = nil }) },
			[]string{"create p-web-1.stackctl-next", "stop p-web-1", "remove p-web-1", "rename p-web-1.stackctl-next to p-web-1", "start p-web-1"}},
		{"an illness", func(e *fakeEngine) { e.sicken("p-web-1") }, []string{"stop p-web-1", "start p-web-1"}},
		{"a death of what others follow", func(e *fakeEngine) { e.with("p-db-1", func(c *fakeContainer) { e.exit(c, 1, false) }) },
			[]string{"start p-db-1", "stop p-api-1", "start p-api-1"}},
		{"a death that the engine heals", func(e *fakeEngine) { e.with("p-api-1", func(c *fakeContainer) { e.exit(c, 1, false) }) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := ward4Engine()
				s := lookAfter(t, e, load(t, ward4), SuperviseOptions{})
				s.untilProven(time.Minute)
				s.rest(time.Minute)
				e.forget()
				c.fault(e)
				s.untilProven(10 * time.Minute)
				s.rest(time.Minute) // an illness takes the time of its check to show
				s.untilProven(10 * time.Minute)
				if calls := e.changes(); !slices.Equal(calls, c.calls) {
					t.Errorf("the calls are\n%q, want\n%q\n%s", calls, c.calls, s.diary.text())
				}
				_ = s.end()
			})
		})
	}
}

func TestWhatWasKilledManyTimesIsWellAgainOnceItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := ward4Engine()
		s := lookAfter(t, e, load(t, ward4+"x-stackctl: {supervise: {budget: 100, window: 1m, backoff: 1ms}}\n"), SuperviseOptions{})
		s.untilProven(time.Minute)
		for range 8 {
			e.with("p-web-1", func(c *fakeContainer) { e.exit(c, 137, false) })
			s.rest(10 * time.Second)
		}
		s.untilProven(3 * time.Minute)
		_ = s.end()
	})
}

func TestAPublishedPortThatIsLostIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := ward4Engine()
		s := lookAfter(t, e, load(t, strings.Replace(ward4, "image: web\n", "image: web\n    ports: [\"8080:80/udp\"]\n", 1)), SuperviseOptions{})
		s.untilProven(time.Minute)
		e.forget()
		e.with("p-web-1", func(c *fakeContainer) { c.Published = nil })
		lost := time.Now()
		s.until(time.Minute, "it is seen", func(s *Snapshot) bool { return !s.Report.Proven })
		if took := time.Since(lost); took > 5*time.Second {
			t.Errorf("a loss that no event tells was seen after %s", took)
		}
		s.untilProven(time.Minute)
		if e.count("start p-web-1") != 1 || e.count("start p-db-1")+e.count("start p-api-1") != 0 {
			t.Errorf("the calls were %q", e.changes())
		}
		e.with("p-web-1", func(c *fakeContainer) {
			if len(c.Published) != 1 {
				t.Errorf("published are %v", c.Published)
			}
		})
		_ = s.end()
	})
}

func TestASupervisorLeavesWhatAPersonStoppedAndRemembersIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := ward4Engine(), load(t, ward4)
		c := lookAfter(t, e, p, SuperviseOptions{})
		c.untilProven(time.Minute)
		if err := Stop(t.Context(), e, p, []string{"web"}, nil, nil); err != nil {
			t.Fatal(err)
		}
		c.rest(time.Hour)
		if n := c.diary.count(StoppedByHand, "web"); n != 1 {
			t.Errorf("it told %d times that web was stopped by hand\n%s", n, c.diary.text())
		}
		_ = c.end()
		again := lookAfter(t, e, p, SuperviseOptions{Memory: c.diary.saved})
		again.rest(time.Hour)
		if snapshot, _ := again.Snapshot(); snapshot.Decisions["web"].Verdict != HandsOff {
			t.Errorf("another process decides %+v", snapshot.Decisions["web"])
		}
		if err := again.Wish("start", "web"); err != nil {
			t.Fatal(err)
		}
		again.untilProven(time.Minute)
		_ = again.end()
	})
}

func TestAnEngineThatEndsDoesNotLookLikeAPersonWhoStopsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := ward4Engine(), load(t, ward4)
		c := lookAfter(t, e, p, SuperviseOptions{})
		c.untilProven(time.Minute)
		for _, name := range []string{"p-web-1", "p-db-1"} {
			e.with(name, func(c *fakeContainer) {
				c.stopped = true
				e.emit(c, "kill")
				e.exit(c, 143, false)
				e.emit(c, "stop")
			})
		}
		e.fails(func(string) error { return fault.New(fault.Engine, "the engine is gone") })
		e.breakStreams()
		c.rest(20 * time.Second)
		e.fails(nil)
		c.untilProven(time.Minute)
		_ = c.end()
	})
}

func TestASupervisorGivesUpAndAnotherFileOrAWishIsANewBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := ward4Engine(), load(t, ward4)
		e.scripts["web"] = script{exits: time.Second, code: 3}
		c := lookAfter(t, e, p, SuperviseOptions{})
		gaveUp := func(s *Snapshot) bool { return s.Decisions["web"].Verdict == GaveUp }
		c.until(5*time.Minute, "web is given up", gaveUp)
		starts := e.count("start p-web-1")
		if starts != 5 {
			t.Errorf("it was started %d times", starts)
		}
		c.rest(2 * time.Hour)
		if n := e.count("start p-web-1"); n != starts {
			t.Errorf("it was started %d times more after it was given up", n-starts)
		}
		if err := c.Wish("restart", "web"); err != nil {
			t.Fatal(err)
		}
		c.until(5*time.Minute, "web is tried again", func(*Snapshot) bool { return e.count("start p-web-1") > starts })
		c.until(5*time.Minute, "web is given up again", gaveUp)
		e.mu.Lock()
		e.scripts["web"] = script{}
		e.mu.Unlock()
		c.Apply(edited(t, p, strings.Replace(ward4, "image: web", "image: web\n    environment: {A: b}", 1)))
		c.untilProven(5 * time.Minute)
		_ = c.end()
	})
}

// changes are the changes that were asked for so far.
func (e *fakeEngine) changes() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// forget drops the calls so far.
func (e *fakeEngine) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = nil
}

// fails lets each call ask before whether it may succeed; nil lets all.
func (e *fakeEngine) fails(before func(string) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.before = before
}

// forget drops what was told so far.
func (d *diary) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = nil
}

// count counts calls.
func (e *fakeEngine) count(call string) int {
	calls := e.changes()
	n := 0
	for _, one := range calls {
		if one == call {
			n++
		}
	}
	return n
}

// sicken lets the check of a container fail until its next start.
func (e *fakeEngine) sicken(name string) {
	e.with(name, func(c *fakeContainer) {
		run := c.starts
		id := c.ID
		s := e.scripts[c.Service]
		s.probe = func(_ time.Duration, n int) int {
			if n == run && e.containers[id] != nil {
				return 1
			}
			return 0
		}
		e.scripts[c.Service] = s
	})
}

// TestThirtyDays lets the operator look after a stack for a month in which
// something happens every few hours.
func TestInThirtyDaysEveryFaultThatCanBeHealedIsHealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := ward4Engine(), load(t, ward4)
		c := lookAfter(t, e, p, SuperviseOptions{Every: 5 * time.Minute})
		c.untilProven(time.Minute)
		random := rand.New(rand.NewPCG(6, 2026))
		kinds := map[string]func(name string){
			"death": func(name string) {
				e.with(name, func(c *fakeContainer) {
					if c.State == StateRunning {
						e.exit(c, 137, false)
					}
				})
			},
			"removal":      func(name string) { e.with(name, func(c *fakeContainer) { e.remove(c, true) }) },
			"cut":          func(name string) { e.with(name, func(c *fakeContainer) { c.Endpoints = nil }) },
			"illness":      e.sicken,
			"pause":        func(name string) { e.with(name, func(c *fakeContainer) { c.State = StatePaused }) },
			"lost events":  func(string) { e.mu.Lock(); e.dropEvents = !e.dropEvents; e.mu.Unlock() },
			"broken event": func(string) { e.breakStreams() },
		}
		names := slices.Sorted(maps.Keys(kinds))
		begin := time.Now()
		var faults, most int
		for time.Since(begin) < 30*24*time.Hour {
			kind := names[random.IntN(len(names))]
			kinds[kind]([]string{"p-db-1", "p-api-1", "p-web-1"}[random.IntN(3)])
			faults++
			c.rest(9 * time.Minute) // an illness takes its check three runs to show, a lost event one period
			c.untilProven(10 * time.Minute)
			snapshot, _ := c.Snapshot()
			for _, m := range snapshot.Memory.Services {
				most = max(most, len(m.Starts))
			}
			c.rest(time.Duration(60+random.IntN(120)) * time.Minute)
			snapshot, _ = c.Snapshot()
			if !snapshot.Report.Proven {
				t.Fatalf("after %s the stack is not proven\n%s\n%s", kind, conditions(snapshot.Report), c.diary.text())
			}
			for name, m := range snapshot.Memory.Services {
				if len(m.Starts) > 5 || m.GivenUp != nil {
					t.Fatalf("%s: %+v\n%s", name, m, c.diary.text())
				}
			}
			c.small(snapshot)
			e.forget()
			c.diary.forget()
		}
		if faults < 200 || most == 0 {
			t.Errorf("in thirty days there were %d faults, and at most %d starts remembered", faults, most)
		}
		t.Logf("%d faults, %d passes", faults, func() int { s, _ := c.Snapshot(); return s.Pass }())
		_ = c.end()
	})
}

// small insists that nothing grows with time.
func (c *care) small(s *Snapshot) {
	c.t.Helper()
	c.intake.mu.Lock()
	defer c.intake.mu.Unlock()
	c.e.mu.Lock()
	containers := len(c.e.containers)
	c.e.mu.Unlock()
	for what, n := range map[string]int{
		"containers": containers, "stops": len(c.intake.stopped), "signals": len(c.intake.killed), "own stops": len(c.intake.ours),
		"receipts": len(c.intake.got), "services": len(s.Memory.Services), "troubles": len(s.Troubles),
	} {
		if n > 8 {
			c.t.Fatalf("there are %d %s", n, what)
		}
	}
}
