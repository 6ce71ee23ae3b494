package orchestrator

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// brought gives an engine a stack that was brought up a minute ago.
func brought(t *testing.T, e *fakeEngine) (*fakeEngine, func() (Report, error)) {
	t.Helper()
	p := load(t, fourLevels)
	mustUp(t, e, p, Options{})
	_ = pause(t.Context(), time.Minute, nil)
	e.calls = nil
	return e, func() (Report, error) { return Look(t.Context(), e, p, Options{}) }
}

func TestStatusProvesARunningStackAndChangesNothing(t *testing.T) {
	for name, old := range map[string]bool{"new engine": false, "old engine": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fourLevelEngine()
				if old {
					engine.old()
				}
				e, look := brought(t, engine)
				begin := time.Now()
				r, err := look()
				if err != nil || !r.Proven {
					t.Errorf("not proven: %v\n%s", err, conditions(r))
				}
				if took := time.Since(begin); took > time.Second {
					t.Errorf("it took %s", took)
				}
				if len(e.calls) > 0 {
					t.Errorf("status changed %q", e.calls)
				}
			})
		})
	}
}

func TestStatusTellsWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		happen func(e *fakeEngine)
		class  fault.Class
		says   []string
	}{
		{"a killed service", func(e *fakeEngine) { e.with("p-api-1", func(c *fakeContainer) { e.exit(c, 137, false) }) }, fault.Service, []string{"api", "SIGKILL"}},
		{"a removed container", func(e *fakeEngine) { e.with("p-api-1", func(c *fakeContainer) { e.remove(c, false) }) }, fault.Service, []string{"api", "no container"}},
		{"a paused service", func(e *fakeEngine) { e.with("p-db-1", func(c *fakeContainer) { c.State = StatePaused }) }, fault.Service, []string{"db", "paused"}},
		{"an image that was made anew", func(e *fakeEngine) {
			image := e.images["web"]
			image.ID = "sha256:new"
			e.images["web"] = image
		}, fault.Differs, []string{"web", "runs image"}},
		{"a service that was never brought up", func(e *fakeEngine) {
			for _, name := range []string{"p-db-1", "p-migrate-1", "p-api-1", "p-web-1"} {
				e.with(name, func(c *fakeContainer) { e.remove(c, false) })
			}
		}, fault.Service, []string{"p is not up"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, look := brought(t, fourLevelEngine())
				c.happen(e)
				r, err := look()
				wantFailure(t, r, err, c.class, c.says...)
			})
		})
	}
}

func TestStatusOfAnEditedFileSaysWhatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		mustUp(t, e, p, Options{})
		r, err := Look(t.Context(), e, edited(t, p, strings.Replace(fourLevels, `"80"`, `"81"`, 1)), Options{})
		wantFailure(t, r, err, fault.Differs, "api", `environment.PORT "80" → "81"`)
	})
}

func TestStatusWaitsForAWindowThatTheRecordDoesNotCover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService)
		mustUp(t, e, p, Options{})
		e.with("p-web-1", func(c *fakeContainer) { e.exit(c, 1, false); e.run(c) })
		_ = pause(t.Context(), 300*time.Millisecond, nil)
		begin := time.Now()
		r, err := Look(t.Context(), e, p, Options{})
		if err != nil || !r.Proven {
			t.Fatalf("not proven: %v\n%s", err, conditions(r))
		}
		if took := time.Since(begin); took < 2*time.Second || took > 3*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestAStatusThatIsCutShortProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService)
		mustUp(t, e, p, Options{})
		_ = pause(t.Context(), time.Minute, nil)
		for d := range 8 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(d)*time.Millisecond)
			r, err := Look(ctx, e, p, Options{})
			if r.Proven != (err == nil) || err == nil && ctx.Err() != nil {
				t.Errorf("after %dms: proven %t with %v", d, r.Proven, err)
			}
			cancel()
		}
	})
}

func TestStatusLooksAtTheContainerAndNotAtWhatWasKeptForARollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, oneService+"    ports: ['127.0.0.1:5353:53/udp']\n")
		mustUp(t, e, p, Options{})
		_ = pause(t.Context(), time.Minute, nil)
		e.with("p-web-1", func(c *fakeContainer) {
			kept := *c
			kept.ID, kept.Name, kept.State = "zzz", c.Name+prevSuffix, StateExited
			e.containers["zzz"] = &kept
		})
		if r, err := Look(t.Context(), e, p, Options{}); err != nil || !r.Proven {
			t.Errorf("not proven: %v\n%s", err, conditions(r))
		}
	})
}
