package logs

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
	"golang.org/x/sync/errgroup"
)

// source is the output of one container, read line by line.
type source struct {
	container orchestrator.Container
	lines     chan line
	// head is the line that was read last and not yet shown.
	head line
	ok   bool
}

// line is one line with its line break, and when it was said.
type line struct {
	at   time.Time
	text string
}

// buffered is how many lines of a container are read ahead.
const buffered = 256

// merge shows what all containers have said so far, by time. Only a few lines
// of each are held at once.
func merge(ctx context.Context, e Engine, o Options, p *printer, containers []orchestrator.Container) error {
	group, reading := errgroup.WithContext(ctx)
	late := make([]error, len(containers))
	sources := make([]*source, 0, len(containers))
	for i, c := range containers {
		s := &source{container: c, lines: make(chan line, buffered)}
		sources = append(sources, s)
		group.Go(func() error {
			defer close(s.lines)
			if err := s.read(reading, e, o); err != nil && reading.Err() == nil {
				late[i] = o.unread(s.container, err) // the others are shown all the same
			}
			return nil
		})
	}
	group.Go(func() error { return show(reading, sources, p) })
	err := group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(append([]error{err}, late...)...)
}

// read takes a container's lines until their end.
func (s *source) read(ctx context.Context, e Engine, o Options) error {
	w := sanitize.NewWriter(lineFunc(func(text string) error {
		at, rest := cutTime(text)
		if o.Timestamps {
			rest = text
		}
		select {
		case s.lines <- line{at, rest}:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}), o.Redact, maxLine)
	return errors.Join(e.Logs(ctx, s.container.ID, o.options(time.Time{}), w, w), w.Close())
}

// show writes the oldest line of all sources, again and again.
func show(ctx context.Context, sources []*source, p *printer) error {
	for _, s := range sources {
		s.next(ctx)
	}
	for {
		var oldest *source
		for _, s := range sources {
			if s.ok && (oldest == nil || s.head.at.Before(oldest.head.at)) {
				oldest = s
			}
		}
		if oldest == nil {
			return nil
		}
		if err := p.line(oldest.container, oldest.head.text); err != nil {
			return err
		}
		oldest.next(ctx)
	}
}

// next reads the next line; ok is false at the end.
func (s *source) next(ctx context.Context) {
	select {
	case s.head, s.ok = <-s.lines:
	case <-ctx.Done():
		s.ok = false
	}
}

// cutTime takes the engine's time from the beginning of a line.
func cutTime(text string) (at time.Time, rest string) {
	word, rest, ok := strings.Cut(text, " ")
	if !ok {
		word, rest = strings.TrimSuffix(text, "\n"), "\n"
	}
	at, err := time.Parse(time.RFC3339Nano, word)
	if err != nil {
		return time.Time{}, text
	}
	return at, rest
}

// lineFunc is a writer that is given one line at a time.
type lineFunc func(string) error

func (f lineFunc) Write(p []byte) (int, error) {
	if err := f(string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

var _ io.Writer = lineFunc(nil)
