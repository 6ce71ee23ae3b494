// Package tradeapi is the REST interface for trades, both ends of it.
package tradeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/stackctl/stackctl/images/trading/internal/store"
	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// Trades is what the interface needs of the trades.
type Trades interface {
	AddTrade(ctx context.Context, request trade.Request) (t trade.Trade, added bool, err error)
	Trade(ctx context.Context, id int64) (trade.Trade, error)
	Trades(ctx context.Context, filter store.Filter) ([]trade.Trade, error)
	RequestClose(ctx context.Context, id int64) (t trade.Trade, changed bool, err error)
}

// Handler answers requests about trades.
type Handler struct {
	trades Trades
	log    *slog.Logger
}

// Bounds of a request: the body in bytes, a list in trades.
const (
	maxBody      = 16 << 10
	defaultLimit = 50
	maxLimit     = 500
)

// New returns the interface over the trades.
func New(trades Trades, log *slog.Logger) *Handler {
	return &Handler{trades: trades, log: log}
}

// Register adds the routes to a mux.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /trades", h.add)
	mux.HandleFunc("GET /trades", h.list)
	mux.HandleFunc("GET /trades/{id}", h.get)
	mux.HandleFunc("POST /trades/{id}/close", h.close)
}

func (h *Handler) add(w http.ResponseWriter, r *http.Request) {
	request, err := decode(w, r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	t, added, err := h.trades.AddTrade(r.Context(), request)
	switch {
	case errors.Is(err, store.ErrNotFound):
		h.refuse(w, &trade.InvalidError{Problems: []trade.Problem{{Field: "user", Problem: "is not known"}}})
	case err != nil:
		h.refuse(w, err)
	default:
		w.Header().Set("Location", fmt.Sprintf("/trades/%d", t.ID))
		code := http.StatusOK
		if added {
			code = http.StatusCreated
		}
		answer(w, code, t)
	}
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) {
	filter, err := parseFilter(r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	list, err := h.trades.Trades(r.Context(), filter)
	if err != nil {
		h.refuse(w, err)
		return
	}
	answer(w, http.StatusOK, List{Trades: list})
}

func (h *Handler) get(w http.ResponseWriter, r *http.Request) {
	id, err := number(r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	t, err := h.trades.Trade(r.Context(), id)
	if err != nil {
		h.refuse(w, err)
		return
	}
	answer(w, http.StatusOK, t)
}

func (h *Handler) close(w http.ResponseWriter, r *http.Request) {
	id, err := number(r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	t, changed, err := h.trades.RequestClose(r.Context(), id)
	switch {
	case err != nil:
		h.refuse(w, err)
	case !changed:
		h.refuse(w, fmt.Errorf("%w: trade %d is %s", errEnded, id, t.Status))
	default:
		answer(w, http.StatusAccepted, t)
	}
}

// List is the answer to a question for several trades.
type List struct {
	Trades []trade.Trade `json:"trades"`
}

// Refusal is the answer to a request that was not carried out.
type Refusal struct {
	Error  string          `json:"error"`
	Fields []trade.Problem `json:"fields,omitempty"`
}

var errEnded = errors.New("already ended")

// refuse turns an error into a status. What is not the caller's fault is also
// logged, since the caller can do nothing about it.
func (h *Handler) refuse(w http.ResponseWriter, err error) {
	refusal := Refusal{Error: err.Error()}
	var invalid *trade.InvalidError
	switch {
	case errors.As(err, &invalid):
		refusal.Fields = invalid.Problems
		answer(w, http.StatusBadRequest, refusal)
	case errors.Is(err, store.ErrNotFound):
		answer(w, http.StatusNotFound, refusal)
	case errors.Is(err, errEnded):
		answer(w, http.StatusConflict, refusal)
	default:
		h.log.Error("request failed", "error", err)
		answer(w, http.StatusServiceUnavailable, Refusal{Error: "the database does not answer"})
	}
}

func decode(w http.ResponseWriter, r *http.Request) (trade.Request, error) {
	var request trade.Request
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return request, bodyProblem(err)
	}
	if decoder.More() {
		return request, bodyProblem(errors.New("more than one JSON value"))
	}
	return request, request.Validate()
}

func bodyProblem(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) && wrongType.Field != "" {
		return invalid(wrongType.Field, fmt.Sprintf("must not be a JSON %s", wrongType.Value))
	}
	return invalid("body", "is not a JSON trade: "+err.Error())
}

func parseFilter(r *http.Request) (store.Filter, error) {
	query := r.URL.Query()
	filter := store.Filter{User: query.Get("user"), Status: trade.Status(query.Get("status")), Limit: defaultLimit}
	if filter.Status != "" && !filter.Status.Valid() {
		return filter, invalid("status", "must be pending, filling, open, closed, cancelled or rejected")
	}
	if filter.User != "" && !trade.ValidUser(filter.User) {
		return filter, invalid("user", "cannot be a user's name")
	}
	if text := query.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			return filter, invalid("limit", fmt.Sprintf("must be a whole number from 1 to %d", maxLimit))
		}
		filter.Limit = limit
	}
	return filter, nil
}

func number(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, invalid("id", "must be a positive whole number")
	}
	return id, nil
}

func invalid(field, problem string) error {
	return &trade.InvalidError{Problems: []trade.Problem{{Field: field, Problem: problem}}}
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}
