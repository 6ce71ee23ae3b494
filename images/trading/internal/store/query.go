package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func one(ctx context.Context, q querier, sql string, args ...any) (trade.Trade, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return trade.Trade{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[trade.Trade])
}

func many(ctx context.Context, q querier, sql string, args ...any) ([]trade.Trade, error) {
	return rowsOf[trade.Trade](ctx, q, sql, args...)
}

// rowsOf returns an empty list, never nil, so that it is [] in JSON.
func rowsOf[T any](ctx context.Context, q querier, sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.AppendRows([]T{}, rows, pgx.RowToStructByName[T])
}

// change is a statement whose rows nobody wants to see.
func (s *Store) change(ctx context.Context, what, sql string, args ...any) error {
	_, err := s.pool.Exec(ctx, sql, args...)
	return wrap(what, err)
}

func notify(ctx context.Context, tx pgx.Tx, channel string) error {
	_, err := tx.Exec(ctx, `SELECT pg_notify($1, '')`, channel)
	return err
}

func wrap(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case noRows(err):
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}
