package orchestrator

import (
	"strings"
	"testing"
)

func TestHealthchecksThatAskEachOtherAreCalledACycle(t *testing.T) {
	failed, passed := 1, 0
	card := func(service, probe, output string, exit *int) Card {
		return Card{Service: service, Probe: probe, ProbeOutput: output, ProbeExit: exit, Hint: "other"}
	}
	for name, c := range map[string]struct {
		cards []Card
		want  map[string]string
	}{
		"two": {[]Card{
			card("a", "/svc check", `503 Get "http://b:8080/health": context deadline exceeded`, &failed),
			card("b", "curl -f http://a:8080/health", "", &failed),
		}, map[string]string{"a": "a → b → a", "b": "b → a → b"}},
		"three, and one that waits for them": {[]Card{
			card("a", "wget http://b/", "", &failed), card("b", "check", "dial tcp: lookup c on 127.0.0.11:53: timeout", &failed),
			card("c", "nc -z a:80", "connect to a:80: timeout", &failed), card("d", "curl http://a/", "", &failed),
		}, map[string]string{"a": "a → b → c → a", "b": "b → c → a → b", "c": "c → a → b → c"}},
		"one way only":                 {[]Card{card("a", "curl http://b/", "", &failed), card("b", "curl http://localhost/", "", &failed)}, nil},
		"a name that is another's end": {[]Card{card("a", "curl http://web-b/", "", &failed), card("b", "curl http://a.example/", "", &failed)}, nil},
		"one whose check passes":       {[]Card{card("a", "curl http://b/", "", &failed), card("b", "curl http://a/", "", &passed)}, nil},
		"a word of the output":         {[]Card{card("a", "check", "b is down", &failed), card("b", "check", "a is down", &failed)}, nil},
	} {
		hintCycles(c.cards)
		for _, got := range c.cards {
			want := c.want[got.Service]
			if want == "" && got.Hint != "other" || !strings.Contains(got.Hint, want) {
				t.Errorf("%s: the hint of %s is %q", name, got.Service, got.Hint)
			}
		}
	}
}
