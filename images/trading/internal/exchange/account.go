package exchange

import (
	"fmt"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// Account is what a user has at the exchange.
type Account struct {
	User         string     `json:"user"`
	BalanceCents int64      `json:"balance_cents"`
	Positions    []Position `json:"positions"`
}

// Position is a number of contracts of one side of one market.
type Position struct {
	Ticker    string     `json:"ticker" db:"ticker"`
	Side      trade.Side `json:"side" db:"side"`
	Contracts int        `json:"contracts" db:"contracts"`
}

// Holding is the part of an account that one order touches.
type Holding struct {
	BalanceCents int64
	Contracts    int
}

// Apply returns the holding after the order at this price, or an error that
// wraps ErrRejected when there is not enough money or not enough contracts.
func (h Holding) Apply(o Order, priceCents int) (Holding, error) {
	value := int64(o.Contracts) * int64(priceCents)
	if o.Deal == Sell {
		if h.Contracts < o.Contracts {
			return h, fmt.Errorf("%w: holds %d contracts, cannot sell %d", ErrRejected, h.Contracts, o.Contracts)
		}
		return Holding{BalanceCents: h.BalanceCents + value, Contracts: h.Contracts - o.Contracts}, nil
	}
	if h.BalanceCents < value {
		return h, fmt.Errorf("%w: balance of %d cents does not cover %d", ErrRejected, h.BalanceCents, value)
	}
	return Holding{BalanceCents: h.BalanceCents - value, Contracts: h.Contracts + o.Contracts}, nil
}
