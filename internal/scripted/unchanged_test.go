package scripted

import (
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
)

func TestAnUnchangedUpAsksEverythingOnce(t *testing.T) {
	bubble(t, fakeengine.Moby28(), file(part("web", everySecond, published)), func(s *stage) {
		if r := s.run(s.Context(), "up"); r.code != 0 {
			s.Fatal(r.all())
		}
		s.wait(time.Minute)
		// The first look ends while a snapshot could be taken.
		slow := map[string]time.Duration{"container inspect": 10 * time.Millisecond, "volume list": 50 * time.Millisecond}
		s.Hook(nil, func(c fakeengine.Call) *fakeengine.Fault { return &fakeengine.Fault{Delay: slow[c.Op]} })
		r := s.run(s.Context(), "up")
		if r.code != 0 || r.took > 200*time.Millisecond {
			s.Errorf("exit %d after %s\n%s", r.code, r.took, r.all())
		}
	})
}
