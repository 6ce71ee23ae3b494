package store

import (
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Codes of the SQL standard and of PostgreSQL.
const (
	undefinedTable      = "42P01"
	foreignKeyViolation = "23503"
)

func hasCode(err error, code string) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.Code == code
}

func noRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
