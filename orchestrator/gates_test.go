package orchestrator

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

const (
	webWithPort = `
services:
  web:
    image: web
    ports: ["127.0.0.1:8080:80"]
`
	webWithCheck = `
services:
  web:
    image: web
    healthcheck: {test: [CMD, ok], interval: 1s, timeout: 1s}
`
	undeclared = `
services:
  web: {image: web}
`
	unprovable = `
services:
  web: {image: web, restart: always, x-stackctl: {allow_unverified: true}}
`
	aJob = `
services:
  web: {image: web, x-stackctl: {job: true}}
`
	jobAfterDB = `
services:
  web:
    image: web
    x-stackctl: {job: true}
    depends_on: {db: {condition: service_healthy}}
  db:
    image: db
    healthcheck: {test: [CMD, ok]}
    volumes: [data:/data]
volumes: {data: {}}
`
	aDatabase = `
services:
  web: {image: "postgres:17", healthcheck: {test: [CMD, ok]}}
`
)

// web is the one container of the files above.
func web(f *Facts) *Container { return &f.Observed.Containers[0] }

// named is the container that has a name.
func named(f *Facts, name string) *Container {
	i := slices.IndexFunc(f.Observed.Containers, func(c Container) bool { return c.Name == name })
	return &f.Observed.Containers[i]
}

// answered are the proofs of everything that the container owes.
func answered(f *Facts) {
	f.Proofs = map[string][]Proof{}
	for _, c := range f.Observed.Containers {
		s := f.Project.Services[c.Service]
		b := makeBench(f.Project, s, f.Images[c.Service], f.Observed.Engine, f.AllowUnverified, f.Now)
		for _, task := range (prober{info: f.Observed.Engine, project: f.Project}).tasks(s, c, b) {
			f.Proofs[c.ID] = append(f.Proofs[c.ID], Proof{
				Evidence: healthchecks.Evidence{Probe: task.probe.String(), Passed: true, Result: "answered", At: f.Now},
				Gate:     task.gate, ContainerID: c.ID, StartedAt: c.StartedAt, Address: task.address,
			})
		}
	}
}

// scanned is a search through the log of the one container.
func (f *Facts) scanned(scan Scan) {
	if scan.StartedAt.IsZero() {
		scan.StartedAt = web(f).StartedAt
	}
	scan.At = f.Now
	f.Scans = map[string]Scan{web(f).ID: scan}
}

// proof is the nth proof of the one container.
func proof(f *Facts, n int) *Proof { return &f.Proofs[web(f).ID][n] }

// facts are those of a stack that was brought up an hour ago and of which
// everything has been asked.
func facts(p *compose.Project) Facts {
	f := Facts{
		Project: p, Observed: upOf(p), Images: imagesOf(p), Sights: map[string]Sight{},
		Verifying: map[string]time.Time{}, Failures: map[string]error{},
		Now: epoch().Add(time.Hour), StableFor: 2 * time.Second,
	}
	f.met()
	answered(&f)
	return f
}

// met lets each container have been seen before as it is, unless a test says
// what was seen: so nothing rests on one answer alone.
func (f *Facts) met() {
	for _, c := range f.Observed.Containers {
		if f.Sights[c.ID].Name == "" {
			f.Sights[c.ID] = Sight{
				Container: Container{ID: c.ID, StartedAt: c.StartedAt, RestartCount: c.RestartCount}, Seen: f.Now.Add(-time.Second),
			}
		}
	}
}

// condition is a service's condition of a type.
func condition(r Report, service, kind string) (Condition, bool) {
	for _, s := range r.Services {
		for _, c := range s.Conditions {
			if s.Name == service && c.Type == kind {
				return c, true
			}
		}
	}
	return Condition{}, false
}

// seen makes something known of the container beyond the snapshot.
func seen(f *Facts, change func(s *Sight)) {
	s := advance(Sight{}, *web(f), f.Now.Add(-time.Second))
	s.Confirmed = s.At
	change(&s)
	f.Sights[s.ID] = s
}

// probes are a health of results with these exit codes, a second apart, the
// newest a second before now.
func probes(f *Facts, status healthchecks.Status, codes ...int) {
	h := healthchecks.Health{Status: status}
	for i, code := range codes {
		at := f.Now.Add(time.Duration(i-len(codes)) * time.Second)
		h.Log = append(h.Log, healthchecks.Result{Start: at, End: at, ExitCode: code})
	}
	web(f).Health = h
}

func end(f *Facts, code int) {
	c := web(f)
	c.State, c.ExitCode, c.FinishedAt, c.Published = StateExited, code, f.Now.Add(-time.Minute), nil
}

// gateCase is one condition under changed facts.
type gateCase struct {
	name   string
	yaml   string
	change func(f *Facts)
	gate   string
	status Status // "" means that the gate does not apply
	class  fault.Class
	final  bool
	says   string
	// proven is what becomes of the whole; it is checked only when the
	// condition is True or does not apply.
	proven bool
}

