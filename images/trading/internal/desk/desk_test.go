package desk

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/exchange"
	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// book holds trades in memory.
type book struct {
	trades []*trade.Trade
}

var (
	_ FillStore  = (*book)(nil)
	_ CloseStore = (*book)(nil)
)

func (b *book) find(status trade.Status, limit int) []*trade.Trade {
	var found []*trade.Trade
	for _, t := range b.trades {
		if t.Status == status && len(found) < limit {
			found = append(found, t)
		}
	}
	return found
}

func (b *book) ClaimPending(_ context.Context, limit int, _ time.Duration) ([]trade.Trade, error) {
	var claimed []trade.Trade
	for _, t := range b.find(trade.Pending, limit) {
		t.Status = trade.Filling
		claimed = append(claimed, *t)
	}
	return claimed, nil
}

func (b *book) MarkOpen(_ context.Context, id int64, price int, at time.Time) error {
	t := b.trades[id]
	t.Status, t.EntryPriceCents, t.FilledAt = trade.Open, &price, &at
	return nil
}

func (b *book) MarkRejected(_ context.Context, id int64, reason string) error {
	b.trades[id].Status, b.trades[id].Reason = trade.Rejected, reason
	return nil
}

func (b *book) Release(ctx context.Context, ids []int64) error {
	if ctx.Err() != nil {
		return ctx.Err() // as a database would
	}
	for _, id := range ids {
		b.trades[id].Status = trade.Pending
	}
	return nil
}

func (b *book) OpenTrades(_ context.Context, limit int) ([]trade.Trade, error) {
	var open []trade.Trade
	for _, t := range b.find(trade.Open, limit) {
		open = append(open, *t)
	}
	return open, nil
}

func (b *book) MarkClosed(_ context.Context, id int64, price int, reason string, at time.Time) error {
	t := b.trades[id]
	t.Status, t.ExitPriceCents, t.Reason, t.ClosedAt = trade.Closed, &price, reason, &at
	return nil
}

func pending(n int) *book {
	b := &book{}
	for i := range n {
		b.trades = append(b.trades, &trade.Trade{
			ID: int64(i), User: "demo", Ticker: "PAPER-COIN", Side: trade.Yes, Contracts: 1, Status: trade.Pending,
		})
	}
	return b
}

// floor is an exchange that answers by order name.
type floor struct {
	quote  trade.Quote
	errors map[string]error
	orders []string
}

var _ Market = (*floor)(nil)

func (f *floor) Place(_ context.Context, o exchange.Order) (exchange.Fill, error) {
	f.orders = append(f.orders, o.ClientOrderID)
	price := f.quote.Ask(o.Side)
	if o.Deal == exchange.Sell {
		price = f.quote.Bid(o.Side)
	}
	return exchange.Fill{ClientOrderID: o.ClientOrderID, PriceCents: price, At: noon}, f.errors[o.ClientOrderID]
}

func (f *floor) Quotes(context.Context) ([]trade.Quote, error) { return []trade.Quote{f.quote}, nil }

func quote(bid int) trade.Quote {
	return trade.Quote{Ticker: "PAPER-COIN", YesBidCents: bid, YesAskCents: bid + 2}
}

// leaving is an exchange at whose first order the service is told to end.
type leaving struct{ end context.CancelFunc }

func (l leaving) Place(ctx context.Context, _ exchange.Order) (exchange.Fill, error) {
	l.end()
	return exchange.Fill{}, ctx.Err()
}

