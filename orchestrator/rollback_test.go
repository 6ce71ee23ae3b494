package orchestrator

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

func TestAFailedUpdateIsRolledBackWhereThatWasAskedFor(t *testing.T) {
	broken := strings.Replace(oneService, `"80"`, `"81"`, 1)
	for name, c := range map[string]struct {
		after script
		class fault.Class
	}{
		"it exits":            {script{exits: 50 * time.Millisecond, code: 1}, fault.Service},
		"it cannot start":     {script{startError: "no such program"}, fault.Service},
		"it is never healthy": {script{probe: func(time.Duration, int) int { return 1 }}, fault.Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, p := newFake().has("web"), load(t, oneService)
				mustUp(t, e, p, Options{})
				want := e.census()
				id := e.byName("p-web-1").ID
				e.scripts["web"] = c.after
				e.before = func(call string) error { // the old program is not broken
					if call == "remove p-web-1" {
						e.mu.Lock()
						defer e.mu.Unlock()
						delete(e.scripts, "web")
					}
					return nil
				}
				r, err := Up(t.Context(), e, edited(t, p, broken), Options{WaitTimeout: 20 * time.Second, Plan: PlanOptions{Rollback: true}})
				wantFailure(t, r, err, c.class, "web")
				if got := e.census(); got != want {
					t.Errorf("after the rollback there is\n%s\nwant\n%s", got, want)
				}
				if got := e.byName("p-web-1"); got == nil || got.ID != id || got.State != StateRunning {
					t.Errorf("the old container is not back: %+v", got)
				}
			})
		})
	}
}

func TestASuccessfulUpdateLeavesNothingForARollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService)
		mustUp(t, e, p, Options{})
		mustUp(t, e, edited(t, p, strings.Replace(oneService, `"80"`, `"81"`, 1)), Options{Plan: PlanOptions{Rollback: true}})
		if strings.Contains(e.census(), prevSuffix) {
			t.Errorf("left over:\n%s", e.census())
		}
	})
}

func TestAnInterruptedUpdateIsRolledBackToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService)
		mustUp(t, e, p, Options{})
		want := e.census()
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(500*time.Millisecond, func() { cancel(fault.New(fault.Interrupted, "interrupted")) })
		r, err := Up(ctx, e, edited(t, p, strings.Replace(oneService, `"80"`, `"81"`, 1)), Options{Plan: PlanOptions{Rollback: true}})
		wantFailure(t, r, err, fault.Interrupted)
		if got := e.census(); got != want {
			t.Errorf("after the rollback there is\n%s\nwant\n%s", got, want)
		}
	})
}

func TestARollbackOfWhatIsNewLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, strings.Replace(oneService, "healthcheck:", "volumes: [data:/d, /anonymous]\n    healthcheck:", 1)+"volumes: {data: {}}\n")
		e.scripts["web"] = script{exits: 50 * time.Millisecond, code: 1}
		var h heard
		r, err := Up(t.Context(), e, p, Options{Listen: h.listen, Plan: PlanOptions{Rollback: true}})
		wantFailure(t, r, err, fault.Service)
		if got := e.census(); got != "" {
			t.Errorf("left over:\n%s", got)
		}
		if !h.says(PhaseNote, "removed: this run made it") {
			t.Error("nobody says what is gone")
		}
	})
}

func TestARollbackWithoutAnyChangeSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService)
		mustUp(t, e, p, Options{})
		e.behaves("web", script{probe: func(time.Duration, int) int { return 1 }})
		<-time.After(time.Minute) // until the engine knows it
		var h heard
		_, err := Up(t.Context(), e, p, Options{Listen: h.listen, WaitTimeout: 20 * time.Second, Plan: PlanOptions{Rollback: true}})
		if err == nil || !h.says(PhaseNote, "nothing was changed") {
			t.Errorf("got %v, and nobody says that there is nothing to roll back to", err)
		}
	})
}

// before and after are two states of a file: what changes is all that a run can
// change, and api of the second never works.
const (
	versionOne = `
services:
  db: {image: db, environment: {V: "1"}, volumes: ["data:/d", /anonymous], healthcheck: {test: [CMD, x], interval: 1s}}
  mig: {image: mig, command: ["1"], depends_on: {db: {condition: service_healthy}}, volumes: ["data:/d"], x-stackctl: {job: true}}
  api: {image: api, environment: {V: "1"}, depends_on: {mig: {condition: service_completed_successfully}}, healthcheck: {test: [CMD, x], interval: 1s}}
  more: {image: more, scale: 1, healthcheck: {test: [CMD, x], interval: 1s}}
  less: {image: less, scale: 2, healthcheck: {test: [CMD, x], interval: 1s}}
  gone: {image: gone, volumes: [/anonymous], healthcheck: {test: [CMD, x], interval: 1s}}
  rested: {image: rested, healthcheck: {test: [CMD, x], interval: 1s}}
volumes: {data: {}}
`
	versionTwo = `
services:
  db: {image: db, environment: {V: "2"}, volumes: ["data:/d", /anonymous, /another], healthcheck: {test: [CMD, x], interval: 1s}}
  mig: {image: mig, command: ["2"], depends_on: {db: {condition: service_healthy}}, volumes: ["data:/d"], x-stackctl: {job: true}}
  api: {image: api, environment: {V: "2"}, depends_on: {mig: {condition: service_completed_successfully}, new: {condition: service_healthy}, more: {condition: service_healthy}, rested: {condition: service_healthy}}, healthcheck: {test: [CMD, x], interval: 1s}}
  more: {image: more, scale: 3, healthcheck: {test: [CMD, x], interval: 1s}}
  less: {image: less, scale: 1, healthcheck: {test: [CMD, x], interval: 1s}}
  rested: {image: rested, healthcheck: {test: [CMD, x], interval: 1s}}
  new: {image: new, volumes: ["extra:/e", /anonymous], networks: [extra], healthcheck: {test: [CMD, x], interval: 1s}}
volumes: {data: {}, extra: {}}
networks: {extra: {}}
`
)