func (c gateCase) run(t *testing.T, p *compose.Project) {
	f := facts(p)
	if c.change != nil {
		c.change(&f)
	}
	f.met()
	r := Assess(f)
	got, ok := condition(r, "web", c.gate)
	if !ok {
		if c.status != "" {
			t.Fatalf("there is no condition %s\n%s", c.gate, conditions(r))
		}
	} else if got.Status != c.status || c.status != True && got.Class != c.class || got.Final != c.final || !strings.Contains(got.Message, c.says) {
		t.Errorf("%s is %s (class %s, final %t): %s\nwant %s (class %s, final %t) saying %q",
			got.Type, got.Status, got.Class, got.Final, got.Message, c.status, c.class, c.final, c.says)
	}
	about := r.Services[slices.IndexFunc(r.Services, func(s ServiceReport) bool { return s.Name == "web" })]
	for _, condition := range about.Conditions {
		restsOnEvidence(t, condition)
	}
	want := c.proven && (c.status == True || c.status == "")
	if r.Proven != want || r.Proven != (r.Class == fault.None) || about.Proven != want {
		t.Errorf("proven is %t with class %s, want %t\n%s", r.Proven, r.Class, want, conditions(r))
	}
}

// restsOnEvidence insists on what a condition was decided from: all of it
// passed where it is True, some of it failed where it is False.
func restsOnEvidence(t *testing.T, c Condition) {
	t.Helper()
	failed := slices.ContainsFunc(c.Evidence, func(e healthchecks.Evidence) bool { return !e.Passed })
	switch {
	case c.Status == True && (len(c.Evidence) == 0 || failed), c.Status == False && !failed:
		t.Errorf("%s is %s and rests on %+v", c.Type, c.Status, c.Evidence)
	}
	for _, e := range c.Evidence {
		if e.Probe == "" || e.Result == "" || e.At.IsZero() {
			t.Errorf("%s rests on evidence without a question, an answer or a time: %+v", c.Type, e)
		}
	}
}

