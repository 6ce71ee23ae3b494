package orchestrator

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

// down lets a service's container have exited a while ago.
func down(f *Facts, service string, code int) {
	for i := range f.Observed.Containers {
		if c := &f.Observed.Containers[i]; c.Service == service {
			c.State, c.ExitCode, c.FinishedAt = StateExited, code, f.Now.Add(-time.Minute)
			s := advance(Sight{}, *c, f.Now.Add(-time.Minute))
			f.Sights[c.ID] = s
		}
	}
}

// reportOf is a service's part of a report.
func reportOf(t testing.TB, r Report, name string) ServiceReport {
	t.Helper()
	i := slices.IndexFunc(r.Services, func(s ServiceReport) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no report of %s", name)
	}
	return r.Services[i]
}

func TestTheRootCauseIsNotItsVictim(t *testing.T) {
	p := load(t, fourLevels)
	for _, c := range []struct {
		name   string
		change func(f *Facts)
		root   string
		class  fault.Class
	}{
		{"db failed and api of it", func(f *Facts) { down(f, "db", 1); down(f, "api", 2); down(f, "web", 2) }, "db", fault.Service},
		{"api failed alone", func(f *Facts) { down(f, "api", 2) }, "api", fault.Service},
		{"api failed while db has not been well for long", func(f *Facts) {
			down(f, "api", 2)
			container(t, &f.Observed, "p-db-1").Health.Log[0].ExitCode = 1
		}, "api", fault.Service},
		{"db differs from the file and web failed", func(f *Facts) {
			container(t, &f.Observed, "p-db-1").Labels[LabelHash] = "old"
			down(f, "web", 1)
		}, "web", fault.Service},
		{"db differs from the file", func(f *Facts) { container(t, &f.Observed, "p-db-1").Labels[LabelHash] = "old" }, "db", fault.Differs},
		{"web has not been well for long", func(f *Facts) { container(t, &f.Observed, "p-web-1").Health.Log[0].ExitCode = 1 }, "web", fault.Timeout},
		{"an action on api failed", func(f *Facts) {
			f.Failures = map[string]error{"api": fault.New(fault.Resource, "no space").WithHint("make room")}
			f.Observed = without(f.Observed, "p-api-1", "p-web-1")
		}, "api", fault.Resource},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := facts(p)
			c.change(&f)
			r := Assess(f)
			root := rootOf(r.Services)
			if root == nil || root.Name != c.root || r.Class != c.class || root.Class != c.class || r.Proven {
				t.Errorf("the root is %+v, the class %s, proven %t; want %s and %s", root, r.Class, r.Proven, c.root, c.class)
			}
		})
	}
}

func TestVictimsSayWhomTheyWaitFor(t *testing.T) {
	f := facts(load(t, fourLevels))
	down(&f, "db", 1)
	f.Observed = without(f.Observed, "p-migrate-1", "p-api-1", "p-web-1")
	r := Assess(f)
	for name, want := range map[string]string{"db": "", "migrate": "db", "api": "db,migrate", "web": "api"} {
		if got := strings.Join(reportOf(t, r, name).BlockedBy, ","); got != want {
			t.Errorf("%s is blocked by %q, want %q", name, got, want)
		}
	}
	if got := strings.Join(reportOf(t, r, "db").Blocks, ","); got != "migrate,api" {
		t.Errorf("db blocks %q", got)
	}
}

func TestARunningStackIsProvenWithItsStates(t *testing.T) {
	f := facts(load(t, fourLevels))
	r := Assess(f)
	if !r.Proven || r.Class != fault.None {
		t.Fatalf("not proven:\n%s", conditions(r))
	}
	for name, want := range map[string][2]string{"db": {"healthy", "healthcheck"}, "migrate": {"completed", "job"}} {
		if s := reportOf(t, r, name); s.State != want[0] || s.Proof != want[1] {
			t.Errorf("%s is %s by %s, want %v", name, s.State, s.Proof, want)
		}
	}
}

func TestAWaivedServiceIsNeverCalledHealthy(t *testing.T) {
	f := facts(load(t, unprovable))
	r := Assess(f)
	if s := r.Services[0]; !r.Proven || s.State != "waived" || s.Proof != "waived" {
		t.Errorf("it is %s by %s, proven %t", s.State, s.Proof, r.Proven)
	}
}

