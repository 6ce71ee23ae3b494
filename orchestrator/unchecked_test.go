package orchestrator

import (
	"strings"
	"testing"

	"github.com/stackctl/stackctl/internal/fault"
)

const uncheckedPair = `
services:
  web: {image: web, healthcheck: {test: [CMD, "true"]}}
  worker: {image: worker, restart: always}
`

func TestAPlanNamesWhatNothingCanProve(t *testing.T) {
	waits := strings.Replace(uncheckedPair, "web: {", "web: {depends_on: {worker: {condition: service_healthy}}, ", 1)
	for _, c := range []struct {
		name, is  string
		options   PlanOptions
		pending   map[string]string
		unchecked string      // the names, separated by blanks
		refused   fault.Class // by Up
		planned   fault.Class // by a plan
	}{
		{name: "it is brought up", is: uncheckedPair, unchecked: "worker"},
		{name: "one that may end", is: strings.Replace(uncheckedPair, ", restart: always", "", 1), unchecked: "worker"},
		{name: "refused by who is strict", is: uncheckedPair, options: PlanOptions{Strict: true}, unchecked: "worker", refused: fault.Service, planned: fault.Service},
		{name: "one that may end, refused by who is strict", is: strings.Replace(uncheckedPair, ", restart: always", "", 1),
			options: PlanOptions{Strict: true}, unchecked: "worker", refused: fault.Service, planned: fault.Service},
		{name: "waived on the command line", is: uncheckedPair, options: PlanOptions{AllowUnverified: true}},
		{name: "waived by the service", is: strings.Replace(uncheckedPair, "always", "always, x-stackctl: {allow_unverified: true}", 1), options: PlanOptions{Strict: true}},
		{name: "waived at the top", is: uncheckedPair + "x-stackctl: {allow_unverified: true}\n"},
		{name: "a job", is: strings.Replace(uncheckedPair, "restart: always", "x-stackctl: {job: true}", 1), options: PlanOptions{Strict: true}},
		{name: "its image may bring a check", is: uncheckedPair, options: PlanOptions{Strict: true}, pending: map[string]string{"worker": "will be pulled"}, unchecked: "worker"},
		{name: "nobody wants a container of it", is: strings.Replace(uncheckedPair, "always", "always, scale: 0", 1)},
		{name: "its health is waited for", is: waits, unchecked: "worker", refused: fault.Config},
		{name: "its health is waited for, and its image may bring a check", is: waits, pending: map[string]string{"worker": "will be built"}, unchecked: "worker"},
		{name: "its start is waited for", is: strings.Replace(waits, "service_healthy", "service_started", 1), unchecked: "worker"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := load(t, c.is)
			in := input(p, Observed{})
			in.Options, in.Pending = c.options, c.pending
			for name := range c.pending {
				delete(in.Images, name)
			}
			plan, err := MakePlan(in)
			if err != nil || len(plan.Actions) == 0 {
				t.Fatalf("there is no plan: %v", err)
			}
			var names []string
			for _, u := range plan.Unchecked {
				names = append(names, u.Name)
			}
			if got := strings.Join(names, " "); got != c.unchecked {
				t.Errorf("unchecked are %q, want %q", got, c.unchecked)
			}
			if got := fault.ClassOf(plan.Refused()); got != c.refused {
				t.Errorf("Up refuses it with %s, want %s: %v", got, c.refused, plan.Refused())
			}
			if got := fault.ClassOf(plan.RefusedAsPlanned()); got != c.planned {
				t.Errorf("a plan ends with %s, want %s", got, c.planned)
			}
			if c.refused == fault.Config && !strings.Contains(plan.Refused().Error(), "compose.yaml:3:") {
				t.Errorf("the place is missing: %v", plan.Refused())
			}
		})
	}
}

func TestAnUncheckedServiceIsNeitherProvenNorAFailure(t *testing.T) {
	f := facts(load(t, uncheckedPair))
	f.met()
	r := Assess(f)
	if r.Proven || !r.Settled() || r.Class != fault.Unchecked || len(r.Unchecked()) != 1 || r.Unchecked()[0] != "worker" {
		t.Fatalf("proven %t, settled %t, class %s, unchecked %v", r.Proven, r.Settled(), r.Class, r.Unchecked())
	}
	if got := fault.ClassOf(verdict(r)); got != fault.Unchecked {
		t.Errorf("the verdict is %s", got)
	}
	web(&f).State = StatePaused
	if r := Assess(f); r.Settled() || r.Class == fault.Unchecked {
		t.Errorf("with a failure beside it: settled %t, class %s", r.Settled(), r.Class)
	}
}

func TestMissingBindSourcesAreMadeOrRefused(t *testing.T) {
	const bound = "    volumes: [\"./data:/data\", \"./conf.yml:/c:ro\", {type: bind, source: ./kept, target: /k, bind: {create_host_path: false}}]\n"
	const up = "services:\n  web:\n    image: web\n    healthcheck: {test: [CMD, \"true\"]}\n" + bound
	p := load(t, up)
	all := map[string]bool{p.Dir + "/data": true, p.Dir + "/conf.yml": true, p.Dir + "/kept": true}
	for _, c := range []struct {
		name   string
		mode   CreateBinds
		absent map[string]bool
		made   string // what is made, relative to the project
		says   []string
	}{
		{name: "auto", absent: all, made: "./data", says: []string{"compose.yaml:5:", "conf.yml does not exist, and looks like a file",
			"create_host_path: false forbids", "mkdir -p ./kept && cp PATH/TO/conf.yml ./conf.yml"}},
		{name: "always", mode: CreateBindsAlways, absent: all, made: "./data ./conf.yml", says: []string{"forbids", "mkdir -p ./kept"}},
		{name: "never", mode: CreateBindsNever, absent: all, says: []string{"./data does not exist", "mkdir -p ./data ./kept && cp PATH/TO/conf.yml ./conf.yml"}},
		{name: "nothing is missing", absent: map[string]bool{}},
		{name: "only a directory is missing", absent: map[string]bool{p.Dir + "/data": true}, made: "./data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(p, Observed{})
			in.Absent, in.Options.CreateBinds = c.absent, c.mode
			plan := planOf(t, in)
			var made []string
			for _, a := range plan.Actions {
				if a.Kind == CreateDirectory {
					made = append(made, a.Target)
				}
			}
			if got := strings.Join(made, " "); got != c.made {
				t.Errorf("made is %q, want %q", got, c.made)
			}
			err := plan.Refused()
			if (err != nil) != (c.says != nil) || err != nil && fault.ClassOf(plan.RefusedAsPlanned()) != fault.Config {
				t.Fatalf("refused: %v", err)
			}
			for _, want := range c.says {
				if said := err.Error() + hints(err); !strings.Contains(said, want) {
					t.Errorf("it does not say %q: %s", want, said)
				}
			}
		})
	}
	t.Run("what runs unchanged needs no source", func(t *testing.T) {
		in := input(p, upOf(p))
		in.Absent = all
		if plan := planOf(t, in); len(plan.Actions) > 0 || plan.Refused() != nil {
			t.Errorf("%v\n%s", plan.Refused(), plan)
		}
	})
	t.Run("nobody could look", func(t *testing.T) {
		in := input(p, Observed{Engine: EngineInfo{APIVersion: "1.41"}})
		plan := planOf(t, in)
		if plan.Refused() != nil || !strings.Contains(strings.Join(plan.Notes, "\n"), "could not be looked at") {
			t.Errorf("%v %v", plan.Refused(), plan.Notes)
		}
	})
}
