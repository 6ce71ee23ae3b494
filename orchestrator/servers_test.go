package orchestrator

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/compose"
)

// psqlEngine is an engine whose containers hold a database and its programs.
type psqlEngine struct {
	Engine
	started, system string
	identified      int
}

func (e *psqlEngine) Exec(_ context.Context, _ string, spec ExecSpec) (ExecResult, error) {
	if spec.Cmd[0] == "pg_controldata" {
		e.identified++
		return ExecResult{Output: "Database system identifier:           7001\n"}, nil
	}
	out := "stackctl-server|1|" + e.started + "|false|off|9.0\n"
	if strings.Contains(strings.Join(spec.Cmd, " "), "stackctl-system") {
		out += "stackctl-system|" + e.system + "\nstackctl-written\n"
	}
	return ExecResult{Output: out}, nil
}

func TestADatabasesIdentityIsReadOncePerRunOfItsServer(t *testing.T) {
	e := &psqlEngine{started: "1700000000.1", system: "7001"}
	p := prober{engine: e, project: &compose.Project{}, servers: &servers{}}
	c := Container{ID: "c", StartedAt: time.Unix(1, 0), Env: []string{"POSTGRES_PASSWORD=x"}, Endpoints: []Endpoint{{IPv4: "10.0.0.2"}}}
	ask := func(wantPassed bool, wantIdentified int) {
		t.Helper()
		got := databaseProbe{prober: p, service: &compose.Service{}, container: c}.ask(t.Context())
		if got.Passed != wantPassed || e.identified != wantIdentified {
			t.Errorf("%+v after it was read %d times", got, e.identified)
		}
	}
	ask(true, 1)
	ask(true, 1)
	e.started = "1700000001.1" // the server was started again
	ask(true, 2)
	c.StartedAt = time.Unix(2, 0) // the container was
	ask(true, 3)
	ask(true, 3)
	e.system = "666" // another server holds its address
	ask(false, 4)
	ask(false, 5)
	e.system = "7001"
	ask(true, 5)
}
