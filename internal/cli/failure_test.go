package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/lock"
	"github.com/stackctl/stackctl/orchestrator"
)

func TestUpShowsTheProofOnTheStandardOutputAndNothingElse(t *testing.T) {
	p := newProgram(t, shop)
	p.expect(t, 0, "up")
	if got := p.out.String(); !strings.HasPrefix(got, "SERVICE") || !strings.Contains(got, "✔ proven: 2 services in 2.0s (ready after 1.0s)") {
		t.Errorf("got %q", got)
	}
	if !p.engine.closed {
		t.Error("the engine is not let go")
	}
}

func TestTheExitCodeIsTheClassOfTheError(t *testing.T) {
	for code, err := range map[int]error{
		1:  errors.New("no class"),
		4:  fmt.Errorf("look: %w", fault.New(fault.Engine, "gone").WithHint("start it")),
		7:  errors.Join(fault.New(fault.Service, "one"), fault.New(fault.Config, "two")),
		8:  fault.New(fault.Timeout, "too late"),
		11: fault.New(fault.Differs, "edited"),
		70: fault.New(fault.Internal, "cannot be"),
	} {
		p := newProgram(t, shop)
		p.ops.look = func(context.Context, orchestrator.Engine, *compose.Project, orchestrator.Options) (orchestrator.Report, error) {
			return orchestrator.Report{}, err
		}
		p.expect(t, code, "status", fmt.Sprintf("exit %d (%s)", code, fault.ClassOf(err)))
	}
}

func TestNothingButAProofIsASuccess(t *testing.T) {
	p := newProgram(t, shop)
	hollow := func(context.Context, orchestrator.FullEngine, *compose.Project, orchestrator.Options) (orchestrator.Report, error) {
		return orchestrator.Report{Project: "shop"}, nil
	}
	p.ops.up = hollow
	p.ops.look = func(ctx context.Context, _ orchestrator.Engine, project *compose.Project, o orchestrator.Options) (orchestrator.Report, error) {
		return hollow(ctx, nil, project, o)
	}
	p.expect(t, 70, "up")
	p.expect(t, 70, "status")
}

func TestAFailureNamesTheCauseAndTheNextCommand(t *testing.T) {
	p := newProgram(t, shop)
	p.ops.up = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, _ orchestrator.Options) (orchestrator.Report, error) {
		return broken(project)
	}
	p.expect(t, 7, "-f compose.yaml up --report out.json", "✖ web: exited(1): the process ended with code 1\n", "│ no route",
		"stackctl -f compose.yaml logs --tail 100 web", "stackctl -f compose.yaml down", "exit 7 (service)")
	if p.out.String() != "" {
		t.Errorf("the standard output has %q", p.out.String())
	}
	text, err := os.ReadFile("out.json")
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if document["proven"] != false || document["exit_code"] != 7.0 || document["class"] != "service" {
		t.Errorf("the report says %v", document)
	}
	p.expect(t, 7, "up --rollback")
}

func TestAReportThatCannotBeWrittenIsAFailure(t *testing.T) {
	newProgram(t, shop).expect(t, 1, "up --report missing/out.json", "write the report")
}

func TestSecretsAreShownNowhere(t *testing.T) {
	const secret = "hunter2-hunter2"
	p := newProgram(t, shop)
	p.ops.up = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, o orchestrator.Options) (orchestrator.Report, error) {
		o.Listen(orchestrator.Progress{Service: "web", Phase: orchestrator.PhaseProbing, Message: "login " + secret})
		o.Log.Warn().Str("dsn", secret).Msg("a log line")
		r, _ := broken(project)
		r.Cards[0].Logs = []string{secret}
		return r, fault.New(fault.Service, "web: %s", secret).WithHint("say %s", secret)
	}
	for _, line := range []string{"up --report out.json", "--progress json up", "config", "config --services"} {
		p.run(t.Context(), line)
	}
	p.ops.up = func(context.Context, orchestrator.FullEngine, *compose.Project, orchestrator.Options) (orchestrator.Report, error) {
		panic(secret)
	}
	p.expect(t, 70, "up", "[redacted]")
	report, err := os.ReadFile("out.json")
	if err != nil {
		t.Fatal(err)
	}
	if all := p.out.String() + p.err.String() + string(report); strings.Contains(all, secret) {
		t.Errorf("the secret is in:\n%s", all)
	}
	p.expect(t, 0, "config --no-redact")
	if !strings.Contains(p.out.String(), secret) {
		t.Error("--no-redact hides it")
	}
}

func TestAPanicIsADefectAndSaysSo(t *testing.T) {
	p := newProgram(t, shop)
	p.ops.look = func(context.Context, orchestrator.Engine, *compose.Project, orchestrator.Options) (orchestrator.Report, error) {
		list := []int{}
		list[len(list)] = 1
		return orchestrator.Report{}, nil
	}
	p.expect(t, 70, "status", "this is a defect of stackctl", "failure_test.go", "exit 70 (internal)")
	p.expect(t, 70, "--log-format json status", `"stack":[`)
}

