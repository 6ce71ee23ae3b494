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

func TestARollbackWithoutAReplacementSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService)
		e.scripts["web"] = script{exits: 50 * time.Millisecond, code: 1}
		var h heard
		r, err := Up(t.Context(), e, p, Options{Listen: h.listen, Plan: PlanOptions{Rollback: true}})
		wantFailure(t, r, err, fault.Service)
		if !h.says(PhaseNote, "nothing was replaced") {
			t.Error("nobody said that there is nothing to roll back to")
		}
	})
}
