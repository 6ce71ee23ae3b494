package orchestrator

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// jobs gives an engine for fourLevels: every image is there, the job takes a
// second.
func fourLevelEngine() *fakeEngine {
	e := newFake().has("db", "tool", "api", "web")
	e.scripts["migrate"] = script{exits: time.Second}
	return e
}

// heard collects what a run tells.
type heard struct {
	mu  sync.Mutex
	all []Progress
}

func (h *heard) listen(p Progress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, p)
}

// says says whether something of that phase was told whose message contains
// words.
func (h *heard) says(phase Phase, words string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.all {
		if p.Phase == phase && strings.Contains(p.Message, words) {
			return true
		}
	}
	return false
}

// notesOf are the notes about a service, a line each.
func (h *heard) notesOf(service string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var notes []string
	for _, p := range h.all {
		if p.Phase == PhaseNote && p.Service == service {
			notes = append(notes, p.Message)
		}
	}
	return strings.Join(notes, "\n")
}

// mustUp brings a project up and insists on the proof.
func mustUp(t *testing.T, e *fakeEngine, p *compose.Project, opts Options) Report {
	t.Helper()
	r, err := Up(t.Context(), e, p, opts)
	if err != nil || !r.Proven {
		t.Fatalf("up is not proven: %v\n%s", err, conditions(r))
	}
	return r
}

// conditions is a report for the reader of a failed test.
func conditions(r Report) string {
	var b strings.Builder
	for _, s := range r.Services {
		b.WriteString(s.Name + " " + s.State + " " + s.Reason + "\n")
		for _, c := range s.Conditions {
			b.WriteString("  " + c.Type + " " + string(c.Status) + " " + c.Message + "\n")
		}
	}
	return b.String()
}

// wantFailure insists on an Up that fails with a class and says so.
func wantFailure(t *testing.T, r Report, err error, class fault.Class, words ...string) {
	t.Helper()
	if err == nil || r.Proven {
		t.Fatalf("it was called proven\n%s", conditions(r))
	}
	if got := fault.ClassOf(err); got != class || r.Class != class {
		t.Errorf("the class is %s, the report's %s, want %s: %v\n%s", got, r.Class, class, err, conditions(r))
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not say %q: %v", w, err)
		}
	}
}

func TestAColdUpProvesAStackOfFourLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		r := mustUp(t, e, p, Options{})
		if got := len(r.Services); got != 4 {
			t.Errorf("%d services in the report", got)
		}
		if r.ReadyAfter <= time.Second || r.ReadyAfter > r.Took-time.Second {
			t.Errorf("ready after %s of %s", r.ReadyAfter, r.Took)
		}
		if r.Took > 6*time.Second {
			t.Errorf("it took %s", r.Took)
		}
		for _, timing := range r.Timings {
			if timing.Service == "db" && (timing.Healthy <= 0 || timing.Healthy > 500*time.Millisecond) {
				t.Errorf("db was healthy after %s", timing.Healthy)
			}
		}
		// Everything is created before anything is waited for.
		for _, call := range e.calls[6:] {
			if strings.HasPrefix(call, "create") {
				t.Errorf("%s came late: %q", call, e.calls)
			}
		}
	})
}

func TestAnUnchangedUpChangesNothingAndOwesNoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		mustUp(t, e, p, Options{})
		if err := pause(t.Context(), time.Minute, nil); err != nil {
			t.Fatal(err)
		}
		e.calls = nil
		r := mustUp(t, e, p, Options{})
		if len(e.calls) != 0 {
			t.Errorf("it made the calls %q", e.calls)
		}
		if r.Took > time.Second {
			t.Errorf("it took %s", r.Took)
		}
	})
}

func TestALostEventIsMadeUpForByATimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		e.dropEvents = true
		if r := mustUp(t, e, p, Options{}); r.Took > 12*time.Second {
			t.Errorf("it took %s", r.Took)
		}
	})
}

func TestABrokenEventStreamIsSubscribedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		for at := range 8 {
			time.AfterFunc(time.Duration(at)*700*time.Millisecond, e.breakStreams)
		}
		mustUp(t, e, p, Options{})
		if len(e.streams) == 0 {
			t.Error("nobody has subscribed again")
		}
	})
}

// away lets the engine be unreachable for a while, from a moment on.
func (e *fakeEngine) away(after, d time.Duration) {
	from := time.Now().Add(after)
	e.before = func(call string) error {
		if now := time.Now(); now.After(from) && now.Before(from.Add(d)) {
			return fault.New(fault.Engine, "%s: cannot reach the engine", call)
		}
		return nil
	}
}