func TestTheErrorOfAnActionIsNearerToTheCauseThanWhatIsLeft(t *testing.T) {
	f := facts(load(t, webWithCheck))
	f.Observed.Containers = nil
	f.Failures["web"] = fault.New(fault.Resource, "port 80 is taken").WithHint("free it")
	s := Assess(f).Services[0]
	if s.Class != fault.Resource || s.Reason != "port 80 is taken" || s.Hint != "free it" || !s.Final {
		t.Errorf("the service says %s %q (%q), final %t", s.Class, s.Reason, s.Hint, s.Final)
	}
}

func TestAFailureOfAServiceThatIsProvenIsForgotten(t *testing.T) {
	f := facts(load(t, webWithCheck))
	f.Failures["web"] = errors.New("it looked bad")
	if r := Assess(f); !r.Proven || r.Services[0].Reason != "" {
		t.Errorf("proven %t, reason %q", r.Proven, r.Services[0].Reason)
	}
}

func TestNotesTellWhatTheProofDoesNot(t *testing.T) {
	f := facts(load(t, webWithCheck))
	web(&f).RestartCount, web(&f).OOMKilled = 3, true
	f.double(1)
	orphan := &f.Observed.Containers[1]
	orphan.Service, orphan.Name = "gone", "p-gone-1"
	f.met()
	r := Assess(f)
	said := strings.Join(r.Notes, "\n")
	for _, want := range []string{"restarted 3 times", "killed a child process for memory", "orphan p-gone-1"} {
		if !strings.Contains(said, want) {
			t.Errorf("no note says %q:\n%s", want, said)
		}
	}
	if !r.Proven {
		t.Error("notes keep it from being proven")
	}
}

func TestEndpointsAreThePublishedPortsAsTheyAre(t *testing.T) {
	f := facts(load(t, `
services:
  web:
    image: web
    ports: ["8080:80", "127.0.0.1:9000:9000"]
`))
	web(&f).Published = []Port{
		{HostIP: "0.0.0.0", Host: 8080, Container: 80, Proto: "tcp"}, {HostIP: "::", Host: 8080, Container: 80, Proto: "tcp"},
		{HostIP: "127.0.0.1", Host: 9000, Container: 9000, Proto: "tcp"},
	}
	answered(&f)
	proof(&f, 0).Detail = map[string]string{"status": "200"}
	r := Assess(f)
	if !r.Proven || len(r.Endpoints) != 2 {
		t.Fatalf("proven %t, endpoints %+v\n%s", r.Proven, r.Endpoints, conditions(r))
	}
	if e := r.Endpoints[0]; e.URL != "http://127.0.0.1:8080" || !e.Open {
		t.Errorf("the first is %+v", e)
	}
	if e := r.Endpoints[1]; e.URL != "" || e.Open || e.Address != "127.0.0.1:9000" {
		t.Errorf("the second is %+v", e)
	}
}

func TestAssessIsPure(t *testing.T) {
	f := facts(load(t, fourLevels))
	down(&f, "api", 1)
	first := conditions(Assess(f))
	for range 20 {
		if again := conditions(Assess(f)); again != first {
			t.Fatalf("another answer:\n%s\nthan before:\n%s", again, first)
		}
	}
}

func TestARestartSeenInTwoStepsIsCountedOnce(t *testing.T) {
	now := time.Now()
	c := Container{ID: "1", State: StateRunning, StartedAt: now}
	s := advance(Sight{}, c, now)
	c.State, c.RestartCount = StateRestarting, 1 // the engine counts first
	s = advance(s, c, now.Add(time.Second))
	c.State, c.StartedAt = StateRunning, now.Add(2*time.Second) // and starts it afterwards
	if s = advance(s, c, now.Add(2*time.Second)); s.Restarts != 1 {
		t.Errorf("%d restarts are counted, want 1", s.Restarts)
	}
	c.StartedAt = now.Add(4 * time.Second) // by hand: the engine does not count it
	if s = advance(s, c, now.Add(4*time.Second)); s.Restarts != 2 {
		t.Errorf("%d restarts are counted, want 2", s.Restarts)
	}
}

