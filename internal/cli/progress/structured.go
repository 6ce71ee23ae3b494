package progress

import (
	"time"

	"github.com/rs/zerolog"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// structured writes each event as one line of JSON; docs/json.md has its
// fields.
type structured struct {
	log   zerolog.Logger
	begin time.Time
	out   interface{ Write([]byte) (int, error) }
}

func newStructured(o Options) *structured {
	return &structured{log: zerolog.New(o.Out), begin: o.Begin, out: o.Out}
}

func (v *structured) show(events []orchestrator.Progress) {
	for _, p := range events {
		v.event(p)
	}
}

func (v *structured) event(p orchestrator.Progress) {
	e := v.log.WithLevel(level(p.Phase)).
		Int("schema_version", show.SchemaVersion).
		Str("time", p.At.UTC().Format(time.RFC3339Nano)).
		Float64("elapsed_seconds", seconds(p.At.Sub(v.begin))).
		Str("phase", string(p.Phase))
	optional(e, "service", p.Service)
	optional(e, "target", p.Target)
	optional(e, "detail", p.Message)
	if p.Took > 0 {
		e.Float64("took_seconds", seconds(p.Took))
	}
	if p.Current > 0 || p.Total > 0 {
		e.Int64("current_bytes", p.Current)
	}
	if p.Total > 0 {
		e.Int64("total_bytes", p.Total)
	}
	if p.Class != fault.None {
		e.Str("class", p.Class.String())
	}
	e.Msg("progress")
}

func optional(e *zerolog.Event, key, value string) {
	if value != "" {
		e.Str(key, sanitize.Line(value, maxWords))
	}
}

// seconds are rounded to milliseconds, so that they can be read.
func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}

func level(p orchestrator.Phase) zerolog.Level {
	switch p {
	case orchestrator.PhaseWarning:
		return zerolog.WarnLevel
	case orchestrator.PhaseFailed:
		return zerolog.ErrorLevel
	default:
		return zerolog.InfoLevel
	}
}

func (v *structured) print(text string) {
	_, _ = v.out.Write([]byte(text)) // a broken pipe does not stop the run
}

func (v *structured) tick(time.Time) {}

func (v *structured) finish(*orchestrator.Report) {}