func TestAnEngineThatIsAwayForFiveSecondsIsWaitedFor(t *testing.T) {
	for _, after := range []time.Duration{0, 50 * time.Millisecond, 500 * time.Millisecond, 1300 * time.Millisecond, 2500 * time.Millisecond} {
		t.Run("after "+after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, p := fourLevelEngine(), load(t, fourLevels)
				e.away(20*time.Millisecond+after, 5*time.Second)
				mustUp(t, e, p, Options{})
			})
		})
	}
}

func TestAnEngineThatIsAwayForTwoMinutesEndsTheRun(t *testing.T) {
	for _, after := range []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, 2500 * time.Millisecond} {
		t.Run("after "+after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, p := fourLevelEngine(), load(t, fourLevels)
				e.away(after, 2*time.Minute)
				r, err := Up(t.Context(), e, p, Options{})
				wantFailure(t, r, err, fault.Engine, "lost")
				if r.Took > 90*time.Second {
					t.Errorf("it took %s", r.Took)
				}
			})
		})
	}
}

func TestARestartInsideTheWindowStartsItAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService+"    restart: always\n")
		e.scripts["web"] = script{run: func(n int) (time.Duration, int) {
			if n == 1 {
				return 1500 * time.Millisecond, 1 // healthy for a while, then it dies
			}
			return 0, 0
		}}
		r := mustUp(t, e, p, Options{})
		if r.Took < 3500*time.Millisecond {
			t.Errorf("it was called stable after %s, though it died after 1.5s", r.Took)
		}
		if len(r.Notes) == 0 || !strings.Contains(r.Notes[0], "restarted 1 time before it became stable; the process ended with code") {
			t.Errorf("the notes are %q", r.Notes)
		}
	})
}

func TestAPauseInsideTheWindowStartsItAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService)
		mustUp(t, e, p, Options{})
		_ = pause(t.Context(), time.Minute, nil)
		e.with("p-web-1", func(c *fakeContainer) { c.State = StatePaused })
		if r := mustUp(t, e, p, Options{}); r.Took < 2*time.Second {
			t.Errorf("it was called stable %s after the pause", r.Took)
		}
	})
}

func TestACrashLoopIsToldQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService+"    restart: always\n")
		e.scripts["web"] = script{exits: 30 * time.Millisecond, code: 3}
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Service, "web", "crashloop")
		if r.Took > 15*time.Second {
			t.Errorf("it took %s", r.Took)
		}
		if len(r.Cards) != 1 || r.Cards[0].Service != "web" || r.Cards[0].Restarts < crashLoop {
			t.Errorf("the cards are %+v", r.Cards)
		}
	})
}

func TestAServiceThatExitsIsToldQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService)
		e.scripts["web"] = script{exits: 30 * time.Millisecond, code: 3}
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Service, "web", "code 3")
		if r.Took > 4*time.Second {
			t.Errorf("it took %s", r.Took)
		}
		card := r.Cards[0]
		if card.ExitCode == nil || *card.ExitCode != 3 || len(card.Logs) != 1 || !strings.Contains(card.Logs[0], "last words of p-web-1") {
			t.Errorf("the card is %+v", card)
		}
		if got := e.census(); !strings.Contains(got, "container p-web-1") {
			t.Errorf("a failed up has cleaned up:\n%s", got)
		}
	})
}

func TestAnUnhealthyWebKeepsUpFromExitingZero(t *testing.T) {
	for name, e := range map[string]*fakeEngine{"new engine": newFake(), "old engine": newFake().old()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := load(t, strings.Replace(oneService, "[CMD, ok]", "[CMD, ok], interval: 1s, timeout: 1s, retries: 2", 1))
				e.has("web").scripts["web"] = script{probe: func(time.Duration, int) int { return 1 }}
				r, err := Up(t.Context(), e, p, Options{})
				wantFailure(t, r, err, fault.Service, "web", "unhealthy")
				if r.Took > 10*time.Second {
					t.Errorf("it took %s", r.Took)
				}
			})
		})
	}
}

func TestTheTotalTimeOutSaysWhatWasMissing(t *testing.T) {
	slow := script{probe: func(time.Duration, int) int { return 1 }}
	t.Run("while a dependency is waited for", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, p := fourLevelEngine(), load(t, strings.ReplaceAll(fourLevels, "interval: 1s", "interval: 1m"))
			e.scripts["db"] = slow
			r, err := Up(t.Context(), e, p, Options{WaitTimeout: 20 * time.Second})
			wantFailure(t, r, err, fault.Timeout, "db", "failed so far", "20s")
			if r.Took > 40*time.Second {
				t.Errorf("it took %s", r.Took)
			}
		})
	})
	t.Run("while the proof is made", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, p := fourLevelEngine(), load(t, strings.ReplaceAll(fourLevels, "interval: 1s", "interval: 1m"))
			e.scripts["web"] = slow
			r, err := Up(t.Context(), e, p, Options{WaitTimeout: 20 * time.Second})
			wantFailure(t, r, err, fault.Timeout, "web", "failed so far", "20s")
		})
	})
}

