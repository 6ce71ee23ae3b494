package scripted

import (
	"strings"
	"testing"

	"github.com/stackctl/stackctl/internal/fakeengine"
)

func TestAPortThatTheEngineChoseAndThatIsTakenIsChosenAgain(t *testing.T) {
	for _, kind := range fakeengine.All() {
		t.Run(kind.Name, func(t *testing.T) {
			bubble(t, kind, `services: {web: {image: "app:1", ports: ["127.0.0.1::80"]}}`, func(s *stage) {
				for port := range uint16(4) {
					s.Stranger(32768 + port)
				}
				r := s.run(s.Context(), "up")
				if r.code != 0 || !strings.Contains(r.out, "127.0.0.1:32772") {
					s.Errorf("it ended with %d\n%s", r.code, r.all())
				}
			})
		})
	}
}

func TestAFixedPortThatIsTakenIsTriedOnce(t *testing.T) {
	bubble(t, fakeengine.Moby28(), `services: {web: {image: "app:1", ports: ["127.0.0.1:8080:80"]}}`, func(s *stage) {
		s.Stranger(8080)
		r := s.run(s.Context(), "up")
		starts := 0
		for _, c := range s.Calls() {
			if c.Op == "container start" {
				starts++
			}
		}
		if r.code != 6 || starts > 1 {
			s.Errorf("it ended with %d after %d starts\n%s", r.code, starts, r.all())
		}
	})
}
