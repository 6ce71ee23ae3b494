package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/internal/testkit"
	"github.com/stackctl/stackctl/orchestrator"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// hostile is text that tries to get out of wherever it is put.
const hostile = "\x1b[31m`a|b` </summary><script>alert(1)</script> ]]> ``` **x** &amp; ::error::x\r##[group]\u202e"

func condition(kind string, status orchestrator.Status, message string, class fault.Class) orchestrator.Condition {
	return orchestrator.Condition{Type: kind, Status: status, Reason: "Because", Message: message, Class: class,
		Evidence: []healthchecks.Evidence{{Probe: "healthcheck", Result: "exit 1", At: now, Took: 1500 * time.Millisecond}}}
}

// failed is a run in which db ended, api waits for it, the tunnel was waived
// and web does not answer.
func failed() Run {
	exit := 1
	good := func(kind string) orchestrator.Condition {
		return condition(kind, orchestrator.True, "well", fault.None)
	}
	r := orchestrator.Report{
		Project: "shop", Dir: "/srv/shop", At: now, Class: fault.Service,
		Engine: orchestrator.EngineInfo{Endpoint: "unix:///var/run/docker.sock", Name: "host", Version: "28.5.2", APIVersion: "1.51"},
		Services: []orchestrator.ServiceReport{
			{Name: "db", State: "exited(1)", Proof: "healthcheck", Class: fault.Service, Final: true, Since: now.Add(-3 * time.Second), Reason: "the process ended with code 1",
				Blocks: []string{"api"}, Containers: []orchestrator.ContainerReport{{Name: "shop-db-1", State: "exited(1)"}},
				Conditions: []orchestrator.Condition{good("Census"), condition("Running", orchestrator.False, "the process ended with code 1: "+hostile, fault.Service),
					condition("Healthy", orchestrator.Unknown, "it does not run", fault.Service)}},
			{Name: "api", State: "created", Proof: "healthcheck", Class: fault.Service, BlockedBy: []string{"db"},
				Conditions: []orchestrator.Condition{good("Census"), condition("Running", orchestrator.Unknown, "never started", fault.Service)}},
			{Name: "tunnel", State: "waived", Proof: "waived", Proven: true, Conditions: []orchestrator.Condition{condition("Healthy", orchestrator.True, "waived: nothing proves it", fault.None)}},
			{Name: "web", State: "unproven", Proof: "port", Class: fault.Verify, Reason: hostile,
				Conditions: []orchestrator.Condition{condition("Reachable", orchestrator.False, "502", fault.Verify)}},
		},
		Cards: []orchestrator.Card{
			{Service: "db", Container: "shop-db-1", State: "exited(1)", Class: fault.Service, Reason: "the process ended with code 1", ExitCode: &exit,
				Since: now.Add(-3 * time.Second), Logs: []string{"password=hunter2<&>\"hunter2", "```", hostile}, Blocks: []string{"api"}, Hint: "set it", Next: "stackctl logs --tail 100 db"},
			{Service: "web", Container: "shop-web-1", State: "unproven", Class: fault.Verify, Reason: hostile, Next: "stackctl logs --tail 100 web"},
		},
		Timings: []orchestrator.Timing{{Service: "db", Create: 80 * time.Millisecond, Healthy: 2 * time.Second, End: 3 * time.Second}},
		Took:    3 * time.Second,
	}
	return Run{
		Command: "stackctl up", Version: "1.2.3", Project: "shop", Report: r, Exit: fault.Service, Kept: true,
		Err:   fault.New(fault.Service, "db: the process ended with code 1").WithHint("set it"),
		Began: now.Add(-3 * time.Second), Took: 3 * time.Second, Host: "runner",
		Show:   show.Options{Now: now, Program: "stackctl"},
		Redact: sanitize.NewRedactor([]string{`hunter2<&>"hunter2`}, nil).Redact,
	}
}

func proven() Run {
	r := failed()
	r.Err, r.Exit = nil, fault.None
	r.Report.Proven, r.Report.Cards, r.Report.Services = true, nil, []orchestrator.ServiceReport{r.Report.Services[2]}
	r.Report.Endpoints = []orchestrator.PublishedEndpoint{{Service: "tunnel", Container: 80, Proto: "tcp", Address: "127.0.0.1:80", URL: "http://127.0.0.1:80", Open: true}}
	r.Report.Notes = []string{"a | note"}
	return r
}

