package docker

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/testkit"
)

// script answers requests by "METHOD /path" without the API version.
type script map[string]http.HandlerFunc

func (s script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := regexp.MustCompile(`^/v1\.[0-9]+`).ReplaceAllString(r.URL.Path, "")
	w.Header().Set("Api-Version", "1.51")
	if answer, ok := s[r.Method+" "+path]; ok {
		answer(w, r)
		return
	}
	switch path {
	case "/_ping":
		w.WriteHeader(http.StatusOK)
	case "/version":
		reply(map[string]any{"Version": "28.5.2", "ApiVersion": "1.51", "Os": "linux", "Arch": "amd64"})(w, r)
	case "/info":
		reply(map[string]any{"ID": "engine", "SystemTime": time.Now().Format(time.RFC3339Nano)})(w, r)
	default:
		refuse(http.StatusNotFound, "No such thing: "+path)(w, r)
	}
}

// reply answers with 200 and JSON.
func reply(body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body)
	}
}

// refuse answers as the engine does when it cannot.
func refuse(status int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
	}
}

// text answers with 200 and a stream as it is.
func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// inTurn answers each request with the next handler, the last one for ever.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	next := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		handler := handlers[next]
		next = min(next+1, len(handlers)-1)
		mu.Unlock()
		handler(w, r)
	}
}

// hangUp closes the connection without an answer, after the engine has done
// what it was asked.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// hang never answers.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// scripted connects to an engine that follows a script.
func scripted(t *testing.T, s script, change ...func(*Options)) (*Engine, error) {
	t.Helper()
	listener := testkit.NewPipes()
	server := &http.Server{Handler: s}
	var served sync.WaitGroup
	served.Go(func() { _ = server.Serve(listener) })
	opts := Options{Host: "unix:///run/scripted.sock", Environ: []string{"HOME=" + t.TempDir()}, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return listener.Dial(ctx) }}
	for _, c := range change {
		c(&opts)
	}
	e, err := Connect(t.Context(), opts)
	t.Cleanup(func() {
		if err == nil {
			_ = e.Close()
		}
		_ = server.Close()
		served.Wait()
	})
	return e, err
}

// mustScripted is scripted for an engine that can be connected to.
func mustScripted(t *testing.T, s script, change ...func(*Options)) *Engine {
	t.Helper()
	e, err := scripted(t, s, change...)
	must(t, err)
	return e
}
