package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// AddUsers creates the users that are not there yet.
func (s *Store) AddUsers(ctx context.Context, names []string) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO users (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING`, names)
	if err != nil {
		return fmt.Errorf("add users: %w", err)
	}
	return nil
}

// Users returns all user names in order.
func (s *Store) Users(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT name FROM users ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return names, nil
}
