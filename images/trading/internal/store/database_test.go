//go:build database

package store

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/config"
	"github.com/stackctl/stackctl/images/trading/internal/exchange"
	"github.com/stackctl/stackctl/images/trading/internal/host"
	"github.com/stackctl/stackctl/images/trading/internal/migration"
	"github.com/stackctl/stackctl/images/trading/internal/pipeline"
	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// database gives an empty database with all tables. It needs a real server:
// the DATABASE_* variables of the services name it, and the database's name
// must end in _test, because everything in it is deleted.
func database(t *testing.T) *Store {
	t.Helper()
	if !strings.HasSuffix(os.Getenv("DATABASE_NAME"), "_test") {
		t.Fatal("needs DATABASE_HOST, DATABASE_NAME=..._test, DATABASE_USER and DATABASE_PASSWORD_FILE")
	}
	settings, err := config.Load(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	all, err := migration.All()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), settings.Database, len(all))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if _, err := s.pool.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); !errors.Is(err, ErrSchema) {
		t.Fatalf("a database without tables gives %v", err)
	}
	if _, err := s.Migrate(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if err := s.AddUsers(t.Context(), []string{"demo", "other"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func request(reference string) trade.Request {
	return trade.Request{User: "demo", Ticker: "PAPER-COIN", Side: trade.Yes, Contracts: 10, Reference: reference}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestMigratingTwiceOrTwiceAtOnceAppliesEverythingOnce(t *testing.T) {
	s := database(t)
	all, err := migration.All()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.pool.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	applied := 0
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			done, err := s.Migrate(t.Context(), all)
			mu.Lock()
			defer mu.Unlock()
			applied += len(done)
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if applied != len(all) {
		t.Errorf("applied %d, want %d", applied, len(all))
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestATradeLivesFromPendingToClosed(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	posted, added, err := s.AddTrade(ctx, request("r1"))
	if err != nil || !added || posted.Status != trade.Pending || posted.Source != trade.Manual {
		t.Fatalf("posted %+v, %t, %v", posted, added, err)
	}
	again, added, err := s.AddTrade(ctx, request("r1"))
	if err != nil || added || again.ID != posted.ID {
		t.Errorf("again %+v, %t, %v", again, added, err)
	}
	claimed := must[[]trade.Trade](t)(s.ClaimPending(ctx, 10, time.Minute))
	if len(claimed) != 1 || claimed[0].Status != trade.Filling {
		t.Fatalf("claimed %+v", claimed)
	}
	if twice := must[[]trade.Trade](t)(s.ClaimPending(ctx, 10, time.Minute)); len(twice) != 0 {
		t.Errorf("claimed twice: %+v", twice)
	}
	now := time.Now()
	if err := s.MarkOpen(ctx, posted.ID, 40, now); err != nil {
		t.Fatal(err)
	}
	if open := must[[]trade.Trade](t)(s.OpenTrades(ctx, 10)); len(open) != 1 || *open[0].EntryPriceCents != 40 {
		t.Errorf("open are %+v", open)
	}
	if err := s.MarkClosed(ctx, posted.ID, 46, "take profit", now); err != nil {
		t.Fatal(err)
	}
	got := must[trade.Trade](t)(s.Trade(ctx, posted.ID))
	if got.Status != trade.Closed || *got.ProfitCents != 60 || got.Reason != "take profit" {
		t.Errorf("closed is %+v", got)
	}
	if _, changed, err := s.RequestClose(ctx, posted.ID); err != nil || changed {
		t.Errorf("closing it again: %t, %v", changed, err)
	}
	if n := must[int64](t)(s.SummariseDays(ctx)); n != 1 {
		t.Errorf("there are %d results", n)
	}
}

func TestClosingDependsOnHowFarATradeIs(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	pending, _, _ := s.AddTrade(ctx, request(""))
	got, changed, err := s.RequestClose(ctx, pending.ID)
	if err != nil || !changed || got.Status != trade.Cancelled {
		t.Errorf("pending: %+v, %t, %v", got, changed, err)
	}
	other, _, _ := s.AddTrade(ctx, request(""))
	must[[]trade.Trade](t)(s.ClaimPending(ctx, 10, time.Minute))
	got, changed, err = s.RequestClose(ctx, other.ID)
	if err != nil || !changed || got.Status != trade.Filling || got.CloseRequestedAt == nil {
		t.Errorf("filling: %+v, %t, %v", got, changed, err)
	}
	if _, _, err := s.RequestClose(ctx, 4711); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	stranger := request("")
	stranger.User = "stranger"
	if _, _, err := s.AddTrade(ctx, stranger); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown user: %v", err)
	}
}

func TestAnAbandonedClaimIsTakenOver(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	posted, _, _ := s.AddTrade(ctx, request(""))
	must[[]trade.Trade](t)(s.ClaimPending(ctx, 1, time.Minute))
	if over := must[[]trade.Trade](t)(s.ClaimPending(ctx, 1, 0)); len(over) != 1 || over[0].ID != posted.ID {
		t.Errorf("took over %+v", over)
	}
	if err := s.Release(ctx, []int64{posted.ID}); err != nil {
		t.Fatal(err)
	}
	if got := must[trade.Trade](t)(s.Trade(ctx, posted.ID)); got.Status != trade.Pending {
		t.Errorf("released is %s", got.Status)
	}
	if err := s.MarkOpen(ctx, posted.ID, 40, time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := must[trade.Trade](t)(s.Trade(ctx, posted.ID)); got.Status != trade.Pending {
		t.Errorf("a trade nobody claimed became %s", got.Status)
	}
}

func TestTheOldestTradesAreClaimedInTheirOrder(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	for range 40 {
		if _, _, err := s.AddTrade(ctx, request("")); err != nil {
			t.Fatal(err)
		}
	}
	// A row that was changed stands behind the others.
	if _, err := s.pool.Exec(ctx, `UPDATE trades SET reason = 'was touched' WHERE id <= 20; ANALYZE trades`); err != nil {
		t.Fatal(err)
	}
	claimed := must[[]trade.Trade](t)(s.ClaimPending(ctx, 30, time.Minute))
	if len(claimed) != 30 {
		t.Fatalf("%d trades were claimed", len(claimed))
	}
	for i, got := range claimed {
		if got.ID != int64(i+1) {
			t.Fatalf("claim %d is trade %d", i+1, got.ID)
		}
	}
}

func TestWhatWasClosedBeforeMidnightCountsForItsDay(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	midnight := time.Now().UTC().Truncate(24 * time.Hour)
	for _, closed := range []time.Time{midnight.Add(-time.Second), midnight, midnight.Add(-48 * time.Hour)} {
		posted, _, err := s.AddTrade(ctx, request(""))
		if err != nil {
			t.Fatal(err)
		}
		must[[]trade.Trade](t)(s.ClaimPending(ctx, 1, time.Minute))
		if err := errors.Join(s.MarkOpen(ctx, posted.ID, 40, closed), s.MarkClosed(ctx, posted.ID, 46, "", closed)); err != nil {
			t.Fatal(err)
		}
	}
	if n := must[int64](t)(s.SummariseDays(ctx)); n != 2 {
		t.Errorf("%d days have a result, want today and yesterday", n)
	}
	var yesterday int64
	err := s.pool.QueryRow(ctx, `SELECT profit_cents FROM daily_results WHERE day = current_date - 1`).Scan(&yesterday)
	if err != nil || yesterday != 60 {
		t.Errorf("yesterday has the result %d, %v", yesterday, err)
	}
}

func TestAnAccountIsReplacedAsAWhole(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	both := []exchange.Position{{Ticker: "A", Side: trade.Yes, Contracts: 1}, {Ticker: "B", Side: trade.No, Contracts: 2}}
	for _, positions := range [][]exchange.Position{both, both[1:]} {
		account := exchange.Account{User: "demo", BalanceCents: int64(len(positions)), Positions: positions}
		if err := s.SaveAccount(ctx, account, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if balances := must[[]Balance](t)(s.Balances(ctx)); len(balances) != 1 || balances[0].BalanceCents != 1 {
		t.Errorf("balances are %+v", balances)
	}
	var left int
	if err := s.pool.QueryRow(ctx, `SELECT count(*) FROM positions`).Scan(&left); err != nil || left != 1 {
		t.Errorf("%d positions are left, %v", left, err)
	}
}

func TestTheEntryRuleIsToldOfRunningAndRecentTrades(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	automatic := request("auto")
	automatic.Source = trade.Automatic
	posted, _, err := s.AddTrade(ctx, automatic)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.AddTrade(ctx, request("by hand")); err != nil {
		t.Fatal(err)
	}
	if entered := must[[]trade.Entered](t)(s.Entered(ctx, "demo", 0)); len(entered) != 1 || !entered[0].Active {
		t.Errorf("running: %+v", entered)
	}
	if _, _, err := s.RequestClose(ctx, posted.ID); err != nil {
		t.Fatal(err)
	}
	if entered := must[[]trade.Entered](t)(s.Entered(ctx, "demo", time.Hour)); len(entered) != 1 || entered[0].Active {
		t.Errorf("recent: %+v", entered)
	}
	if entered := must[[]trade.Entered](t)(s.Entered(ctx, "demo", 0)); len(entered) != 0 {
		t.Errorf("long ago: %+v", entered)
	}
}

func TestTheLedgerFillsAnOrderOnceHoweverOftenItIsSentAtOnce(t *testing.T) {
	s := database(t)
	ledger := s.Ledger(1000)
	order := exchange.Order{ClientOrderID: "o1", User: "demo", Ticker: "PAPER-COIN", Side: trade.Yes, Deal: exchange.Buy, Contracts: 10}
	var group sync.WaitGroup
	for price := range 3 {
		group.Go(func() {
			if _, err := ledger.Fill(t.Context(), order, 40+price); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	account := must[exchange.Account](t)(ledger.Account(t.Context(), "demo"))
	if len(account.Positions) != 1 || account.Positions[0].Contracts != 10 {
		t.Errorf("positions are %+v", account.Positions)
	}
	if account.BalanceCents > 600 || account.BalanceCents < 580 {
		t.Errorf("balance is %d, want one fill paid", account.BalanceCents)
	}
	order.ClientOrderID = "o2"
	order.Contracts = 100
	if _, err := ledger.Fill(t.Context(), order, 40); !errors.Is(err, exchange.ErrRejected) {
		t.Errorf("beyond the balance: %v", err)
	}
	if fresh := must[exchange.Account](t)(ledger.Account(t.Context(), "other")); fresh.BalanceCents != 1000 {
		t.Errorf("a new account holds %d", fresh.BalanceCents)
	}
}

func TestHeartbeatsSayWhoLivesAndWhoLeft(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	for _, name := range []string{"a", "b"} {
		if err := s.Beat(ctx, name, "one", "", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.SayGoodbye(ctx, "a", "one"), s.SayGoodbye(ctx, "b", "an older instance")); err != nil {
		t.Fatal(err)
	}
	beats, err := s.Beats(ctx)
	if err != nil || len(beats) != 2 || !beats[0].Stopped || beats[1].Stopped || beats[1].Age > time.Minute {
		t.Errorf("beats are %+v, %v", beats, err)
	}
}

func TestThereIsOneIncidentAtATimeAndItGrows(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	if opened := must[bool](t)(s.ReportIncident(ctx, []string{"b", "a"})); !opened {
		t.Error("the first report opened nothing")
	}
	if opened := must[bool](t)(s.ReportIncident(ctx, []string{"a", "c"})); opened {
		t.Error("the second report opened another")
	}
	if ended := must[bool](t)(s.EndIncident(ctx)); !ended {
		t.Error("nothing ended")
	}
	list := must[[]Incident](t)(s.Incidents(ctx, 5))
	if len(list) != 1 || !slices.Equal(list[0].Services, []string{"a", "b", "c"}) || list[0].EndedAt == nil {
		t.Errorf("incidents are %+v", list)
	}
}

func TestARunThatWasLeftOpenIsClosedByTheNext(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	first := must[int64](t)(s.BeginRun(ctx))
	second := must[int64](t)(s.BeginRun(ctx))
	if last := must[*PipelineRun](t)(s.LastRun(ctx)); last == nil || last.ID != first || last.Status != pipeline.Failed {
		t.Errorf("the first is %+v", last)
	}
	steps := []pipeline.Outcome{{Position: 1, Name: "a", Status: pipeline.Succeeded, Took: time.Millisecond}}
	if err := s.EndRun(ctx, second, pipeline.Succeeded, steps); err != nil {
		t.Fatal(err)
	}
	if last := must[*PipelineRun](t)(s.LastRun(ctx)); last.ID != second || last.Status != pipeline.Succeeded {
		t.Errorf("the second is %+v", last)
	}
}

func TestMeasurementsAreReadBackAndPruned(t *testing.T) {
	s := database(t)
	ctx := t.Context()
	if check := must[*ExchangeCheck](t)(s.LastCheck(ctx)); check != nil {
		t.Errorf("a check out of nothing: %+v", check)
	}
	quotes := []trade.Quote{{Ticker: "A", YesBidCents: 1, YesAskCents: 3}}
	if err := errors.Join(s.SaveCheck(ctx, 1500*time.Microsecond, ""), s.SavePrices(ctx, quotes)); err != nil {
		t.Fatal(err)
	}
	if check := must[*ExchangeCheck](t)(s.LastCheck(ctx)); !check.Available || check.LatencyMillis != 1.5 {
		t.Errorf("check is %+v", check)
	}
	if prices := must[[]Price](t)(s.LastPrices(ctx)); len(prices) != 1 || prices[0].YesAskCents != 3 {
		t.Errorf("prices are %+v", prices)
	}
	if sample := must[*HostSample](t)(s.LastSample(ctx)); sample != nil {
		t.Errorf("a sample out of nothing: %+v", sample)
	}
	figures := host.Sample{Load1: 0.5, MemoryTotal: 4 << 40, DataDiskAvailable: 7}
	if err := s.SaveSample(ctx, figures); err != nil {
		t.Fatal(err)
	}
	if sample := must[*HostSample](t)(s.LastSample(ctx)); sample == nil || sample.Sample != figures {
		t.Errorf("sample is %+v, want %+v", sample, figures)
	}
	if n := must[int64](t)(s.Prune(ctx, time.Hour)); n != 0 {
		t.Errorf("pruned %d fresh rows", n)
	}
	if n := must[int64](t)(s.Prune(ctx, 0)); n != 3 {
		t.Errorf("pruned %d rows, want 3", n)
	}
}

func TestAListenerIsWokenByANewTradeAndComesBackAfterABreak(t *testing.T) {
	s := database(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	wake := make(chan struct{}, 1)
	var group sync.WaitGroup
	group.Go(func() { s.Listen(ctx, NewTrades, wake, slog.New(slog.DiscardHandler)) })
	await := func(what string) {
		select {
		case <-wake:
		case <-ctx.Done():
			t.Fatalf("no wake %s", what)
		}
	}
	await("after connecting")
	if _, _, err := s.AddTrade(ctx, request("")); err != nil {
		t.Fatal(err)
	}
	await("by a new trade")
	_, err := s.pool.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`)
	if err != nil {
		t.Fatal(err)
	}
	await("after connecting again")
	cancel()
	group.Wait()
}
