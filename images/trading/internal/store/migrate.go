package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/stackctl/stackctl/images/trading/internal/migration"
)

// migrationLock is the advisory lock that lets one migration job in at a
// time. The number only has to be ours.
const migrationLock = 0x7472616465

// Migrate brings the schema up to date and returns what it applied. Each
// migration is one transaction together with its record.
func (s *Store) Migrate(ctx context.Context, all []migration.Migration) ([]migration.Migration, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	// Closed and not only released: the lock belongs to the session.
	defer func() { _ = conn.Hijack().Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return nil, fmt.Errorf("migrate: lock: %w", err)
	}
	applied, err := readApplied(ctx, conn.Conn())
	if err != nil {
		return nil, fmt.Errorf("migrate: read what is applied: %w", err)
	}
	needed, err := migration.Needed(all, applied)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	for i, m := range needed {
		if err := apply(ctx, conn.Conn(), m); err != nil {
			return needed[:i], fmt.Errorf("migrate: version %d %s: %w", m.Version, m.Name, err)
		}
	}
	return needed, nil
}

func readApplied(ctx context.Context, conn *pgx.Conn) ([]migration.Applied, error) {
	const table = `CREATE TABLE IF NOT EXISTS schema_migrations (
		version    integer PRIMARY KEY,
		name       text NOT NULL,
		checksum   text NOT NULL,
		applied_at timestamptz NOT NULL DEFAULT now()
	)`
	if _, err := conn.Exec(ctx, table); err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, `SELECT version, checksum FROM schema_migrations ORDER BY version`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[migration.Applied])
}

func apply(ctx context.Context, conn *pgx.Conn, m migration.Migration) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, m.SQL); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)`,
			m.Version, m.Name, m.Checksum())
		return err
	})
}
