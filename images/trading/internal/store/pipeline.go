package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stackctl/stackctl/images/trading/internal/pipeline"
)

// PipelineRun is the record of one run.
type PipelineRun struct {
	ID        int64           `json:"id" db:"id"`
	Status    pipeline.Status `json:"status" db:"status"`
	StartedAt time.Time       `json:"started_at" db:"started_at"`
	EndedAt   *time.Time      `json:"ended_at,omitempty" db:"ended_at"`
}

var _ pipeline.Recorder = (*Store)(nil)

// BeginRun opens a run and closes what an earlier coordinator left open.
func (s *Store) BeginRun(ctx context.Context) (int64, error) {
	var id int64
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE pipeline_runs SET status = $1, ended_at = now() WHERE ended_at IS NULL`,
			pipeline.Failed); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `INSERT INTO pipeline_runs (status) VALUES ($1) RETURNING id`,
			pipeline.Running).Scan(&id)
	})
	return id, wrap("begin run", err)
}

// EndRun closes a run with its steps.
func (s *Store) EndRun(ctx context.Context, run int64, status pipeline.Status, steps []pipeline.Outcome) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		for _, o := range steps {
			batch.Queue(`INSERT INTO pipeline_steps (run_id, position, name, status, note, took_millis)
				VALUES ($1, $2, $3, $4, $5, $6)`,
				run, o.Position, o.Name, o.Status, o.Note, float64(o.Took.Microseconds())/1000)
		}
		batch.Queue(`UPDATE pipeline_runs SET status = $2, ended_at = now() WHERE id = $1`, run, status)
		return tx.SendBatch(ctx, batch).Close()
	})
	return wrap("end run", err)
}

// LastRun returns the newest run that has ended, or nil.
func (s *Store) LastRun(ctx context.Context) (*PipelineRun, error) {
	return newest[PipelineRun](ctx, s, `
		SELECT id, status, started_at, ended_at FROM pipeline_runs
		WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT 1`)
}

// SummariseDays writes the results of today and of yesterday, for what was
// closed after yesterday's last run, and returns how many there are: one of
// each user and day with a closed trade. Days are those of UTC.
func (s *Store) SummariseDays(ctx context.Context) (int64, error) {
	tag, err := s.pool.Exec(ctx, `
		INSERT INTO daily_results (user_name, day, trades, wins, profit_cents)
		SELECT user_name, closed_at::date, count(*), count(*) FILTER (WHERE profit_cents > 0), sum(profit_cents)
		FROM trades WHERE status = 'closed' AND closed_at >= current_date - 1 GROUP BY user_name, closed_at::date
		ON CONFLICT (user_name, day) DO UPDATE SET trades = excluded.trades, wins = excluded.wins,
			profit_cents = excluded.profit_cents`)
	return tag.RowsAffected(), wrap("summarise days", err)
}
