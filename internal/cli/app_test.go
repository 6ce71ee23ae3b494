package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/testkit"
	"github.com/stackctl/stackctl/orchestrator"
)

const shop = `name: shop
services:
  db:
    image: shop/db
    restart: "no"
    environment: {DB_PASSWORD: hunter2-hunter2}
  web:
    image: shop/web
    depends_on: [db]
`

// program is one run of the program over a scripted engine.
type program struct {
	streams Streams
	env     []string
	ops     operations
	out     testkit.Buffer
	err     testkit.Buffer
	// got are the options that the last operation was given.
	got     orchestrator.Options
	gotDown orchestrator.DownOptions
	project *compose.Project
	docker  docker.Options
	engine  *scripted
}

// scripted is an engine that says what it is told to; what a test does not
// expect panics.
type scripted struct {
	orchestrator.FullEngine
	copyist
	containers []orchestrator.Container
	// said are the outputs of containers by ID, with times in front.
	said   map[string]string
	events chan orchestrator.Event
	closed bool
}

func (e *scripted) Close() error {
	e.closed = true
	return nil
}

func (e *scripted) Info(context.Context) (orchestrator.EngineInfo, error) {
	return orchestrator.EngineInfo{Endpoint: "unix:///scripted", Version: "28.5.2", APIVersion: "1.51", OS: "linux", Arch: "amd64"}, nil
}

// ExecStream is for tests that look inside alone.
func (e *scripted) ExecStream(context.Context, string, orchestrator.ExecSpec, docker.Streams) (int, error) {
	panic("no command is expected")
}

// ExecDetached is for tests that look inside alone.
func (e *scripted) ExecDetached(context.Context, string, orchestrator.ExecSpec, bool) error {
	panic("no command is expected")
}

func (e *scripted) Observe(context.Context, orchestrator.Scope) (orchestrator.Observed, error) {
	return orchestrator.Observed{Containers: e.containers}, nil
}

// Containers has none of other projects.
func (e *scripted) Containers(context.Context) ([]orchestrator.ProjectContainer, error) {
	return nil, nil
}

func (e *scripted) Origins(_ context.Context, project string) ([]orchestrator.Origin, error) {
	var all []orchestrator.Origin
	for _, c := range e.containers {
		if c.Project != project {
			continue
		}
		all = orchestrator.AddOrigin(all, orchestrator.TraceContainer, c.Name, c.Labels)
	}
	return all, nil
}

func (e *scripted) Events(context.Context, string, time.Time) (<-chan orchestrator.Event, <-chan error) {
	return e.events, make(chan error)
}

func (e *scripted) Logs(_ context.Context, id string, o orchestrator.LogOptions, stdout, _ io.Writer) error {
	for line := range strings.Lines(e.said[id]) {
		if !o.Timestamps {
			_, line, _ = strings.Cut(line, " ")
		}
		if _, err := io.WriteString(stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// newProgram is a run in a directory of its own with the given compose file.
func newProgram(t *testing.T, file string) *program {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	p := &program{env: []string{"XDG_RUNTIME_DIR=" + t.TempDir(), "PATH=/bin"}, engine: &scripted{}}
	p.streams = Streams{In: strings.NewReader(""), Out: &p.out, Err: &p.err}
	p.ops = operations{
		connect: func(_ context.Context, o docker.Options) (engine, error) {
			p.docker = o
			return p.engine, nil
		},
		up: func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, o orchestrator.Options) (orchestrator.Report, error) {
			p.got, p.project = o, project
			return proven(project), nil
		},
		look: func(_ context.Context, _ orchestrator.Engine, project *compose.Project, o orchestrator.Options) (orchestrator.Report, error) {
			p.got, p.project = o, project
			return proven(project), nil
		},
		preview: func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, o orchestrator.Options) (orchestrator.Preview, error) {
			p.got, p.project = o, project
			return orchestrator.Preview{Plan: orchestrator.Plan{Actions: []orchestrator.Action{
				{ID: "start/web", Kind: orchestrator.StartContainer, Target: "shop-web-1", Cause: "exited with code 1"},
			}}}, nil
		},
		down: func(_ context.Context, _ orchestrator.Engine, project *compose.Project, o orchestrator.DownOptions) error {
			p.gotDown, p.project = o, project
			o.Listen(orchestrator.Progress{Service: "web", Phase: orchestrator.PhaseRemoved})
			return nil
		},
	}
	return p
}

// proven is a report in which everything is well.
func proven(p *compose.Project) orchestrator.Report {
	r := orchestrator.Report{Project: p.Name, Dir: p.Dir, At: time.Now(), Proven: true, Took: 2 * time.Second, ReadyAfter: time.Second}
	for _, name := range p.ServiceNames() {
		r.Services = append(r.Services, orchestrator.ServiceReport{Name: name, State: "healthy", Proof: "healthcheck", Proven: true,
			Since: time.Now(), Containers: []orchestrator.ContainerReport{{Name: "shop-" + name + "-1"}}})
	}
	return r
}

// broken is a report in which web is not well, and its error.
func broken(p *compose.Project) (orchestrator.Report, error) {
	r := proven(p)
	r.Proven, r.Class = false, fault.Service
	r.Cards = []orchestrator.Card{{Service: "web", Container: "shop-web-1", State: "exited(1)", Class: fault.Service,
		Reason: "web is exited(1): the process ended with code 1", Logs: []string{"no route"}, Next: "stackctl logs --tail 100 web"}}
	return r, fault.New(fault.Service, "web: the process ended with code 1")
}

// run runs a command line, words parted by blanks.
func (p *program) run(ctx context.Context, line string) int {
	return newApp(p.streams, p.env, "1.2.3", p.ops).run(ctx, strings.Fields(line))
}

// expect fails the test unless the command line ends with the code and the
// standard error holds all the words.
func (p *program) expect(t *testing.T, code int, line string, words ...string) {
	t.Helper()
	if got := p.run(t.Context(), line); got != code {
		t.Errorf("%q ends with %d, not %d\n%s", line, got, code, p.err.String())
	}
	for _, word := range words {
		if !strings.Contains(p.err.String(), word) {
			t.Errorf("%q does not say %q but:\n%s", line, word, p.err.String())
		}
	}
}
