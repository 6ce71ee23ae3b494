package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// Ledger keeps the accounts of the paper exchange.
type Ledger interface {
	// Fill carries an order out at a price, or returns the first fill of an
	// order that was carried out before. Its error wraps ErrRejected when the
	// account does not allow the order.
	Fill(ctx context.Context, order Order, priceCents int) (Fill, error)
	// Account returns what a user has; a new user has the starting balance.
	Account(ctx context.Context, user string) (Account, error)
}

// Status is the exchange's word about itself.
type Status struct {
	ExchangeActive bool `json:"exchange_active"`
	TradingActive  bool `json:"trading_active"`
}

// Paper serves the paper exchange.
type Paper struct {
	ledger Ledger
	now    func() time.Time
}

// maxOrder is the largest order body in bytes.
const maxOrder = 8 << 10

// NewPaper returns the exchange over its ledger; now gives the prices' time.
func NewPaper(ledger Ledger, now func() time.Time) *Paper {
	return &Paper{ledger: ledger, now: now}
}

// Handler answers the exchange's protocol below its base address.
func (p *Paper) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", p.status)
	mux.HandleFunc("GET /markets", p.markets)
	mux.HandleFunc("POST /orders", p.order)
	mux.HandleFunc("GET /accounts/{user}", p.account)
	return mux
}

func (p *Paper) status(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, Status{ExchangeActive: true, TradingActive: true})
}

func (p *Paper) markets(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, marketList{Markets: PaperMarkets(p.now())})
}

func (p *Paper) order(w http.ResponseWriter, r *http.Request) {
	var order Order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder)).Decode(&order); err != nil {
		reply(w, http.StatusBadRequest, refusal{Error: "the body is not an order: " + err.Error()})
		return
	}
	if err := order.validate(); err != nil {
		reply(w, http.StatusUnprocessableEntity, refusal{Error: err.Error()})
		return
	}
	quote, known := paperQuote(order.Ticker, p.now())
	if !known {
		reply(w, http.StatusUnprocessableEntity, refusal{Error: "no market " + order.Ticker})
		return
	}
	fill, err := p.ledger.Fill(r.Context(), order, order.price(quote))
	replyOr(w, fill, err)
}

func (p *Paper) account(w http.ResponseWriter, r *http.Request) {
	user := r.PathValue("user")
	if !trade.ValidUser(user) {
		reply(w, http.StatusNotFound, refusal{Error: "no such account"})
		return
	}
	account, err := p.ledger.Account(r.Context(), user)
	replyOr(w, account, err)
}

type marketList struct {
	Markets []Market `json:"markets"`
}

type refusal struct {
	Error string `json:"error"`
}

func replyOr(w http.ResponseWriter, body any, err error) {
	switch {
	case err == nil:
		reply(w, http.StatusOK, body)
	case errors.Is(err, ErrRejected):
		reply(w, http.StatusUnprocessableEntity, refusal{Error: err.Error()})
	default:
		reply(w, http.StatusServiceUnavailable, refusal{Error: err.Error()})
	}
}

func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// The connection is all that can fail here, and then nobody is listening.
	_ = json.NewEncoder(w).Encode(body)
}
