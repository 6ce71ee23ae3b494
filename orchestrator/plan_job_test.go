package orchestrator

import (
	"strings"
	"testing"
	"time"
)

// fourLevelJob is the place of the job in the observed stack of fourLevels.
func migrateOf(t testing.TB, o *Observed) *Container { return container(t, o, "p-migrate-1") }

func TestAJobRunsAgainOnlyForAReason(t *testing.T) {
	late := epoch().Add(time.Minute)
	for _, c := range []struct {
		name     string
		is       string
		happened func(t testing.TB, o *Observed)
		want     string // the cause, "" when its success stands
	}{
		{name: "its success stands", want: ""},
		{name: "its configuration changed", is: strings.Replace(fourLevels, "image: tool", "image: tool\n    command: again", 1),
			want: `recreate, command ["again"] added`},
		{name: "its image changed", happened: func(t testing.TB, o *Observed) { migrateOf(t, o).ImageID = "sha256:0" },
			want: "recreate, image tool: 0 → " + shortID(imageID("tool"))},
		{name: "it failed", happened: func(t testing.TB, o *Observed) { migrateOf(t, o).ExitCode = 4 },
			want: "recreate, the job ended with code 4"},
		{name: "it was killed for memory", happened: func(t testing.TB, o *Observed) { migrateOf(t, o).OOMKilled = true },
			want: "recreate, the job ended with code 0"},
		{name: "what it depends on was replaced since", happened: func(t testing.TB, o *Observed) { container(t, o, "p-db-1").Created = late },
			want: "recreate, p-db-1, which the job depends on, is newer than its end"},
		{name: "what it depends on is missing", happened: func(t testing.TB, o *Observed) { *o = without(*o, "p-db-1") },
			want: "recreate, db, which the job depends on, is new"},
		{name: "the volume of what it depends on is newer", happened: func(_ testing.TB, o *Observed) { o.Volumes[0].Created = late },
			want: "recreate, volume p_data of db is newer than the job's end"},
		{name: "the volume of what it depends on is missing", happened: func(_ testing.TB, o *Observed) { o.Volumes = nil },
			want: "recreate, volume p_data of db is newer than the job's end"},
		{name: "its own volume is newer", is: strings.Replace(fourLevels, "image: tool", "image: tool\n    volumes: [data:/d]", 1),
			happened: func(t testing.TB, o *Observed) {
				o.Volumes[0].Created = late
				container(t, o, "p-db-1").Created = epoch()
			}, want: "recreate, volume p_data of db is newer than the job's end"},
		{name: "it never ran", happened: func(t testing.TB, o *Observed) {
			c := migrateOf(t, o)
			c.State, c.StartedAt, c.FinishedAt = StateCreated, time.Time{}, time.Time{}
		}, want: "created"},
		{name: "it still runs", happened: func(t testing.TB, o *Observed) { migrateOf(t, o).State = StateRunning }, want: ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.is == "" {
				c.is = fourLevels
			}
			old := load(t, fourLevels)
			if strings.Contains(c.is, "/d]") {
				old = edited(t, old, c.is)
			}
			p, o := edited(t, old, c.is), upOf(old)
			if c.happened != nil {
				c.happened(t, &o)
			}
			got := ""
			for _, a := range planOf(t, input(p, o)).Actions {
				if a.Kind == StartContainer && a.Service == "migrate" {
					got = a.Cause
				}
			}
			if got != c.want {
				t.Errorf("the job is started because %q, want %q", got, c.want)
			}
		})
	}
}

func TestAWaivedServiceThatWasStoppedByHandIsStartedAgain(t *testing.T) {
	p := load(t, `
services:
  daemon:
    image: daemon
    restart: always
    x-stackctl: {allow_unverified: true}
`)
	for _, code := range []int{0, 143} {
		o := upOf(p)
		o.Containers[0].State, o.Containers[0].ExitCode = StateExited, code
		plan := planOf(t, input(p, o))
		if len(plan.Actions) != 1 || plan.Actions[0].Kind != StartContainer {
			t.Errorf("stopped with code %d: the plan is not one start:\n%s", code, plan)
		}
	}
}
