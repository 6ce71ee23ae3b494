// Package desk does the trading: it fills pending trades, closes open ones
// and opens new ones by rule. Orders carry a name made from the trade's
// number, so a step that was interrupted anywhere can simply be done again.
package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/exchange"
	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// Placer sends orders to an exchange.
type Placer interface {
	Place(ctx context.Context, order exchange.Order) (exchange.Fill, error)
}

// FillStore is what a Filler needs of the trades.
type FillStore interface {
	ClaimPending(ctx context.Context, limit int, lease time.Duration) ([]trade.Trade, error)
	MarkOpen(ctx context.Context, id int64, priceCents int, at time.Time) error
	MarkRejected(ctx context.Context, id int64, reason string) error
	Release(ctx context.Context, ids []int64) error
}

// Filler takes pending trades and buys them at the exchange.
type Filler struct {
	Trades   FillStore
	Exchange Placer
}

// A claim covers a whole batch even when each order takes its full time-out.
// What is given back at the end of a service has a moment for it, so that the
// trade need not wait for the end of its lease.
const (
	fillBatch   = 10
	claimLease  = 30 * time.Second
	releaseTime = time.Second
)

// Fill buys what is pending now. When the exchange is in trouble the rest is
// given back, to be tried again later.
func (f *Filler) Fill(ctx context.Context) error {
	for {
		claimed, err := f.Trades.ClaimPending(ctx, fillBatch, claimLease)
		if err != nil {
			return err
		}
		for i, t := range claimed {
			if err := f.fill(ctx, t); err != nil {
				return errors.Join(err, f.release(ctx, claimed[i:]))
			}
		}
		if len(claimed) < fillBatch {
			return nil
		}
	}
}

func (f *Filler) fill(ctx context.Context, t trade.Trade) error {
	fill, err := f.Exchange.Place(ctx, order(t, exchange.Buy))
	switch {
	case errors.Is(err, exchange.ErrRejected):
		return f.Trades.MarkRejected(ctx, t.ID, err.Error())
	case err != nil:
		return fmt.Errorf("fill trade %d: %w", t.ID, err)
	default:
		return f.Trades.MarkOpen(ctx, t.ID, fill.PriceCents, fill.At)
	}
}

func (f *Filler) release(ctx context.Context, rest []trade.Trade) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	return f.Trades.Release(ctx, numbers(rest))
}

func order(t trade.Trade, deal exchange.Deal) exchange.Order {
	return exchange.Order{
		ClientOrderID: fmt.Sprintf("trade-%d-%s", t.ID, deal),
		User:          t.User,
		Ticker:        t.Ticker,
		Side:          t.Side,
		Deal:          deal,
		Contracts:     t.Contracts,
	}
}

func numbers(trades []trade.Trade) []int64 {
	ids := make([]int64, len(trades))
	for i, t := range trades {
		ids[i] = t.ID
	}
	return ids
}
