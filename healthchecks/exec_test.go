package healthchecks

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// slow is a container that the engine first probes after a minute, with runs
// of its check through exec.
func slow(results ...Result) Subject {
	return with(subject(StatusStarting), func(s *Subject) {
		s.Check.Interval = time.Minute
		s.Exec = ExecHistory{Results: results}
	})
}

func TestPassesThroughExecReleaseFirstAndProveLater(t *testing.T) {
	const second = time.Second
	run(t, map[string]judgement{
		"one pass releases and proves nothing": {
			slow(pass(second)), 2 * second, StateReleased, "passed through exec; the engine's first probe is due in 58 s", ""},
		"two passes are healthy": {
			slow(pass(second), pass(2*second)), 3 * second, StateHealthyExec, "twice through exec", ""},
		"a failure in between starts anew": {
			slow(pass(second), fail(2*second, 1, ""), pass(3*second)), 4 * second, StateReleased, "", ""},
		"a newest failure releases nothing": {
			slow(pass(second), pass(2*second), fail(3*second, 1, "")), 4 * second, StateStarting, "", ""},
		"passes of an earlier incarnation do not count": {
			slow(pass(-2*second), pass(-second)), second, StateStarting, "", ""},
		"passes that are too old do not count": {
			slow(pass(second), pass(2*second)), 75 * second, StateStarting, "", ""},
		"two passes wait for a first probe that is due soon": {
			with(slow(pass(second), pass(2*second)), func(s *Subject) { s.Check.Interval = 15 * second }), 3 * second, StateReleased, "due in 12 s", ""},
		"a failed probe of the engine overrides": {
			with(slow(pass(61*second), pass(62*second)), func(s *Subject) { s.Health.Log = []Result{fail(60*second, 1, "no")} }),
			63 * second, StateStarting, "1 probe failed", ""},
		"an unhealthy engine overrides": {
			with(slow(pass(time.Second), pass(2*second)), func(s *Subject) { s.Health.Status = StatusUnhealthy }), 3 * second, StateUnhealthy, "", ""},
		"an unknown engine health overrides": {
			with(slow(pass(time.Second), pass(2*second)), func(s *Subject) { s.Health.Status = "fine" }), 3 * second, StateUnknown, "", ""},
		"a pause overrides": {
			with(slow(pass(time.Second), pass(2*second)), func(s *Subject) { s.Facts.State = "paused" }), 3 * second, StatePaused, "", ""},
		"what the engine says healthy is the engine's": {
			with(slow(pass(time.Second)), func(s *Subject) { s.Health = Health{Status: StatusHealthy, Log: []Result{pass(2 * second)}} }),
			3 * second, StateHealthy, "", ""},
	})
}

func TestBothPassesThroughExecAreTheEvidence(t *testing.T) {
	v := Judge(slow(pass(time.Second), pass(2*time.Second)), at(3*time.Second))
	if len(v.Evidence) != 2 || v.Evidence[0].Probe != "healthcheck (exec): curl -f http://127.0.0.1/" || !v.Evidence[1].At.Equal(at(2*time.Second)) {
		t.Errorf("%+v", v.Evidence)
	}
}

func TestTheExecHistoryKeepsTheLastFiveAndItsOldSelf(t *testing.T) {
	var h ExecHistory
	for i := range 9 {
		before := len(h.Results)
		next := h.With(pass(time.Duration(i) * time.Second))
		if len(h.Results) != before {
			t.Fatal("With changed its receiver")
		}
		h = next
	}
	if len(h.Results) != 5 || !h.Results[4].Start.Equal(at(8*time.Second)) || !h.Results[0].Start.Equal(at(4*time.Second)) {
		t.Errorf("%+v", h.Results)
	}
}

