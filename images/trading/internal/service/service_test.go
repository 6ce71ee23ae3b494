package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/job"
)

// pulse is a database that can go away.
type pulse struct {
	mu       sync.Mutex
	away     error
	problem  string
	goodbyes int
	beats    chan struct{}
}

func (p *pulse) Beat(_ context.Context, _, _, problem string, _ time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problem = problem
	select {
	case p.beats <- struct{}{}:
	default:
	}
	return p.away
}

func (p *pulse) SayGoodbye(context.Context, string, string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.goodbyes++
	return p.away
}

func (p *pulse) Check(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.away
}

func (p *pulse) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = err
}

// run starts a service and returns its address and a function that ends it.
func run(t *testing.T, p *pulse, s Service) (string, func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Name, s.Instance, s.Heartbeat = "main_app", "one", 10*time.Millisecond
	s.Pulse, s.Checker, s.Log = p, p, slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, listener) }()
	return "http://" + listener.Addr().String(), func() error { cancel(); return <-ended }
}

func code(t *testing.T, method, url, origin string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if origin != "" {
		request.Header.Set("Origin", origin)
		request.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func TestAServiceOutlivesItsDatabase(t *testing.T) {
	p := &pulse{beats: make(chan struct{}, 1)}
	address, end := run(t, p, Service{})
	for _, step := range []struct {
		away error
		want int
	}{{nil, 200}, {errors.New("away"), 503}, {nil, 200}} {
		p.set(step.away)
		if got := code(t, "GET", address+"/health", ""); got != step.want {
			t.Errorf("with the database %v: %d, want %d", step.away, got, step.want)
		}
		<-p.beats
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	if p.goodbyes != 1 {
		t.Errorf("said goodbye %d times", p.goodbyes)
	}
}

func TestAFailingJobIsToldWithTheHeartbeat(t *testing.T) {
	p := &pulse{beats: make(chan struct{})}
	sync := job.Job{Name: "sync", Every: time.Hour, Do: func(context.Context) error { return errors.New("no answer") }}
	_, end := run(t, p, Service{Jobs: []job.Job{sync}})
	deadline := time.After(10 * time.Second)
	for told := ""; !strings.Contains(told, "sync: no answer"); {
		select {
		case <-p.beats:
		case <-deadline:
			t.Fatalf("the heartbeat still says %q", told)
		}
		p.mu.Lock()
		told = p.problem
		p.mu.Unlock()
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

func TestTheEndIsQuickEvenWithAHangingRequest(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	routes := func(mux *http.ServeMux) {
		mux.HandleFunc("GET /slow", func(http.ResponseWriter, *http.Request) { close(arrived); <-release })
	}
	background := func(ctx context.Context) { <-ctx.Done() }
	address, end := run(t, &pulse{}, Service{Routes: routes, Background: []func(context.Context){background}})
	go func() {
		response, err := http.Get(address + "/slow")
		if err == nil {
			_ = response.Body.Close()
		}
	}()
	<-arrived
	begin := time.Now()
	if err := end(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 1900*time.Millisecond {
		t.Errorf("took %s", took)
	}
}

func TestAForeignWebPageCannotTrade(t *testing.T) {
	routes := func(mux *http.ServeMux) {
		mux.HandleFunc("POST /trades", func(http.ResponseWriter, *http.Request) {})
	}
	address, end := run(t, &pulse{}, Service{Routes: routes})
	if got := code(t, "POST", address+"/trades", "https://elsewhere.example"); got != 403 {
		t.Errorf("from a foreign page: %d", got)
	}
	if got := code(t, "POST", address+"/trades", ""); got != 200 {
		t.Errorf("from a program: %d", got)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}
