package exchange

import (
	"errors"
	"fmt"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// Deal is the direction of an order.
type Deal string

// An order buys a position or sells one.
const (
	Buy  Deal = "buy"
	Sell Deal = "sell"
)

// Order is a wish to trade at the price of the moment. ClientOrderID is the
// caller's name for it: the same one sent again is answered with the first
// fill and changes nothing, so an order whose answer was lost can be repeated.
type Order struct {
	ClientOrderID string     `json:"client_order_id"`
	User          string     `json:"user"`
	Ticker        string     `json:"ticker"`
	Side          trade.Side `json:"side"`
	Deal          Deal       `json:"deal"`
	Contracts     int        `json:"contracts"`
}

// Fill is an order that was carried out.
type Fill struct {
	ClientOrderID string    `json:"client_order_id"`
	PriceCents    int       `json:"price_cents"`
	At            time.Time `json:"at"`
}

// ErrRejected marks an answer that will not change when the order is repeated.
var ErrRejected = errors.New("rejected by the exchange")

// validate returns an error that wraps ErrRejected for an order nobody could
// carry out.
func (o Order) validate() error {
	switch {
	case o.ClientOrderID == "" || len(o.ClientOrderID) > 128:
		return fmt.Errorf("%w: client_order_id must have 1 to 128 characters", ErrRejected)
	case !trade.ValidUser(o.User):
		return fmt.Errorf("%w: user is not valid", ErrRejected)
	case o.Side != trade.Yes && o.Side != trade.No:
		return fmt.Errorf("%w: side must be yes or no", ErrRejected)
	case o.Deal != Buy && o.Deal != Sell:
		return fmt.Errorf("%w: deal must be buy or sell", ErrRejected)
	case o.Contracts < 1 || o.Contracts > trade.MaxContracts:
		return fmt.Errorf("%w: contracts must be 1 to %d", ErrRejected, trade.MaxContracts)
	}
	return nil
}

// price is what the order costs or brings for one contract.
func (o Order) price(q trade.Quote) int {
	if o.Deal == Sell {
		return q.Bid(o.Side)
	}
	return q.Ask(o.Side)
}
