package orchestrator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

func TestWhatIsToldOfAnIllness(t *testing.T) {
	cond := func(kind string, status Status, class fault.Class, reason string) ServiceReport {
		return ServiceReport{Conditions: []Condition{{Type: kind, Status: status, Class: class, Reason: reason}}}
	}
	final := func(r ServiceReport) ServiceReport { r.Conditions[0].Final = true; return r }
	well := ServiceReport{Proven: true}
	dead := cond(GateRunning, False, fault.Service, "NotRunning")
	for name, c := range map[string]struct {
		ill      bool
		died     bool
		untold   bool
		first    bool
		unseen   bool
		report   ServiceReport
		decision Decision
		want     HappeningKind
		stays    bool
	}{
		"it ended":                            {report: dead, decision: Decision{Verdict: Act}, want: Failing, stays: true},
		"its port does not answer":            {report: cond(GateReachable, False, fault.Verify, "NoAnswer"), want: Failing, stays: true},
		"it is unhealthy":                     {report: final(cond(GateHealthy, False, fault.Service, reasonNotHealthy)), want: Failing, stays: true},
		"nobody has asked it yet":             {report: cond(GateReachable, Unknown, fault.Verify, "NotAsked")},
		"its window is not over":              {report: cond(GateStable, False, fault.Timeout, "Unstable")},
		"one probe failed":                    {report: cond(GateHealthy, False, fault.Service, ReasonProbeFailed)},
		"it starts":                           {report: cond(GateHealthy, False, fault.Timeout, reasonNotHealthy)},
		"its file is another one":             {report: final(cond(GateCensus, False, fault.Differs, "Differs"))},
		"it died and starts again, seen late": {died: true, report: cond(GateHealthy, False, fault.Timeout, reasonNotHealthy), want: Failing, stays: true},
		"it died again while it starts for the first time": {ill: true, untold: true, first: true, died: true, report: cond(GateHealthy, False, fault.Timeout, reasonNotHealthy), stays: true},
		"it died, for a person restarts it":                {died: true, report: cond(GateHealthy, False, fault.Timeout, reasonNotHealthy), decision: Decision{Expected: true}, stays: true},
		"somebody stopped it":                              {report: dead, decision: Decision{Verdict: HandsOff}, stays: true},
		"somebody may have":                                {report: dead, decision: Decision{Verdict: NotYet, Expected: true}, stays: true},
		"a person has it restarted":                        {report: well, decision: Decision{Verdict: Act, Expected: true}, stays: true},
		"the restart goes on":                              {ill: true, untold: true, report: dead, decision: Decision{Verdict: NotYet, AtWork: true}, stays: true},
		"it fails for good after the restart":              {ill: true, untold: true, report: final(dead), want: Failing, stays: true},
		"the first look shows nothing of it":               {unseen: true, report: final(cond(GateCensus, False, fault.Service, "NotUp")), stays: true},
		"it never comes up":                                {ill: true, untold: true, first: true, report: final(cond(GateHealthy, False, fault.Service, reasonNotHealthy)), want: Failing, stays: true},
		"its dependency is not up yet":                     {ill: true, untold: true, first: true, report: cond(GateCensus, False, fault.Service, "NotUp"), decision: Decision{Verdict: Blocked}, stays: true},
		"a signal ended it, and nobody stopped it":         {ill: true, untold: true, report: dead, decision: Decision{Verdict: Act}, want: Failing, stays: true},
		"it follows a service that failed":                 {report: well, decision: Decision{Verdict: Act, Cause: "restarts with db"}, want: Failing, stays: true},
		"it is well again, its window is not over":         {ill: true, report: cond(GateStable, False, fault.Timeout, "Unstable"), stays: true},
		"it is well again":                                 {ill: true, report: well, want: Healed},
		"it is well again, and the work is not over":       {ill: true, report: well, decision: Decision{Verdict: NotYet, AtWork: true}, stays: true},
		"it is well after what was no failure":             {ill: true, untold: true, report: well},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			ill := illness{}
			if c.ill {
				ill = illness{since: now.Add(-time.Minute), told: !c.untold, first: c.first}
			}
			_, stays, kind := ill.next(c.report, c.decision, illnessAt{now: now, isIll: c.ill, seen: !c.unseen, restarted: c.died})
			if kind != c.want || stays != c.stays {
				t.Errorf("told is %q, and that it is ill %t; want %q and %t", kind, stays, c.want, c.stays)
			}
		})
	}
}

