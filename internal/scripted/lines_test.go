package scripted

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/testkit"
	"github.com/stackctl/stackctl/orchestrator"
)

// lineFields are the fields of each kind of line: those that must be there,
// then those that may.
func lineFields() map[string][2][]string {
	return map[string][2][]string{
		"progress": {{"level", "time", "elapsed_seconds", "phase"},
			{"service", "target", "detail", "took_seconds", "current_bytes", "total_bytes", "class"}},
		"proven": {{"level", "time", "project", "services", "ready_after_seconds", "took_seconds", "unchecked"}, nil},
		"failed": {{"level", "time", "class", "exit_code", "error"}, {"hint", "failures"}},
	}
}

// readLines decodes the lines of a run and holds each to the schema.
func readLines(t testing.TB, text string) []map[string]any {
	t.Helper()
	var all []map[string]any
	elapsed := 0.0
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", scanner.Text(), err)
		}
		kind, _ := line["message"].(string)
		fields, known := lineFields()[kind]
		if !known || line["schema_version"] != 1.0 {
			t.Fatalf("a line of no known kind or version: %s", scanner.Text())
		}
		for _, name := range fields[0] {
			if _, ok := line[name]; !ok {
				t.Errorf("%s is missing in %s", name, scanner.Text())
			}
		}
		for name := range line {
			if !slices.Contains(slices.Concat(fields[0], fields[1], []string{"message", "schema_version"}), name) {
				t.Errorf("%s is not in the schema: %s", name, scanner.Text())
			}
		}
		if at, ok := line["elapsed_seconds"].(float64); ok {
			if at < elapsed {
				t.Errorf("time goes back to %v in %s", at, scanner.Text())
			}
			elapsed = at
		}
		if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(line["time"])); err != nil {
			t.Error(err)
		}
		all = append(all, line)
	}
	return all
}

// told are the steps of a run in short, by service: what comes first between
// two services, or between a step and a wait, is chance. Remarks and probes
// are left out.
func told(all []map[string]any) map[string][]string {
	short := map[string][]string{}
	for _, line := range all {
		if line["message"] != "progress" {
			continue
		}
		service, _ := line["service"].(string)
		switch phase := orchestrator.Phase(fmt.Sprint(line["phase"])); phase {
		case orchestrator.PhaseProbing, orchestrator.PhaseProving, orchestrator.PhaseNote, orchestrator.PhaseWarning:
		case orchestrator.PhaseWaiting:
			short[service+" waits"] = append(short[service+" waits"], fmt.Sprint(line["detail"]))
		default:
			short[service] = append(short[service], fmt.Sprintf("%s %v", phase, line["target"]))
		}
	}
	return short
}

const chain = `
services:
  db:
    image: app:1
    healthcheck: {test: [CMD, check], interval: 2s, timeout: 1s}
  migrate:
    image: app:1
    depends_on: {db: {condition: service_healthy}}
  web:
    image: app:1
    healthcheck: {test: [CMD, check], interval: 2s, timeout: 1s, retries: 2}
    depends_on: {migrate: {condition: service_completed_successfully}}
`

func TestTheLinesOfARunThatFailsAndOfOneThatSucceeds(t *testing.T) {
	bubble(t, fakeengine.Moby28(), chain, func(s *stage) {
		s.Script("migrate", fakeengine.Script{Run: fakeengine.Lives(fakeengine.Life{Exits: time.Second})})
		s.Script("web", fakeengine.Script{Probe: fakeengine.Probes(1, "no route"), Run: fakeengine.Lives(fakeengine.Life{Says: []string{"listening"}})})
		r := s.run(s.Context(), "--progress", "json", "up")
		failing := readLines(s, r.err)
		last := failing[len(failing)-1]
		if r.code != 7 || last["message"] != "failed" || last["exit_code"] != 7.0 || last["class"] != "service" || r.out != "" {
			s.Errorf("exit %d, the last line is %v", r.code, last)
		}
		if !slices.ContainsFunc(failing, func(line map[string]any) bool {
			return line["phase"] == "probing" && line["service"] == "web" && strings.Contains(fmt.Sprint(line["detail"]), "no route")
		}) {
			s.Errorf("no line tells what the check of web said:\n%s", r.err)
		}
		if cards, _ := last["failures"].([]any); len(cards) != 1 || !strings.Contains(fmt.Sprint(cards[0]), "service:web") {
			s.Errorf("the failures are %v", last["failures"])
		}
		s.Script("web", fakeengine.Script{})
		r = s.run(s.Context(), "--progress", "json", "up", "--force-recreate")
		passing := readLines(s, r.err)
		last = passing[len(passing)-1]
		if r.code != 0 || last["message"] != "proven" || last["services"] != 3.0 {
			s.Errorf("exit %d, the last line is %v", r.code, last)
		}
		r = s.run(s.Context(), "--progress", "json", "down")
		testkit.Golden(s, *update, "lines", "failing:\n"+inShort(failing)+"\npassing:\n"+inShort(passing)+"\ndown:\n"+inShort(readLines(s, r.err)))
	})
}

// inShort is told, sorted by service.
func inShort(all []map[string]any) string {
	short := told(all)
	var b strings.Builder
	for _, service := range slices.Sorted(maps.Keys(short)) {
		for _, text := range short[service] {
			b.WriteString(strings.TrimRight("  "+service+": "+text, " ") + "\n")
		}
	}
	return b.String()
}

var update = flag.Bool("update", false, "write testdata/*.golden anew")

func TestThePageOfTheLinesHasEveryPhaseAndEveryField(t *testing.T) {
	text, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ := strings.Cut(string(text), "\n## Progress\n")
	_, list, _ := strings.Cut(page, "Phases:")
	list, _, _ = strings.Cut(list, "\n- ")
	var documented, exist []string
	for _, m := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(list, -1) {
		documented = append(documented, m[1])
	}
	for _, phase := range orchestrator.Phases() {
		exist = append(exist, string(phase))
	}
	if diff := cmp.Diff(exist, documented); diff != "" {
		t.Errorf("phases that exist (-) and that are documented (+):\n%s", diff)
	}
	for kind, fields := range lineFields() {
		for _, name := range slices.Concat(fields[0], fields[1]) {
			if !strings.Contains(page, "`"+name+"`") {
				t.Errorf("%s of %s is not on the page", name, kind)
			}
		}
	}
}
