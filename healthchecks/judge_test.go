package healthchecks

import (
	"strings"
	"testing"
	"time"
)

// t0 is when the containers of these tests started; at is a time after that.
func t0() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func at(d time.Duration) time.Time { return t0().Add(d) }

// pass and fail are runs of a check that began d after the start.
func pass(d time.Duration) Result { return Result{Start: at(d), End: at(d + 50*time.Millisecond)} }

func fail(d time.Duration, code int, output string) Result {
	return Result{Start: at(d), End: at(d + 50*time.Millisecond), ExitCode: code, Output: output}
}

func curl() *Check {
	return &Check{Test: []string{"CMD", "curl", "-f", "http://127.0.0.1/"}, Interval: 5 * time.Second, Timeout: 3 * time.Second, Retries: 3}
}

// subject is a running container with the check of curl.
func subject(status Status, log ...Result) Subject {
	return Subject{Check: curl(), Facts: Facts{State: "running", StartedAt: t0()},
		Health: Health{Status: status, Log: log, FailingStreak: trailing(log, false)}}
}

// with changes a subject.
func with(s Subject, change func(*Subject)) Subject {
	change(&s)
	return s
}

type judgement struct {
	subject Subject
	// after is how long after the start the look is taken.
	after time.Duration
	want  State
	// reason and hint are parts of the texts.
	reason, hint string
}

func (j judgement) check(t *testing.T) {
	t.Helper()
	got := Judge(j.subject, at(j.after))
	if got.State != j.want {
		t.Errorf("state %v, want %v (%s)", got.State, j.want, got.Reason)
	}
	if !strings.Contains(got.Reason, j.reason) {
		t.Errorf("reason %q lacks %q", got.Reason, j.reason)
	}
	if !strings.Contains(got.Hint, j.hint) {
		t.Errorf("hint %q lacks %q", got.Hint, j.hint)
	}
	if !got.At.Equal(at(j.after)) {
		t.Errorf("at %v", got.At)
	}
}

func run(t *testing.T, rows map[string]judgement) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, row.check)
	}
}

func TestHealthyIsBelievedOnAFreshProbeOfThisIncarnationOnly(t *testing.T) {
	const second = time.Second
	run(t, map[string]judgement{
		"a fresh pass is healthy": {
			subject(StatusHealthy, pass(5*second)), 8 * second, StateHealthy, "passed 3 s ago", ""},
		"a pass that began with the start itself is healthy": {
			subject(StatusHealthy, pass(0)), second, StateHealthy, "", ""},
		"a pass from before the restart is not": {
			subject(StatusHealthy, pass(-second)), second, StateStarting, "older", ""},
		"without a logged probe nothing is proven": {
			subject(StatusHealthy), second, StateUnknown, "logs no probe", ""},
		"a probe without times proves nothing": {
			subject(StatusHealthy, Result{}), second, StateStarting, "", ""},
		"a probe that ends before it begins proves nothing": {
			subject(StatusHealthy, Result{Start: at(2 * second), End: at(second)}), 3 * second, StateStarting, "", ""},
		"a pass as old as the check allows is healthy": {
			subject(StatusHealthy, pass(0)), 13*second + 50*time.Millisecond, StateHealthy, "", ""},
		"a pass older than that is stale": {
			subject(StatusHealthy, pass(0)), 95 * second, StateStale, "95 s old, expected ≤ 13 s", "stopped probing"},
		"the engine's own interval and timeout apply where none are given": {
			with(subject(StatusHealthy, pass(0)), func(s *Subject) { s.Check = &Check{Test: []string{"CMD", "x"}} }),
			64 * second, StateHealthy, "", ""},
		"a pass far in the future is not believed": {
			subject(StatusHealthy, pass(300*second)), second, StateUnknown, "in the future", ""},
		"a pass slightly in the future is a skewed clock": {
			subject(StatusHealthy, pass(3*second)), second, StateHealthy, "just now", ""},
		"a newest probe that failed is failing, not healthy": {
			subject(StatusHealthy, pass(5*second), fail(10*second, 7, "no route")), 11 * second, StateFailing, "1 of 3 in a row until unhealthy): exit 7: no route", "could not connect"},
		"the order of the log does not matter": {
			subject(StatusHealthy, fail(10*second, 1, ""), pass(5*second)), 11 * second, StateFailing, "", ""},
	})
}

