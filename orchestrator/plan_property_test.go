package orchestrator

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestTheSameInputGivesTheSamePlan(t *testing.T) {
	old := load(t, fourLevels)
	p := edited(t, old, strings.Replace(fourLevels, `"80"`, `"81"`, 1))
	o := upOf(old)
	want := planOf(t, input(p, o)).String()
	if want == "" {
		t.Fatal("the plan is empty")
	}
	for range 50 {
		shuffled := o
		shuffled.Containers = append([]Container(nil), o.Containers...)
		rand.Shuffle(len(shuffled.Containers), func(i, j int) {
			shuffled.Containers[i], shuffled.Containers[j] = shuffled.Containers[j], shuffled.Containers[i]
		})
		in := input(p, shuffled)
		in.Images = maps.Clone(in.Images)
		if got := planOf(t, in).String(); got != want {
			t.Fatalf("another plan:\n%s\nthan before:\n%s", got, want)
		}
	}
}

func TestASecretNeverStandsInAPlan(t *testing.T) {
	before := strings.Replace(oneService, `PORT: "80"`, `DB_PASSWORD: "correct-horse-1"`, 1)
	old := load(t, before)
	p := edited(t, old, strings.Replace(before, "correct-horse-1", "battery-staple-2", 1))
	plan := planOf(t, input(p, upOf(old)))
	said := plan.String()
	if !strings.Contains(said, "environment.DB_PASSWORD") {
		t.Errorf("the plan does not name the field:\n%s", said)
	}
	for _, a := range plan.Actions {
		if a.container != nil {
			said += fmt.Sprint(a.container.Labels)
		}
	}
	for _, secret := range []string{"correct-horse-1", "battery-staple-2"} {
		if strings.Contains(said, secret) {
			t.Errorf("the plan or a label says %s:\n%s", secret, said)
		}
	}
}

func TestACauseNamesFourFieldsAndHowManyMore(t *testing.T) {
	var was, is strings.Builder
	for i := range 9 {
		fmt.Fprintf(&was, "      V%d: a\n", i)
		fmt.Fprintf(&is, "      V%d: b\n", i)
	}
	file := strings.Replace(oneService, `    environment: {PORT: "80"}`, "    environment:\n%s", 1)
	old := load(t, fmt.Sprintf(file, was.String()))
	p := edited(t, old, fmt.Sprintf(file, is.String()))
	cause := planOf(t, input(p, upOf(old))).Actions[0].Cause
	if strings.Count(cause, "→") != 4 || !strings.HasSuffix(cause, ", and 5 more") {
		t.Errorf("the cause is %s", cause)
	}
}

func TestACauseShowsACommandAsTheFileHasIt(t *testing.T) {
	for value, want := range map[string]string{
		"80":                    `"80"`,
		"":                      `""`,
		"[":                     `"["`,
		"[]":                    `[]`,
		`["serve" "after=20s"]`: `["serve", "after=20s"]`,
		`["a \"b\"" "c]"]`:      `["a \"b\"", "c]"]`,
		"[\"a\" \x1b[2J]":       `"[\"a\" \x1b[2J]"`,
		"[`\x1b[2J`]":           "\"[`\\x1b[2J`]\"",
	} {
		if got := quoted(value); got != want {
			t.Errorf("%s is shown as %s, want %s", value, got, want)
		}
	}
}

