package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/exchange"
	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// CloseStore is what a Closer needs of the trades.
type CloseStore interface {
	OpenTrades(ctx context.Context, limit int) ([]trade.Trade, error)
	MarkClosed(ctx context.Context, id int64, priceCents int, reason string, at time.Time) error
}

// Market gives prices and takes orders.
type Market interface {
	Placer
	Quotes(ctx context.Context) ([]trade.Quote, error)
}

// Closer sells open trades when the rule says so.
type Closer struct {
	Trades   CloseStore
	Exchange Market
	Rule     trade.ExitRule
	Now      func() time.Time
}

// closeBatch bounds one look at the open trades; the oldest come first.
const closeBatch = 500

// Close looks at every open trade once. One that cannot be sold does not keep
// the others.
func (c *Closer) Close(ctx context.Context) error {
	open, err := c.Trades.OpenTrades(ctx, closeBatch)
	if err != nil || len(open) == 0 {
		return err
	}
	quotes, err := c.Exchange.Quotes(ctx)
	if err != nil {
		return err
	}
	prices := map[string]*trade.Quote{}
	for i := range quotes {
		prices[quotes[i].Ticker] = &quotes[i]
	}
	var problems []error
	for _, t := range open {
		if reason := c.Rule.Decide(t, prices[t.Ticker], c.Now()); reason != "" {
			problems = append(problems, c.sell(ctx, t, reason))
		}
	}
	return errors.Join(problems...)
}

func (c *Closer) sell(ctx context.Context, t trade.Trade, reason string) error {
	fill, err := c.Exchange.Place(ctx, order(t, exchange.Sell))
	if err != nil {
		return fmt.Errorf("sell trade %d: %w", t.ID, err)
	}
	return c.Trades.MarkClosed(ctx, t.ID, fill.PriceCents, reason, fill.At)
}