func TestAnInterruptEndsTheRunAtOnceWithItsCause(t *testing.T) {
	for _, after := range []time.Duration{0, 5 * time.Millisecond, 100 * time.Millisecond, 1200 * time.Millisecond, 2500 * time.Millisecond} {
		t.Run("after "+after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, p := fourLevelEngine(), load(t, fourLevels)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(after, func() { cancel(fault.New(fault.Interrupted, "interrupted by the user")) })
				begin := time.Now()
				r, err := Up(ctx, e, p, Options{})
				wantFailure(t, r, err, fault.Interrupted, "interrupted by the user")
				if took := time.Since(begin); took > after+2*time.Second {
					t.Errorf("it took %s", took-after)
				}
			})
		})
	}
}

func TestADeadlineInTheInstantOfSuccessIsNoSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService)
		took := mustUp(t, e, p, Options{}).Took
		// Every moment around the end of that run.
		for d := took - 20*time.Millisecond; d < took+5*time.Millisecond; d += time.Millisecond {
			e := newFake().has("web")
			ctx, cancel := context.WithTimeout(t.Context(), d)
			r, err := Up(ctx, e, p, Options{})
			if (err == nil) != r.Proven {
				t.Errorf("at %s: proven %t with %v", d, r.Proven, err)
			}
			if err == nil && ctx.Err() != nil && d < took {
				t.Errorf("at %s an expired run was called proven", d)
			}
			cancel()
		}
	})
}

func TestTheDeadlineOfTheWholeRunIsATimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService)
		r, err := Up(t.Context(), e, p, Options{Deadline: time.Second})
		wantFailure(t, r, err, fault.Timeout, "the deadline of 1s")
	})
}

func TestOldEnginesReleaseDependentsByExec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine().old(), load(t, strings.ReplaceAll(fourLevels, "interval: 1s", "interval: 30s"))
		r := mustUp(t, e, p, Options{})
		if r.Took > 15*time.Second {
			t.Errorf("it took %s, though no dependent has to wait for a first probe", r.Took)
		}
		for _, s := range r.Services {
			if s.Name == "db" && s.State != "healthy (exec)" {
				t.Errorf("db is %s", s.State)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine().old(), load(t, strings.ReplaceAll(fourLevels, "interval: 1s", "interval: 10s"))
		r := mustUp(t, e, p, Options{})
		for _, s := range r.Services {
			if s.Name != "migrate" && s.State != "healthy" {
				t.Errorf("%s is %s: the engine has the last word within 15s", s.Name, s.State)
			}
		}
	})
}

func TestAFailedActionNeverReleasesItsDependents(t *testing.T) {
	for call, class := range map[string]fault.Class{
		"create network p_default": fault.Resource, "create volume p_data": fault.Resource, "create p-db-1": fault.Resource,
		"start p-db-1": fault.Resource, "create p-web-1": fault.Resource,
	} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, p := fourLevelEngine(), load(t, fourLevels)
				e.before = func(c string) error {
					if c == call {
						return fault.New(class, "no room for %s", call)
					}
					return nil
				}
				r, err := Up(t.Context(), e, p, Options{})
				wantFailure(t, r, err, class, "no room for "+call)
				for _, c := range e.calls {
					if strings.HasPrefix(c, "start") && c != call && !strings.Contains(c, "db") {
						t.Errorf("%s though %s failed", c, call)
					}
				}
			})
		})
	}
}

func TestAStartThatFailsIsTheCauseAndNotItsVictims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		e.scripts["db"] = script{startError: "exec: no such file"}
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Service, "db", "exec: no such file")
		if len(r.Cards) != 1 || r.Cards[0].Service != "db" {
			t.Errorf("cards: %+v", r.Cards)
		}
	})
}

func TestAFailedDependencyIsNamedBeforeWhatWaitsForIt(t *testing.T) {
	for name, c := range map[string]script{
		"it exits":                           {exits: 3 * time.Second, code: 9},
		"it is unhealthy":                    {probe: func(time.Duration, int) int { return 1 }},
		"it exits while a victim dies of it": {exits: 300 * time.Millisecond, code: 9},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				yaml := strings.Replace(strings.ReplaceAll(fourLevels, "interval: 1s", "interval: 1s, timeout: 1s, retries: 2"), "depends_on: [api]", "depends_on: [db]", 1)
				e, p := fourLevelEngine(), load(t, yaml)
				e.scripts["db"] = c
				if strings.Contains(name, "victim") {
					e.scripts["web"] = script{exits: 210 * time.Millisecond, code: 1}
				}
				r, err := Up(t.Context(), e, p, Options{})
				wantFailure(t, r, err, fault.Service, "db")
			})
		})
	}
}