func TestARollbackLeavesWhatWasBeforeWhateverChanged(t *testing.T) {
	for name, interrupted := range map[string]bool{"it fails": false, "it is interrupted": true} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { rollBackAll(t, interrupted) }) })
	}
}

func rollBackAll(t *testing.T, interrupted bool) {
	e, p := newFake().has("db", "mig", "api", "more", "less", "gone", "rested", "new"), load(t, versionOne)
	e.scripts["mig"] = script{exits: 50 * time.Millisecond}
	mustUp(t, e, p, Options{})
	if err := Stop(t.Context(), e, p, []string{"rested"}, nil, nil); err != nil {
		t.Fatal(err)
	}
	want := e.census()
	ids := map[string]string{}
	for _, name := range []string{"db-1", "mig-1", "api-1", "more-1", "less-1", "less-2", "gone-1", "rested-1"} {
		ids[name] = e.byName("p-" + name).ID
	}
	e.behaves("api", script{probe: func(time.Duration, int) int { return 1 }})
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	if interrupted {
		time.AfterFunc(8*time.Second, func() { cancel(fault.New(fault.Interrupted, "interrupted")) })
	}
	var h heard
	_, err := Up(ctx, e, edited(t, p, versionTwo), Options{Listen: h.listen, WaitTimeout: 30 * time.Second, Plan: PlanOptions{Rollback: true, RemoveOrphans: true}})
	if err == nil {
		t.Fatal("it is proven")
	}
	if got := e.census(); got != want {
		t.Errorf("after the rollback there is\n%s\nwant\n%s", got, want)
	}
	for name, id := range ids {
		if c := e.byName("p-" + name); c == nil || c.ID != id {
			t.Errorf("%s is another container", name)
		}
	}
	for service, what := range map[string]string{
		"db": "rolled back", "gone": "rolled back", "less": "rolled back", "mig": "what it wrote stays",
		"more": "this run made it", "new": "this run made it", "rested": "stopped again",
	} {
		if said := h.notesOf(service); !strings.Contains(said, what) || service == "mig" && strings.Contains(said, "rolled back") {
			t.Errorf("of %s it says %q, not %q", service, said, what)
		}
	}
}

func TestWhatIsKeptForARollbackGoesOnceTheRunIsProven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("db", "mig", "api", "more", "less", "gone", "rested", "new"), load(t, versionOne)
		e.scripts["mig"] = script{exits: 50 * time.Millisecond}
		mustUp(t, e, p, Options{})
		r := mustUp(t, e, edited(t, p, versionTwo), Options{Plan: PlanOptions{Rollback: true, RemoveOrphans: true}})
		for _, word := range []string{prevSuffix, "p-gone", "p-less-2"} {
			if strings.Contains(e.census(), word) {
				t.Errorf("%s is left over:\n%s", word, e.census())
			}
		}
		if notes := strings.Join(r.Notes, "\n"); strings.Contains(notes, "orphan") {
			t.Errorf("the report notes %q", notes)
		}
		if n := strings.Count(e.census(), "volume anonymous"); n != 4 { // db has two, new one, and that of gone stays
			t.Errorf("%d volumes without a name are there:\n%s", n, e.census())
		}
	})
}

func TestARollbackGivesTheNamesOfImagesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, strings.Replace(oneService, "image: web", "image: web\n    pull_policy: always", 1))
		mustUp(t, e, p, Options{})
		was, want := e.images["web"].ID, e.census()
		e.pulled = imageID("another")
		e.before = func(call string) error {
			if call == "create p-web-1"+nextSuffix {
				e.mu.Lock()
				defer e.mu.Unlock()
				e.scripts["web"] = script{exits: 50 * time.Millisecond, code: 1}
			}
			return nil
		}
		_, err := Up(t.Context(), e, p, Options{WaitTimeout: 20 * time.Second, Plan: PlanOptions{Rollback: true}})
		if err == nil {
			t.Fatal("it is proven")
		}
		if now := e.images["web"].ID; now != was {
			t.Errorf("the name is %s's, not %s's", now, was)
		}
		e.behaves("web", script{})
		if got := e.census(); got != want {
			t.Errorf("after the rollback there is\n%s\nwant\n%s", got, want)
		}
	})
}