func TestASecondRunOnOneProjectIsAConflict(t *testing.T) {
	p := newProgram(t, shop)
	loaded, err := compose.Load(t.Context(), compose.Options{Environ: p.env})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := lock.Dir(strings.TrimPrefix(p.env[0], "XDG_RUNTIME_DIR="), "")
	if err != nil {
		t.Fatal(err)
	}
	held, err := lock.Acquire(t.Context(), lock.Options{Dir: dir, Project: "shop", Identity: []string{loaded.ID(), "unix:///scripted"}, Command: "stackctl up"})
	if err != nil {
		t.Fatal(err)
	}
	p.expect(t, 10, "up", "held by pid", "(stackctl up)", "--wait-lock")
	p.expect(t, 10, "down")
	for _, line := range []string{"status", "plan", "config"} {
		p.expect(t, 0, line)
	}
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
	p.expect(t, 0, "up")
	p.expect(t, 0, "down --wait-lock")
}

func TestWithoutAPlaceForALockTheRunGoesOnWithAWarning(t *testing.T) {
	p := newProgram(t, shop)
	p.env[0] = "XDG_RUNTIME_DIR=/nonexistent"
	t.Setenv("TMPDIR", "/nonexistent")
	p.expect(t, 0, "up", "does not keep others away")
}

func TestPlanAndDryRunChangeNothing(t *testing.T) {
	p := newProgram(t, shop)
	p.ops.up = nil
	p.expect(t, 0, "up --dry-run")
	p.expect(t, 0, "plan")
	p.expect(t, 11, "plan --exit-code", "shop differs")
	if strings.Count(p.out.String(), "exited with code 1") != 3 {
		t.Errorf("got %q", p.out.String())
	}
	p.expect(t, 0, "plan -o json")
	if !strings.Contains(p.out.String(), `"changes": 1`) {
		t.Errorf("got %q", p.out.String())
	}
}

func TestAResultThatCannotBeWrittenIsNoSuccess(t *testing.T) {
	for _, line := range []string{"config", "status", "up", "plan -o json", "version"} {
		p := newProgram(t, shop)
		p.streams.Out = brokenPipe{}
		p.expect(t, 1, line)
		if strings.Contains(p.err.String(), "✖") {
			t.Errorf("a reader that went away is told about it: %q", p.err.String())
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}

func TestAnEngineThatIsNotThereIsSaidAtOnce(t *testing.T) {
	p := newProgram(t, shop)
	p.ops.connect = realOperations().connect
	p.env = append(p.env, "DOCKER_HOST=unix://"+filepath.Join(t.TempDir(), "none.sock"), "DOCKER_CONFIG="+t.TempDir())
	for _, line := range []string{"up", "status", "plan", "down", "logs"} {
		began := time.Now()
		p.expect(t, 4, line, "none.sock", "exit 4 (engine)")
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %s", line, took)
		}
	}
	p.expect(t, 0, "version")
	if !strings.Contains(p.out.String(), "stackctl 1.2.3") || !strings.Contains(p.out.String(), "none.sock") {
		t.Errorf("got %q", p.out.String())
	}
}

func TestAWrongFileIsExplainedWhateverTheEngineDoes(t *testing.T) {
	engines := map[string]func(context.Context, docker.Options) (engine, error){
		"answers":       func(context.Context, docker.Options) (engine, error) { return &scripted{}, nil },
		"is not there":  func(context.Context, docker.Options) (engine, error) { return nil, errors.New("no engine") },
		"never answers": func(ctx context.Context, _ docker.Options) (engine, error) { <-ctx.Done(); return nil, ctx.Err() },
		"panics":        func(context.Context, docker.Options) (engine, error) { panic("a defect") },
	}
	for name, file := range map[string]string{
		"a cycle":            "name: x\nservices:\n  a: {image: a, depends_on: [b]}\n  b: {image: b, depends_on: [a]}\n",
		"a missing variable": "name: x\nservices:\n  a: {image: '${NOT_SET}'}\n",
		"no YAML":            "services: [",
	} {
		for does, connect := range engines {
			t.Run(name+", the engine "+does, func(t *testing.T) {
				p := newProgram(t, file)
				p.ops.connect = connect
				p.expect(t, 3, "up", "exit 3 (config)", "compose.yaml")
				if text := p.err.String(); strings.Contains(text, "no engine") || strings.Contains(text, "defect") {
					t.Errorf("the engine is spoken of: %q", text)
				}
			})
		}
	}
}

func TestADefectWhileTheEngineIsReachedIsOneOfOurs(t *testing.T) {
	p := newProgram(t, shop)
	p.ops.connect = func(context.Context, docker.Options) (engine, error) { panic("a defect") }
	p.expect(t, 70, "status", "panic: a defect; this is a defect of stackctl")
}

func TestVersionSaysWhichEngineItWouldUse(t *testing.T) {
	p := newProgram(t, shop)
	p.expect(t, 0, "version --short")
	p.expect(t, 0, "version")
	p.expect(t, 0, "version -o json")
	for _, word := range []string{"1.2.3\nstackctl 1.2.3 (go", "engine   28.5.2 (API 1.51, linux/amd64) at unix:///scripted", `"api_version": "1.51"`} {
		if !strings.Contains(p.out.String(), word) {
			t.Errorf("%q is missing in %q", word, p.out.String())
		}
	}
}
