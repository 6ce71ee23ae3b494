package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	_ "github.com/lib/pq" // the driver "postgres"
)

// store is the database.
type store struct{ db *sql.DB }

// openStore connects and makes the table where there is none.
func openStore(ctx context.Context, host, user, password string) (*store, error) {
	address := url.URL{
		Scheme:   "postgres",
		Host:     host,
		User:     url.UserPassword(user, password),
		Path:     user,
		RawQuery: "sslmode=disable&connect_timeout=5",
	}
	db, err := sql.Open("postgres", address.String())
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	const table = `CREATE TABLE IF NOT EXISTS note (id bigserial PRIMARY KEY, text text NOT NULL)`
	if _, err := db.ExecContext(ctx, table); err != nil {
		_ = db.Close() // the first error counts
		return nil, fmt.Errorf("make the table: %w", err)
	}
	return &store{db}, nil
}

func (s *store) close() { _ = s.db.Close() }

func (s *store) ping(ctx context.Context) error { return s.db.PingContext(ctx) }

func (s *store) add(ctx context.Context, text string) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO note (text) VALUES ($1)`, text)
	return err
}

// list is all notes, the oldest first.
func (s *store) list(ctx context.Context) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT text FROM note ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	notes := []string{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		notes = append(notes, text)
	}
	return notes, rows.Err()
}
