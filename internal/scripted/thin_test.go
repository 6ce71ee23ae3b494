package scripted

import (
	"testing"

	"github.com/stackctl/stackctl/internal/fakeengine"
)

func TestAHealthyStackIsProvenAndGoneAfterDown(t *testing.T) {
	for _, kind := range fakeengine.All() {
		t.Run(kind.Name, func(t *testing.T) {
			bubble(t, kind, `
services:
  web:
    image: app:1
    ports: ["127.0.0.1:8080:80"]
    healthcheck: {test: [CMD, check], interval: 2s, timeout: 1s}
`, func(s *stage) {
				r := s.run(s.Context(), "up")
				if r.code != 0 {
					s.Fatalf("exit %d after %s\n%s", r.code, r.took, r.all())
				}
				s.Log(r.took, "\n", r.all())
				if r := s.run(s.Context(), "status"); r.code != 0 {
					s.Fatalf("exit %d\n%s", r.code, r.all())
				}
				if r := s.run(s.Context(), "down"); r.code != 0 || len(s.Containers())+len(s.Networks()) > 0 {
					s.Fatalf("exit %d\n%s%v", r.code, r.all(), s.Containers())
				}
			})
		})
	}
}