func TestTheTimeInWhichAServiceIsStoppedByHandIsNoPartOfItsFailure(t *testing.T) {
	begin := time.Now()
	ill := illness{since: begin, told: true}
	ill = ill.resting(true, begin.Add(time.Second))
	ill = ill.resting(true, begin.Add(time.Minute))
	ill = ill.resting(false, begin.Add(49*time.Minute))
	if took := begin.Add(49*time.Minute + time.Second).Sub(ill.since); took != 2*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestACrashLoopIsNotHealedBetweenTwoCrashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := ward4Engine()
		c := lookAfter(t, e, load(t, ward4), SuperviseOptions{})
		c.untilProven(time.Minute)
		e.mu.Lock()
		e.scripts["web"] = script{exits: 1500 * time.Millisecond, code: 9}
		e.mu.Unlock()
		e.with("p-web-1", func(c *fakeContainer) { e.exit(c, 9, false) })
		c.until(5*time.Minute, "web is given up", func(s *Snapshot) bool { return s.Decisions["web"].Verdict == GaveUp })
		if failed, healed := c.diary.count(Failing, "web"), c.diary.count(Healed, "web"); failed != 1 || healed != 0 {
			t.Errorf("it was told %d times that web failed and %d times that it is healed\n%s", failed, healed, c.diary.text())
		}
		_ = c.end()
	})
}

func TestReadingTheFileAgainMakesNoFailureOfWhatIsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &loggingServer{agents: map[string]bool{}}
		published := strings.Replace(ward4, "image: web\n", "image: web\n    ports: [\"127.0.0.1:8080:80\"]\n", 1)
		e, p := ward4Engine(), load(t, published)
		c := lookAfter(t, e, p, SuperviseOptions{Options: Options{Outside: Outside{
			Dial: server.dial, Routable: func(string) bool { return false },
		}}})
		c.untilProven(time.Minute)
		c.rest(time.Minute)
		for what, file := range map[string]string{
			"nothing":                 published,
			"a comment":               "# a comment\n" + published,
			"another service's label": strings.Replace(published, "image: tool\n", "image: tool\n    labels: {a: b}\n", 1),
			"its own label":           strings.Replace(published, "image: web\n", "image: web\n    labels: {a: b}\n", 1),
		} {
			c.diary.forget()
			c.Apply(edited(t, p, file))
			c.rest(time.Minute)
			c.untilProven(time.Minute)
			for _, service := range []string{"db", "api", "web"} {
				if c.diary.count(Failing, service)+c.diary.count(Healed, service) > 0 {
					t.Errorf("after a change of %s, %s is told to have failed or healed\n%s", what, service, c.diary.text())
				}
			}
		}
		_ = c.end()
	})
}

func TestAStopByHandIsNoFailureAndCostsNoStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := ward4Engine(), load(t, strings.ReplaceAll(ward4, "60s", "1s"))
		c := lookAfter(t, e, p, SuperviseOptions{})
		c.untilProven(time.Minute)
		calm := func(what string) {
			t.Helper()
			if c.diary.count(Failing, "web")+c.diary.count(Healed, "web") > 0 {
				t.Errorf("%s is told as a failure\n%s", what, c.diary.text())
			}
			if snapshot, _ := c.Snapshot(); snapshot.Decisions["web"].Starts != 0 {
				t.Errorf("%s costs %d starts", what, snapshot.Decisions["web"].Starts)
			}
		}
		// An engine tells the end of the process before it tells that it was stopped.
		e.with("p-web-1", func(c *fakeContainer) {
			c.stopped = true
			e.emit(c, "kill")
			e.exit(c, 143, false)
		})
		c.rest(500 * time.Millisecond)
		e.with("p-web-1", func(c *fakeContainer) { e.emit(c, "stop") })
		c.rest(49 * time.Minute)
		calm("a stop by hand")
		var id string
		e.with("p-web-1", func(c *fakeContainer) { id = c.ID })
		if err := e.StartContainer(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		c.untilProven(2 * time.Minute)
		c.rest(time.Minute)
		calm("the start after it")

		// A signal that nobody calls a stop is a failure all the same.
		e.with("p-web-1", func(c *fakeContainer) {
			e.emit(c, "kill")
			e.exit(c, 137, false)
		})
		c.rest(5 * time.Second)
		if n := c.diary.count(Failing, "web"); n != 1 {
			t.Errorf("a death by a signal is told as %d failures\n%s", n, c.diary.text())
		}
		c.untilProven(time.Minute)
		c.rest(20 * time.Minute)
		c.diary.forget()

		// One that takes long to stop fails its check before it ends.
		e.with("p-web-1", func(c *fakeContainer) { e.emit(c, "kill") })
		e.sicken("p-web-1")
		c.rest(9 * time.Second)
		calm("a stop that takes long")
		_ = c.end()
	})
}
