package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/stackctl/stackctl/images/trading/internal/exchange"
)

// Ledger keeps the accounts of the paper exchange in its own tables.
type Ledger struct {
	store *Store
	start int64
}

var _ exchange.Ledger = (*Ledger)(nil)

// Ledger returns the paper exchange's accounts; a new one holds startCents.
func (s *Store) Ledger(startCents int64) *Ledger {
	return &Ledger{store: s, start: startCents}
}

// Fill carries an order out once, however often it is sent.
func (l *Ledger) Fill(ctx context.Context, o exchange.Order, priceCents int) (exchange.Fill, error) {
	var fill exchange.Fill
	err := pgx.BeginFunc(ctx, l.store.pool, func(tx pgx.Tx) error {
		// The account's row is also the lock that puts a user's orders in a row.
		holding, err := l.lock(ctx, tx, o)
		if err != nil {
			return err
		}
		fill, err = earlierFill(ctx, tx, o.ClientOrderID)
		if !noRows(err) {
			return err
		}
		holding, err = holding.Apply(o, priceCents)
		if err != nil {
			return err
		}
		fill, err = record(ctx, tx, o, priceCents, holding)
		return err
	})
	if errors.Is(err, exchange.ErrRejected) {
		return fill, err // a word to the customer, which needs no more context
	}
	return fill, wrap("fill order", err)
}

// Account returns what a user has.
func (l *Ledger) Account(ctx context.Context, user string) (exchange.Account, error) {
	account := exchange.Account{User: user}
	err := l.store.pool.QueryRow(ctx, `
		SELECT coalesce((SELECT balance_cents FROM paper_accounts WHERE user_name = $1), $2)`,
		user, l.start).Scan(&account.BalanceCents)
	if err != nil {
		return account, wrap("read account", err)
	}
	account.Positions, err = rowsOf[exchange.Position](ctx, l.store.pool, `
		SELECT ticker, side, contracts FROM paper_positions
		WHERE user_name = $1 AND contracts > 0 ORDER BY ticker, side`, user)
	return account, wrap("read account", err)
}

func (l *Ledger) lock(ctx context.Context, tx pgx.Tx, o exchange.Order) (exchange.Holding, error) {
	var h exchange.Holding
	_, err := tx.Exec(ctx, `INSERT INTO paper_accounts (user_name, balance_cents) VALUES ($1, $2)
		ON CONFLICT DO NOTHING`, o.User, l.start)
	if err != nil {
		return h, err
	}
	err = tx.QueryRow(ctx, `SELECT balance_cents FROM paper_accounts WHERE user_name = $1 FOR UPDATE`,
		o.User).Scan(&h.BalanceCents)
	if err != nil {
		return h, err
	}
	err = tx.QueryRow(ctx, `SELECT coalesce(sum(contracts), 0) FROM paper_positions
		WHERE user_name = $1 AND ticker = $2 AND side = $3`, o.User, o.Ticker, o.Side).Scan(&h.Contracts)
	return h, err
}

func earlierFill(ctx context.Context, tx pgx.Tx, id string) (exchange.Fill, error) {
	fill := exchange.Fill{ClientOrderID: id}
	err := tx.QueryRow(ctx, `SELECT price_cents, at FROM paper_orders WHERE client_order_id = $1`, id).
		Scan(&fill.PriceCents, &fill.At)
	return fill, err
}

func record(ctx context.Context, tx pgx.Tx, o exchange.Order, price int, h exchange.Holding) (exchange.Fill, error) {
	fill := exchange.Fill{ClientOrderID: o.ClientOrderID, PriceCents: price}
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE paper_accounts SET balance_cents = $2 WHERE user_name = $1`, o.User, h.BalanceCents)
	batch.Queue(`INSERT INTO paper_positions (user_name, ticker, side, contracts) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_name, ticker, side) DO UPDATE SET contracts = excluded.contracts`,
		o.User, o.Ticker, o.Side, h.Contracts)
	batch.Queue(`INSERT INTO paper_orders (client_order_id, user_name, ticker, side, deal, contracts, price_cents)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING at`,
		o.ClientOrderID, o.User, o.Ticker, o.Side, o.Deal, o.Contracts, price).
		QueryRow(func(row pgx.Row) error { return row.Scan(&fill.At) })
	return fill, tx.SendBatch(ctx, batch).Close()
}
