package cli

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/testkit"
	"github.com/stackctl/stackctl/orchestrator"
)

// allReports are the flags for a report in every form.
const allReports = "--report out.json --report out.xml --report out.md"

// readReports returns the three forms; each must be what it claims to be.
func readReports(t *testing.T) (document map[string]any, junit, markdown string) {
	t.Helper()
	texts := map[string]string{}
	for _, name := range []string{"out.json", "out.xml", "out.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal([]byte(texts["out.json"]), &document); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal([]byte(texts["out.xml"]), new(struct{})); err != nil {
		t.Fatal(err)
	}
	return document, texts["out.xml"], texts["out.md"]
}

// upFails lets up end with a broken web.
func upFails(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, _ orchestrator.Options) (orchestrator.Report, error) {
	return broken(project)
}

func TestTheReportIsWrittenWhateverTheResult(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		spoil func(p *program)
		code  int
		words string
	}{
		"proven":   {file: shop, code: 0, words: "is proven"},
		"failed":   {file: shop, code: 7, words: "exited(1)", spoil: func(p *program) { p.ops.up = upFails }},
		"a file":   {file: "services: {web: {image: '${NOT_SET}'}}", code: 3, words: "NOT_SET"},
		"no YAML":  {file: "services: [", code: 3, words: "compose.yaml"},
		"a defect": {file: shop, code: 70, words: "defect", spoil: func(p *program) { p.ops.up = nil }},
		"no engine": {file: shop, code: 4, words: "not there", spoil: func(p *program) {
			p.ops.connect = func(context.Context, docker.Options) (engine, error) {
				return nil, fault.New(fault.Engine, "the engine is not there")
			}
		}},
		"an image": {file: shop, code: 5, words: "no such image", spoil: func(p *program) {
			p.ops.up = func(context.Context, orchestrator.FullEngine, *compose.Project, orchestrator.Options) (orchestrator.Report, error) {
				return orchestrator.Report{}, fault.New(fault.Image, "no such image")
			}
		}},
		"a usage of its own": {file: shop, code: 2, words: "no service", spoil: func(p *program) { p.env = append(p.env, "STACKCTL_SCALE=nobody=2") }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, c.file)
			if c.spoil != nil {
				c.spoil(p)
			}
			p.expect(t, c.code, "up "+allReports)
			document, junit, markdown := readReports(t)
			if document["exit_code"] != float64(c.code) || document["class"] != fault.Class(c.code).String() || document["proven"] != (c.code == 0) {
				t.Errorf("the document says %v %v %v", document["exit_code"], document["class"], document["proven"])
			}
			if !strings.Contains(junit, fmt.Sprintf(`<property name="exit_code" value="%d">`, c.code)) {
				t.Errorf("JUnit says %s", junit)
			}
			if !strings.Contains(strings.ReplaceAll(markdown, `\`, ""), c.words) {
				t.Errorf("no %q in %s", c.words, markdown)
			}
		})
	}
}

func TestTheReportOfAnInterruptedRunIsWritten(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		p := newProgram(t, shop)
		ctx, cancel := context.WithCancelCause(t.Context())
		release := make(chan struct{})
		p.ops.up = func(ctx context.Context, _ orchestrator.FullEngine, project *compose.Project, _ orchestrator.Options) (orchestrator.Report, error) {
			cancel(signalled(syscall.SIGTERM))
			if deaf {
				<-release
			}
			<-ctx.Done()
			return orchestrator.Report{Project: project.Name}, ctx.Err()
		}
		if code := p.run(ctx, "up "+allReports); code != 143 {
			t.Errorf("ends with %d: %s", code, p.err.String())
		}
		document, _, markdown := readReports(t)
		close(release)
		if document["exit_code"] != 143.0 || document["class"] != "terminated" || document["project"] != "shop" || !strings.Contains(markdown, "terminated") {
			t.Errorf("deaf %v: %v\n%s", deaf, document, markdown)
		}
	}
}

func TestEveryCommandThatProvesWritesAReport(t *testing.T) {
	p := newProgram(t, shop)
	again := func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, _ []string, _ orchestrator.Options) (orchestrator.Report, error) {
		return proven(project), nil
	}
	p.ops.start, p.ops.restart = again, again
	for _, command := range []string{"up", "start", "restart", "status"} {
		p.expect(t, 0, command+" "+allReports)
		if document, _, _ := readReports(t); document["command"] != "stackctl "+command || document["proven"] != true || document["stackctl_version"] != "1.2.3" {
			t.Errorf("%s: %v", command, document)
		}
	}
	p.env = append(p.env, "STACKCTL_REPORT=out.json:out.xml:out.md")
	p.expect(t, 0, "status")
	readReports(t)
}

func TestAReportThatCannotBeWrittenIsFoundBeforeAnythingIsDone(t *testing.T) {
	p := newProgram(t, shop)
	p.ops.up = nil
	p.expect(t, 1, "up --report missing/out.json", "write the report: missing/out.json: directory missing does not exist")
	p.expect(t, 2, "up --report out.pdf", ".json, .xml (JUnit) or .md")
	p.expect(t, 2, "status --watch --report out.json", "exclude each other")
}

func TestAReportThatCannotBeWrittenAfterAllIsAFailureAndTheOthersSaySo(t *testing.T) {
	p := newProgram(t, shop)
	if err := os.Mkdir("sub", 0o700); err != nil {
		t.Fatal(err)
	}
	bring := p.ops.up
	p.ops.up = func(ctx context.Context, e orchestrator.FullEngine, project *compose.Project, o orchestrator.Options) (orchestrator.Report, error) {
		if err := os.Mkdir("sub/late.xml", 0o700); err != nil {
			return orchestrator.Report{}, err
		}
		return bring(ctx, e, project, o)
	}
	p.expect(t, 1, "up "+allReports+" --report sub/late.xml", "✖ write the report: sub/late.xml is not a regular file", "exit 1 (failure)")
	if document, _, _ := readReports(t); document["exit_code"] != 1.0 || document["proven"] != false {
		t.Errorf("the other report says %v", document)
	}
	if err := os.Remove("sub/late.xml"); err != nil {
		t.Fatal(err)
	}
	p.ops.up = func(ctx context.Context, e orchestrator.FullEngine, project *compose.Project, o orchestrator.Options) (orchestrator.Report, error) {
		if err := os.Mkdir("sub/late.xml", 0o700); err != nil {
			return orchestrator.Report{}, err
		}
		return upFails(ctx, e, project, o)
	}
	p.expect(t, 7, "up --report sub/late.xml", "warning: write the report", "exit 7 (service)")
}

// onGitHub is a program in a job of GitHub Actions.
func onGitHub(t *testing.T, file string) *program {
	t.Helper()
	p := newProgram(t, file)
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "CI=true", "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary.md"), "GITHUB_WORKSPACE="+dir)
	return p
}

func TestAJobOnGitHubIsToldWhereItFailed(t *testing.T) {
	p := onGitHub(t, shop)
	p.ops.up = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, o orchestrator.Options) (orchestrator.Report, error) {
		o.Listen(orchestrator.Progress{Service: "web", Phase: orchestrator.PhaseProbing, Message: "::stop-commands::x"})
		o.Listen(orchestrator.Progress{Phase: orchestrator.PhaseNote, Message: "##[add-mask]shop"})
		r, err := broken(project)
		r.Cards[0].Logs = []string{"::error::forged", "100%", "##[group]"}
		r.Cards = append(r.Cards, orchestrator.Card{Service: "db", State: "unhealthy", Class: fault.Service, Reason: "::warning::no"})
		return r, err
	}
	p.expect(t, 7, "up",
		"::group::up shop\n", "::endgroup::\n", "✖ web: exited(1): the process ended with code 1\n", "::group::db: unhealthy: ::warning::no\n",
		"::error title=web%3A exited(1),file=compose.yaml,line=7::exited(1): the process ended with code 1%0Alast output:%0A::error::forged%0A100%25%0A##\\[group]\n",
		"::error title=db%3A unhealthy,file=compose.yaml,line=3::unhealthy: ::warning::no\n")
	commands := 0
	for line := range strings.Lines(p.err.String()) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") {
			commands++
		}
		if strings.Contains(line, "##[") {
			t.Errorf("a command is left in %q", line)
		}
	}
	if commands != 6 { // two groups, their ends, two errors
		t.Errorf("%d commands in:\n%s", commands, p.err.String())
	}
	summary, err := os.ReadFile("summary.md")
	if err != nil || !strings.Contains(string(summary), "## ❌ shop is not proven") {
		t.Errorf("the summary is %q, %v", summary, err)
	}
	p.expect(t, 7, "up")
	if longer, err := os.ReadFile("summary.md"); err != nil || strings.Count(string(longer), "## ❌") != 2 {
		t.Errorf("the summary is not added to: %s %v", longer, err)
	}
}

func TestAJobOnGitHubIsToldWhatIsWrongInTheFile(t *testing.T) {
	p := onGitHub(t, "name: x\nservices:\n  a: {image: '${NOT_SET}'}\n  b: {image: b, bogus: 1}\n")
	p.expect(t, 3, "up", "::error title=compose file,file=compose.yaml,line=3,col=", "::error title=compose file,file=compose.yaml,line=4,col=")
	if strings.Contains(p.err.String(), "::group::") {
		t.Errorf("a section without content: %s", p.err.String())
	}
}

func TestAJobThatSucceedsHasASummaryAndNoErrors(t *testing.T) {
	p := onGitHub(t, shop)
	p.expect(t, 0, "up")
	p.expect(t, 0, "status")
	summary, err := os.ReadFile("summary.md")
	if err != nil || strings.Count(string(summary), "## ✅ shop is proven") != 1 || strings.Contains(p.err.String(), "::error") {
		t.Errorf("%q %v\n%s", summary, err, p.err.String())
	}
	p.env = append(p.env, "GITHUB_STEP_SUMMARY=/nonexistent/summary.md")
	p.expect(t, 0, "up", "warning: the job's summary cannot be written")
}

func TestOnlyWhatContainersSayIsGuarded(t *testing.T) {
	p := onGitHub(t, "name: x\nservices:\n  a: {image: a, environment: {SCRIPT: \"::x\\n::y\\n\"}}\n")
	p.expect(t, 0, "config")
	if !strings.Contains(p.out.String(), "::y\n") {
		t.Errorf("the user's own text was changed: %q", p.out.String())
	}
	q, e := withInside(t)
	q.env = append(q.env, "GITHUB_ACTIONS=true")
	e.code = 0
	q.expect(t, 0, "exec web ls")
	if q.out.String() != "out of w2" {
		t.Errorf("got %q", q.out.String())
	}
}

func TestDocumentsAreTheSameInAJobOnGitHub(t *testing.T) {
	p := onGitHub(t, shop)
	p.ops.look = func(_ context.Context, _ orchestrator.Engine, project *compose.Project, _ orchestrator.Options) (orchestrator.Report, error) {
		r := proven(project)
		r.Notes = []string{"##[group]x", "\n::error::x"}
		return r, nil
	}
	for _, form := range []string{"json", "yaml"} {
		p.out = testkit.Buffer{}
		p.expect(t, 0, "status -o "+form)
		for line := range strings.Lines(p.out.String()) {
			if strings.Contains(line, "##[") || strings.HasPrefix(strings.TrimSpace(line), "::") {
				t.Errorf("%s has a command: %s", form, line)
			}
		}
		if form == "json" {
			var d struct{ Notes []string }
			if err := json.Unmarshal([]byte(p.out.String()), &d); err != nil || d.Notes[0] != "##[group]x" {
				t.Errorf("got %v, %v", d, err)
			}
		} else if !strings.Contains(p.out.String(), `"##\u005bgroup]x"`) {
			t.Errorf("got %s", p.out.String())
		}
	}
}

func TestAJobOnGitLabFoldsItsLog(t *testing.T) {
	p := newProgram(t, shop)
	p.env = append(p.env, "CI=true", "GITLAB_CI=true")
	p.ops.up = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, _ orchestrator.Options) (orchestrator.Report, error) {
		r, err := broken(project)
		r.Cards = append(r.Cards, orchestrator.Card{Service: "db", State: "unhealthy", Class: fault.Service})
		return r, err
	}
	p.expect(t, 7, "up", ":stackctl_up\r\x1b[0Kup shop\n", ":stackctl_failure_2[collapsed=true]\r\x1b[0Kdb: unhealthy\n")
	if text := p.err.String(); strings.Count(text, "section_start:") != 2 || strings.Count(text, "section_end:") != 2 || strings.Contains(text, "::") {
		t.Errorf("got %q", text)
	}
}
