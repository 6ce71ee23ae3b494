// Package trade holds what a trade is and the rules by which trades are
// accepted, opened and closed. It is pure: no clock, no network, no database.
package trade

import (
	"regexp"
	"time"
)

// MaxContracts is the largest size of one trade.
const MaxContracts = 10_000

// Side is what a contract pays for: the event happening or not happening.
type Side string

// The two sides of an event contract.
const (
	Yes Side = "yes"
	No  Side = "no"
)

// Status is where a trade stands in its life.
type Status string

// A trade goes from pending over filling to open and closed. It ends early as
// cancelled, when closing was asked for before it was filled, or as rejected,
// when the exchange did not take the order.
const (
	Pending   Status = "pending"
	Filling   Status = "filling"
	Open      Status = "open"
	Closed    Status = "closed"
	Cancelled Status = "cancelled"
	Rejected  Status = "rejected"
)

// Valid tells whether the status is one of those above.
func (s Status) Valid() bool {
	switch s {
	case Pending, Filling, Open, Closed, Cancelled, Rejected:
		return true
	default:
		return false
	}
}

// Source says who opened a trade.
type Source string

// Trades are opened by people through the API or by the entry rule.
const (
	Manual    Source = "manual"
	Automatic Source = "automatic"
)

// Trade is one position from its order to its end. Prices are in cents for
// one contract, which pays 100 cents or nothing.
type Trade struct {
	ID               int64      `json:"id" db:"id"`
	User             string     `json:"user" db:"user_name"`
	Ticker           string     `json:"ticker" db:"ticker"`
	Side             Side       `json:"side" db:"side"`
	Contracts        int        `json:"contracts" db:"contracts"`
	Status           Status     `json:"status" db:"status"`
	Source           Source     `json:"source" db:"source"`
	Reference        *string    `json:"reference,omitempty" db:"reference"`
	Reason           string     `json:"reason,omitempty" db:"reason"`
	EntryPriceCents  *int       `json:"entry_price_cents,omitempty" db:"entry_price_cents"`
	ExitPriceCents   *int       `json:"exit_price_cents,omitempty" db:"exit_price_cents"`
	ProfitCents      *int64     `json:"profit_cents,omitempty" db:"profit_cents"`
	CreatedAt        time.Time  `json:"created_at" db:"created_at"`
	FilledAt         *time.Time `json:"filled_at,omitempty" db:"filled_at"`
	CloseRequestedAt *time.Time `json:"close_requested_at,omitempty" db:"close_requested_at"`
	ClosedAt         *time.Time `json:"closed_at,omitempty" db:"closed_at"`
}

// Quote is what one market pays now, in cents: bids are what a seller gets,
// asks what a buyer pays.
type Quote struct {
	Ticker      string `json:"ticker" db:"ticker"`
	YesBidCents int    `json:"yes_bid_cents" db:"yes_bid_cents"`
	YesAskCents int    `json:"yes_ask_cents" db:"yes_ask_cents"`
}

// Ask is the price of buying a side. The other side of a contract always
// costs what is left of 100 cents.
func (q Quote) Ask(side Side) int {
	if side == No {
		return 100 - q.YesBidCents
	}
	return q.YesAskCents
}

// Bid is the price of selling a side.
func (q Quote) Bid(side Side) int {
	if side == No {
		return 100 - q.YesAskCents
	}
	return q.YesBidCents
}

// ValidUser tells whether a name can be a user. The names are also names of
// directories, so nothing in them may lead out of one.
func ValidUser(name string) bool {
	return regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`).MatchString(name)
}

// ValidTicker tells whether a name can be a market.
func ValidTicker(name string) bool {
	return regexp.MustCompile(`^[A-Z0-9][A-Z0-9.-]{0,63}$`).MatchString(name)
}