// early is a run that failed before anything was known.
func early() Run {
	return Run{Command: "stackctl up", Version: "1.2.3", Exit: fault.Engine, Began: now, Took: time.Millisecond, Show: show.Options{Now: now},
		Err: fault.New(fault.Engine, "the engine cannot be reached: %s", hostile).WithHint("start it")}
}

func TestTheFormsOfAReport(t *testing.T) {
	for name, run := range map[string]Run{"failed": failed(), "proven": proven(), "early": early()} {
		for _, ending := range Formats() {
			text, err := run.Encode("report" + ending)
			if err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, *update, name+ending, string(text))
			if i := strings.IndexFunc(string(text), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == '\u202e' }); i >= 0 && ending != ".json" {
				t.Errorf("%s%s: a control character at %q", name, ending, text[i:min(i+20, len(text))])
			}
			if strings.Contains(string(text), "hunter2") {
				t.Errorf("%s%s has the secret", name, ending)
			}
		}
	}
	if _, err := failed().Encode("report.pdf"); err == nil {
		t.Error("a form that does not exist is written")
	}
}

// shape is what the JUnit schema of the Jenkins plugin allows: the attributes
// and children of each element, in the order in which they must stand.
func shape() map[string]struct{ attributes, required, children []string } {
	result := struct{ attributes, required, children []string }{[]string{"message", "type"}, nil, nil}
	return map[string]struct{ attributes, required, children []string }{
		"testsuites": {[]string{"name", "time", "tests", "failures", "disabled", "errors"}, nil, []string{"testsuite"}},
		"testsuite": {[]string{"name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname", "id", "package"},
			[]string{"name", "tests"}, []string{"properties", "testcase", "system-out", "system-err"}},
		"properties": {nil, nil, []string{"property"}},
		"property":   {[]string{"name", "value"}, []string{"name", "value"}, nil},
		"testcase": {[]string{"name", "assertions", "time", "classname", "status"}, []string{"name"},
			[]string{"skipped", "error", "failure", "system-out", "system-err"}},
		"skipped": result, "error": result, "failure": result,
	}
}

func TestTheXMLHasTheShapeThatReadersOfJUnitKnow(t *testing.T) {
	for _, run := range []Run{failed(), proven(), early()} {
		text, err := run.JUnit()
		if err != nil {
			t.Fatal(err)
		}
		var open []string
		position := map[int]int{}
		for decoder := xml.NewDecoder(strings.NewReader(string(text))); ; {
			token, err := decoder.Token()
			if token == nil {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			switch e := token.(type) {
			case xml.StartElement:
				rule, known := shape()[e.Name.Local]
				if !known {
					t.Fatalf("element %s is not in the schema", e.Name.Local)
				}
				if len(open) > 0 {
					at := slices.Index(shape()[open[len(open)-1]].children, e.Name.Local)
					if at < position[len(open)] {
						t.Errorf("%s stands where it must not in %s", e.Name.Local, open[len(open)-1])
					}
					position[len(open)] = at
				}
				var given []string
				for _, attribute := range e.Attr {
					given = append(given, attribute.Name.Local)
					if !slices.Contains(rule.attributes, attribute.Name.Local) {
						t.Errorf("%s has no attribute %s", e.Name.Local, attribute.Name.Local)
					}
				}
				for _, name := range rule.required {
					if !slices.Contains(given, name) {
						t.Errorf("%s lacks %s", e.Name.Local, name)
					}
				}
				open = append(open, e.Name.Local)
				position[len(open)] = 0
			case xml.EndElement:
				open = open[:len(open)-1]
			}
		}
	}
}

func TestTheNumbersOfTheXMLAreThoseOfItsCases(t *testing.T) {
	text, err := failed().JUnit()
	if err != nil {
		t.Fatal(err)
	}
	var all junitSuites
	if err := xml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range all.Suites[0].Cases {
		word := "passed"
		switch {
		case c.Failure != nil:
			word = "failed"
		case c.Error != nil:
			word = "error"
		case c.Skipped != nil:
			word = "skipped"
		}
		got[c.Classname+" "+c.Name] = word
	}
	want := map[string]string{
		"shop run": "failed", "shop.db Census": "passed", "shop.db Running": "failed", "shop.db Healthy": "failed",
		"shop.api Census": "passed", "shop.api Running": "skipped", "shop.tunnel Healthy": "skipped", "shop.web Reachable": "failed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := all.Suites[0]; s.Tests != 8 || s.Failures != 4 || s.Errors != 0 || s.Skipped != 2 || all.Tests != 8 || all.Failures != 4 {
		t.Errorf("the numbers are %+v", s)
	}
	if text, err = early().JUnit(); err != nil || !strings.Contains(string(text), `tests="1" failures="0" errors="1"`) {
		t.Errorf("a run without an engine is no error: %s %v", text, err)
	}
}

func TestNoTextGetsOutOfItsPlaceInTheMarkdown(t *testing.T) {
	text := string(failed().Markdown())
	fence, rows := "", 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if marks := line[:len(line)-len(strings.TrimLeft(line, "`"))]; len(marks) >= 3 {
			switch fence {
			case "":
				fence = marks
			case line:
				fence = ""
			}
			continue
		}
		if fence != "" {
			continue
		}
		if strings.Contains(line, "<script") {
			t.Errorf("HTML of a container is alive: %s", line)
		}
		if strings.HasPrefix(line, "| ") && strings.Contains(line, "✅") || strings.Contains(line, "❌ |") || strings.Contains(line, "⚠️ |") || strings.Contains(line, "⏸️ |") {
			rows++
			if cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); cells != 7 {
				t.Errorf("%d bars in %s", cells, line)
			}
		}
	}
	if fence != "" {
		t.Error("a block is not closed")
	}
	if rows != 4 {
		t.Errorf("%d rows, want 4:\n%s", rows, text)
	}
	if strings.Count(text, "<details") != strings.Count(text, "</details>") {
		t.Errorf("details are not closed:\n%s", text)
	}
}

