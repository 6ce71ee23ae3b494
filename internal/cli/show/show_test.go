package show

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/testkit"
	"github.com/stackctl/stackctl/orchestrator"
	"gopkg.in/yaml.v3"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

func TestWhatAReaderSees(t *testing.T) {
	o := forReader()
	timeout := fault.New(fault.Timeout, "not proven within 5m0s (--wait-timeout)")
	signal := fmt.Errorf("db was still waited for: %w", fault.New(fault.Interrupted, "interrupted"))
	problems := &fault.Error{Class: fault.Config, Err: &compose.ProblemsError{Problems: []compose.Problem{
		{File: "compose.yaml", Line: 3, Column: 5, Service: "web", Key: "services.web.ports[0]", Message: "variable PORT is not set and has no default", Remedy: "set PORT in the environment"},
		{File: "compose.yaml", Line: 9, Column: 5, Key: "volumes.data", Message: "unknown key", Remedy: "there are name, labels"},
	}}}
	inDetail := func(r orchestrator.Report, err error) string { return Failure{Err: err, Report: r, Kept: true}.Text(o) }
	short := func(r orchestrator.Report, err error) string {
		return Failure{Err: err, Report: r, Brief: true}.Text(o)
	}
	for name, got := range map[string]string{
		"proven":                          Proven(o, provenReport()),
		"timings":                         Timings(o, provenReport()),
		"wide":                            Services(Options{Now: now}, provenReport(), true),
		"failed-table":                    Services(o, unhealthy(), false),
		"crashed":                         inDetail(crashed(), fault.New(fault.Service, "db: db is exited(1): the process ended with code 1").WithHint("%s", crashed().Cards[0].Hint)),
		"crashed-in-brief":                short(crashed(), fault.New(fault.Service, "db: exited(1)")),
		"unhealthy":                       inDetail(unhealthy(), fault.New(fault.Service, "api: unhealthy")),
		"timed-out":                       inDetail(unhealthy(), timeout),
		"interrupted":                     inDetail(crashed(), signal),
		"interrupted-before-anything-was": inDetail(neverUp(), signal),
		"differs":                         short(differing(), fault.New(fault.Differs, "db: differs")),
		"never-up":                        short(neverUp(), fault.New(fault.Service, "shop is not up").WithHint("stackctl up")),
		"refused":                         Error(o, refusals()),
		"configuration":                   Error(o, problems),
		"engine": Error(o, fault.New(fault.Engine, "the engine at unix:///var/run/docker.sock cannot be reached: no such file").
			WithHint("start it, or name another one with --host")),
		"build":       Error(o, fault.New(fault.Image, "build image shop/api:1: step RUN go build failed:\n  main.go:3: undefined: x\x1b[2J\n  exit code 1")),
		"plan":        Preview(o, "shop", preview()),
		"plan-empty":  Preview(o, "shop", orchestrator.Preview{}),
		"exit-codes":  Exit(o, fault.Service) + Exit(o, fault.HungUp) + Exit(o, fault.Internal),
		"other-files": Failure{Err: errors.New("db: exited(1)"), Report: crashed(), Kept: true}.Text(Options{Now: now, Width: 60, Program: "stackctl -f 'my stack.yaml'"}),
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Golden(t, *update, name, got)
			for line := range strings.Lines(got) {
				unbroken := strings.Contains(line, "docker exec") || name == "wide" || strings.HasPrefix(name, "plan")
				if line = strings.TrimSuffix(line, "\n"); console.Width(line) > 80 && !unbroken {
					t.Errorf("wider than 80 columns: %q", line)
				}
				if strings.ContainsRune(line, '\x1b') || strings.TrimRight(line, " ") != line {
					t.Errorf("control characters or trailing blanks: %q", line)
				}
			}
		})
	}
}

func TestDocumentsForPrograms(t *testing.T) {
	o := forReader()
	err := fault.New(fault.Service, "api: unhealthy").WithHint("look")
	for name, document := range map[string]any{
		"proven.json": MakeDocument(o, provenReport(), nil, fault.None),
		"failed.json": MakeDocument(o, unhealthy(), err, fault.Service),
		"empty.json":  MakeDocument(o, orchestrator.Report{Project: "shop"}, err, fault.Engine),
		"plan.json":   MakePlanDocument("shop", "/srv/shop", preview()),
	} {
		t.Run(name, func(t *testing.T) {
			text, err := JSON(document)
			if err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, *update, name, string(text))
			asYAML, err := YAML(document)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, text, json.Unmarshal), decode(t, asYAML, yaml.Unmarshal)); diff != "" {
				t.Errorf("YAML says something else than JSON:\n%s", diff)
			}
		})
	}
}

// decode reads a document and evens out how the two formats type numbers.
func decode(t *testing.T, text []byte, unmarshal func([]byte, any) error) any {
	t.Helper()
	var v any
	if err := unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	even, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(even, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatTheCheckSaidIsShownOnce(t *testing.T) {
	card := unhealthy().Cards[0]
	card.Reason = "unhealthy: exit 1: " + card.ProbeOutput
	if text := Card(Options{Now: now}, card); strings.Count(text, card.ProbeOutput) != 1 || !strings.Contains(text, "exit 1 in 31ms") {
		t.Errorf("got\n%s", text)
	}
}

func TestAReportWithAnErrorIsNeverProven(t *testing.T) {
	r := provenReport()
	d := MakeDocument(forReader(), r, errors.New("the report could not be kept"), fault.Failure)
	if d.Proven || d.ExitCode != 1 {
		t.Errorf("proven %v with exit code %d", d.Proven, d.ExitCode)
	}
}

func TestEveryFieldOfTheDocumentsIsOnItsPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] || typ.PkgPath() == "time" {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !strings.Contains(string(page), "`"+name+"`") {
				t.Errorf("%s.%s: `%s` is not on the page", typ.Name(), f.Name, name)
			}
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[Document]())
	walk(reflect.TypeFor[PlanDocument]())
}
