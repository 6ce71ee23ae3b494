package orchestrator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// publishing lets a file publish the port that a server of this test has.
func publishing(server *httptest.Server, yaml string) string {
	return fmt.Sprintf(yaml, netip.MustParseAddrPort(server.Listener.Addr().String()).Port())
}

const askedFromOutside = `
services:
  web:
    image: web
    ports: ["127.0.0.1:%d:80"]
  after:
    image: after
    healthcheck: {test: [CMD, ok], interval: 1s}
    depends_on: {web: {condition: service_healthy}}
`

func TestAServiceWithoutACheckIsProvenByItsPort(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	e, p := newFake().has("web", "after"), load(t, publishing(server, askedFromOutside))
	opts := atOnce()
	opts.WaitTimeout = 20 * time.Second
	r := mustUp(t, e, p, opts)
	if s := reportOf(t, r, "web"); s.State != "answering" || s.Proof != "port" {
		t.Errorf("web is %s by %s", s.State, s.Proof)
	}
	if len(r.Endpoints) != 1 || r.Endpoints[0].URL != server.URL {
		t.Errorf("the endpoints are %+v, want %s", r.Endpoints, server.URL)
	}
}

func TestAPortThatDoesNotAnswerProvesNothingAndReleasesNobody(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	yaml := publishing(server, askedFromOutside)
	server.Close()
	e, p := newFake().has("web", "after"), load(t, yaml)
	opts := atOnce()
	opts.WaitTimeout = 1500 * time.Millisecond
	r, err := Up(t.Context(), e, p, opts)
	wantFailure(t, r, err, fault.Timeout, "web", "1.5s")
	if strings.Contains(strings.Join(e.calls, "\n"), "start p-after-1") {
		t.Error("a service that waits for it was started")
	}
}

func TestAnHTTPErrorIsNoProof(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer server.Close()
	e, p := newFake().has("web"), load(t, publishing(server, `
services:
  web:
    image: web
    ports: ["127.0.0.1:%d:80"]
    healthcheck: {test: [CMD, ok], interval: 1s}
    x-stackctl: {verify: [{http: {port: 80, path: /health}}]}
`))
	opts := atOnce()
	opts.WaitTimeout = 2 * time.Second
	r, err := Up(t.Context(), e, p, opts)
	wantFailure(t, r, err, fault.Timeout, "web", "/health", "502")
	if s := reportOf(t, r, "web"); s.Class != fault.Verify {
		t.Errorf("web's class is %s", s.Class)
	}
}

func TestAServerThatFailedHasToAnswerTwiceInARow(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := asked.Add(1); n == 1 || n == 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	e, p := newFake().has("web"), load(t, publishing(server, `
services:
  web:
    image: web
    ports: ["127.0.0.1:%d:80"]
    healthcheck: {test: [CMD, ok], interval: 1s}
    x-stackctl: {verify: [{http: {port: 80}}]}
`))
	opts := atOnce()
	opts.WaitTimeout = 30 * time.Second
	mustUp(t, e, p, opts)
	if n := asked.Load(); n < 5 {
		t.Errorf("it was believed after the answer number %d: 503, 200, 503, 200, 200 take 5", n)
	}
}

func TestTheEvaluationThatProvesAsksWhatWasAskedAheadOnceMore(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		// Well when it is asked ahead, and not at the end.
		if asked.Add(1) > 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	e, p := newFake().has("web", "slow"), load(t, publishing(server, `
services:
  web:
    image: web
    ports: ["127.0.0.1:%d:80"]
    healthcheck: {test: [CMD, ok], interval: 1s}
    x-stackctl: {verify: [{http: {port: 80}}]}
  slow:
    image: slow
    healthcheck: {test: [CMD, ok], interval: 1s, retries: 60}
`))
	e.scripts["slow"] = script{probe: func(up time.Duration, _ int) int {
		if up < time.Second {
			return 1
		}
		return 0
	}}
	opts := atOnce()
	opts.WaitTimeout = 4 * time.Second
	r, err := Up(t.Context(), e, p, opts)
	wantFailure(t, r, err, fault.Timeout, "web", "503")
	if n := asked.Load(); n < 2 {
		t.Errorf("web was asked %d times", n)
	}
}

func TestAnAnswerIsConfirmedOnlyForTheSameQuestionToTheSameIncarnation(t *testing.T) {
	start := epoch()
	at := func(passed bool, id string, started time.Time, address string) Proof {
		return Proof{Evidence: healthchecks.Evidence{Passed: passed}, Gate: GateReachable, ContainerID: id, StartedAt: started, Address: address}
	}
	for name, c := range map[string]struct {
		before, now Proof
		again       bool
	}{
		"good after bad":      {at(false, "a", start, "x"), at(true, "a", start, "x"), true},
		"good after good":     {at(true, "a", start, "x"), at(true, "a", start, "x"), false},
		"bad after bad":       {at(false, "a", start, "x"), at(false, "a", start, "x"), false},
		"another container":   {at(false, "b", start, "x"), at(true, "a", start, "x"), false},
		"another incarnation": {at(false, "a", start.Add(1), "x"), at(true, "a", start, "x"), false},
		"at another address":  {at(false, "a", start, "y"), at(true, "a", start, "x"), false},
	} {
		if got := confirmed([]Proof{c.before}, []Proof{c.now})[0].Again; got != c.again {
			t.Errorf("%s: again is %t", name, got)
		}
	}
	if confirmed(nil, []Proof{at(true, "a", start, "x")})[0].Again {
		t.Error("the first answer of all has to be confirmed")
	}
}

func TestASecretNeverStandsInACard(t *testing.T) {
	const secret = "correct-horse-battery"
	e, p := newFake().has("web"), load(t, strings.Replace(oneService, "[CMD, ok]", "[CMD, login, "+secret+"], interval: 100ms, timeout: 1s, retries: 1", 1))
	e.scripts["web"] = script{probe: func(time.Duration, int) int { return 1 }, says: "wrong: " + secret}
	r, err := Up(t.Context(), e, p, Options{Redact: sanitize.NewRedactor([]string{secret}, nil)})
	wantFailure(t, r, err, fault.Service, "web")
	said := fmt.Sprintf("%v %+v", err, r.Cards)
	if strings.Contains(said, secret) {
		t.Errorf("the card says the secret: %s", said)
	}
	if card := r.Cards[0]; card.Probe != "login "+sanitize.Redacted || !strings.Contains(card.ProbeOutput, sanitize.Redacted) || !strings.Contains(card.Logs[0], sanitize.Redacted) {
		t.Errorf("the card is %+v", card)
	}
}
