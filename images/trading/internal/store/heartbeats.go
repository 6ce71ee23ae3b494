package store

import (
	"context"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/heartbeat"
)

// Beat records a sign of life. The time is the database's, the same for all.
func (s *Store) Beat(ctx context.Context, service, instance, problem string, started time.Time) error {
	return s.change(ctx, "write heartbeat", `
		INSERT INTO heartbeats (service, instance, started_at, beat_at, problem) VALUES ($1, $2, $3, now(), $4)
		ON CONFLICT (service) DO UPDATE SET instance = excluded.instance, started_at = excluded.started_at,
			beat_at = excluded.beat_at, problem = excluded.problem, stopped_at = NULL`,
		service, instance, started, problem)
}

// SayGoodbye marks a service as stopped on purpose, unless another instance
// has taken over meanwhile.
func (s *Store) SayGoodbye(ctx context.Context, service, instance string) error {
	return s.change(ctx, "say goodbye", `
		UPDATE heartbeats SET stopped_at = now() WHERE service = $1 AND instance = $2`, service, instance)
}

// Beats returns the last sign of life of every service ever seen, by name.
func (s *Store) Beats(ctx context.Context) ([]heartbeat.Beat, error) {
	list, err := rowsOf[heartbeat.Beat](ctx, s.pool, `
		SELECT service, instance, started_at, greatest(clock_timestamp() - beat_at, interval '0') AS age,
			stopped_at IS NOT NULL AS stopped, problem
		FROM heartbeats ORDER BY service`)
	return list, wrap("list heartbeats", err)
}
