package scripted

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/fault"
)

func TestAFailureOnASlowEngineKeepsItsExplanation(t *testing.T) {
	for what, ops := range map[string]string{"every call": "", "the logs and the lists": "logs list"} {
		t.Run(what, func(t *testing.T) {
			bubble(t, fakeengine.Moby20(), file(part("db", everySecond), part("web", everySecond)), func(s *stage) {
				s.Script("web", fakeengine.Script{Run: func(int) fakeengine.Life {
					return fakeengine.Life{Exits: time.Second, Code: 3, Says: []string{"Error: no configuration"}}
				}})
				s.Hook(nil, func(c fakeengine.Call) *fakeengine.Fault {
					if words := strings.Fields(ops); len(words) > 0 && !strings.Contains(c.Op, words[0]) && !strings.Contains(c.Op, "list") {
						return nil
					}
					return &fakeengine.Fault{Delay: 5 * time.Second}
				})
				r := s.run(s.Context(), "up")
				if r.code != int(fault.Service) {
					t.Errorf("it ended with %d", r.code)
				}
				for _, word := range []string{"exited(3)", "Error: no configuration", "logs --tail 100 web"} {
					if !strings.Contains(r.all(), word) {
						t.Errorf("after %s it does not say %q:\n%s", r.took, word, r.all())
					}
				}
			})
		})
	}
}

func TestWhatCannotBeReadOfAFailureIsSaidWithItsAge(t *testing.T) {
	bubble(t, fakeengine.Moby20(), file(part("db", everySecond), part("web", everySecond)), func(s *stage) {
		var failed atomic.Bool
		s.Script("web", fakeengine.Script{Run: func(int) fakeengine.Life {
			return fakeengine.Life{Exits: time.Second, Code: 3, Says: []string{"Error: no configuration"}}
		}})
		s.after(1500*time.Millisecond, func() { failed.Store(true) })
		s.Hook(func(c fakeengine.Call) *fakeengine.Fault {
			if failed.Load() && (strings.Contains(c.Op, "list") || strings.Contains(c.Op, "logs")) {
				return &fakeengine.Fault{Hang: true}
			}
			return nil
		}, nil)
		r := s.run(s.Context(), "up")
		if r.code == 0 {
			t.Errorf("it ended with %d", r.code)
		}
		for _, word := range []string{"exited(3)", "could not be looked at once more", "seen", "its output cannot be read"} {
			if !strings.Contains(r.all(), word) {
				t.Errorf("after %s it does not say %q:\n%s", r.took, word, r.all())
			}
		}
	})
}