func TestWhatTheEngineDoesNotSayIsNeverHealthy(t *testing.T) {
	fresh := subject(StatusHealthy, pass(time.Second))
	run(t, map[string]judgement{
		"an unknown health":            {subject("HEALTHY", pass(0)), time.Second, StateUnknown, `"HEALTHY"`, ""},
		"no health although checked":   {subject("", pass(0)), time.Second, StateUnknown, "reports no health", ""},
		"none although checked":        {subject(StatusNone, pass(0)), time.Second, StateUnknown, "reports no health", ""},
		"an unknown container state":   {with(fresh, func(s *Subject) { s.Facts.State = "configured" }), 2 * time.Second, StateUnknown, `"configured"`, ""},
		"no container state":           {with(fresh, func(s *Subject) { s.Facts.State = "" }), 2 * time.Second, StateUnknown, "", ""},
		"no start time":                {with(fresh, func(s *Subject) { s.Facts.StartedAt = time.Time{} }), 2 * time.Second, StateUnknown, "when the container started", ""},
		"a health without a check":     {with(fresh, func(s *Subject) { s.Check = nil }), 2 * time.Second, StateUnknown, "no healthcheck", ""},
		"no check":                     {with(subject(""), func(s *Subject) { s.Check = nil }), time.Second, StateUnchecked, "no healthcheck", ""},
		"a disabled check":             {with(subject(StatusNone), func(s *Subject) { s.Check = &Check{Test: []string{"NONE"}} }), time.Second, StateUnchecked, "disabled", ""},
		"nothing at all":               {Subject{}, 0, StateUnknown, "", ""},
		"a paused container":           {with(fresh, func(s *Subject) { s.Facts.State = "paused" }), 2 * time.Second, StatePaused, "paused", "unpause"},
		"a container being restarted":  {with(fresh, func(s *Subject) { s.Facts.State = "restarting" }), 2 * time.Second, StateRestarting, "", ""},
		"a container that has exited":  {with(fresh, func(s *Subject) { s.Facts.State = "exited" }), 2 * time.Second, StateStopped, "exited", ""},
		"a dead container":             {with(fresh, func(s *Subject) { s.Facts.State = "dead" }), 2 * time.Second, StateStopped, "dead", ""},
		"a container that was created": {with(fresh, func(s *Subject) { s.Facts.State = "created" }), 2 * time.Second, StateStopped, "created", ""},
	})
}

func TestUnhealthyIsFinalOnlyWhenProbesAccountForIt(t *testing.T) {
	const second = time.Second
	failures := []Result{fail(5*second, 1, "a"), fail(10*second, 1, "b"), fail(15*second, 1, "c")}
	run(t, map[string]judgement{
		"as many failures as the check allows": {
			subject(StatusUnhealthy, failures...), 16 * second, StateUnhealthy, "failed 3 times in a row: exit 1: c", ""},
		"a newest probe that passed means a stopped monitor": {
			subject(StatusUnhealthy, pass(5*second)), 6 * second, StateStale, "stopped probing", "restart"},
		"fewer failures than that mean a stopped monitor": {
			subject(StatusUnhealthy, failures[:2]...), 12 * second, StateStale, "stopped probing", ""},
		"the engine's longer count is believed": {
			with(subject(StatusUnhealthy, failures[2]), func(s *Subject) { s.Health.FailingStreak = 9 }), 16 * second, StateUnhealthy, "9 times", ""},
		"unhealthy without a log is unhealthy": {
			subject(StatusUnhealthy), 16 * second, StateUnhealthy, "logs no probe", ""},
		"failures of an earlier incarnation do not count": {
			subject(StatusUnhealthy, fail(-3*second, 1, ""), fail(-2*second, 1, ""), fail(-second, 1, "")), second, StateStarting, "older", ""},
		"a paused container is paused and not unhealthy": {
			with(subject(StatusUnhealthy, failures...), func(s *Subject) { s.Facts.State = "paused" }), 16 * second, StatePaused, "", ""},
	})
}

