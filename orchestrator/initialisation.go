package orchestrator

import (
	"bytes"
	"context"

	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// What the entry point of the official Postgres image says about making a
// database directory.
const (
	initBegins = "The files belonging to this database system will be owned by user"
	initEnds   = "PostgreSQL init process complete"
	initSkips  = "Skipping initialization"
	initErrors = "ERROR:"
)

// initialisation follows the making of a database directory through the log
// of all runs of a container. One that is aborted leaves a directory that the
// next run takes for complete: its server starts, and what the scripts were to
// make is missing.
type initialisation struct {
	redact *sanitize.Redactor
	// begun says that it began and has not ended.
	begun bool
	// aborted says that the server was started on what there was.
	aborted bool
	// failure is the last error before that.
	failure string
}

// take reads one line.
func (i *initialisation) take(line []byte) {
	switch {
	case bytes.Contains(line, []byte(initBegins)):
		*i = initialisation{redact: i.redact, begun: true}
	case bytes.Contains(line, []byte(initEnds)):
		i.begun = false
	case i.begun && bytes.Contains(line, []byte(initSkips)):
		i.aborted = true
	case i.begun && !i.aborted && bytes.Contains(line, []byte(initErrors)):
		i.failure = sanitize.Line(i.redact.Redact(string(line)), cardLineMax)
	}
}

// abortedInit says what is wrong with a database whose container has run
// before and did not end its initialisation then; nil is nothing. A log that
// cannot be read contradicts nothing.
func (d databaseProbe) abortedInit(ctx context.Context) *healthchecks.Evidence {
	if d.container.FinishedAt.IsZero() && d.container.RestartCount == 0 {
		return nil
	}
	i := initialisation{redact: d.prober.redact}
	out, errs := &lineCutter{take: i.take}, &lineCutter{take: i.take}
	if err := d.prober.engine.Logs(ctx, d.container.ID, LogOptions{Tail: scanLines, Of: &d.container}, out, errs); err != nil || !i.aborted {
		return nil
	}
	result := "its initialisation was aborted in an earlier run, and this one started with what there was"
	if i.failure != "" {
		result += ": " + i.failure
	}
	return &healthchecks.Evidence{Probe: d.String(), Result: result, Code: "initialisation", Final: true,
		Hint: "what the scripts were to make may be missing: correct them, and start anew without " + dataName(d.container) +
			" if nothing in it is needed; if what is there will do: stackctl up --force-recreate"}
}
