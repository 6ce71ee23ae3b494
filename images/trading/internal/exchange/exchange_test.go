package exchange

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// memory is a ledger for one user.
type memory struct {
	holding Holding
	fills   map[string]Fill
	err     error
}

var _ Ledger = (*memory)(nil)

func (m *memory) Fill(_ context.Context, o Order, price int) (Fill, error) {
	if m.err != nil {
		return Fill{}, m.err
	}
	if fill, again := m.fills[o.ClientOrderID]; again {
		return fill, nil
	}
	after, err := m.holding.Apply(o, price)
	if err != nil {
		return Fill{}, err
	}
	m.holding = after
	fill := Fill{ClientOrderID: o.ClientOrderID, PriceCents: price, At: start}
	m.fills[o.ClientOrderID] = fill
	return fill, nil
}

func (m *memory) Account(_ context.Context, user string) (Account, error) {
	return Account{User: user, BalanceCents: m.holding.BalanceCents}, m.err
}

var start = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func serve(t *testing.T, ledger Ledger) *Client {
	t.Helper()
	paper := NewPaper(ledger, func() time.Time { return start })
	server := httptest.NewServer(http.StripPrefix("/exchange", paper.Handler()))
	t.Cleanup(server.Close)
	return NewClient(server.URL + "/exchange")
}

func order(id string, deal Deal, contracts int) Order {
	return Order{ClientOrderID: id, User: "demo", Ticker: "PAPER-COIN", Side: trade.Yes, Deal: deal, Contracts: contracts}
}

func TestAnOrderIsFilledAtTheAskAndSoldAtTheBid(t *testing.T) {
	ledger := &memory{holding: Holding{BalanceCents: 10_000}, fills: map[string]Fill{}}
	client := serve(t, ledger)
	quote, _ := paperQuote("PAPER-COIN", start)

	bought, err := client.Place(t.Context(), order("a", Buy, 10))
	if err != nil || bought.PriceCents != quote.YesAskCents {
		t.Fatalf("bought at %d, %v; the ask is %d", bought.PriceCents, err, quote.YesAskCents)
	}
	sold, err := client.Place(t.Context(), order("b", Sell, 10))
	if err != nil || sold.PriceCents != quote.YesBidCents {
		t.Fatalf("sold at %d, %v; the bid is %d", sold.PriceCents, err, quote.YesBidCents)
	}
	account, err := client.Account(t.Context(), "demo")
	if want := int64(10_000 - 10*2*halfSpread); err != nil || account.BalanceCents != want {
		t.Errorf("balance is %d, %v; want %d, the spread paid", account.BalanceCents, err, want)
	}
}

func TestAnOrderSentTwiceIsFilledOnce(t *testing.T) {
	ledger := &memory{holding: Holding{BalanceCents: 10_000}, fills: map[string]Fill{}}
	client := serve(t, ledger)
	for range 2 {
		if _, err := client.Place(t.Context(), order("same", Buy, 10)); err != nil {
			t.Fatal(err)
		}
	}
	if ledger.holding.Contracts != 10 {
		t.Errorf("holds %d contracts, want 10", ledger.holding.Contracts)
	}
}

func TestWhatTheExchangeWillNeverTakeIsRejected(t *testing.T) {
	client := serve(t, &memory{holding: Holding{BalanceCents: 100}, fills: map[string]Fill{}})
	unknown := order("c", Buy, 1)
	unknown.Ticker = "PAPER-MOON"
	nobody := order("d", Buy, 1)
	nobody.User = "../demo"
	cases := map[string]struct {
		order Order
		want  string
	}{
		"more than the balance":        {order("a", Buy, 100), "does not cover"},
		"more than is held":            {order("b", Sell, 1), "cannot sell 1"},
		"a market that does not exist": {unknown, "no market PAPER-MOON"},
		"a user that cannot exist":     {nobody, "user"},
		"an order without a name":      {order("", Buy, 1), "client_order_id"},
		"no contracts":                 {order("e", Buy, 0), "contracts"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := client.Place(t.Context(), c.order)
			if !errors.Is(err, ErrRejected) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if strings.Count(err.Error(), ErrRejected.Error()) != 1 {
				t.Errorf("says it twice: %v", err)
			}
		})
	}
}

func TestAnExchangeInTroubleDoesNotRejectTheOrder(t *testing.T) {
	client := serve(t, &memory{err: errors.New("database is away")})
	_, err := client.Place(t.Context(), order("a", Buy, 1))
	if err == nil || errors.Is(err, ErrRejected) {
		t.Errorf("got %v: an order that could go through later was given up", err)
	}
}

func TestAnExchangeThatIsNotThereIsAnError(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	client := NewClient(server.URL)
	if _, err := client.Status(t.Context()); !errors.Is(err, ErrUnexpectedStatus) {
		t.Errorf("got %v for a 404", err)
	}
	server.Close()
	if _, err := client.Status(t.Context()); err == nil {
		t.Error("got no error from a closed port")
	}
}

func TestStatusAndMarketsAreAnswered(t *testing.T) {
	client := serve(t, &memory{})
	status, err := client.Status(t.Context())
	if err != nil || !status.ExchangeActive || !status.TradingActive {
		t.Errorf("status is %+v, %v", status, err)
	}
	quotes, err := client.Quotes(t.Context())
	if err != nil || len(quotes) != len(PaperMarkets(start)) {
		t.Errorf("quotes are %+v, %v", quotes, err)
	}
}

func TestPaperPricesStayWithinTheirBounds(t *testing.T) {
	for second := range 600 {
		for _, m := range PaperMarkets(start.Add(time.Duration(second) * time.Second)) {
			if m.YesBidCents < 1 || m.YesAskCents > 99 || m.YesAskCents-m.YesBidCents != 2*halfSpread {
				t.Fatalf("%s is %d to %d after %d s", m.Ticker, m.YesBidCents, m.YesAskCents, second)
			}
		}
	}
}

func TestPaperPricesMoveEnoughForTheRules(t *testing.T) {
	for _, m := range PaperMarkets(start) {
		moved, cheap := 0, false
		for second := range 300 {
			q, _ := paperQuote(m.Ticker, start.Add(time.Duration(second)*time.Second))
			moved = max(moved, q.YesBidCents-m.YesBidCents, m.YesBidCents-q.YesBidCents)
			cheap = cheap || q.YesAskCents <= 35 || q.Ask(trade.No) <= 35
		}
		if moved < 10 || !cheap {
			t.Errorf("%s moved %d cents in five minutes, cheap %t", m.Ticker, moved, cheap)
		}
	}
}
