package trade

import (
	"fmt"
	"time"
)

// ExitRule says when an open trade is closed. Profit and loss are for one
// contract, at the price a seller gets.
type ExitRule struct {
	TakeProfitCents int
	StopLossCents   int
	MaxAge          time.Duration
}

// Decide returns why the trade is to be closed, or an empty string to keep
// it. A request to close comes first, then the figures, then the age. A trade
// without a quote is only closed for reasons that need none.
func (r ExitRule) Decide(t Trade, quote *Quote, now time.Time) string {
	if t.Status != Open {
		return ""
	}
	if t.CloseRequestedAt != nil {
		return "requested"
	}
	if reason := r.byPrice(t, quote); reason != "" {
		return reason
	}
	if t.FilledAt != nil && now.Sub(*t.FilledAt) >= r.MaxAge {
		return fmt.Sprintf("open for %s", r.MaxAge)
	}
	return ""
}

func (r ExitRule) byPrice(t Trade, quote *Quote) string {
	if quote == nil || t.EntryPriceCents == nil {
		return ""
	}
	gain := quote.Bid(t.Side) - *t.EntryPriceCents
	switch {
	case gain >= r.TakeProfitCents:
		return fmt.Sprintf("take profit at %+d cents", gain)
	case gain <= -r.StopLossCents:
		return fmt.Sprintf("stop loss at %+d cents", gain)
	default:
		return ""
	}
}
