package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stackctl/stackctl/images/trading/internal/host"
	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// ExchangeCheck is one look at the exchange.
type ExchangeCheck struct {
	At            time.Time `json:"at" db:"at"`
	Available     bool      `json:"available" db:"available"`
	LatencyMillis float64   `json:"latency_millis" db:"latency_millis"`
	Problem       string    `json:"problem,omitempty" db:"problem"`
}

// HostSample is one look at the machine.
type HostSample struct {
	At time.Time `json:"at" db:"at"`
	host.Sample
}

// Price is the last known price of a market.
type Price struct {
	trade.Quote
	At time.Time `json:"at" db:"at"`
}

// SaveCheck records a look at the exchange. An empty problem means available.
func (s *Store) SaveCheck(ctx context.Context, latency time.Duration, problem string) error {
	return s.change(ctx, "save exchange check", `
		INSERT INTO exchange_checks (available, latency_millis, problem) VALUES ($1, $2, $3)`,
		problem == "", float64(latency.Microseconds())/1000, problem)
}

// SaveSample records a look at the machine.
func (s *Store) SaveSample(ctx context.Context, h host.Sample) error {
	return s.change(ctx, "save host sample", `
		INSERT INTO host_samples (load1, memory_total_bytes, memory_available_bytes,
			data_disk_total_bytes, data_disk_available_bytes) VALUES ($1, $2, $3, $4, $5)`,
		h.Load1, h.MemoryTotal, h.MemoryAvailable, h.DataDiskTotal, h.DataDiskAvailable)
}

// SavePrices records the prices of one moment.
func (s *Store) SavePrices(ctx context.Context, quotes []trade.Quote) error {
	batch := &pgx.Batch{}
	for _, q := range quotes {
		batch.Queue(`INSERT INTO prices (ticker, yes_bid_cents, yes_ask_cents) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING`, q.Ticker, q.YesBidCents, q.YesAskCents)
	}
	return wrap("save prices", s.pool.SendBatch(ctx, batch).Close())
}

// LastCheck returns the newest look at the exchange, or nil.
func (s *Store) LastCheck(ctx context.Context) (*ExchangeCheck, error) {
	return newest[ExchangeCheck](ctx, s, `
		SELECT at, available, latency_millis, problem FROM exchange_checks ORDER BY at DESC LIMIT 1`)
}

// LastSample returns the newest look at the machine, or nil.
func (s *Store) LastSample(ctx context.Context) (*HostSample, error) {
	return newest[HostSample](ctx, s, `SELECT * FROM host_samples ORDER BY at DESC LIMIT 1`)
}

// LastPrices returns the newest price of every market, by ticker.
func (s *Store) LastPrices(ctx context.Context) ([]Price, error) {
	list, err := rowsOf[Price](ctx, s.pool, `
		SELECT DISTINCT ON (ticker) ticker, yes_bid_cents, yes_ask_cents, at FROM prices
		WHERE at > now() - interval '10 minutes' ORDER BY ticker, at DESC`)
	return list, wrap("list prices", err)
}

// Prune deletes measurements older than keep and returns how many. Trades,
// orders, incidents and daily results are kept for ever.
func (s *Store) Prune(ctx context.Context, keep time.Duration) (int64, error) {
	statements := []string{
		`DELETE FROM prices WHERE at < now() - $1::interval`,
		`DELETE FROM exchange_checks WHERE at < now() - $1::interval`,
		`DELETE FROM host_samples WHERE at < now() - $1::interval`,
		`DELETE FROM pipeline_runs WHERE started_at < now() - $1::interval`,
	}
	var deleted int64
	for _, statement := range statements {
		tag, err := s.pool.Exec(ctx, statement, keep)
		if err != nil {
			return deleted, wrap("prune", err)
		}
		deleted += tag.RowsAffected()
	}
	return deleted, nil
}

func newest[T any](ctx context.Context, s *Store, sql string) (*T, error) {
	rows, err := s.pool.Query(ctx, sql)
	if err != nil {
		return nil, wrap("read newest", err)
	}
	value, err := pgx.CollectOneRow(rows, pgx.RowToAddrOfStructByName[T])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return value, wrap("read newest", err)
}
