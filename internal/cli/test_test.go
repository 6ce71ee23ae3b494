package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/reaper"
	"github.com/stackctl/stackctl/orchestrator"
)

// copying is an engine on which nothing of a copy is ever left.
type copying struct {
	*scripted
	free int
}

func (e *copying) FreeNetworks(context.Context) (int, bool, error) { return e.free, true, nil }

func (e *copying) Traces(context.Context, string) ([]orchestrator.Trace, error) { return nil, nil }

// withCopies is a program whose copies are made of nothing.
func withCopies(t *testing.T, free int) *program {
	t.Helper()
	p := newProgram(t, shop)
	e := &copying{p.engine, free}
	connect := p.ops.connect
	p.ops.connect = func(ctx context.Context, o docker.Options) (engine, error) {
		_, err := connect(ctx, o)
		return e, err
	}
	p.ops.guard = func(context.Context, reaper.Engine, reaper.Options) (*reaper.Guard, error) {
		return &reaper.Guard{}, nil
	}
	p.ops.images = func(context.Context, orchestrator.FullEngine, *compose.Project, orchestrator.Options) error {
		return nil
	}
	p.ops.reach = func(_ context.Context, _ orchestrator.Engine, project *compose.Project, _ orchestrator.ReachOptions) (orchestrator.Access, error) {
		a := reachable()
		a.Project = project.Name
		return a, nil
	}
	return p
}

func TestTheCommandsExitCodeIsThatOfTest(t *testing.T) {
	p := withCopies(t, 10)
	p.env = append(p.env, "PATH="+os.Getenv("PATH"))
	p.expect(t, 0, "test -- true")
	p.expect(t, 1, "test -- false")
	if !strings.HasPrefix(p.project.Name, "shop-") || p.project.Labels[orchestrator.LabelBase] != "shop" {
		t.Errorf("the copy is called %s, labelled %v", p.project.Name, p.project.Labels)
	}
	p.expect(t, 0, "test --name nightly -- true")
	if !strings.HasPrefix(p.project.Name, "nightly-") {
		t.Errorf("the copy is called %s", p.project.Name)
	}
}

func TestTheCommandAloneWritesTheResultAndKnowsTheCopy(t *testing.T) {
	p := withCopies(t, 10)
	p.env = append(p.env, "PATH="+os.Getenv("PATH"))
	p.expect(t, 0, "test -- env")
	out := p.out.String()
	for _, line := range []string{"STACKCTL_PROJECT=" + p.project.Name, "STACKCTL_URL_MAIN_APP=http://127.0.0.1:49153", "DATABASE_URL=postgres://"} {
		if !strings.Contains(out, line) {
			t.Errorf("%s is missing in\n%s", line, out)
		}
	}
	if strings.Contains(out, "SERVICE") {
		t.Errorf("there is more than the command's output:\n%s", out)
	}
}

func TestACommandMayBeToldFromItsFirstMomentOn(t *testing.T) {
	p := withCopies(t, 10)
	p.env = append(p.env, "PATH="+os.Getenv("PATH"))
	script := `trap 'exit 7' USR1; kill -USR1 $PPID; i=0; while [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done; exit 9`
	if err := os.WriteFile("first.sh", []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		p.expect(t, 7, "test -- sh first.sh")
	}
}

func TestACopyThatIsNotProvenEndsWith125(t *testing.T) {
	p := withCopies(t, 10)
	p.ops.up = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, _ orchestrator.Options) (orchestrator.Report, error) {
		return orchestrator.Report{Project: project.Name}, fault.New(fault.Service, "web: exited(1)")
	}
	p.expect(t, 125, "test -- true", "web: exited(1)", "exit 125 (unproven)")
	p.ops.up = func(context.Context, orchestrator.FullEngine, *compose.Project, orchestrator.Options) (orchestrator.Report, error) {
		return orchestrator.Report{}, nil
	}
	p.ops.guard = func(context.Context, reaper.Engine, reaper.Options) (*reaper.Guard, error) {
		return nil, errors.New("nobody watches")
	}
	p.expect(t, 125, "test -- true", "nobody watches")
}

func TestThatTheEngineHasNoAddressesLeftIsSaidBeforehand(t *testing.T) {
	p := withCopies(t, 0)
	p.ops.up, p.ops.guard = nil, nil
	p.expect(t, 125, "test -- true", "address pools", "stackctl prune --expired")
	p.expect(t, 6, "up --ephemeral", "address pools", "default-address-pools")
}

func TestTheFlagsOfACopyAreCheckedBeforeAnythingIsDone(t *testing.T) {
	p := withCopies(t, 10)
	p.expect(t, 2, "test --ttl 0 -- true", "--ttl")
	p.expect(t, 2, "up --ephemeral --ttl 0", "--ttl")
	p.expect(t, 2, "test --name Nightly -- true", "--name", "Nightly")
	p.expect(t, 127, "test -- /no/such/command", "no such file")
}

func TestWhatToLookAtNextIsThereWhenTheCopyIsNot(t *testing.T) {
	p := withCopies(t, 10)
	p.ops.up = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, _ orchestrator.Options) (orchestrator.Report, error) {
		card := orchestrator.Card{Service: "web", Container: project.Name + "-web-1", State: "exited(1)", Next: "stackctl logs --tail 100 web"}
		return orchestrator.Report{Project: project.Name, Services: []orchestrator.ServiceReport{{Name: "web"}}, Cards: []orchestrator.Card{card}}, fault.New(fault.Service, "web: exited(1)")
	}
	dir := t.TempDir()
	p.expect(t, 125, "test --artifacts "+dir+" -- true", "less "+dir+"/logs/web-1.log")
	p.expect(t, 125, "test -- true", "--keep-on-failure")
	p.expect(t, 125, "test --keep-on-failure -- true", " -p shop-", "logs --tail 100 web")
}

func TestTheReportHasTheCommandsOwnCode(t *testing.T) {
	p := withCopies(t, 10)
	p.env = append(p.env, "PATH="+os.Getenv("PATH"))
	for command, code := range map[string]int{"sh -c exit${IFS}7": 7, "false": 1, "/no/such/command": 127} {
		dir := t.TempDir()
		p.expect(t, code, "test --artifacts "+dir+" --report "+dir+"/own.json -- "+command)
		for _, file := range []string{"report.json", "own.json"} {
			text, err := os.ReadFile(filepath.Join(dir, file))
			if strings.HasPrefix(command, "/") && file == "report.json" {
				continue // nothing was brought up
			}
			if want := fmt.Sprintf(`"exit_code": %d`, code); err != nil || !strings.Contains(string(text), want) || !strings.Contains(string(text), `"class": "failure"`) {
				t.Errorf("%s: %s does not say %s (%v):\n%.300s", command, file, want, err, text)
			}
		}
	}
}
