package corpus

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

func TestWhatDiffersInTwoTrees(t *testing.T) {
	for _, tt := range []struct {
		name, theirs, ours string
		want               []Field
	}{
		{"nothing", "services: {a: {image: x}}", "services: {a: {image: x}}", nil},
		{"empty fields", "services: {a: {image: x, ports: [], deploy: {}}}", "services: {a: {image: x}}", nil},
		{"a value", "services: {a: {image: x}}", "services: {a: {image: y}}", []Field{{"services.a.image", `"x"`, `"y"`}}},
		{"a type", "services: {a: {scale: 1}}", `services: {a: {scale: "1"}}`, []Field{{"services.a.scale", "1", `"1"`}}},
		{"a line end", `services: {a: {command: ["\nx"]}}`, "services: {a: {command: [x]}}", []Field{{"services.a.command[0]", `"\nx"`, `"x"`}}},
		{"an empty command", "services: {a: {command: []}}", "services: {a: {}}", []Field{{"services.a.command", "[]", ""}}},
		{"a variable without a value", "services: {a: {environment: {B: null, C: x}}}", "services: {a: {environment: {C: x}}}", []Field{{"services.a.environment.B", "null", ""}}},
		{"the order of hosts", `services: {a: {extra_hosts: ["a=1", "b=2"]}}`, `services: {a: {extra_hosts: ["b=2", "a=1"]}}`, nil},
		{"the order of a command", "services: {a: {command: [a, b]}}", "services: {a: {command: [b, a]}}",
			[]Field{{"services.a.command[0]", `"a"`, `"b"`}, {"services.a.command[1]", `"b"`, `"a"`}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var theirs, ours map[string]any
			if err := errors.Join(yaml.Unmarshal([]byte(tt.theirs), &theirs), yaml.Unmarshal([]byte(tt.ours), &ours)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, diff("", normal("", theirs), normal("", ours))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFileIsTakenAloneOnlyForAListedField(t *testing.T) {
	dir := t.TempDir()
	if err := write(filepath.Join(dir, "compose.yaml"), "services: {a: {image: x, umask: null, ports: [80]}}"); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]bool{"services.*.umask": true, "services.*.ports[*]": true, "services.*.scale": false} {
		listed := []Difference{{field, RefusedAlone, Accepted, "why"}}
		if got := isListedAsAccepted(Case{Dir: dir}, listed); got != want {
			t.Errorf("%s: %t", field, got)
		}
		if isListedAsAccepted(Case{Dir: dir}, []Difference{{field, Accepted, RefusedAlone, "why"}}) {
			t.Errorf("%s, the other way round", field)
		}
	}
}

func TestWhatNoTableExplainsFails(t *testing.T) {
	var results []Result
	for o := Same; o <= AcceptedAlone; o++ {
		results = append(results, Result{Outcome: o})
	}
	var got []Outcome
	for _, r := range Failures(results) {
		got = append(got, r.Outcome)
	}
	if diff := cmp.Diff([]Outcome{Disagree, DisagreeInExit, AcceptedAlone}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheWeightOfTheLargestModels(t *testing.T) {
	largest := Largest([]Result{{Case: Case{Name: "small"}, Size: 1}, {Case: Case{Name: "refused"}}, {Case: Case{Name: "large"}, Size: 3}, {Case: Case{Name: "middle"}, Size: 2}}, 2)
	if diff := cmp.Diff([]Case{{Name: "large"}, {Name: "middle"}}, largest); diff != "" {
		t.Error(diff)
	}
	sum := Sum([]Weight{
		{Stackctl: Cost{time.Second, 3 * time.Second}, Compose: Cost{2 * time.Second, 2 * time.Second}},
		{Stackctl: Cost{time.Second, 0}, Compose: Cost{2 * time.Second, 0}},
	})
	if wall, processor := sum.Ratio(); wall != 0.5 || processor != 1.5 {
		t.Errorf("wall %v, processor %v", wall, processor)
	}
}
