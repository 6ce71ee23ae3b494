package orchestrator

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/internal/fault"
)

func TestDownStopsEachAfterThoseThatDependOnIt(t *testing.T) {
	p := load(t, fourLevels)
	o := upOf(p)
	plan, err := PlanDown(p, o, DownOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := text(`
		stop           p-web-1
		remove         p-web-1  after stop/p-web-1
		stop           p-api-1  after stop/p-web-1
		remove         p-api-1  after stop/p-api-1
		remove         p-migrate-1  after stop/p-api-1
		stop           p-db-1  after remove/p-migrate-1, stop/p-api-1
		remove         p-db-1  after stop/p-db-1
		remove network p_default  after remove/p-web-1, remove/p-api-1, remove/p-migrate-1, remove/p-db-1
	`)
	if diff := cmp.Diff(want, plan.String()); diff != "" {
		t.Errorf("the plan differs (-want +got):\n%s", diff)
	}
}

func TestDownKeepsVolumesUnlessAskedFor(t *testing.T) {
	p := load(t, fourLevels)
	for volumes, want := range map[bool]bool{false: false, true: true} {
		plan, err := PlanDown(p, upOf(p), DownOptions{Volumes: volumes})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(plan.String(), "remove volume  p_data"); got != want {
			t.Errorf("with volumes %t:\n%s", volumes, plan)
		}
	}
}

func TestDownTouchesOnlyWhatIsOurs(t *testing.T) {
	p := load(t, fourLevels)
	o := upOf(p)
	o.Containers = append(o.Containers,
		Container{ID: "c", Name: "p-db-9", Project: "p", Service: "db", State: StateRunning, Labels: map[string]string{LabelProject: "p", LabelService: "db"}},
		strangerCalled("p-api-2"))
	o.Networks[0].Users = []string{"c"}
	o.Volumes[0].Labels = nil
	plan, err := PlanDown(p, o, DownOptions{Volumes: true})
	if err != nil {
		t.Fatal(err)
	}
	said := plan.String()
	for _, foreign := range []string{"p-db-9", "p-api-2", "remove network", "remove volume"} {
		if strings.Contains(said, foreign) {
			t.Errorf("down would touch %s:\n%s", foreign, said)
		}
	}
	notes := strings.Join(plan.Notes, "\n")
	for _, want := range []string{"p-db-9 was made by another tool and stays", "network p_default stays: container p-db-9 is still connected"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note says %q:\n%s", want, notes)
		}
	}
}

func TestDownOfAnotherDirectorysProjectIsRefused(t *testing.T) {
	p := load(t, fourLevels)
	o := upOf(p)
	o.Containers[0].Labels[LabelOwner] = "other"
	if _, err := PlanDown(p, o, DownOptions{}); fault.ClassOf(err) != fault.Conflict {
		t.Errorf("it is planned: %v", err)
	}
}

func TestDownLeavesOrphansUnlessAskedFor(t *testing.T) {
	old := load(t, withPort)
	p, o := edited(t, old, oneService), upOf(old)
	for remove, stays := range map[bool]bool{false: true, true: false} {
		plan, err := PlanDown(p, o, DownOptions{RemoveOrphans: remove})
		if err != nil {
			t.Fatal(err)
		}
		if got := !strings.Contains(plan.String(), "p-old-1"); got != stays {
			t.Errorf("remove orphans %t:\n%s", remove, plan)
		}
		if got := len(plan.Notes) > 0 && strings.Contains(plan.Notes[0], "orphan p-old-1 stays"); got != stays {
			t.Errorf("remove orphans %t: notes %q", remove, plan.Notes)
		}
	}
}

func TestDownRemovesTheImagesThatWereAskedFor(t *testing.T) {
	p := load(t, `
services:
  built: {build: ., ports: ["80"]}
  named: {build: ., image: mine, ports: ["80"]}
  pulled: {image: theirs, ports: ["80"]}
`)
	for images, want := range map[string]string{"": "", "local": "p-built", "all": "p-built mine theirs"} {
		plan, err := PlanDown(p, Observed{}, DownOptions{Images: images})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range plan.Actions {
			got = append(got, a.Target)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("--rmi %q removes %q, want %q", images, got, want)
		}
	}
	for value, ok := range map[string]bool{"": true, "local": true, "all": true, "none": false} {
		if err := CheckRmi(value); (err == nil) != ok {
			t.Errorf("--rmi %s: %v", value, err)
		}
	}
}

func TestDownOfNothingIsContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFake()
		if err := Down(t.Context(), e, load(t, fourLevels), DownOptions{Volumes: true, RemoveOrphans: true}); err != nil {
			t.Error(err)
		}
		if len(e.calls) > 0 {
			t.Errorf("it made the calls %q", e.calls)
		}
	})
}

func TestAContainerThatCannotBeRemovedKeepsItsNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		mustUp(t, e, p, Options{})
		e.before = func(call string) error {
			if call == "remove p-db-1" {
				return fault.New(fault.Resource, "the file system is busy")
			}
			return nil
		}
		err := Down(t.Context(), e, p, DownOptions{})
		if fault.ClassOf(err) != fault.Resource || !strings.Contains(err.Error(), "p-db-1: the file system is busy") {
			t.Errorf("down says %v", err)
		}
		if !strings.Contains(e.census(), "network p_default") {
			t.Error("the network was removed under it")
		}
	})
}

func TestADownRemovesWhatCameWhileItWorked(t *testing.T) {
	// The database's container has a volume, which it keeps from being removed.
	for _, kind := range []string{"db", "job", "api", "side"} {
		t.Run(kind, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { lateDown(t, kind) }) })
	}
}

// lateDown lets another container of a service come while a Down works.
func lateDown(t *testing.T, service string) {
	p, e := load(t, convergent), convergentEngine()
	mustUp(t, e, p, atOnce())
	var one ContainerSpec
	for _, c := range e.containers {
		if c.Service == service {
			one = c.spec
		}
	}
	one.Name += "-late"
	var came atomic.Bool
	e.after = func(string) error {
		if came.Swap(true) {
			return nil
		}
		// What a killed run asked for: the engine makes it at last.
		_, err := e.CreateContainer(t.Context(), one)
		return err
	}
	if err := Down(t.Context(), e, p, DownOptions{Volumes: true}); err != nil {
		t.Fatal(err)
	}
	if rest := e.census(); !came.Load() || rest != "" {
		t.Errorf("down left\n%s", rest)
	}
}
