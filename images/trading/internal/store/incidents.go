package store

import (
	"context"
	"time"
)

// Incident is a time in which several services were lost together.
type Incident struct {
	ID        int64      `json:"id" db:"id"`
	Services  []string   `json:"services" db:"services"`
	StartedAt time.Time  `json:"started_at" db:"started_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty" db:"ended_at"`
}

// ReportIncident opens an incident, or adds services to the open one. It
// tells whether there was none before.
func (s *Store) ReportIncident(ctx context.Context, services []string) (opened bool, err error) {
	err = s.pool.QueryRow(ctx, `
		INSERT INTO incidents (services) VALUES ($1)
		ON CONFLICT ((true)) WHERE ended_at IS NULL DO UPDATE SET services = (
			SELECT array_agg(DISTINCT name ORDER BY name) FROM unnest(incidents.services || excluded.services) AS name
		) RETURNING xmax = 0`, services).Scan(&opened)
	return opened, wrap("report incident", err)
}

// EndIncident ends the open incident and tells whether there was one.
func (s *Store) EndIncident(ctx context.Context) (ended bool, err error) {
	tag, err := s.pool.Exec(ctx, `UPDATE incidents SET ended_at = now() WHERE ended_at IS NULL`)
	return tag.RowsAffected() > 0, wrap("end incident", err)
}

// Incidents returns the newest incidents first.
func (s *Store) Incidents(ctx context.Context, limit int) ([]Incident, error) {
	list, err := rowsOf[Incident](ctx, s.pool, `
		SELECT id, services, started_at, ended_at FROM incidents ORDER BY id DESC LIMIT $1`, limit)
	return list, wrap("list incidents", err)
}