func TestStartingTellsWhatAStartPeriodHides(t *testing.T) {
	const second = time.Second
	patient := func(s *Subject) { s.Check.StartPeriod = 120 * second }
	run(t, map[string]judgement{
		"before the first probe it says when it is due": {
			subject(StatusStarting), second, StateStarting, "the first is due in 4 s", ""},
		"with a start_interval that is sooner": {
			with(subject(StatusStarting), func(s *Subject) {
				patient(s)
				s.Check.StartInterval, s.StartInterval = 2*second, true
			}), second, StateStarting, "due in 1 s", ""},
		"a start_interval that the engine ignores changes nothing": {
			with(subject(StatusStarting), func(s *Subject) { patient(s); s.Check.StartInterval = 2 * second }), second, StateStarting, "due in 4 s", ""},
		"a first probe that is late is told": {
			subject(StatusStarting), 25 * second, StateStarting, "though the first was due 20 s ago", ""},
		"a first probe that never comes has a hint": {
			subject(StatusStarting), 65 * second, StateStarting, "due 60 s ago", "Podman"},
		"failures inside the start period are counted": {
			with(subject(StatusStarting, fail(5*second, 1, "a"), fail(10*second, 1, "b")), patient), 11 * second, StateStarting,
			"2 probes failed so far, hidden by the start_period of 120 s, the last one: exit 1: b", ""},
		"a failure past the start period is not hidden": {
			subject(StatusStarting, fail(5*second, 1, "a")), 6 * second, StateStarting, "1 probe failed so far, the last one", ""},
		"a full log means five or more": {
			with(subject(StatusStarting, fail(5*second, 1, ""), fail(10*second, 1, ""), fail(15*second, 1, ""), fail(20*second, 1, ""), fail(25*second, 1, "")), patient),
			26 * second, StateStarting, "5 probes or more failed", ""},
		"failures of an earlier incarnation are not told": {
			with(subject(StatusStarting, fail(-5*second, 1, "a")), patient), second, StateStarting, "first is due", ""},
		"a pass that the engine has not taken up proves nothing": {
			subject(StatusStarting, pass(5*second)), 6 * second, StateStarting, "has not said healthy", ""},
		"probes that ceased are stale": {
			subject(StatusStarting, fail(5*second, 1, "a")), 95 * second, StateStale, "no probe for 90 s", "restart"},
	})
}

// injected is a container whose start period was made long, of a file with a
// start period of 10 s.
func injected(log ...Result) Subject {
	return with(subject(StatusStarting, log...), func(s *Subject) {
		s.Check.StartPeriod, s.Check.StartInterval = time.Hour, 200*time.Millisecond
		s.StartInterval, s.FileRule = true, &FileRule{StartPeriod: 10 * time.Second, Retries: 3}
		s.Health.FailingStreak = 0
	})
}

func TestUnderAnInjectedStartPeriodTheFilesOwnRuleHolds(t *testing.T) {
	const second = time.Second
	quick := func(from time.Duration, n int) []Result {
		var log []Result
		for i := range n {
			log = append(log, fail(from+time.Duration(i)*250*time.Millisecond, 1, "no"))
		}
		return log
	}
	run(t, map[string]judgement{
		"failures inside the file's start period are forgiven": {
			injected(quick(8*second, 5)...), 10 * second, StateStarting, "hidden by the start_period of 10 s", ""},
		"quick failures past it are not spread enough": {
			injected(quick(20*second, 5)...), 22 * second, StateStarting, "5 probes or more", ""},
		"failures over retries × interval past it are unhealthy": {
			injected(quick(25*second, 5)...), 27 * second, StateUnhealthy, "3 times in a row past the file's start_period of 10 s: exit 1: no", ""},
		"too few failures in that time are not": {
			injected(fail(12*second, 1, ""), fail(26*second, 1, "")), 27 * second, StateStarting, "2 probes", ""},
		"a pass in between is no row": {
			injected(pass(24*second), fail(25*second, 1, ""), fail(26*second, 1, ""), fail(27*second, 1, "")), 28 * second, StateStarting, "", ""},
		"more retries than the log holds are counted by the time they take": {
			with(injected(quick(75*second, 5)...), func(s *Subject) { s.FileRule.Retries = 10 }), 77 * second, StateUnhealthy, "10 times", ""},
		"and not before that time is over": {
			with(injected(quick(50*second, 5)...), func(s *Subject) { s.FileRule.Retries = 10 }), 52 * second, StateStarting, "", ""},
		"the default of retries holds where the file has none": {
			with(injected(quick(25*second, 5)...), func(s *Subject) { s.FileRule.Retries = 0 }), 27 * second, StateUnhealthy, "3 times", ""},
		"a log left over from before a restart proves nothing": {
			injected(fail(-4*second, 1, ""), fail(-3*second, 1, ""), fail(-2*second, 1, "")), 27 * second, StateStarting, "", ""},
	})
}

