package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between stackctl and the engine under test. It passes every
// request on, unless a mishap comes to it.
type proxy struct {
	// host is what DOCKER_HOST has to be.
	host string
	// pick chooses what happens to a request; nil is nothing.
	pick func(r *http.Request) mishap

	forward http.Handler
	calls   sync.WaitGroup
}

// mishap is what happens to one request. It may pass it on.
type mishap func(w http.ResponseWriter, r *http.Request, forward http.Handler)

// newProxy listens until the test ends.
func newProxy(t *testing.T, pick func(r *http.Request) mishap) *proxy {
	t.Helper()
	dir, err := os.MkdirTemp("", "stackctl-e2e-proxy-") //nolint:usetesting // the name of a socket must be short
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "engine.sock")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	must(t, err)
	engine := strings.TrimPrefix(endpoint(), "unix://")
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", engine)
	}}
	p := &proxy{host: "unix://" + socket, pick: pick, forward: &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "engine"}) },
		Transport:     transport,
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
	}}
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); transport.CloseIdleConnections() })
	return p
}

// ServeHTTP implements http.Handler. What changes something is carried out to
// its end though nobody waits for the answer any more, as by an engine that
// has taken the request.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if changes(r) {
		p.calls.Add(1)
		defer p.calls.Done()
		r = r.WithContext(context.WithoutCancel(r.Context()))
	}
	if m := p.pick(r); m != nil {
		m(w, r, p.forward)
		return
	}
	p.forward.ServeHTTP(w, r)
}

// settle waits until the engine has carried out what it was asked for.
func (p *proxy) settle() { p.calls.Wait() }

// changes says whether a request changes objects of the engine: commands that
// are run in containers, and images, do not count.
func changes(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	for _, other := range []string{"/exec", "/build", "/session", "/grpc", "/images/", "/auth"} {
		if strings.Contains(r.URL.Path, other) {
			return false
		}
	}
	return true
}

// upgrades says whether a request turns into a stream in both directions.
func upgrades(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }

// cut closes the connection instead of answering.
func cut() { panic(http.ErrAbortHandler) }

// refuse answers with a failure of the engine's own; the request never gets
// there.
func refuse(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, `{"message":"the proxy stumbled"}`)
}

// drop closes the connection before the request gets there.
func drop(http.ResponseWriter, *http.Request, http.Handler) { cut() }

// lose has the request carried out and closes the connection instead of
// answering.
func lose(_ http.ResponseWriter, r *http.Request, forward http.Handler) {
	forward.ServeHTTP(httptest.NewRecorder(), r)
	cut()
}

// late passes the request on after a while.
func late(d time.Duration) mishap {
	return func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		forward.ServeHTTP(w, r)
	}
}

// truncate closes the connection after so many bytes of the answer.
func truncate(bytes int) mishap {
	return func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		forward.ServeHTTP(&shortWriter{ResponseWriter: w, left: bytes}, r)
	}
}

// shortWriter cuts the connection when more is written than is left.
type shortWriter struct {
	http.ResponseWriter
	left int
}

func (w *shortWriter) Write(b []byte) (int, error) {
	if len(b) <= w.left {
		w.left -= len(b)
		return w.ResponseWriter.Write(b)
	}
	_, _ = w.ResponseWriter.Write(b[:w.left])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	cut()
	return 0, nil
}

// Unwrap lets answers be flushed.
func (w *shortWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// memory holds what the engine last said about each container, by path.
type memory struct {
	mu   sync.Mutex
	said map[string]*httptest.ResponseRecorder
}

// inspects says whether a request asks about one container.
func inspects(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/containers/") && strings.HasSuffix(r.URL.Path, "/json") &&
		!strings.HasSuffix(r.URL.Path, "/containers/json")
}

// keep passes a question about a container on and remembers the answer; nil
// for any other request.
func (m *memory) keep(r *http.Request) mishap {
	if !inspects(r) {
		return nil
	}
	return func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		answer := httptest.NewRecorder()
		forward.ServeHTTP(answer, r)
		m.mu.Lock()
		if m.said == nil {
			m.said = map[string]*httptest.ResponseRecorder{}
		}
		m.said[r.URL.Path] = answer
		m.mu.Unlock()
		replay(w, answer)
	}
}

// stale answers a question about a container with what was said the last
// time; nil when nothing was.
func (m *memory) stale(r *http.Request) mishap {
	m.mu.Lock()
	defer m.mu.Unlock()
	answer := m.said[r.URL.Path]
	if answer == nil || !inspects(r) {
		return nil
	}
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { replay(w, answer) }
}

// replay gives a recorded answer.
func replay(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// repeat sends each part of a stream twice.
func repeat(w http.ResponseWriter, r *http.Request, forward http.Handler) {
	forward.ServeHTTP(&doubleWriter{w}, r)
}

type doubleWriter struct{ http.ResponseWriter }

func (w *doubleWriter) Write(b []byte) (int, error) {
	if _, err := w.ResponseWriter.Write(bytes.Repeat(b, 2)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Unwrap lets answers be flushed.
func (w *doubleWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestTheProxyPassesOnAndLetsMishapsHappen(t *testing.T) {
	t.Parallel()
	var next atomic.Pointer[mishap]
	p := newProxy(t, func(*http.Request) mishap { return *next.Load() })
	get := func() (int, string, error) {
		socket := strings.TrimPrefix(p.host, "unix://")
		client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}}
		resp, err := client.Get("http://engine/_ping") //nolint:noctx // the client has a bound
		if err != nil {
			return 0, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body), err
	}
	for _, c := range []struct {
		name   string
		next   mishap
		status int
		body   string
		fails  bool
	}{
		{"nothing", nil, 200, "OK", false},
		{"a failure of the engine's own", refuse, 500, `{"message":"the proxy stumbled"}`, false},
		{"a lost request", drop, 0, "", true},
		{"a lost answer", lose, 0, "", true},
		{"a late answer", late(time.Millisecond), 200, "OK", false},
		{"half an answer", truncate(1), 200, "O", true},
	} {
		next.Store(&c.next)
		status, body, err := get()
		if status != c.status || body != c.body || (err != nil) != c.fails {
			t.Errorf("%s: %d %q %v", c.name, status, body, err)
		}
	}
}

func TestAStaleAnswerIsTheOneBefore(t *testing.T) {
	t.Parallel()
	said, n := &memory{}, 0
	engine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n++
		fmt.Fprint(w, n)
	})
	ask := func(m func(*http.Request) mishap, path string) string {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		m(r)(w, r, engine)
		return w.Body.String()
	}
	const path = "/v1.41/containers/abc/json"
	if r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil); said.stale(r) != nil {
		t.Error("there is a stale answer before the first")
	}
	if got := ask(said.keep, path) + ask(said.stale, path) + ask(said.keep, path) + ask(said.stale, path); got != "1122" {
		t.Errorf("the answers are %s", got)
	}
	if r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1.41/containers/json", nil); said.keep(r) != nil {
		t.Error("a list is no question about one container")
	}
}
