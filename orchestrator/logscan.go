package orchestrator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// The bounds of a search through a log.
const (
	// scanLines is how many of the last lines of a container are searched.
	scanLines = 5000
	// scanLineMax is how much of a line is searched, in bytes.
	scanLineMax = 16 << 10
	// scanTime is how long one container's log may take, see Patience.
	scanTime = 5 * time.Second
	// scanEarly is how much earlier than the engine dates a start its first
	// words may be dated: the engine looks at the clock after the start. It is
	// no longer than any engine's pause between two runs.
	scanEarly = 100 * time.Millisecond
	// scanLate is how much later than the engine dates an end its last words
	// may be dated, at most: it reads them from a pipe.
	scanLate = 2 * time.Second
)

// Scan is what a search through the log of one incarnation found.
type Scan struct {
	ContainerID string
	StartedAt   time.Time
	// At is when it was made, by this host's clock.
	At   time.Time
	Took time.Duration
	// Lines is how many lines were searched; Cut says that there may be
	// more, earlier ones.
	Lines int
	Cut   bool
	// Matches are the patterns that were found, in the order of the file.
	Matches []Match
	// Err says why the log could not be read.
	Err error
}

// Match is a pattern that lines of a log match.
type Match struct {
	Pattern string
	// Fail says that the file makes it a failure.
	Fail bool
	// Count is the number of lines, Line the last of them, safe to show.
	Count int
	Line  string
}

// words of a failure that most programs use: a line with one of them is told,
// never a failure.
var (
	panics       = regexp.MustCompile(`\bpanic:`)
	fatals       = regexp.MustCompile(`\bFATAL\b`)
	criticals    = regexp.MustCompile(`\bCRITICAL\b`)
	serverPanics = regexp.MustCompile(`\bPANIC:`)
)

// criticalLogs are the patterns that the log of s is searched for: the file's,
// else those above. FATAL is about one session in a Postgres log, and PANIC
// about the server.
func criticalLogs(s *compose.Service) []compose.CriticalLog {
	if s.Settings.CriticalLogs != nil {
		return s.Settings.CriticalLogs
	}
	words := []*regexp.Regexp{panics, fatals, criticals}
	if isPostgres(s.Image) {
		words = []*regexp.Regexp{serverPanics}
	}
	patterns := make([]compose.CriticalLog, len(words))
	for i, w := range words {
		patterns[i] = compose.CriticalLog{Pattern: w.String(), Regexp: w}
	}
	return patterns
}

// scanLog searches what a container has said since its start.
func scanLog(ctx context.Context, engine Engine, redact *sanitize.Redactor, c Container, patterns []compose.CriticalLog) Scan {
	limit := Patience(engine, scanTime)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fault.New(fault.Engine, "the log was not read within %s", limit))
	defer cancel()
	scan := Scan{ContainerID: c.ID, StartedAt: c.StartedAt, At: time.Now()}
	f := &finder{patterns: patterns, redact: redact, found: make([]Match, len(patterns))}
	out, errs := &lineCutter{take: f.take}, &lineCutter{take: f.take}
	scan.Err = engine.Logs(ctx, c.ID, LogOptions{Tail: scanLines, Since: scanSince(c), Of: &c}, out, errs)
	if ctx.Err() != nil {
		scan.Err = fmt.Errorf("read the log: %w", context.Cause(ctx))
	}
	out.end()
	errs.end()
	scan.Lines, scan.Cut, scan.Took = f.lines, f.lines >= scanLines, time.Since(scan.At)
	for _, m := range f.found {
		if m.Count > 0 {
			scan.Matches = append(scan.Matches, m)
		}
	}
	return scan
}

// scanSince is where the log of a container's present incarnation begins: in
// the pause after the one before, whose end the engine remembers while this one
// runs. The engine starts it only when it has read the last words of the other,
// so that of the pause most belongs to those.
func scanSince(c Container) time.Time {
	switch {
	case c.StartedAt.IsZero():
		return time.Time{}
	case c.State != StateRunning:
		return c.StartedAt.Add(-scanEarly)
	case c.FinishedAt.Before(c.StartedAt):
		if c.FinishedAt.IsZero() {
			return time.Time{}
		}
		return c.FinishedAt.Add(min(c.StartedAt.Sub(c.FinishedAt)*3/4, scanLate))
	}
	return time.Time{}
}

// finder counts the lines that match patterns.
type finder struct {
	patterns []compose.CriticalLog
	redact   *sanitize.Redactor
	found    []Match
	lines    int
}

// colours are the sequences that programs dye their words with: they would
// stand between a pattern and the word.
var colours = regexp.MustCompile(`\x1b\[[0-9;?]*[@-~]`)

func (f *finder) take(line []byte) {
	f.lines++
	line = colours.ReplaceAll(line, nil)
	for i, p := range f.patterns {
		if !p.Regexp.Match(line) {
			continue
		}
		m := &f.found[i]
		m.Pattern, m.Fail, m.Count = p.Pattern, p.Fail, m.Count+1
		m.Line = sanitize.Line(f.redact.Redact(string(line)), cardLineMax)
	}
}

// lineCutter cuts a stream into lines; of a long one it keeps the beginning.
type lineCutter struct {
	take func(line []byte)
	line []byte
}

var _ io.Writer = (*lineCutter)(nil)

// Write takes all of p; it never fails.
func (l *lineCutter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte{'\n'})
		l.line = append(l.line, part[:min(scanLineMax-len(l.line), len(part))]...)
		if ended {
			l.flush()
		}
		rest = after
	}
	return len(p), nil
}

// end takes a last line that had no line break.
func (l *lineCutter) end() {
	if len(l.line) > 0 {
		l.flush()
	}
}

func (l *lineCutter) flush() {
	l.take(l.line)
	l.line = l.line[:0]
}
