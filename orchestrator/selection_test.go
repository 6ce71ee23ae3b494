package orchestrator

import (
	"strings"
	"testing"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// fileOfFour has a service of an inactive profile, a job that only another
// service makes one, and two services that share nothing.
const fileOfFour = `
services:
  a: {image: a, ports: ["8080:80"], healthcheck: {test: [CMD, x]}}
  b: {image: b, volumes: ["data:/d"], networks: [back], healthcheck: {test: [CMD, x]}}
  mig: {image: mig}
  api: {image: api, depends_on: {mig: {condition: service_completed_successfully}}, healthcheck: {test: [CMD, x]}}
  dbg: {image: dbg, profiles: [debug], depends_on: [b], healthcheck: {test: [CMD, x]}}
volumes: {data: {}}
networks: {back: {}}
`

func selected(t *testing.T, p *compose.Project, names ...string) *compose.Project {
	t.Helper()
	part, err := p.Select(names...)
	if err != nil {
		t.Fatal(err)
	}
	return part
}

func TestWhatIsInTheFileIsNoOrphanWhateverIsSelected(t *testing.T) {
	whole := load(t, fileOfFour)
	o := upOf(whole)
	o.Containers = append(o.Containers, replicaLike(o.Containers[0], "dbg"), replicaLike(o.Containers[0], "gone"))
	part := selected(t, whole, "a")
	for _, p := range []*compose.Project{part, selected(t, part, "a")} {
		in := input(p, o)
		in.Options.RemoveOrphans = true
		plan := planOf(t, in)
		for _, name := range []string{"p-b-1", "p-dbg-1", "p-mig-1", "p-api-1"} {
			if strings.Contains(plan.String(), name) {
				t.Errorf("the plan touches %s, which is in the file:\n%s", name, plan)
			}
		}
		if !strings.Contains(plan.String(), "remove         p-gone-1") {
			t.Errorf("what the file does not have stays:\n%s", plan)
		}
		in.Options.RemoveOrphans = false
		if notes := strings.Join(planOf(t, in).Notes, "\n"); strings.Contains(notes, "p-b-1") || !strings.Contains(notes, "p-gone-1") {
			t.Errorf("the notes are %q", notes)
		}
	}
	r := Assess(Facts{Project: part, Observed: o, Images: imagesOf(part), Now: o.At})
	if notes := strings.Join(r.Notes, "\n"); strings.Contains(notes, "p-b-1") || !strings.Contains(notes, "p-gone-1") {
		t.Errorf("the report notes %q", notes)
	}
	if got := strings.Join(r.Unselected, " "); got != "api b mig" {
		t.Errorf("the report leaves out %q", got)
	}
}

func TestAJobIsOneThoughWhoWaitsForItIsNotSelected(t *testing.T) {
	part := selected(t, load(t, fileOfFour), "mig")
	if role := roleOf(part, part.Services["mig"], nil); role != RoleJob {
		t.Errorf("the role of mig is %v", role)
	}
	if role := roleOf(part.Private("p", nil), part.Services["mig"], nil); role != RoleJob {
		t.Errorf("the role of mig in a copy is %v", role)
	}
}

func TestAPortOfASiblingOfTheFileIsFreedByWhatReallyFreesIt(t *testing.T) {
	was := "services:\n  a: {image: a, ports: [\"8080:80\"]}\n  b: {image: b, ports: [\"8081:80\"]}\n"
	before := load(t, was)
	for _, c := range []struct{ name, is, want string }{
		{"a no longer wants it", strings.NewReplacer("8080", "8082", "8081", "8080").Replace(was), "name a too, so that its container is replaced"},
		{"both want it", strings.Replace(was, "8081", "8080", 1), "stackctl stop a"},
		{"a is in no file", "services:\n  b: {image: b, ports: [\"8080:80\"]}\n", "--remove-orphans"},
	} {
		o := upOf(before)
		held(&o)
		o = without(o, "p-b-1")
		_, err := MakePlan(input(selected(t, edited(t, before, c.is), "b"), o))
		if fault.ClassOf(err) != fault.Resource || !strings.Contains(hints(err), c.want) {
			t.Errorf("%s: got %v, hint %q", c.name, err, hints(err))
		}
	}
}

func TestANameOfASiblingOfTheFileIsFreedByNamingItToo(t *testing.T) {
	before := load(t, "services:\n  a: {image: a, ports: [\"80\"]}\n")
	whole := edited(t, before, "services:\n  a: {image: a, ports: [\"80\"], container_name: other}\n  b: {image: b, ports: [\"80\"], container_name: p-a-1}\n")
	_, err := MakePlan(input(selected(t, whole, "b"), upOf(before)))
	if err == nil || strings.Contains(hints(err), "--remove-orphans") || !strings.Contains(hints(err), "name a too") {
		t.Errorf("got %v, hint %q", err, hints(err))
	}
}

func TestAPartThatIsNotUpIsCalledByItsServices(t *testing.T) {
	err := verdict(Report{Project: "p", Services: []ServiceReport{{Name: "a"}}, Unselected: []string{"b"}})
	if !strings.Contains(err.Error(), "a of p: not up") || fault.HintOf(err) != "stackctl up a" {
		t.Errorf("got %v, hint %q", err, fault.HintOf(err))
	}
}

func TestDownStopsAServiceOfAnInactiveProfileBeforeWhatItDependsOn(t *testing.T) {
	p := load(t, fileOfFour)
	o := upOf(p)
	dbg := replicaLike(o.Containers[0], "dbg")
	dbg.ImageRef = "dbg"
	o.Containers = append(o.Containers, dbg)
	plan, err := PlanDown(p, o, DownOptions{Images: "all"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plan.String(), "stop           p-b-1  after stop/p-dbg-1\n") || !strings.Contains(plan.String(), "remove image   dbg  after") {
		t.Errorf("the plan is\n%s", plan)
	}
}