func TestTheCommandForExecIsTheCheckItself(t *testing.T) {
	for name, tc := range map[string]struct {
		check *Check
		want  []string
	}{
		"CMD":          {&Check{Test: []string{"CMD", "a", "b c"}}, []string{"a", "b c"}},
		"CMD-SHELL":    {&Check{Test: []string{"CMD-SHELL", "a || b"}}, []string{"/bin/sh", "-c", "a || b"}},
		"NONE":         {&Check{Test: []string{"NONE"}}, nil},
		"an empty CMD": {&Check{Test: []string{"CMD"}}, nil},
		"another form": {&Check{Test: []string{"EXEC", "a"}}, nil},
		"no check":     {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.check.ExecCommand()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExecIsNeededOnlyWhereTheEngineCannotProbeEarly(t *testing.T) {
	for name, tc := range map[string]struct {
		subject Subject
		want    bool
	}{
		"while an older engine has not probed": {slow(), true},
		"not once it has":                      {with(slow(), func(s *Subject) { s.Health.Log = []Result{fail(time.Second, 1, "")} }), false},
		"but a probe of before the restart is none": {
			with(slow(), func(s *Subject) { s.Health.Log = []Result{fail(-time.Second, 1, "")} }), true},
		"not with start_interval":   {with(slow(), func(s *Subject) { s.StartInterval = true }), false},
		"not when healthy":          {with(slow(), func(s *Subject) { s.Health.Status = StatusHealthy }), false},
		"not while paused":          {with(slow(), func(s *Subject) { s.Facts.State = "paused" }), false},
		"not without a check":       {with(slow(), func(s *Subject) { s.Check = nil }), false},
		"not with a disabled check": {with(slow(), func(s *Subject) { s.Check = &Check{Test: []string{"NONE"}} }), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := NeedsExec(tc.subject); got != tc.want {
				t.Error(got)
			}
		})
	}
}

func TestRunsThroughExecSufficeOnceTheySayAllTheyCan(t *testing.T) {
	const second = time.Second
	soon := func(s *Subject) { s.Check.Interval = 15 * second }
	for name, tc := range map[string]struct {
		subject Subject
		now     time.Duration
		want    bool
	}{
		"no run":                             {slow(), second, false},
		"one pass":                           {slow(pass(second)), 2 * second, false},
		"two passes":                         {slow(pass(second), pass(2*second)), 3 * second, true},
		"a failure after them":               {slow(pass(second), pass(2*second), fail(3*second, 1, "")), 4 * second, false},
		"two passes that are old":            {slow(pass(second), pass(2*second)), 75 * second, false},
		"one where the engine is near":       {with(slow(pass(second)), soon), 2 * second, true},
		"a failure where the engine is near": {with(slow(fail(second, 1, "")), soon), 2 * second, false},
		"passes against a failed probe of the engine": {
			with(slow(pass(61*second), pass(62*second)), func(s *Subject) { s.Health.Log = []Result{fail(60*second, 1, "no")} }), 63 * second, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ExecSuffices(tc.subject, at(tc.now)); got != tc.want {
				t.Error(got)
			}
		})
	}
}

func TestTheNextProbeOfTheEngineIsForetold(t *testing.T) {
	eager := func(s *Subject) {
		s.Check.StartPeriod, s.Check.StartInterval, s.StartInterval = time.Minute, time.Second, true
	}
	for name, tc := range map[string]struct {
		subject Subject
		want    time.Time
	}{
		"the first after an interval":                {subject(StatusStarting), at(5 * time.Second)},
		"the first after a start_interval":           {with(subject(StatusStarting), eager), at(time.Second)},
		"the next an interval after the last end":    {subject(StatusHealthy, pass(5*time.Second)), at(10*time.Second + 50*time.Millisecond)},
		"the next a start_interval after a failure":  {with(subject(StatusStarting, fail(time.Second, 1, "")), eager), at(2*time.Second + 50*time.Millisecond)},
		"an interval once it is healthy":             {with(subject(StatusHealthy, pass(time.Second)), eager), at(6*time.Second + 50*time.Millisecond)},
		"an interval past the start period":          {with(subject(StatusStarting, fail(time.Minute, 1, "")), eager), at(65*time.Second + 50*time.Millisecond)},
		"the first again after a restart":            {subject(StatusStarting, pass(-time.Second)), at(5 * time.Second)},
		"none for a container that does not run":     {with(subject(StatusStarting), func(s *Subject) { s.Facts.State = "exited" }), time.Time{}},
		"none without a check":                       {with(subject(StatusStarting), func(s *Subject) { s.Check = nil }), time.Time{}},
		"the engine's default where the file is mum": {with(subject(StatusStarting), func(s *Subject) { s.Check.Interval = 0 }), at(30 * time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := NextProbe(tc.subject); !got.Equal(tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}