func TestALongListOfFailuresIsCut(t *testing.T) {
	run := failed()
	card := run.Report.Cards[0]
	card.Logs = slices.Repeat([]string{strings.Repeat("x", 300)}, 12)
	run.Report.Cards = slices.Repeat([]orchestrator.Card{card}, 300)
	text := run.Markdown()
	if len(text) > maxMarkdown || !strings.Contains(string(text), "services more failed.") {
		t.Errorf("%d bytes", len(text))
	}
}

func TestTheJSONOfARunThatFailedEarlyIsWhole(t *testing.T) {
	run := early()
	run.Err = errors.Join(run.Err)
	text, err := run.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var d show.Document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.Proven || d.ExitCode != 4 || d.Class != "engine" || d.Services == nil || d.Command != "stackctl up" || d.Stackctl != "1.2.3" || strings.Contains(d.Error, "\x1b") {
		t.Errorf("got %+v", d)
	}
}

func TestAFileIsReplacedWholeAndKeepsItsPlace(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "out.json"), filepath.Join(dir, "link.json")
	if err := os.Symlink("out.json", link); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := Save(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Save(link, []byte("three")); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != "three" {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Lstat(file); err != nil || info.Mode() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestAFileThatCannotBeWrittenIsSaidBeforehand(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, words := range map[string]string{
		"none/out.json": "does not exist", "folder.json": "not a regular file", "folder.json/x/y.md": "does not exist",
	} {
		for what, err := range map[string]error{"beforehand": Writable(filepath.Join(dir, name)), "then": Save(filepath.Join(dir, name), nil)} {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
	if err := Writable(filepath.Join(dir, "out.json")); err != nil {
		t.Error(err)
	}
}

func TestAnUncheckedRunIsNoFailure(t *testing.T) {
	up := proven()
	up.Report.Proven, up.Report.Class = false, fault.Unchecked
	s := &up.Report.Services[0]
	s.Proven, s.Unchecked, s.State, s.Proof, s.Class = false, true, "unchecked", "none", fault.Unchecked
	s.Conditions = []orchestrator.Condition{{Type: orchestrator.GateHealthy, Status: orchestrator.Unknown, Reason: "Unchecked", Message: "it has no healthcheck"}}
	test := up // its command decided
	up.Err, up.Exit = fault.New(fault.Unchecked, "%s is unchecked", s.Name), fault.Unchecked
	for name, run := range map[string]Run{"up": up, "test": test} {
		text, err := run.JUnit()
		if err != nil || strings.Contains(string(text), "<failure") || strings.Contains(string(text), "<error") || !strings.Contains(string(text), "<skipped") {
			t.Errorf("%s: %v %s", name, err, text)
		}
		if got := string(run.Markdown()); !strings.Contains(got, "is up, and not all of it can be proven") || strings.Contains(got, "❌") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
