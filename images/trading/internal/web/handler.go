package web

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/stackctl/stackctl/images/trading/internal/userdata"
)

//go:embed assets
var assets embed.FS

// Handler serves the page, its JSON and the users' snapshots.
type Handler struct {
	page  *template.Template
	state func(context.Context) (State, error)
	users userdata.Dir
	log   *slog.Logger
}

// New returns the handler over a source of states.
func New(state func(context.Context) (State, error), users userdata.Dir, log *slog.Logger) (*Handler, error) {
	page, err := template.New("page.html").Funcs(formats()).ParseFS(assets, "assets/page.html")
	if err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	return &Handler{page: page, state: state, users: users, log: log}, nil
}

// Register adds the routes to a mux.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", h.show)
	mux.HandleFunc("GET /api/state", h.json)
	mux.HandleFunc("GET /api/users/{user}", h.user)
	mux.Handle("GET /assets/page.css", http.FileServerFS(assets))
	mux.Handle("GET /assets/page.js", http.FileServerFS(assets))
}

// view is the state or why there is none.
type view struct {
	State
	Problem string
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	code := http.StatusOK
	var v view
	state, err := h.state(r.Context())
	if err != nil {
		h.log.Error("page without state", "error", err)
		code, v.Problem = http.StatusServiceUnavailable, "The database does not answer. This page tries again by itself."
	}
	v.State = state
	var content bytes.Buffer
	if err := h.page.Execute(&content, v); err != nil {
		h.log.Error("page not rendered", "error", err)
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	headers := w.Header()
	headers.Set("Content-Type", "text/html; charset=utf-8")
	headers.Set("Cache-Control", "no-store")
	headers.Set("Content-Security-Policy",
		"default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'")
	headers.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = content.WriteTo(w)
}

func (h *Handler) json(w http.ResponseWriter, r *http.Request) {
	state, err := h.state(r.Context())
	if err != nil {
		h.log.Error("no state", "error", err)
		answer(w, http.StatusServiceUnavailable, problem{"the database does not answer"})
		return
	}
	answer(w, http.StatusOK, state)
}

func (h *Handler) user(w http.ResponseWriter, r *http.Request) {
	snapshot, err := h.users.Read(r.PathValue("user"))
	switch {
	case userdata.Missing(err):
		answer(w, http.StatusNotFound, problem{"no data of such a user"})
	case err != nil:
		h.log.Error("no snapshot", "error", err)
		answer(w, http.StatusInternalServerError, problem{"the user's data cannot be read"})
	default:
		answer(w, http.StatusOK, snapshot)
	}
}

type problem struct {
	Error string `json:"error"`
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}
