package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

const tradeColumns = `id, user_name, ticker, side, contracts, status, source, reference, reason,
	entry_price_cents, exit_price_cents, profit_cents, created_at, filled_at, close_requested_at, closed_at`

// Filter chooses trades. Empty fields choose all.
type Filter struct {
	User   string
	Status trade.Status
	// Limit is the largest number of trades, newest first.
	Limit int
}

// AddTrade stores a valid request as a pending trade and wakes the executor.
// The same reference of the same user gives the trade that has it, and false.
// An unknown user is ErrNotFound.
func (s *Store) AddTrade(ctx context.Context, r trade.Request) (t trade.Trade, added bool, err error) {
	if r.Source == "" {
		r.Source = trade.Manual
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		t, err = one(ctx, tx, `INSERT INTO trades (user_name, ticker, side, contracts, source, reference)
			VALUES ($1, $2, $3, $4, $5, nullif($6, ''))
			ON CONFLICT (user_name, reference) DO NOTHING RETURNING `+tradeColumns,
			r.User, r.Ticker, r.Side, r.Contracts, r.Source, r.Reference)
		if noRows(err) {
			t, err = one(ctx, tx, `SELECT `+tradeColumns+` FROM trades WHERE user_name = $1 AND reference = $2`,
				r.User, r.Reference)
			return err
		}
		if err != nil {
			return err
		}
		added = true
		return notify(ctx, tx, NewTrades)
	})
	if hasCode(err, foreignKeyViolation) {
		return t, false, fmt.Errorf("add trade: user %s: %w", r.User, ErrNotFound)
	}
	if err != nil {
		return t, false, fmt.Errorf("add trade: %w", err)
	}
	return t, added, nil
}

// Trade returns one trade or ErrNotFound.
func (s *Store) Trade(ctx context.Context, id int64) (trade.Trade, error) {
	t, err := one(ctx, s.pool, `SELECT `+tradeColumns+` FROM trades WHERE id = $1`, id)
	return t, wrap("read trade", err)
}

// Trades returns the trades that pass the filter, newest first.
func (s *Store) Trades(ctx context.Context, f Filter) ([]trade.Trade, error) {
	list, err := many(ctx, s.pool, `SELECT `+tradeColumns+` FROM trades
		WHERE ($1 = '' OR user_name = $1) AND ($2 = '' OR status = $2)
		ORDER BY id DESC LIMIT $3`, f.User, string(f.Status), f.Limit)
	return list, wrap("list trades", err)
}

// RequestClose cancels a trade that is still pending and marks one that is
// being filled or open for closing. A trade that has ended stays as it is.
func (s *Store) RequestClose(ctx context.Context, id int64) (t trade.Trade, changed bool, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		t, err = one(ctx, tx, `UPDATE trades SET
			status = CASE status WHEN 'pending' THEN 'cancelled' ELSE status END,
			reason = CASE status WHEN 'pending' THEN 'requested' ELSE reason END,
			close_requested_at = coalesce(close_requested_at, now())
			WHERE id = $1 AND status IN ('pending', 'filling', 'open') RETURNING `+tradeColumns, id)
		if noRows(err) {
			t, err = one(ctx, tx, `SELECT `+tradeColumns+` FROM trades WHERE id = $1`, id)
			return err
		}
		if err != nil {
			return err
		}
		changed = true
		return notify(ctx, tx, CloseTrades)
	})
	return t, changed, wrap("close trade", err)
}

// ClaimPending takes trades for filling, oldest first. A claim that is older
// than the lease is taken over: whoever made it is gone.
func (s *Store) ClaimPending(ctx context.Context, limit int, lease time.Duration) ([]trade.Trade, error) {
	list, err := many(ctx, s.pool, `WITH claimed AS (
			UPDATE trades SET status = 'filling', claimed_at = now()
			WHERE id IN (
				SELECT id FROM trades
				WHERE status = 'pending' OR (status = 'filling' AND claimed_at < now() - $2::interval)
				ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
			) RETURNING `+tradeColumns+`
		) SELECT * FROM claimed ORDER BY id`, limit, lease)
	return list, wrap("claim trades", err)
}

// MarkOpen records the fill of a claimed trade.
func (s *Store) MarkOpen(ctx context.Context, id int64, priceCents int, at time.Time) error {
	return s.change(ctx, "open trade", `UPDATE trades
		SET status = 'open', entry_price_cents = $2, filled_at = $3, claimed_at = NULL
		WHERE id = $1 AND status = 'filling'`, id, priceCents, at)
}

// MarkRejected ends a claimed trade that the exchange did not take.
func (s *Store) MarkRejected(ctx context.Context, id int64, reason string) error {
	return s.change(ctx, "reject trade", `UPDATE trades
		SET status = 'rejected', reason = $2, claimed_at = NULL WHERE id = $1 AND status = 'filling'`, id, reason)
}

// Release gives claimed trades back for a later try.
func (s *Store) Release(ctx context.Context, ids []int64) error {
	return s.change(ctx, "release trades", `UPDATE trades
		SET status = 'pending', claimed_at = NULL WHERE id = ANY($1) AND status = 'filling'`, ids)
}

// MarkClosed records the end of an open trade.
func (s *Store) MarkClosed(ctx context.Context, id int64, priceCents int, reason string, at time.Time) error {
	return s.change(ctx, "close trade", `UPDATE trades
		SET status = 'closed', exit_price_cents = $2, reason = $3, closed_at = $4
		WHERE id = $1 AND status = 'open'`, id, priceCents, reason, at)
}

// OpenTrades returns the open trades, oldest first.
func (s *Store) OpenTrades(ctx context.Context, limit int) ([]trade.Trade, error) {
	list, err := many(ctx, s.pool, `SELECT `+tradeColumns+` FROM trades
		WHERE status = 'open' ORDER BY id LIMIT $1`, limit)
	return list, wrap("list open trades", err)
}

// Entered returns what the entry rule looks at: the automatic trades of a user
// that run or were opened within the time given.
func (s *Store) Entered(ctx context.Context, user string, within time.Duration) ([]trade.Entered, error) {
	rows, err := s.pool.Query(ctx, `SELECT ticker, status IN ('pending', 'filling', 'open') AS active, created_at
		FROM trades WHERE source = 'automatic' AND user_name = $1
		AND (status IN ('pending', 'filling', 'open') OR created_at > now() - $2::interval)`, user, within)
	if err != nil {
		return nil, wrap("list automatic trades", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[trade.Entered])
	return list, wrap("list automatic trades", err)
}
