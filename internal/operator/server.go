package operator

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

//go:embed page
var assets embed.FS

// Boss is the supervisor as the page sees it.
type Boss interface {
	Snapshot() (*orchestrator.Snapshot, <-chan struct{})
	Wish(wish, service string) error
}

// PageOptions are what the page needs.
type PageOptions struct {
	// Listen is host:port; Token is asked of everybody, "" of nobody, which a
	// loopback address alone may have.
	Listen, Token string
	Boss          Boss
	History       *History
	// Document is a snapshot as status -o json prints it.
	Document func(orchestrator.Snapshot) ([]byte, error)
	// Logs writes what a container says, safe to show, until ctx ends or the
	// container does.
	Logs func(ctx context.Context, containerID string, tail int, out io.Writer) error
	// Redact takes secrets out of what is shown; nil takes none.
	Redact func(string) string
	// Metrics answers /metrics.
	Metrics http.Handler
	// Alive says whether the loop is.
	Alive func() error
}

// Page is the web page of a supervisor, with the answers for programs beside
// it.
type Page struct {
	o      PageOptions
	guard  *guard
	server *http.Server
	// streams bounds how many may follow at once.
	streams chan struct{}
}

// maxStreams is how many readers may follow the page and logs at once.
const maxStreams = 64

// NewPage makes the page; an error is about the address.
func NewPage(o PageOptions) (*Page, error) {
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return nil, fault.New(fault.Usage, "--listen %s: %w", o.Listen, err)
	}
	if o.Token == "" && !IsLoopback(o.Listen) {
		return nil, fault.New(fault.Usage, "--listen %s can be reached from elsewhere, and there is no token", o.Listen).
			WithHint("name a file that holds one: --token-file FILE (openssl rand -hex 24), or listen on 127.0.0.1")
	}
	word := make([]byte, 16)
	if _, err := rand.Read(word); err != nil {
		return nil, err
	}
	p := &Page{o: o, guard: newGuard(o.Listen, o.Token, hex.EncodeToString(word)), streams: make(chan struct{}, maxStreams)}
	return p, nil
}

// Handler is all that the page answers.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.index)
	for _, name := range []string{"app.css", "app.js", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) { serveAsset(w, name, http.StatusOK) })
	}
	mux.HandleFunc("GET /healthz", p.healthz)
	mux.HandleFunc("GET /readyz", p.readyz)
	mux.HandleFunc("GET /status.json", p.status)
	mux.HandleFunc("GET /view.json", p.view)
	mux.HandleFunc("GET /events", p.events)
	mux.HandleFunc("GET /logs/{service}", p.logs)
	mux.HandleFunc("POST /services/{service}/{wish}", p.wish)
	mux.HandleFunc("POST /login", p.guard.login)
	if p.o.Metrics != nil {
		mux.Handle("GET /metrics", p.o.Metrics)
	}
	return p.guard.protect(mux, "/healthz", "/login", "/app.css", "/icon.svg")
}

// Serve answers until ctx ends.
func (p *Page) Serve(ctx context.Context, l net.Listener) error {
	p.server = &http.Server{
		Handler: p.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if p.server.Shutdown(end) != nil {
			_ = p.server.Close() // whoever still reads has had the time
		}
	})
	defer stop()
	if err := p.server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fault.New(fault.Resource, "the page: %w", err)
	}
	return nil
}

// serveAsset answers with a file of the page.
func serveAsset(w http.ResponseWriter, name string, status int) {
	data, err := assets.ReadFile("page/" + name)
	if err != nil {
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	kinds := map[string]string{"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "html": "text/html"}
	w.Header().Set("Content-Type", kinds[name[strings.LastIndex(name, ".")+1:]]+"; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(data) // a reader that has gone
}

// index is the page with its word.
func (p *Page) index(w http.ResponseWriter, _ *http.Request) {
	data, err := assets.ReadFile("page/index.html")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	name := ""
	if s, _ := p.o.Boss.Snapshot(); s != nil {
		name = s.Report.Project
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = strings.NewReplacer("{{word}}", p.guard.word, "{{project}}", html.EscapeString(name)).WriteString(w, string(data))
}

// healthz says whether the loop is alive.
func (p *Page) healthz(w http.ResponseWriter, _ *http.Request) {
	if err := p.o.Alive(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// readyz is 200 only while everything is proven that can be.
func (p *Page) readyz(w http.ResponseWriter, _ *http.Request) {
	s, _ := p.o.Boss.Snapshot()
	switch {
	case s == nil:
		http.Error(w, "nothing was looked at yet", http.StatusServiceUnavailable)
	case s.Err != nil:
		http.Error(w, text(s.Err.Error()), http.StatusServiceUnavailable)
	case !s.Report.Proven && s.Report.Settled():
		_, _ = io.WriteString(w, "ready; unchecked: "+strings.Join(s.Report.Unchecked(), ", ")+"\n")
	case !s.Report.Proven:
		http.Error(w, "not proven", http.StatusServiceUnavailable)
	default:
		_, _ = io.WriteString(w, "proven\n")
	}
}

func (p *Page) status(w http.ResponseWriter, _ *http.Request) {
	s, _ := p.o.Boss.Snapshot()
	if s == nil {
		http.Error(w, "nothing was looked at yet", http.StatusServiceUnavailable)
		return
	}
	data, err := p.o.Document(*s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data)
}

func (p *Page) view(w http.ResponseWriter, _ *http.Request) {
	s, _ := p.o.Boss.Snapshot()
	if s == nil {
		http.Error(w, "nothing was looked at yet", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if data, err := p.picture(*s); err == nil { // what Go made always encodes
		_, _ = w.Write(data)
	}
}

// picture is the view of a snapshot as JSON, without secrets.
func (p *Page) picture(s orchestrator.Snapshot) ([]byte, error) {
	data, err := json.Marshal(MakeView(s, p.o.History))
	if err != nil || p.o.Redact == nil {
		return data, err
	}
	return []byte(p.o.Redact(string(data))), nil
}

// wish takes what a person asks for.
func (p *Page) wish(w http.ResponseWriter, r *http.Request) {
	if err := p.o.Boss.Wish(r.PathValue("wish"), r.PathValue("service")); err != nil {
		http.Error(w, text(err.Error()), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = fmt.Fprintf(w, "%s %s: asked for\n", r.PathValue("wish"), r.PathValue("service"))
}