func TestAnInjectedStartIntervalIsSaidAndBounded(t *testing.T) {
	p := load(t, oneService)
	o := Observed{Engine: EngineInfo{StartInterval: true}}
	spec := planOf(t, input(p, o)).Actions[1].container
	if spec == nil {
		spec = planOf(t, input(p, o)).Actions[0].container
	}
	if spec == nil || spec.StartInterval != 100*time.Millisecond || spec.StartPeriod == 0 {
		t.Fatalf("injected is %+v", spec)
	}
	if label := spec.Labels[LabelInjected]; !strings.Contains(label, "start_interval=100ms") || !strings.Contains(label, "file_start_period=0s") {
		t.Errorf("the label is %q", label)
	}
	for _, c := range []struct {
		together, after int
		want            time.Duration
	}{
		{1, 0, 100 * time.Millisecond},
		{10, 9, 200 * time.Millisecond},
		{10, 1, 200 * time.Millisecond},
		{10, 0, 100 * time.Millisecond},
		{100, 19, 2 * time.Second},
		{100, 9, time.Second},
		{1000, 999, 5 * time.Second},
	} {
		if got := startInterval(c.together, c.after, 5*time.Second); got != c.want {
			t.Errorf("of %d containers, %d of which start later, it is %s, want %s", c.together, c.after, got, c.want)
		}
	}
}

func TestNothingIsInjectedWhereItIsOfNoUse(t *testing.T) {
	for name, c := range map[string]struct {
		yaml   string
		engine EngineInfo
	}{
		"the engine is old":     {oneService, EngineInfo{}},
		"the file sets its own": {strings.Replace(oneService, "[CMD, ok]", "[CMD, ok], start_interval: 3s, start_period: 9s", 1), EngineInfo{StartInterval: true}},
		"there is no check":     {"services: {web: {image: web, ports: ['80']}}", EngineInfo{StartInterval: true}},
		"the check is disabled": {"services: {web: {image: web, ports: ['80'], healthcheck: {disable: true}}}", EngineInfo{StartInterval: true}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, a := range planOf(t, input(load(t, c.yaml), Observed{Engine: c.engine})).Actions {
				if a.container != nil && (a.container.StartInterval != 0 || a.container.StartPeriod != 0 || a.container.Labels[LabelInjected] != "") {
					t.Errorf("injected is %s, %s", a.container.StartInterval, a.container.Labels[LabelInjected])
				}
			}
		})
	}
}

// chain is a file of n services in levels of ten, each depending on one of the
// level before.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range n {
		fmt.Fprintf(&b, "  s%04d:\n    image: app\n    environment: {N: \"%d\"}\n    healthcheck: {test: [CMD, ok]}\n", i, i)
		if i >= 10 {
			fmt.Fprintf(&b, "    depends_on: {s%04d: {condition: service_healthy}}\n", i-10)
		}
	}
	return b.String()
}

func TestHundredsOfServicesArePlannedQuickly(t *testing.T) {
	p := load(t, chain(200))
	o := upOf(p)
	begin := time.Now()
	if plan := planOf(t, input(p, o)); len(plan.Actions) != 0 {
		t.Fatalf("%d actions", len(plan.Actions))
	}
	cold := planOf(t, input(p, Observed{}))
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("two plans took %s", took)
	}
	if got := len(cold.Actions); got != 1+2*200+190 {
		t.Errorf("%d actions from cold", got)
	}
}

func BenchmarkPlanOfAThousandServices(b *testing.B) {
	p := load(b, chain(1000))
	for name, o := range map[string]Observed{"cold": {}, "unchanged": upOf(p)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				planOf(b, input(p, o))
			}
		})
	}
}

func TestTheStartIntervalCountsTheContainersThatStartTogether(t *testing.T) {
	p := load(t, `
services:
  db: {image: db}
  api: {image: api, scale: 7, depends_on: [db]}
  job: {image: job, depends_on: [db]}
  web: {image: web, depends_on: [job]}
`)
	crowds := crowds(p)
	for _, c := range []struct {
		service                 string
		number, together, after int
	}{
		{"db", 1, 1, 0},
		{"job", 1, 8, 7}, // web waits for it, so that it starts first
		{"api", 1, 8, 6},
		{"api", 7, 8, 0},
		{"web", 1, 1, 0},
	} {
		at := crowds[c.service]
		if at.together != c.together || at.after(c.number) != c.after {
			t.Errorf("%s %d starts with %d and before %d, want %d and %d", c.service, c.number, at.together, at.after(c.number), c.together, c.after)
		}
	}
}