func TestAPanicInAnActionIsADefectAndNotACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		e.before = func(call string) error {
			if call == "start p-db-1" {
				panic("nobody thought of this")
			}
			return nil
		}
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Internal, "nobody thought of this")
	})
}

func TestAPanicInALoopIsADefectAndNotACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		r, err := Up(t.Context(), e, p, Options{Listen: func(p Progress) {
			if p.Phase == PhaseHealthy {
				panic("the listener fell over")
			}
		}})
		wantFailure(t, r, err, fault.Internal, "the listener fell over")
	})
}

func TestADependencyThatIsNotRequiredMayFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web", "cache"), load(t, `
services:
  cache:
    image: cache
    healthcheck: {test: [CMD, ok], interval: 1s, timeout: 1s, retries: 1}
  web:
    image: web
    healthcheck: {test: [CMD, ok], interval: 1s}
    depends_on: {cache: {condition: service_healthy, required: false}}
`)
		e.scripts["cache"] = script{exits: 100 * time.Millisecond, code: 1}
		var h heard
		r, err := Up(t.Context(), e, p, Options{Listen: h.listen})
		wantFailure(t, r, err, fault.Service, "cache") // web goes on, but nothing is proven without cache
		if !h.says(PhaseNote, "not required, going on") {
			t.Error("nobody was told that the dependency is not required")
		}
		if !strings.Contains(e.census(), "container p-web-1 web#1 running") {
			t.Errorf("web was not started:\n%s", e.census())
		}
	})
}

func TestADependencyThatOneServiceRequiresEndsTheRunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web", "cache"), load(t, `
services:
  cache:
    image: cache
    healthcheck: {test: [CMD, ok], interval: 1s, timeout: 1s, retries: 1}
  slow:
    image: web
    healthcheck: {test: [CMD, ok], interval: 1s, start_period: 2m}
  web:
    image: web
    healthcheck: {test: [CMD, ok], interval: 1s}
    depends_on: {slow: {condition: service_healthy}, cache: {condition: service_started, required: false}}
  other:
    image: web
    healthcheck: {test: [CMD, ok], interval: 1s}
    depends_on: {slow: {condition: service_healthy}, cache: {condition: service_started}}
`)
		e.scripts["cache"] = script{exits: time.Second, code: 1}
		e.scripts["slow"] = script{probe: func(up time.Duration, _ int) int {
			if up < time.Minute {
				return 1
			}
			return 0
		}}
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Service, "cache")
		if r.Took > 10*time.Second {
			t.Errorf("it was told after %s", r.Took)
		}
	})
}

func TestARunThatEndsDuringItsLastLookIsNoSuccess(t *testing.T) {
	for _, stop := range []error{fault.New(fault.Interrupted, "interrupted"), fault.New(fault.Timeout, "too late")} {
		synctest.Test(t, func(t *testing.T) {
			p, looks, n := load(t, oneService), 1, 0
			for looks > n {
				n, looks = n+1, 0
				e := newFake().has("web")
				ctx, cancel := context.WithCancelCause(t.Context())
				e.before = func(call string) error {
					if call == "observe" {
						if looks++; looks == n {
							cancel(stop) // and yet the look succeeds
						}
					}
					return nil
				}
				r, err := Up(ctx, e, p, Options{})
				if looks >= n {
					wantFailure(t, r, err, fault.ClassOf(stop), stop.Error())
					looks = n + 1
				}
				cancel(nil)
			}
			if n < 3 {
				t.Errorf("only %d looks were made", n)
			}
		})
	}
}

func TestTheFailureOfWhatBelongsToNoServiceIsNotBlamedOnOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web", "db"), load(t, strings.Replace(oneService, "[CMD, ok]", "[CMD, ok], interval: 1s, timeout: 1s, retries: 1", 1))
		mustUp(t, e, p, Options{})
		e.mu.Lock()
		e.scripts["web"] = script{probe: func(time.Duration, int) int { return 1 }}
		e.mu.Unlock()
		_ = pause(t.Context(), time.Minute, nil)
		e.before = func(call string) error {
			if call == "create volume p_data" {
				return fault.New(fault.Resource, "no space left")
			}
			return nil
		}
		grown := strings.Replace(oneService, "[CMD, ok]", "[CMD, ok], interval: 1s, timeout: 1s, retries: 1", 1) +
			"  db:\n    image: db\n    healthcheck: {test: [CMD, ok]}\n    volumes: [data:/data]\nvolumes: {data: {}}\n"
		r, err := Up(t.Context(), e, edited(t, p, grown), Options{})
		wantFailure(t, r, err, fault.Resource, "no space left")
	})
}
