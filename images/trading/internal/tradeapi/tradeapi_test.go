package tradeapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/images/trading/internal/store"
	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// memory is a table of trades.
type memory struct {
	trades []trade.Trade
	filter store.Filter
	err    error
}

var _ Trades = (*memory)(nil)

func (m *memory) AddTrade(_ context.Context, r trade.Request) (trade.Trade, bool, error) {
	if r.User == "stranger" {
		return trade.Trade{}, false, store.ErrNotFound
	}
	for _, t := range m.trades {
		if t.Reference != nil && *t.Reference == r.Reference {
			return t, false, m.err
		}
	}
	t := trade.Trade{ID: int64(len(m.trades) + 1), User: r.User, Ticker: r.Ticker, Side: r.Side,
		Contracts: r.Contracts, Status: trade.Pending}
	if r.Reference != "" {
		t.Reference = &r.Reference
	}
	m.trades = append(m.trades, t)
	return t, true, m.err
}

func (m *memory) Trade(_ context.Context, id int64) (trade.Trade, error) {
	if id > int64(len(m.trades)) {
		return trade.Trade{}, store.ErrNotFound
	}
	return m.trades[id-1], m.err
}

func (m *memory) Trades(_ context.Context, f store.Filter) ([]trade.Trade, error) {
	m.filter = f
	return append([]trade.Trade{}, m.trades...), m.err
}

func (m *memory) RequestClose(ctx context.Context, id int64) (trade.Trade, bool, error) {
	t, err := m.Trade(ctx, id)
	if err != nil {
		return t, false, err
	}
	changed := t.Status != trade.Cancelled
	m.trades[id-1].Status = trade.Cancelled
	return m.trades[id-1], changed, nil
}

func serve(m *memory) http.Handler {
	mux := http.NewServeMux()
	New(m, slog.New(slog.DiscardHandler)).Register(mux)
	return mux
}

func do(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(method, target, strings.NewReader(body)))
	return recorder
}

const good = `{"user":"demo","ticker":"PAPER-COIN","side":"yes","contracts":10,"reference":"r1"}`

func TestATradeIsPostedReadListedAndClosed(t *testing.T) {
	h := serve(&memory{})
	posted := do(h, "POST", "/trades", good)
	if posted.Code != 201 || posted.Header().Get("Location") != "/trades/1" {
		t.Fatalf("post: %d %s", posted.Code, posted.Body)
	}
	if got := do(h, "GET", "/trades/1", ""); got.Code != 200 || !strings.Contains(got.Body.String(), `"status":"pending"`) {
		t.Errorf("get: %d %s", got.Code, got.Body)
	}
	var list List
	got := do(h, "GET", "/trades", "")
	if err := json.Unmarshal(got.Body.Bytes(), &list); err != nil || len(list.Trades) != 1 {
		t.Errorf("list: %d %s", got.Code, got.Body)
	}
	if got := do(h, "POST", "/trades/1/close", ""); got.Code != 202 {
		t.Errorf("close: %d %s", got.Code, got.Body)
	}
	if got := do(h, "POST", "/trades/1/close", ""); got.Code != 409 || !strings.Contains(got.Body.String(), "cancelled") {
		t.Errorf("close again: %d %s", got.Code, got.Body)
	}
}

func TestTheSameReferenceGivesTheSameTrade(t *testing.T) {
	m := &memory{}
	h := serve(m)
	do(h, "POST", "/trades", good)
	if again := do(h, "POST", "/trades", good); again.Code != 200 || len(m.trades) != 1 {
		t.Errorf("again: %d %s, %d trades", again.Code, again.Body, len(m.trades))
	}
}

func TestAnEmptyListIsAListInJSON(t *testing.T) {
	if got := do(serve(&memory{}), "GET", "/trades", ""); !strings.Contains(got.Body.String(), `"trades":[]`) {
		t.Errorf("got %s", got.Body)
	}
}

func TestWrongRequestsAreRefusedWithTheirField(t *testing.T) {
	cases := map[string]struct {
		method, target, body string
		code                 int
		field                string
	}{
		"no body":               {"POST", "/trades", ``, 400, "body"},
		"no JSON":               {"POST", "/trades", `user=demo`, 400, "body"},
		"two values":            {"POST", "/trades", good + good, 400, "body"},
		"an unknown field":      {"POST", "/trades", `{"user":"demo","price":1}`, 400, "body"},
		"a text for a number":   {"POST", "/trades", `{"contracts":"ten"}`, 400, "contracts"},
		"half a contract":       {"POST", "/trades", `{"contracts":1.5}`, 400, "contracts"},
		"a huge body":           {"POST", "/trades", `{"user":"` + strings.Repeat("x", maxBody) + `"}`, 400, "body"},
		"a third side":          {"POST", "/trades", strings.Replace(good, "yes", "maybe", 1), 400, "side"},
		"a user nobody knows":   {"POST", "/trades", strings.Replace(good, "demo", "stranger", 1), 400, "user"},
		"an unknown status":     {"GET", "/trades?status=lost", "", 400, "status"},
		"a limit of nothing":    {"GET", "/trades?limit=0", "", 400, "limit"},
		"a number that is none": {"GET", "/trades/abc", "", 400, "id"},
		"a trade not there":     {"GET", "/trades/99", "", 404, ""},
		"closing nothing":       {"POST", "/trades/99/close", "", 404, ""},
		"a wrong method":        {"DELETE", "/trades/1", "", 405, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := do(serve(&memory{}), c.method, c.target, c.body)
			if got.Code != c.code {
				t.Fatalf("got %d %s, want %d", got.Code, got.Body, c.code)
			}
			if c.field == "" {
				return
			}
			var refusal Refusal
			if err := json.Unmarshal(got.Body.Bytes(), &refusal); err != nil || len(refusal.Fields) == 0 {
				t.Fatalf("got %s", got.Body)
			}
			if refusal.Fields[0].Field != c.field {
				t.Errorf("names %+v, want %s", refusal.Fields, c.field)
			}
		})
	}
}

func TestTheFilterIsPassedOn(t *testing.T) {
	m := &memory{}
	do(serve(m), "GET", "/trades?status=open&user=demo&limit=7", "")
	if m.filter != (store.Filter{User: "demo", Status: trade.Open, Limit: 7}) {
		t.Errorf("filter is %+v", m.filter)
	}
}

func TestADatabaseInTroubleIsNotTheCallersFault(t *testing.T) {
	m := &memory{err: errors.New("dial tcp 10.0.0.2:5432: refused")}
	got := do(serve(m), "POST", "/trades", good)
	if got.Code != 503 || strings.Contains(got.Body.String(), "10.0.0.2") {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
}

func TestTheClientPostsWhatTheHandlerTakes(t *testing.T) {
	server := httptest.NewServer(serve(&memory{}))
	defer server.Close()
	client := NewClient(server.URL)
	request := trade.Request{User: "demo", Ticker: "PAPER-COIN", Side: trade.No, Contracts: 3, Source: trade.Automatic}
	posted, err := client.Post(t.Context(), request)
	if err != nil || posted.ID != 1 || posted.Side != trade.No {
		t.Errorf("posted %+v, %v", posted, err)
	}
	request.Contracts = 0
	if _, err := client.Post(t.Context(), request); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
}
