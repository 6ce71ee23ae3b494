// Package store is the only place that speaks SQL.
package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/stackctl/stackctl/images/trading/internal/config"
)

// Store is a pool of connections that finds its way back by itself when the
// database was away.
type Store struct {
	pool   *pgxpool.Pool
	schema int
}

// What a caller can tell apart.
var (
	// ErrNotFound is a row that is not there.
	ErrNotFound = errors.New("not found")
	// ErrSchema is a database without the tables this program needs.
	ErrSchema = errors.New("schema not migrated")
)

// Ten services share one server with a hundred connections by default.
const (
	maxConnections = 4
	connectTimeout = time.Second
	keepAlive      = 5 * time.Second
)

// Open returns a store for a schema version. It does not connect: a database
// that is away now may be there later. Its error is a setup that can never work.
func Open(ctx context.Context, db config.Database, schema int) (*Store, error) {
	settings, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, fmt.Errorf("database settings: %w", err)
	}
	if _, err := password(db.PasswordFile); err != nil {
		return nil, err
	}
	address(settings.ConnConfig, db)
	settings.MaxConns = maxConnections
	settings.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		secret, err := password(db.PasswordFile)
		c.Password = secret
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("database pool: %w", err)
	}
	return &Store{pool: pool, schema: schema}, nil
}

// Ping asks whether the server answers, whatever tables it has.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Close ends all connections.
func (s *Store) Close() { s.pool.Close() }

// Check asks the database now whether it is there and has the tables.
func (s *Store) Check(ctx context.Context) error {
	version, err := s.version(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("database: %w", err)
	case version < s.schema:
		return fmt.Errorf("%w: version %d, want %d", ErrSchema, version, s.schema)
	}
	return nil
}

func (s *Store) version(ctx context.Context) (int, error) {
	var version int
	err := s.pool.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM schema_migrations`).Scan(&version)
	if hasCode(err, undefinedTable) {
		return 0, nil
	}
	return version, err
}

// address fills in where the server is. The host's own settings, such as PG*
// variables, play no part.
func address(c *pgx.ConnConfig, db config.Database) {
	c.Host, c.Port = db.Host, db.Port
	c.Database, c.User = db.Name, db.User
	c.Fallbacks, c.TLSConfig = nil, nil
	c.ConnectTimeout = connectTimeout
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: keepAlive}
	c.DialFunc = dialer.DialContext
	c.RuntimeParams = map[string]string{"timezone": "UTC"}
}

func password(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("database password: %w", err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}