func TestAVerdictCarriesItsEvidence(t *testing.T) {
	s := subject(StatusHealthy, pass(time.Second))
	s.Check.Test = []string{"CMD-SHELL", "redis-cli -a correct-horse ping"}
	s.Redact = func(text string) string { return strings.ReplaceAll(text, "correct-horse", "[redacted]") }
	got := Judge(s, at(2*time.Second))
	if len(got.Evidence) != 1 {
		t.Fatalf("%d pieces of evidence", len(got.Evidence))
	}
	e := got.Evidence[0]
	if !e.Passed || e.Probe != "healthcheck: redis-cli -a [redacted] ping" || e.Result != "passed in 50 ms" ||
		!e.At.Equal(at(time.Second)) || e.Took != 50*time.Millisecond || e.Code != "" {
		t.Errorf("%+v", e)
	}
}

func TestAFailureCarriesWhatTheProbeSaidSanitisedAndRedacted(t *testing.T) {
	s := subject(StatusUnhealthy, fail(time.Second, 1, ""), fail(2*time.Second, 1, ""),
		fail(3*time.Second, 1, "\x1b[2J✔ all healthy for correct-horse\n"+strings.Repeat("x", 1<<20)))
	s.Redact = func(text string) string { return strings.ReplaceAll(text, "correct-horse", "[redacted]") }
	got := Judge(s, at(4*time.Second))
	for _, text := range []string{got.Reason, got.Evidence[0].Result} {
		if !strings.Contains(text, `\x1b[2J✔ all healthy for [redacted]\n`) || !strings.HasSuffix(text, "(truncated)") || len(text) > 600 {
			t.Errorf("%q", text)
		}
	}
	if got.Evidence[0].Passed || got.Evidence[0].Code != CodeExit {
		t.Errorf("%+v", got.Evidence[0])
	}
}

func TestEveryStateHasAName(t *testing.T) {
	seen := map[string]bool{}
	for s := StateUnknown; s <= StateStopped; s++ {
		if name := s.String(); name == "" || strings.HasPrefix(name, "state(") || seen[name] {
			t.Errorf("%d is called %q", int(s), name)
		} else {
			seen[name] = true
		}
		if proven := s == StateHealthy || s == StateHealthyExec; s.Proven() != proven {
			t.Errorf("%v is proven: %v", s, s.Proven())
		}
	}
	if State(99).String() != "state(99)" || State(99).Proven() || State(99).Releases() {
		t.Error("a state that does not exist proves something")
	}
}

func FuzzJudge(f *testing.F) {
	f.Add("running", "healthy", "CMD", int64(0), int64(1e9), int64(2e9), 0, int64(3e9), int64(5e9), int64(3e9), 0, true)
	f.Add("paused", "unhealthy", "CMD-SHELL", int64(0), int64(1e9), int64(2e9), -1, int64(3e9), int64(-5e9), int64(0), 3, false)
	f.Fuzz(func(t *testing.T, state, status, form string, started, start, end int64, code int, now, interval, timeout int64, retries int, startInterval bool) {
		clock := func(ns int64) time.Time {
			if ns == 0 {
				return time.Time{}
			}
			return time.Unix(0, ns)
		}
		s := Subject{
			Check:         &Check{Test: []string{form, "x"}, Interval: time.Duration(interval), Timeout: time.Duration(timeout), Retries: retries},
			Health:        Health{Status: Status(status), Log: []Result{{Start: clock(start), End: clock(end), ExitCode: code}}},
			Facts:         Facts{State: state, StartedAt: clock(started)},
			StartInterval: startInterval,
		}
		v := Judge(s, clock(now))
		if !v.State.Proven() {
			return
		}
		switch {
		case state != "running", status != "healthy", form == "NONE", form == "", code != 0:
			t.Errorf("%q %q %q %d is %v", state, status, form, code, v.State)
		case started == 0, start == 0, start < started, end < start:
			t.Errorf("evidence without a place in time: started %d, probe %d to %d", started, start, end)
		}
	})
}
