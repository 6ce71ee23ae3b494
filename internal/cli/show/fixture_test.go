package show

import (
	"errors"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func before(d time.Duration) time.Time { return now.Add(-d) }

func forReader() Options { return Options{Now: now, Program: "stackctl", Width: 80} }

var info = orchestrator.EngineInfo{
	ID: "ID", Name: "host", Endpoint: "unix:///var/run/docker.sock", Version: "28.5.2", APIVersion: "1.51", OS: "linux", Arch: "amd64",
}

func service(name, state, proof string, since time.Duration) orchestrator.ServiceReport {
	return orchestrator.ServiceReport{
		Name: name, State: state, Proof: proof, Proven: true, Since: before(since), Image: "shop/" + name + ":1",
		Containers: []orchestrator.ContainerReport{{ID: "0123456789ab", Name: "shop-" + name + "-1", Number: 1, State: state,
			StartedAt: before(since), ImageID: "sha256:abc"}},
		Conditions: []orchestrator.Condition{{Type: "Healthy", Status: orchestrator.True, Reason: "Proven", Message: "its healthcheck passes",
			Evidence: []healthchecks.Evidence{{Probe: "healthcheck", Result: "exit 0", Passed: true, At: before(time.Second), Took: 12 * time.Millisecond}}}},
	}
}

// provenReport is a stack of which everything is shown: HTTP, TCP, UDP, a job,
// a waiver, open ports, notes, timings.
func provenReport() orchestrator.Report {
	return orchestrator.Report{
		Project: "shop", Dir: "/srv/shop", Engine: info, At: now, Proven: true,
		Services: []orchestrator.ServiceReport{
			service("db", "healthy", "healthcheck", 14*time.Second),
			service("migrate", "completed", "job", 9*time.Second),
			service("api", "healthy", "healthcheck", 8*time.Second),
			service("web", "answering", "port", 3*time.Hour),
			service("tunnel", "waived", "waived", 8*time.Second),
		},
		Endpoints: []orchestrator.PublishedEndpoint{
			{Service: "api", Container: 8080, Proto: "tcp", Address: "127.0.0.1:8080", URL: "http://127.0.0.1:8080"},
			{Service: "web", Container: 80, Proto: "tcp", Address: "127.0.0.1:3000", URL: "http://127.0.0.1:3000", Open: true},
			{Service: "web", Container: 443, Proto: "tcp", Address: "127.0.0.1:3443", URL: "https://127.0.0.1:3443", Open: true},
			{Service: "web", Container: 443, Proto: "udp", Address: "127.0.0.1:3443", Open: true},
			{Service: "db", Container: 5432, Proto: "tcp", Address: "127.0.0.1:5432"},
		},
		Notes: []string{"db: the credentials are those of POSTGRES_USER and POSTGRES_PASSWORD_FILE; a temporary table could be written"},
		Timings: []orchestrator.Timing{
			{Service: "db", Create: 80 * time.Millisecond, Start: 400 * time.Millisecond, Healthy: 2300 * time.Millisecond, Begin: 100 * time.Millisecond, End: 2900 * time.Millisecond,
				Probe: 120 * time.Millisecond, Gap: 95 * time.Millisecond},
			{Service: "api", Create: 70 * time.Millisecond, Wait: 2800 * time.Millisecond, Start: 300 * time.Millisecond, Begin: 100 * time.Millisecond, End: 3300 * time.Millisecond},
		},
		Critical: orchestrator.Critical{
			Steps:  []orchestrator.Step{{Service: "db", Added: 2900 * time.Millisecond}, {Service: "api", Added: 400 * time.Millisecond}},
			Advice: "db took 2.9 s of 3.3 s; its healthcheck interval adds nothing here",
		},
		ReadyAfter: 12100 * time.Millisecond, Took: 14230 * time.Millisecond,
	}
}

// crashed is a stack whose database ended, with two victims and a job that was
// never started.
func crashed() orchestrator.Report {
	r := provenReport()
	r.Proven, r.Class, r.Notes = false, fault.Service, nil
	set(&r.Services[0], "exited(1)", fault.Service, "db is exited(1): the process ended with code 1", true)
	r.Services[0].Restarts, r.Services[0].Blocks = 2, []string{"api", "migrate"}
	set(&r.Services[1], "created", fault.Service, "the container was never started", false)
	r.Services[1].BlockedBy = []string{"db"}
	set(&r.Services[2], "created", fault.Service, "the container was never started", false)
	r.Services[2].BlockedBy = []string{"migrate"}
	exit := 1
	r.Cards = []orchestrator.Card{{
		Service: "db", Container: "shop-db-1", State: "exited(1)", Class: fault.Service,
		Reason: "shop-db-1 is exited(1): the process ended with code 1", Since: before(3 * time.Second), ExitCode: &exit, Restarts: 2,
		Logs: []string{
			"2026-01-02 03:04:02.000 UTC [1] FATAL:  database files are incompatible with server and this line is far too long for the terminal",
			"2026-01-02 03:04:02.001 UTC [1] DETAIL:\tThe data directory was initialized by PostgreSQL version 16, which is not compatible",
		},
		LogsDropped: 10, Blocks: []string{"api", "migrate"},
		Blanks: []compose.Blank{
			{Variable: "SMTP_HOST", File: "compose.yaml", Line: 12, Service: "db", Key: "services.db.environment.SMTP_HOST"},
			{Variable: "TOKEN", File: "db.env", Line: 3, Service: "db", Key: "services.db.environment.TOKEN"},
		},
		Hint: "the volume holds data of another major version; dump and restore it, or use the image of that version (nothing was deleted)",
		Next: "stackctl logs --tail 100 db",
	}}
	return r
}

func set(s *orchestrator.ServiceReport, state string, class fault.Class, reason string, final bool) {
	s.State, s.Class, s.Reason, s.Final, s.Proven = state, class, reason, final, false
}

// unhealthy is a stack with a check that fails and one that has not answered.
func unhealthy() orchestrator.Report {
	r := provenReport()
	r.Proven, r.Class = false, fault.Service
	reason := "shop-api-1 is unhealthy: the healthcheck failed 5 times in a row: exit 1: connection refused"
	set(&r.Services[2], "unhealthy", fault.Service, reason, true)
	set(&r.Services[3], "unproven", fault.Verify, "GET http://127.0.0.1:3000/: 502 Bad Gateway", false)
	exit, timeout := 1, -1
	r.Cards = []orchestrator.Card{
		{
			Service: "api", Container: "shop-api-1", State: "unhealthy", Class: fault.Service, Reason: reason, Since: before(8 * time.Second),
			Probe: "wget -qO- http://127.0.0.1:8080/health", ProbeExit: &exit, ProbeTook: 31 * time.Millisecond,
			ProbeOutput: "wget: can't connect to remote host (127.0.0.1): Connection refused", Logs: []string{"listening on :8081"},
			Blocks: []string{"web"}, Hint: "the check asks port 8080; the program listens on 8081", Next: "docker exec shop-api-1 wget -qO- http://127.0.0.1:8080/health",
		},
		{
			Service: "web", Container: "shop-web-1", State: "unproven", Class: fault.Verify, Reason: "GET http://127.0.0.1:3000/: 502 Bad Gateway",
			Since: before(3 * time.Hour), Probe: "true", ProbeExit: &timeout, ProbeTook: 3 * time.Second, Next: "stackctl logs --tail 100 web",
		},
	}
	return r
}

// differing is a stack whose file was edited.
func differing() orchestrator.Report {
	r := provenReport()
	r.Proven, r.Class = false, fault.Differs
	set(&r.Services[0], "healthy", fault.Differs, `shop-db-1 differs from the file: environment.PORT "8080" → "8081"`, false)
	set(&r.Services[2], "healthy", fault.Differs, "shop-api-1 differs from the file: image", false)
	r.Services[2].BlockedBy = []string{"db"}
	r.Cards = []orchestrator.Card{{Service: "db", Container: "shop-db-1", State: "healthy", Class: fault.Differs,
		Reason: r.Services[0].Reason, Since: before(time.Minute), Next: "stackctl logs --tail 100 db"}}
	return r
}

func neverUp() orchestrator.Report {
	r := provenReport()
	r.Proven, r.Class, r.Endpoints, r.Notes = false, fault.Service, nil, nil
	for i := range r.Services {
		set(&r.Services[i], "not up", fault.Service, "there is no container of it", false)
		r.Services[i].Containers = nil
		r.Cards = append(r.Cards, orchestrator.Card{Service: r.Services[i].Name, State: "not up", Reason: "there is no container of it"})
	}
	return r
}

func refusals() error {
	hint := "add to service idle either a check\n    healthcheck:\n      test: [\"CMD\", \"PROGRAM\"]\nor waive the proof"
	return errors.Join(
		fault.New(fault.Resource, "service web: port 3000 on the host is taken by process 4711 (nginx)").WithHint("stop it, or publish another port"),
		fault.New(fault.Service, "service idle is unverified: it has no healthcheck and no published port, so nothing could prove it").WithHint("%s", hint),
		fault.New(fault.Service, "service idle2 is unverified").WithHint("%s", hint),
	)
}

func preview() orchestrator.Preview {
	return orchestrator.Preview{
		Engine: info,
		Images: []images.Need{
			{Ref: "postgres:17", Action: images.None, Services: []string{"db"}},
			{Ref: "shop/api:1", Action: images.Build, Cause: "context: main.go changed", Services: []string{"api", "web"}, Warnings: []string{"the context has 2 GB"}},
		},
		Plan: orchestrator.Plan{
			Actions: []orchestrator.Action{
				{ID: "network/default", Kind: orchestrator.CreateNetwork, Target: "shop_default", Cause: "missing"},
				{ID: "create/api", Kind: orchestrator.CreateContainer, Target: "shop-api-1", Service: "api", Number: 1, Cause: `environment.PORT "8080" → "8081"`, DependsOn: []string{"network/default"}},
				{ID: "wait/db", Kind: orchestrator.WaitHealthy, Target: "db", Service: "db"},
				{ID: "start/api", Kind: orchestrator.StartContainer, Target: "shop-api-1", Service: "api", Number: 1, Cause: "created", DependsOn: []string{"create/api", "wait/db"}},
				{ID: "remove/old", Kind: orchestrator.RemoveContainer, Target: "shop-old-1", Service: "old", Number: 1, Cause: "orphan: not in the file"},
			},
			Notes: []string{"volume shop_data was made by docker compose and is adopted"},
		},
	}
}
