package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stackctl/stackctl/images/trading/internal/exchange"
)

// Balance is what the exchange last said about a user's money.
type Balance struct {
	User         string    `json:"user" db:"user_name"`
	BalanceCents int64     `json:"balance_cents" db:"balance_cents"`
	SyncedAt     time.Time `json:"synced_at" db:"synced_at"`
}

// SaveAccount replaces a user's balance and positions in one step.
func (s *Store) SaveAccount(ctx context.Context, a exchange.Account, at time.Time) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(`INSERT INTO accounts (user_name, balance_cents, synced_at) VALUES ($1, $2, $3)
			ON CONFLICT (user_name) DO UPDATE SET balance_cents = excluded.balance_cents,
				synced_at = excluded.synced_at`, a.User, a.BalanceCents, at)
		batch.Queue(`DELETE FROM positions WHERE user_name = $1`, a.User)
		for _, p := range a.Positions {
			batch.Queue(`INSERT INTO positions (user_name, ticker, side, contracts) VALUES ($1, $2, $3, $4)`,
				a.User, p.Ticker, p.Side, p.Contracts)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	return wrap("save account", err)
}

// Balances returns all users' balances by name.
func (s *Store) Balances(ctx context.Context) ([]Balance, error) {
	list, err := rowsOf[Balance](ctx, s.pool, `
		SELECT user_name, balance_cents, synced_at FROM accounts ORDER BY user_name`)
	return list, wrap("list balances", err)
}
