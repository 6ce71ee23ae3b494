package orchestrator

import (
	"strings"
	"testing"

	"github.com/stackctl/stackctl/internal/fault"
)

const withData = `
services:
  db:
    image: web
    healthcheck: {test: [CMD, check]}
    volumes: ["data:/d", /anonymous]
  other:
    image: web
    healthcheck: {test: [CMD, check]}
volumes: {data: {}, more: {}}
`

func TestAPlanThatLeavesDataBehindHasToBeToldSo(t *testing.T) {
	t.Parallel()
	anonymous := strings.Repeat("a", 64)
	for _, x := range []struct {
		name string
		// replace are pairs of what stands in the file and what stands there now.
		replace []string
		// says is "" where nothing is left behind.
		says []string
	}{
		{name: "another variable", replace: []string{"image: web\n    healthcheck: {test: [CMD, check]}\n    volumes", "image: web\n    environment: {A: b}\n    healthcheck: {test: [CMD, check]}\n    volumes"}},
		{name: "a named volume in the place of an unnamed one", replace: []string{"/anonymous", "more:/anonymous"},
			says: []string{"service db: unnamed volume " + anonymous, "at /anonymous", "mounts volume p_more there", "-v " + anonymous + ":/from:ro -v p_more:/to"}},
		{name: "a directory in the place of an unnamed one", replace: []string{"/anonymous", "/srv:/anonymous"},
			says: []string{anonymous, "mounts /srv there", "-v /srv:/to"}},
		{name: "a tmpfs in the place of an unnamed one", replace: []string{", /anonymous]", "]\n    tmpfs: /anonymous"},
			says: []string{anonymous, "mounts a tmpfs there", "--leave-volumes"}},
		{name: "an unnamed volume that the file no longer mentions is inherited", replace: []string{", /anonymous", ""}},
		{name: "another named volume", replace: []string{"data:/d", "more:/d"}, says: []string{"volume p_data holds what is at /d", "mounts volume p_more there"}},
		{name: "a named volume that is no longer mounted", replace: []string{`"data:/d", `, ""}, says: []string{"volume p_data", "mounts nothing there"}},
		{name: "a named volume at another place", replace: []string{"data:/d", "data:/e"}},
		{name: "a named volume that another service takes over", replace: []string{`"data:/d", /anonymous]`, `/anonymous]`, "  other:\n    image: web\n", "  other:\n    image: web\n    volumes: [data:/d]\n"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			before := load(t, withData)
			o := upOf(before)
			for i := range o.Containers {
				if o.Containers[i].Service == "db" {
					o.Containers[i].Mounts = []Mount{
						{Type: "volume", Name: "p_data", Destination: "/d"}, {Type: "volume", Name: anonymous, Destination: "/anonymous"},
					}
				}
			}
			now := strings.NewReplacer(x.replace...).Replace(withData)
			if now == withData {
				t.Fatal("the replacement replaces nothing")
			}
			p := edited(t, before, now)
			in := input(p, o)
			plan, err := MakePlan(in)
			if len(x.says) == 0 {
				if err != nil || len(plan.Actions) == 0 {
					t.Fatalf("%d actions, error %v", len(plan.Actions), err)
				}
				return
			}
			if fault.ClassOf(err) != fault.Conflict {
				t.Fatalf("class %v, error %v", fault.ClassOf(err), err)
			}
			for _, word := range x.says {
				if said := err.Error() + "\n" + fault.HintOf(err); !strings.Contains(said, word) {
					t.Errorf("it does not say %q:\n%s", word, said)
				}
			}
			in.Options.KeepData = true
			for _, a := range planOf(t, in).Actions {
				if a.Service == "db" {
					t.Errorf("one who cannot be asked does %s %s", a.Kind, a.Target)
				}
			}
			in.Options.KeepData = false
			in.Options.LeaveVolumes = true
			if notes := strings.Join(planOf(t, in).Notes, "\n"); !strings.Contains(notes, "docker volume rm") {
				t.Errorf("the notes do not say what is left: %s", notes)
			}
		})
	}
}