func TestTradesAreGivenBackAtTheEndOfTheService(t *testing.T) {
	b := pending(3)
	ctx, end := context.WithCancel(t.Context())
	f := &Filler{Trades: b, Exchange: leaving{end}}
	if err := f.Fill(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	for _, tr := range b.trades {
		if tr.Status != trade.Pending {
			t.Errorf("trade %d is %s", tr.ID, tr.Status)
		}
	}
}

func TestEveryPendingTradeIsFilled(t *testing.T) {
	b := pending(2*fillBatch + 3)
	f := &Filler{Trades: b, Exchange: &floor{quote: quote(50)}}
	if err := f.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tr := range b.trades {
		if tr.Status != trade.Open || *tr.EntryPriceCents != 52 {
			t.Fatalf("trade %d is %s", tr.ID, tr.Status)
		}
	}
}

func TestARejectedTradeEndsAndTheOthersGoOn(t *testing.T) {
	b := pending(3)
	rejected := map[string]error{"trade-1-buy": fmt.Errorf("%w: no money", exchange.ErrRejected)}
	f := &Filler{Trades: b, Exchange: &floor{quote: quote(50), errors: rejected}}
	if err := f.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.trades[1].Status != trade.Rejected || b.trades[1].Reason == "" || b.trades[2].Status != trade.Open {
		t.Errorf("trades are %s (%s), %s", b.trades[1].Status, b.trades[1].Reason, b.trades[2].Status)
	}
}

func TestAnExchangeInTroubleLosesNoTrade(t *testing.T) {
	b := pending(3)
	away := errors.New("exchange is away")
	venue := &floor{quote: quote(50), errors: map[string]error{"trade-1-buy": away}}
	f := &Filler{Trades: b, Exchange: venue}
	if err := f.Fill(t.Context()); !errors.Is(err, away) {
		t.Fatalf("got %v", err)
	}
	if b.trades[0].Status != trade.Open || b.trades[1].Status != trade.Pending || b.trades[2].Status != trade.Pending {
		t.Errorf("trades are %s, %s, %s", b.trades[0].Status, b.trades[1].Status, b.trades[2].Status)
	}
	venue.errors = nil
	if err := f.Fill(t.Context()); err != nil || b.trades[2].Status != trade.Open {
		t.Errorf("after that: %v, %s", err, b.trades[2].Status)
	}
}

func openTrades(entries ...int) *book {
	b := pending(len(entries))
	at := noon.Add(-time.Second)
	for i, entry := range entries {
		b.trades[i].Status, b.trades[i].EntryPriceCents, b.trades[i].FilledAt = trade.Open, &entry, &at
	}
	return b
}

func TestTradesAreClosedByRuleAndTheOthersKept(t *testing.T) {
	b := openTrades(40, 50, 60)
	c := &Closer{
		Trades: b, Exchange: &floor{quote: quote(50)}, Now: func() time.Time { return noon },
		Rule: trade.ExitRule{TakeProfitCents: 5, StopLossCents: 5, MaxAge: time.Minute},
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.trades[0].Status != trade.Closed || *b.trades[0].ExitPriceCents != 50 || b.trades[0].Reason != "take profit at +10 cents" {
		t.Errorf("the winner is %+v", b.trades[0])
	}
	if b.trades[1].Status != trade.Open || b.trades[2].Status != trade.Closed {
		t.Errorf("the others are %s and %s", b.trades[1].Status, b.trades[2].Status)
	}
}

func TestATradeThatCannotBeSoldStaysOpenAndKeepsNoOther(t *testing.T) {
	b := openTrades(40, 40)
	stuck := map[string]error{"trade-0-sell": errors.New("away")}
	c := &Closer{
		Trades: b, Exchange: &floor{quote: quote(50), errors: stuck}, Now: func() time.Time { return noon },
		Rule: trade.ExitRule{TakeProfitCents: 5, StopLossCents: 5, MaxAge: time.Minute},
	}
	if err := c.Close(t.Context()); err == nil {
		t.Error("no error")
	}
	if b.trades[0].Status != trade.Open || b.trades[1].Status != trade.Closed {
		t.Errorf("trades are %s and %s", b.trades[0].Status, b.trades[1].Status)
	}
}

type entries []trade.Entered

func (e entries) Entered(context.Context, string, time.Duration) ([]trade.Entered, error) {
	return e, nil
}

type manager struct{ requests []trade.Request }

func (m *manager) Post(_ context.Context, r trade.Request) (trade.Trade, error) {
	m.requests = append(m.requests, r)
	return trade.Trade{}, nil
}

func TestTheOpenerAsksTheManagerForWhatTheRuleWants(t *testing.T) {
	m := &manager{}
	o := &Opener{
		Trades: entries{}, Exchange: &floor{quote: quote(20)}, Manager: m, User: "demo",
		Rule: trade.EntryRule{BelowCents: 30, Contracts: 5, MaxActive: 1, Cooldown: time.Minute},
		Now:  func() time.Time { return noon },
	}
	if err := o.Open(t.Context()); err != nil || len(m.requests) != 1 || m.requests[0].Contracts != 5 {
		t.Errorf("asked for %+v, %v", m.requests, err)
	}
}