func TestACrashThatNobodySawIsCountedOnce(t *testing.T) {
	now := time.Now()
	c := Container{ID: "1", State: StateRunning, StartedAt: now}
	s := advance(Sight{}, c, now)
	c.State, c.RestartCount = StateRestarting, 1
	s = advance(s, c, now.Add(time.Second))
	c.RestartCount, c.StartedAt = 2, now.Add(2*time.Second) // it ran and died between two looks
	s = advance(s, c, now.Add(2*time.Second))
	c.State, c.StartedAt = StateRunning, now.Add(3*time.Second)
	if s = advance(s, c, now.Add(3*time.Second)); s.Restarts != 2 {
		t.Errorf("%d restarts are counted, want 2", s.Restarts)
	}
}

func TestRestartsBetweenTwoLooksAreCounted(t *testing.T) {
	now := epoch()
	c := Container{ID: "a", State: StateRunning, StartedAt: now, RestartCount: 1}
	s := advance(Sight{}, c, now)
	if s.Restarts != 0 {
		t.Errorf("the first look counts %d restarts", s.Restarts)
	}
	c.StartedAt, c.RestartCount = now.Add(time.Second), 4
	if s = advance(s, c, now.Add(2*time.Second)); s.Restarts != 3 {
		t.Errorf("%d restarts are counted, want 3", s.Restarts)
	}
	c.StartedAt, c.RestartCount = now.Add(3*time.Second), 0 // docker restart
	if s = advance(s, c, now.Add(4*time.Second)); s.Restarts != 4 {
		t.Errorf("%d restarts are counted, want 4", s.Restarts)
	}
}

func TestAProbeThatFailedBetweenTwoLooksEndsTheWindow(t *testing.T) {
	now := epoch()
	at := func(s int, code int) healthchecks.Result {
		return healthchecks.Result{Start: now.Add(time.Duration(s) * time.Second), End: now.Add(time.Duration(s) * time.Second), ExitCode: code}
	}
	c := Container{ID: "a", State: StateRunning, StartedAt: now, Check: &healthchecks.Check{Test: []string{"CMD", "ok"}}}
	c.Health.Log = []healthchecks.Result{at(1, 1), at(2, 0)}
	s := advance(Sight{}, c, now).open(now)
	s = advance(s, c, now)
	if s.Window.Since.IsZero() {
		t.Error("a failure that was known before the window ends it")
	}
	c.Health.Log = append(c.Health.Log, at(3, 1), at(4, 0))
	if s = advance(s, c, now); !s.Window.Since.IsZero() {
		t.Error("a failure between two looks does not end the window")
	}
}

func TestRunsOfTheCheckThatWeMadeBelongToTheirIncarnation(t *testing.T) {
	now := epoch()
	w := newWorld(newFake(), "p")
	w.clock = func() time.Time { return now }
	c := Container{ID: "a", State: StateRunning, StartedAt: now}
	w.take(t.Context(), "a", c, nil)
	w.record("a", now, healthchecks.Result{})
	w.record("a", now.Add(-time.Second), healthchecks.Result{})
	sights, _, _ := w.view()
	if n := len(sights["a"].Execs); n != 1 {
		t.Errorf("%d runs are known, want the one of this incarnation", n)
	}
	c.StartedAt = now.Add(time.Second)
	w.take(t.Context(), "a", c, nil)
	sights, _, _ = w.view()
	if n := len(sights["a"].Execs); n != 0 {
		t.Errorf("%d runs of the last incarnation are known", n)
	}
}

func TestAPortThatIsOnlyMappedIsNoReasonToSkipTheBuiltInCheck(t *testing.T) {
	f := facts(load(t, "services: {web: {image: redis, ports: ['127.0.0.1:53:53/udp']}}"))
	web(&f).Published = []Port{{HostIP: "127.0.0.1", Host: 53, Container: 53, Proto: "udp"}}
	answered(&f)
	if n := len(f.Proofs[web(&f).ID]); n != 2 {
		t.Fatalf("%d tasks, want the mapping and the built-in check", n)
	}
	proof(&f, 1).Passed = false
	if r := Assess(f); r.Proven {
		t.Error("it is proven by a mapping alone")
	}
}

func TestAHostNetworkPublishesNothing(t *testing.T) {
	p := load(t, "services: {web: {image: web, restart: always, network_mode: host}}")
	p.Services["web"].Ports = load(t, webWithPort).Services["web"].Ports
	plan, err := MakePlan(input(p, Observed{}))
	if err != nil || len(plan.Unchecked) != 1 {
		t.Errorf("a service on the host's network is planned as if its ports could be asked: %v %v", plan.Unchecked, err)
	}
}