func TestGates(t *testing.T) {
	projects := map[string]*compose.Project{}
	for _, c := range []gateCase{
		{name: "census: the one container of this file", yaml: webWithCheck, gate: GateCensus, status: True, proven: true},
		{name: "census: no container at all", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Service, says: "no container",
			change: func(f *Facts) { f.Observed.Containers = nil }},
		{name: "census: too few replicas", yaml: webWithCheck + "    scale: 2\n", gate: GateCensus, status: False, class: fault.Service, says: "1 of 2",
			change: func(f *Facts) { f.Observed.Containers = f.Observed.Containers[:1] }},
		{name: "census: too many replicas", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Service, says: "2 of 1",
			change: func(f *Facts) { f.double(2) }},
		{name: "census: two with one number", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Conflict, says: "both number 1",
			change: func(f *Facts) { f.double(1) }},
		{name: "census: a number beyond the replicas", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Conflict, says: "number 7",
			change: func(f *Facts) { web(f).Number = 7 }},
		{name: "census: a stranger with our label", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Conflict, says: "was not made by stackctl",
			change: func(f *Facts) { f.double(2); delete(f.Observed.Containers[1].Labels, LabelOwner) }},
		{name: "census: a replacement without its name", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Conflict, says: "not yet called",
			change: func(f *Facts) { web(f).Name += nextSuffix }},
		{name: "census: another configuration", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Differs, says: "differs from the file",
			change: func(f *Facts) { web(f).Labels[LabelHash] = "old" }},
		{name: "census: another image", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Differs, says: "runs image",
			change: func(f *Facts) { web(f).ImageID = "sha256:old" }},
		{name: "census: an image that nobody knows", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Differs,
			change: func(f *Facts) { f.Images = nil }},
		{name: "census: after a run nobody makes up for what is missing", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Conflict, final: true,
			says: "removed or replaced by another client", change: func(f *Facts) { f.Members = map[string][]string{"web": {"another"}} }},
		{name: "census: what was kept for a rollback is no replica", yaml: webWithCheck, gate: GateCensus, status: True, proven: true,
			change: func(f *Facts) {
				f.double(1)
				f.Observed.Containers[1].Name, f.Observed.Containers[1].State = "p-web-1"+prevSuffix, StateExited
			}},
		{name: "census: what was kept for a rollback and runs is one too many", yaml: webWithCheck, gate: GateCensus, status: False, class: fault.Conflict,
			says: "both number 1", change: func(f *Facts) { f.double(1); f.Observed.Containers[1].Name = "p-web-1" + prevSuffix }},
		{name: "census: a one-off is no replica", yaml: webWithCheck, gate: GateCensus, status: True, proven: true,
			change: func(f *Facts) { f.double(1); f.Observed.Containers[1].OneOff = true }},
		{name: "census: no replicas asked for and none there", yaml: webWithCheck + "    scale: 0\n", gate: GateCensus, status: True, proven: true},

		{name: "running: it runs", yaml: webWithCheck, gate: GateRunning, status: True, proven: true},
		{name: "running: there is no container", yaml: webWithCheck, gate: GateRunning, status: Unknown, class: fault.Service,
			change: func(f *Facts) { f.Observed.Containers = nil }},
		{name: "running: created", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "never started",
			change: func(f *Facts) { web(f).State = StateCreated }},
		{name: "running: its start failed", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, final: true, says: "no such program",
			change: func(f *Facts) { web(f).State, web(f).StartError = StateCreated, "no such program" }},
		{name: "running: it has just exited", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "exited(3)",
			change: func(f *Facts) { end(f, 3) }},
		{name: "running: it exited and stayed so", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, final: true, says: "code 3",
			change: func(f *Facts) {
				end(f, 3)
				seen(f, func(s *Sight) { s.DownSince = f.Now.Add(-2 * time.Second) })
			}},
		{name: "running: it ended with code 0 and should not have", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "meant to run",
			change: func(f *Facts) { end(f, 0) }},
		{name: "running: out of memory, as the engine says", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "out of memory: the limit is 64 MiB (code 137)",
			change: func(f *Facts) { end(f, 137); web(f).OOMKilled, web(f).Memory = true, 64<<20 }},
		{name: "running: killed, but not for memory", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "SIGKILL from outside, not for memory (code 137)",
			change: func(f *Facts) { end(f, 137) }},
		{name: "running: paused", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "paused",
			change: func(f *Facts) { web(f).State = StatePaused }},
		{name: "running: paused for long", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, final: true, says: "paused",
			change: func(f *Facts) {
				web(f).State = StatePaused
				seen(f, func(s *Sight) { s.DownSince = f.Now.Add(-pauseGrace) })
			}},
		{name: "running: restarting", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "restarting",
			change: func(f *Facts) { web(f).State, web(f).ExitCode = StateRestarting, 1 }},
		{name: "running: restarting again and again", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, final: true, says: "crashloop(5)",
			change: func(f *Facts) {
				web(f).State = StateRestarting
				seen(f, func(s *Sight) { s.Restarts = crashLoop })
			}},
		{name: "running: in the engine's long pause after many crashes, one of them seen", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, final: true,
			says: "crashloop(12)", change: func(f *Facts) {
				web(f).State, web(f).RestartCount, web(f).ExitCode = StateRestarting, 12, 1
				web(f).StartedAt, web(f).FinishedAt = f.Now.Add(-8*time.Second), f.Now.Add(-7*time.Second)
				seen(f, func(s *Sight) { s.Restarts = 1 })
			}},
		{name: "running: in the engine's long pause after many crashes before this run", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service,
			says: "crashloop(12)", change: func(f *Facts) {
				web(f).State, web(f).RestartCount, web(f).ExitCode = StateRestarting, 12, 1
				web(f).StartedAt, web(f).FinishedAt = f.Now.Add(-8*time.Second), f.Now.Add(-7*time.Second)
			}},
		{name: "running: in a short pause, whatever happened long ago", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "restarting",
			change: func(f *Facts) {
				web(f).State, web(f).RestartCount, web(f).ExitCode = StateRestarting, 12, 1
				web(f).StartedAt, web(f).FinishedAt = f.Now.Add(-3*time.Second), f.Now.Add(-2*time.Second)
			}},
		{name: "running: restarted after a long run, with a slow start", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "restarting",
			change: func(f *Facts) {
				web(f).State, web(f).RestartCount, web(f).ExitCode = StateRestarting, 12, 1
				web(f).StartedAt, web(f).FinishedAt = f.Now.Add(-time.Hour), f.Now.Add(-7*time.Second)
			}},
		{name: "running: up between two crashes", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, final: true, says: "crashloop(5)",
			change: func(f *Facts) { seen(f, func(s *Sight) { s.Restarts = crashLoop }) }},
		{name: "running: dead", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, final: true, says: "dead",
			change: func(f *Facts) { web(f).State = StateDead }},
		{name: "running: being removed", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: `"removing"`,
			change: func(f *Facts) { web(f).State = StateRemoving }},
		{name: "running: a state that nobody knows", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "proves nothing",
			change: func(f *Facts) { web(f).State = "levitating\x1b[2J" }},
		{name: "running: no state at all", yaml: webWithCheck, gate: GateRunning, status: False, class: fault.Service, says: "proves nothing",
			change: func(f *Facts) { web(f).State = "" }},
		{name: "running: a job need not run", yaml: aJob, gate: GateRunning, proven: true},

		{name: "healthy: its check passed lately", yaml: webWithCheck, gate: GateHealthy, status: True, proven: true},
		{name: "healthy: starting", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Timeout,
			change: func(f *Facts) {
				web(f).StartedAt = f.Now.Add(-3 * time.Second)
				probes(f, healthchecks.StatusStarting, 1)
			}},
		{name: "healthy: longer starting than its check allows", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Timeout, final: true, says: "not healthy within the 9s that its check allows",
			change: func(f *Facts) { probes(f, healthchecks.StatusStarting, 1, 1) }},
		{name: "healthy: unhealthy", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Service, final: true, says: "unhealthy",
			change: func(f *Facts) { probes(f, healthchecks.StatusUnhealthy, 1, 1, 1) }},
		{name: "healthy: one failing probe of a container that was healthy", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Service, says: "failing",
			change: func(f *Facts) { probes(f, healthchecks.StatusHealthy, 0, 0, 1) }},
		{name: "healthy: a container that keeps failing", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Service, final: true, says: "failing",
			change: func(f *Facts) {
				probes(f, healthchecks.StatusHealthy, 0, 0, 1)
				seen(f, func(s *Sight) { s.Ill = f.Now.Add(-time.Minute) })
			}},
		{name: "healthy: the health of an earlier incarnation", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Timeout, says: "older",
			change: func(f *Facts) { web(f).StartedAt = f.Now.Add(-500 * time.Millisecond) }},
		{name: "healthy: the engine has stopped probing", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Service, says: "stale",
			change: func(f *Facts) { web(f).Health = passing(epoch().Add(time.Minute)) }},
		{name: "healthy: the engine reports no health", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Service, says: "no health",
			change: func(f *Facts) { web(f).Health = healthchecks.Health{} }},
		{name: "healthy: healthy without any probe", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Service, says: "no probe",
			change: func(f *Facts) { web(f).Health.Log = nil }},
		{name: "healthy: a health that nobody knows", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Service, says: `"splendid"`,
			change: func(f *Facts) { web(f).Health.Status = "splendid" }},
		{name: "healthy: created with no check although the file has one", yaml: webWithCheck, gate: GateHealthy, status: False, class: fault.Differs, says: "another healthcheck",
			change: func(f *Facts) { web(f).Check, web(f).Health = nil, healthchecks.Health{} }},
		{name: "healthy: two passes by exec where the engine's first probe is far", yaml: strings.Replace(webWithCheck, "1s, timeout", "5m, timeout", 1), gate: GateHealthy, status: True, proven: true,
			change: func(f *Facts) {
				f.Observed.Engine.StartInterval = false
				web(f).StartedAt = f.Now.Add(-10 * time.Second)
				probes(f, healthchecks.StatusStarting)
				pass := healthchecks.Result{Start: f.Now.Add(-5 * time.Second), End: f.Now.Add(-5 * time.Second)}
				seen(f, func(s *Sight) {
					s.Execs = []healthchecks.Result{pass, pass}
					s.Window.Since = f.Now.Add(-4 * time.Second)
				})
			}},
		{name: "healthy: one pass by exec releases and does not prove", yaml: strings.Replace(webWithCheck, "1s, timeout", "5m, timeout", 1), gate: GateHealthy, status: False, class: fault.Timeout, says: "passing (exec)",
			change: func(f *Facts) {
				f.Observed.Engine.StartInterval = false
				web(f).StartedAt = f.Now.Add(-10 * time.Second)
				probes(f, healthchecks.StatusStarting)
				pass := healthchecks.Result{Start: f.Now.Add(-5 * time.Second), End: f.Now.Add(-5 * time.Second)}
				seen(f, func(s *Sight) { s.Execs = []healthchecks.Result{pass} })
			}},
		{name: "healthy: without a check there is no such condition", yaml: webWithPort, gate: GateHealthy, proven: true},
		{name: "healthy: waived", yaml: unprovable, gate: GateHealthy, status: True, proven: true, says: "waived"},
		{name: "healthy: there is no container", yaml: webWithCheck, gate: GateHealthy, status: Unknown, class: fault.Service,
			change: func(f *Facts) { f.Observed.Containers = nil }},

		{name: "wired: another network of the same name", yaml: webWithCheck, gate: GateWired, status: False, class: fault.Resource, final: true, says: "another one than the p_default",
			change: func(f *Facts) { web(f).Endpoints[0].NetworkID = "net-twin" }},
		{name: "wired: a twin of a stranger changes nothing", yaml: webWithCheck, gate: GateWired, status: True, proven: true,
			change: func(f *Facts) {
				f.Observed.Networks = append([]Network{{ID: "a-twin", Name: f.Observed.Networks[0].Name}}, f.Observed.Networks...)
			}},
		{name: "wired: others do not find it", yaml: webWithCheck, gate: GateWired, status: False, class: fault.Resource, final: true, says: "do not find it as web",
			change: func(f *Facts) { web(f).Endpoints[0].Aliases = []string{"p-web-1"} }},
		{name: "stable: a wrong answer within the window", yaml: webWithPort, gate: GateStable, status: False, class: fault.Timeout,
			change: func(f *Facts) { f.Wrong = map[string]time.Time{web(f).ID: f.Now.Add(-time.Second)} }},
		{name: "stable: a wrong answer before the window", yaml: webWithPort, gate: GateStable, status: True, proven: true,
			change: func(f *Facts) { f.Wrong = map[string]time.Time{web(f).ID: f.Now.Add(-2 * time.Second)} }},
		{name: "wired: networks and ports are there", yaml: webWithPort, gate: GateWired, status: True, proven: true},
		{name: "wired: not in its network", yaml: webWithPort, gate: GateWired, status: False, class: fault.Resource, final: true, says: "not connected to network p_default",
			change: func(f *Facts) { web(f).Endpoints = nil }},
		{name: "wired: in its network for the engine's books only", yaml: webWithPort, gate: GateWired, status: False, class: fault.Resource, final: true, says: "no address in network p_default",
			change: func(f *Facts) { web(f).Endpoints[0].EndpointID = "" }},
		{name: "wired: without an address", yaml: webWithPort, gate: GateWired, status: False, class: fault.Resource, final: true, says: "no address",
			change: func(f *Facts) { web(f).Endpoints[0].IPv4 = "" }},
		{name: "wired: another address than the file's", gate: GateWired, status: False, class: fault.Resource, final: true, says: "not 192.0.2.99",
			yaml: webWithPort + "    networks: {default: {ipv4_address: 192.0.2.99}}\nnetworks: {default: {ipam: {config: [{subnet: 192.0.2.0/24}]}}}\n"},
		{name: "wired: its port is not published", yaml: webWithPort, gate: GateWired, status: False, class: fault.Resource, final: true, says: "port 80 is not published",
			change: func(f *Facts) { web(f).Published = nil; answered(f) }},
		{name: "wired: its port is published elsewhere", yaml: webWithPort, gate: GateWired, status: False, class: fault.Resource, final: true, says: "port 80",
			change: func(f *Facts) { web(f).Published[0].Host = 8081; answered(f) }},
		{name: "wired: its port is published at another address", yaml: webWithPort, gate: GateWired, status: False, class: fault.Resource, final: true, says: "port 80",
			change: func(f *Facts) { web(f).Published[0].HostIP = "0.0.0.0"; answered(f) }},
		{name: "wired: just after the start it may come yet", yaml: webWithPort, gate: GateWired, status: False, class: fault.Resource, says: "port 80",
			change: func(f *Facts) { web(f).StartedAt = f.Now.Add(-time.Second); web(f).Published = nil; answered(f) }},
		{name: "wired: what does not run is not wired", yaml: webWithPort, gate: GateWired, status: Unknown, class: fault.Service,
			change: func(f *Facts) { end(f, 1) }},

		{name: "reachable: its port answered", yaml: webWithPort, gate: GateReachable, status: True, proven: true},
		{name: "reachable: nobody asked", yaml: webWithPort, gate: GateReachable, status: Unknown, class: fault.Verify, says: "has not been asked",
			change: func(f *Facts) { f.Proofs = nil }},
		{name: "reachable: the answer of another incarnation", yaml: webWithPort, gate: GateReachable, status: Unknown, class: fault.Verify,
			change: func(f *Facts) { proof(f, 0).StartedAt = epoch() }},
		{name: "reachable: the answer of another container", yaml: webWithPort, gate: GateReachable, status: Unknown, class: fault.Verify,
			change: func(f *Facts) { proof(f, 0).ContainerID = "another" }},
		{name: "reachable: the answer at another address", yaml: webWithPort, gate: GateReachable, status: Unknown, class: fault.Verify,
			change: func(f *Facts) { proof(f, 0).Address = "127.0.0.1:9999" }},
		{name: "reachable: the answer to another question", yaml: webWithPort, gate: GateReachable, status: Unknown, class: fault.Verify,
			change: func(f *Facts) { proof(f, 0).Gate = GateDatabase }},
		{name: "reachable: no answer yet", yaml: webWithPort, gate: GateReachable, status: False, class: fault.Verify, says: "connection refused",
			change: func(f *Facts) { proof(f, 0).Passed, proof(f, 0).Result = false, "connection refused" }},
		{name: "reachable: an answer that waiting cannot heal", yaml: webWithPort, gate: GateReachable, status: False, class: fault.Verify, final: true,
			change: func(f *Facts) { proof(f, 0).Passed, proof(f, 0).Final = false, true }},
		{name: "reachable: no answer for as long as it may take", yaml: webWithPort, gate: GateReachable, status: False, class: fault.Verify, final: true,
			change: func(f *Facts) {
				proof(f, 0).Passed = false
				f.Verifying[web(f).ID] = f.Now.Add(-portAllowance)
			}},
		{name: "reachable: the first answer after a failure", yaml: webWithPort, gate: GateReachable, status: False, class: fault.Verify, says: "twice in a row",
			change: func(f *Facts) { proof(f, 0).Again = true }},
		{name: "reachable: with a check of its own it has less time", gate: GateReachable, status: False, class: fault.Verify, final: true,
			yaml: webWithPort + "    healthcheck: {test: [CMD, ok], interval: 1s}\n",
			change: func(f *Facts) {
				proof(f, 0).Passed = false
				f.Verifying[web(f).ID] = f.Now.Add(-verifyAllowance)
			}},
		{name: "reachable: the second of two questions at one port fails", gate: GateReachable, status: False, class: fault.Verify, says: "/b",
			yaml:   webWithPort + "    x-stackctl: {verify: [{http: {port: 80, path: /a}}, {http: {port: 80, path: /b}}]}\n",
			change: func(f *Facts) { proof(f, 1).Passed = false }},
		{name: "reachable: the second of two questions at one port was not asked", gate: GateReachable, status: Unknown, class: fault.Verify,
			yaml:   webWithPort + "    x-stackctl: {verify: [{http: {port: 80, path: /a}}, {http: {port: 80, path: /b}}]}\n",
			change: func(f *Facts) { f.Proofs[web(f).ID] = f.Proofs[web(f).ID][:1] }},
		{name: "reachable: with a check and no port there is nothing to ask", yaml: webWithCheck, gate: GateReachable, proven: true},
		{name: "reachable: a service that cannot be asked proves nothing", gate: GateReachable, status: Unknown, class: fault.Service, final: true, says: "nothing of it can be asked",
			yaml: webWithPort, change: func(f *Facts) { offTheNet(f); web(f).Published = nil }},
		{name: "reachable: what does not run was not asked", yaml: webWithPort, gate: GateReachable, status: Unknown, class: fault.Verify,
			change: func(f *Facts) { end(f, 1) }},

		{name: "database: it answered", yaml: aDatabase, gate: GateDatabase, status: True, proven: true},
		{name: "database: nobody asked", yaml: aDatabase, gate: GateDatabase, status: Unknown, class: fault.Verify,
			change: func(f *Facts) { f.Proofs = nil }},
		{name: "database: the wrong password", yaml: aDatabase, gate: GateDatabase, status: False, class: fault.Verify, final: true, says: "password",
			change: func(f *Facts) {
				proof(f, 0).Passed, proof(f, 0).Result, proof(f, 0).Final = false, "password authentication failed", true
			}},

		{name: "quiet: nothing was asked for", yaml: webWithCheck, gate: GateQuiet, proven: true},
		{name: "quiet: nothing of what was asked for", yaml: loud("[{pattern: boom, fail: true}]"), gate: GateQuiet, status: True, proven: true,
			change: func(f *Facts) { f.scanned(Scan{Lines: 3}) }},
		{name: "quiet: what is only told", yaml: loud("[told, {pattern: boom, fail: true}]"), gate: GateQuiet, status: True, proven: true,
			change: func(f *Facts) { f.scanned(Scan{Matches: []Match{{Pattern: "told", Count: 1}}}) }},
		{name: "quiet: a failure", yaml: loud("[{pattern: boom, fail: true}]"), gate: GateQuiet, status: False, class: fault.Service, final: true, says: "and 2 more",
			change: func(f *Facts) {
				f.scanned(Scan{Matches: []Match{{Pattern: "boom", Fail: true, Count: 3, Line: "boom"}}})
			}},
		{name: "quiet: nobody looked", yaml: loud("[{pattern: boom, fail: true}]"), gate: GateQuiet, status: Unknown, class: fault.Service, says: "was not read"},
		{name: "quiet: the log of another incarnation", yaml: loud("[{pattern: boom, fail: true}]"), gate: GateQuiet, status: Unknown, class: fault.Service, says: "was not read",
			change: func(f *Facts) { f.scanned(Scan{StartedAt: epoch().Add(-1)}) }},
		{name: "quiet: the log cannot be read", yaml: loud("[{pattern: boom, fail: true}]"), gate: GateQuiet, status: Unknown, class: fault.Service, final: true, says: "cannot be read",
			change: func(f *Facts) { f.scanned(Scan{Err: fault.New(fault.Service, "no such driver")}) }},
		{name: "quiet: the engine is away", yaml: loud("[{pattern: boom, fail: true}]"), gate: GateQuiet, status: Unknown, class: fault.Engine, says: "cannot be read",
			change: func(f *Facts) { f.scanned(Scan{Err: fault.New(fault.Engine, "gone")}) }},

		{name: "stable: up for an hour, its record unbroken", yaml: webWithCheck, gate: GateStable, status: True, proven: true},
		{name: "stable: without a check, up for an hour", yaml: webWithPort, gate: GateStable, status: True, proven: true},
		{name: "stable: just started", yaml: webWithPort, gate: GateStable, status: False, class: fault.Timeout,
			change: func(f *Facts) { web(f).StartedAt = f.Now.Add(-time.Second); answered(f) }},
		{name: "stable: the window is not over", yaml: webWithCheck, gate: GateStable, status: False, class: fault.Timeout, says: "2s",
			change: func(f *Facts) {
				web(f).Health.Log = web(f).Health.Log[4:]
				seen(f, func(s *Sight) { s.Window.Since = f.Now.Add(-1999 * time.Millisecond) })
			}},
		{name: "stable: the window is over", yaml: webWithCheck, gate: GateStable, status: True, proven: true,
			change: func(f *Facts) {
				web(f).Health.Log = web(f).Health.Log[4:]
				seen(f, func(s *Sight) { s.Window.Since = f.Now.Add(-2 * time.Second) })
			}},
		{name: "stable: the window is over, and nobody looked within it", yaml: webWithCheck, gate: GateStable, status: False, class: fault.Timeout,
			says: "has not been well",
			change: func(f *Facts) {
				web(f).Health.Log = web(f).Health.Log[4:]
				seen(f, func(s *Sight) {
					s.Window.Since = f.Now.Add(-4 * time.Second)
					s.Confirmed = s.Window.Since
				})
			}},
		{name: "stable: up for an hour, by one answer alone", yaml: webWithCheck, gate: GateStable, status: False, class: fault.Timeout,
			says: "has not been well", change: func(f *Facts) { f.Sights[web(f).ID] = Sight{Container: Container{Name: "never seen"}} }},
		{name: "stable: up for an hour, by an answer that came late", yaml: webWithCheck, gate: GateStable, status: False, class: fault.Timeout,
			says: "has not been well", change: func(f *Facts) { web(f).Took = time.Hour }},
		{name: "stable: up for an hour, by an answer about an incarnation that is over", yaml: webWithCheck, gate: GateStable, status: False, class: fault.Timeout,
			says: "has not been well",
			change: func(f *Facts) {
				seen(f, func(s *Sight) { s.StartedAt, s.past = f.Now, []time.Time{web(f).StartedAt} })
			}},
		{name: "stable: the record of an earlier incarnation does not count", yaml: webWithCheck, gate: GateStable, status: False, class: fault.Timeout,
			change: func(f *Facts) {
				web(f).StartedAt = f.Now.Add(-3500 * time.Millisecond)
				web(f).Health.Log = slices.Delete(web(f).Health.Log, 2, 4)
			}},
		{name: "stable: a failed probe among those of the record", yaml: webWithCheck, gate: GateStable, status: False, class: fault.Timeout,
			change: func(f *Facts) { probes(f, healthchecks.StatusHealthy, 0, 0, 1, 0, 0) }},
		{name: "stable: it was paused a moment ago", yaml: webWithPort, gate: GateStable, status: False, class: fault.Timeout,
			change: func(f *Facts) { seen(f, func(s *Sight) { s.Window.Paused = f.Now.Add(-time.Second) }) }},
		{name: "stable: it restarted since it was last seen", yaml: webWithCheck, gate: GateStable, status: False, class: fault.Timeout,
			change: func(f *Facts) {
				seen(f, func(s *Sight) { s.Window.Since = f.Now.Add(-time.Minute) })
				web(f).RestartCount++
				web(f).StartedAt = f.Now.Add(-1500 * time.Millisecond)
			}},

		{name: "completed: a job that ended with code 0", yaml: aJob, gate: GateCompleted, status: True, proven: true},
		{name: "completed: what the job depends on is newer than its end", yaml: jobAfterDB, gate: GateCompleted, status: False, class: fault.Service, final: true, says: "p-db-1, which the job depends on, is newer",
			change: func(f *Facts) { named(f, "p-db-1").Created = f.Now }},
		{name: "completed: a container that counts no more is newer than the job's end", yaml: jobAfterDB, gate: GateCompleted, status: True, proven: true,
			change: func(f *Facts) {
				old := *named(f, "p-db-1")
				old.ID, old.Name, old.Created, old.State = "old", old.Name+prevSuffix, f.Now, StateExited
				f.Observed.Containers = append(f.Observed.Containers, old)
			}},
		{name: "completed: its volume is newer than its end", yaml: jobAfterDB, gate: GateCompleted, status: False, class: fault.Service, final: true, says: "volume p_data of db is newer",
			change: func(f *Facts) { f.Observed.Volumes[0].Created = f.Now }},
		{name: "completed: its volume is gone", yaml: jobAfterDB, gate: GateCompleted, status: False, class: fault.Service, final: true, says: "volume p_data",
			change: func(f *Facts) { f.Observed.Volumes = nil }},
		{name: "completed: a job that runs", yaml: aJob, gate: GateCompleted, status: False, class: fault.Service, says: "has not ended",
			change: func(f *Facts) { web(f).State, web(f).FinishedAt = StateRunning, time.Time{} }},
		{name: "completed: a job that runs and fails the check of its image", yaml: strings.Replace(aJob, "image: web", "image: web, healthcheck: {test: [CMD, ok]}", 1), gate: GateCompleted, status: False, class: fault.Service, says: "has not ended",
			change: func(f *Facts) {
				web(f).State, web(f).FinishedAt = StateRunning, time.Time{}
				probes(f, healthchecks.StatusUnhealthy, 1, 1, 1)
			}},
		{name: "completed: a job that failed", yaml: aJob, gate: GateCompleted, status: False, class: fault.Service, final: true, says: "code 5",
			change: func(f *Facts) {
				end(f, 5)
				seen(f, func(s *Sight) { s.DownSince = f.Now.Add(-time.Minute) })
			}},
		{name: "completed: a job that was killed for memory and says 0", yaml: aJob, gate: GateCompleted, status: False, class: fault.Service,
			change: func(f *Facts) { end(f, 0); web(f).OOMKilled = true }},
		{name: "completed: a job that never ran", yaml: aJob, gate: GateCompleted, status: False, class: fault.Service,
			change: func(f *Facts) { web(f).State = StateCreated }},
		{name: "completed: a service that says nothing and ended with code 0", yaml: undeclared, gate: GateCompleted, status: True, proven: true,
			change: func(f *Facts) { end(f, 0) }},
		{name: "unchecked: it ended otherwise", yaml: undeclared, gate: GateRunning, status: False, class: fault.Service,
			change: func(f *Facts) { end(f, 1) }},
		{name: "unchecked: it has ten seconds to end", yaml: undeclared, gate: GateStable, status: False, class: fault.Timeout, says: "for 10s",
			change: func(f *Facts) { web(f).StartedAt = f.Now.Add(-uncheckedGrace + time.Second) }},
		{name: "unchecked: it restarted in these ten seconds", yaml: undeclared, gate: GateStable, status: False, class: fault.Service, says: "restarted 1 time",
			change: func(f *Facts) {
				web(f).StartedAt, web(f).RestartCount = f.Now.Add(-uncheckedGrace+time.Second), 1
			}},
		{name: "unchecked: waived, it has to run for ten seconds too", yaml: undeclared, gate: GateStable, status: False, class: fault.Timeout, says: "for 10s",
			change: func(f *Facts) {
				f.AllowUnverified = true
				web(f).StartedAt = f.Now.Add(-uncheckedGrace + time.Second)
			}},
		{name: "unchecked: it still runs", yaml: undeclared, gate: GateHealthy, status: Unknown, class: fault.Unchecked, says: "no healthcheck and no published port",
			change: func(f *Facts) {}},
		{name: "unchecked: a failure for who is strict", yaml: undeclared, gate: GateHealthy, status: False, class: fault.Service, final: true, says: "no healthcheck",
			change: func(f *Facts) { f.Strict = true }},
		{name: "unchecked: the engine killed a process of it", yaml: undeclared, gate: GateHealthy, status: False, class: fault.Service, final: true, says: "for memory",
			change: func(f *Facts) { web(f).OOMKilled = true }},
		{name: "completed: one that was waived may run", yaml: undeclared, gate: GateRunning, status: True, proven: true,
			change: func(f *Facts) { f.AllowUnverified = true }},
		{name: "completed: one that was waived may end", yaml: undeclared, gate: GateCompleted, status: True, proven: true,
			change: func(f *Facts) { f.AllowUnverified = true; end(f, 0) }},
		{name: "completed: one that was waived may not fail", yaml: undeclared, gate: GateRunning, status: False, class: fault.Service,
			change: func(f *Facts) { f.AllowUnverified = true; end(f, 1) }},
	} {
		if projects[c.yaml] == nil {
			projects[c.yaml] = load(t, c.yaml)
		}
		t.Run(c.name, func(t *testing.T) { c.run(t, projects[c.yaml]) })
	}
}

