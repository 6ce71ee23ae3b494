package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/exchange"
	"github.com/stackctl/stackctl/images/trading/internal/heartbeat"
	"github.com/stackctl/stackctl/images/trading/internal/store"
	"github.com/stackctl/stackctl/images/trading/internal/trade"
	"github.com/stackctl/stackctl/images/trading/internal/userdata"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func serve(t *testing.T, state State, err error) (http.Handler, userdata.Dir) {
	t.Helper()
	users := userdata.Dir(t.TempDir())
	source := func(context.Context) (State, error) { return state, err }
	h, newErr := New(source, users, slog.New(slog.DiscardHandler))
	if newErr != nil {
		t.Fatal(newErr)
	}
	mux := http.NewServeMux()
	h.Register(mux)
	return mux, users
}

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, target, nil))
	return recorder
}

func full() State {
	entry, exit, profit := 42, 40, int64(-123)
	return State{
		At: noon,
		Services: Services([]string{"main_app", "system_monitor"}, []heartbeat.Beat{
			{Service: "main_app", Age: 1500 * time.Millisecond, StartedAt: noon.Add(-90 * time.Second)},
		}, 6*time.Second, noon),
		Trades: []trade.Trade{{
			ID: 7, User: "demo", Ticker: "PAPER-COIN", Side: trade.Yes, Contracts: 3, Status: trade.Closed,
			EntryPriceCents: &entry, ExitPriceCents: &exit, ProfitCents: &profit, Reason: "<b>stop</b>",
		}},
		Markets:   []store.Price{{Quote: trade.Quote{Ticker: "PAPER-RAIN", YesBidCents: 30, YesAskCents: 32}}},
		Accounts:  []store.Balance{{User: "demo", BalanceCents: 100_005, SyncedAt: noon}},
		Incidents: []store.Incident{{Services: []string{"a_service", "b_service"}, StartedAt: noon}},
		Exchange:  &store.ExchangeCheck{Available: true, LatencyMillis: 1.25},
		Host:      &store.HostSample{},
		Pipeline:  &store.PipelineRun{ID: 5, Status: "succeeded"},
	}
}

func TestThePageShowsServicesTradesAndTheRest(t *testing.T) {
	h, _ := serve(t, full(), nil)
	got := get(h, "/")
	if got.Code != 200 {
		t.Fatalf("got %d", got.Code)
	}
	page := got.Body.String()
	for _, want := range []string{
		"1 of 2", `<span class="state alive">alive</span>`, "1.5 s", "1 min 30 s",
		`<span class="state never">never</span>`, `id="trade-7"`, "42 ¢", "−$1.23", "PAPER-RAIN",
		"$1000.05", "Lost together since 12:00:00: a_service, b_service", "answers in 1.2 ms", "run 5 succeeded",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Contains(page, "<b>stop</b>") {
		t.Error("text from the database became HTML")
	}
	if !strings.Contains(got.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("policy is %q", got.Header().Get("Content-Security-Policy"))
	}
}

func TestAnEmptyStackHasAPageToo(t *testing.T) {
	h, _ := serve(t, State{At: noon}, nil)
	if got := get(h, "/"); got.Code != 200 || !strings.Contains(got.Body.String(), "No trades yet") {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
}

func TestWithoutADatabaseThePageSaysSoAndNoMore(t *testing.T) {
	h, _ := serve(t, State{}, errors.New("dial tcp 10.0.0.2:5432: refused"))
	for _, target := range []string{"/", "/api/state"} {
		got := get(h, target)
		if got.Code != 503 || !strings.Contains(got.Body.String(), "database does not answer") {
			t.Errorf("%s: got %d %s", target, got.Code, got.Body)
		}
		if strings.Contains(got.Body.String(), "10.0.0.2") {
			t.Errorf("%s tells an inner address", target)
		}
	}
}

func TestTheStateIsJSON(t *testing.T) {
	h, _ := serve(t, full(), nil)
	var state State
	if err := json.Unmarshal(get(h, "/api/state").Body.Bytes(), &state); err != nil {
		t.Fatal(err)
	}
	if len(state.Services) != 2 || state.Services[0].AgeSeconds != 1.5 || state.Trades[0].ID != 7 {
		t.Errorf("got %+v", state)
	}
}

func TestThePageComesWithItsStyleAndScriptAndNothingElse(t *testing.T) {
	h, _ := serve(t, State{}, nil)
	for target, code := range map[string]int{
		"/assets/page.css": 200, "/assets/page.js": 200, "/assets/page.html": 404, "/assets/": 404, "/other": 404,
	} {
		if got := get(h, target); got.Code != code {
			t.Errorf("%s: got %d, want %d", target, got.Code, code)
		}
	}
}

func TestAUsersSnapshotIsServed(t *testing.T) {
	h, users := serve(t, State{}, nil)
	if got := get(h, "/api/users/demo"); got.Code != 404 {
		t.Errorf("before the first sync: %d", got.Code)
	}
	err := users.Write(userdata.Snapshot{Account: exchange.Account{User: "demo", BalanceCents: 77}, SyncedAt: noon})
	if err != nil {
		t.Fatal(err)
	}
	if got := get(h, "/api/users/demo"); got.Code != 200 || !strings.Contains(got.Body.String(), `"balance_cents":77`) {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if err := os.WriteFile(string(users)+"/secret", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := get(h, "/api/users/..%2Fsecret"); got.Code != 404 {
		t.Errorf("outside the users' directories: %d %s", got.Code, got.Body)
	}
}

func TestAnUnknownServiceThatBeatsIsShownToo(t *testing.T) {
	list := Services([]string{"b"}, []heartbeat.Beat{{Service: "a"}}, time.Second, noon)
	if len(list) != 2 || list[0].Name != "a" || list[1].State != heartbeat.Never {
		t.Errorf("got %+v", list)
	}
}