// offTheNet is what no check in front of a plan lets through: a service that
// claims a port and has no network.
func offTheNet(f *Facts) {
	p, s := *f.Project, *f.Project.Services["web"]
	s.NetworkMode = "none"
	p.Services = map[string]*compose.Service{"web": &s}
	f.Project = &p
}

// double adds a copy of the first container under a number.
func (f *Facts) double(number int) {
	c := f.Observed.Containers[0]
	labels := map[string]string{}
	for k, v := range c.Labels {
		labels[k] = v
	}
	c.Labels, c.ID, c.Name, c.Number = labels, "id-double", "p-web-2", number
	f.Observed.Containers = append(f.Observed.Containers, c)
}

func TestWhatDoesNotRunOwesOnlyTheAnswersThatItOwedBefore(t *testing.T) {
	for file, want := range map[string][2]bool{webWithCheck: {false, false}, webWithPort: {false, true}, aDatabase: {true, false}} {
		f := facts(load(t, file))
		end(&f, 1)
		r := Assess(f)
		for i, kind := range []string{GateDatabase, GateReachable} {
			if c, ok := condition(r, "web", kind); ok != want[i] {
				t.Errorf("of%s the condition %s is there: %t (%+v)", file, kind, ok, c)
			}
		}
	}
}

func TestAServiceThatIsWellAndWillFollowAnotherIsCalledWhatItIs(t *testing.T) {
	well := ServiceReport{State: "healthy", Conditions: []Condition{{Type: GateHealthy, Status: True}}}
	down := ServiceReport{State: "exited(1)", Conditions: []Condition{{Type: GateRunning, Status: False}}}
	waits := Decision{Verdict: Blocked, Cause: "restarts with db"}
	if got := StateOf(well, waits); got != "healthy" {
		t.Errorf("it is called %s", got)
	}
	if got := StateOf(down, waits); got != "blocked" {
		t.Errorf("one that is down and waits is called %s", got)
	}
	if got := StateOf(down, Decision{Verdict: NotYet, AtWork: true}); got != "healing" {
		t.Errorf("one that is worked on is called %s", got)
	}
}
