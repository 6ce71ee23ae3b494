// Package job runs periodic work until its context ends, and knows of each
// piece whether its last run went well.
package job

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Job is one piece of work that is done again and again. The first run is at
// once, each next one a pause after the end of the one before, or as soon as
// Wake delivers.
type Job struct {
	Name string
	// Every is the pause between two runs.
	Every time.Duration
	// Timeout bounds one run; zero means ten seconds.
	Timeout time.Duration
	// Wake, which may be nil, ends a pause early.
	Wake <-chan struct{}
	// Do is the work. It must end when its context does.
	Do func(context.Context) error
}

const defaultTimeout = 10 * time.Second

// Run works until the context ends. A failed run is not the end: the next one
// may go well. Only changes from good to bad and back are logged.
func (j Job) Run(ctx context.Context, log *slog.Logger, board *Board) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-j.Wake:
		}
		err := j.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if board.set(j.Name, err) {
			logChange(log, j.Name, err)
		}
		timer.Reset(j.Every)
	}
}

func (j Job) once(ctx context.Context) error {
	timeout := j.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return j.Do(ctx)
}

func logChange(log *slog.Logger, name string, err error) {
	if err != nil {
		log.Warn("job fails", "job", name, "error", err)
		return
	}
	log.Info("job works again", "job", name)
}

// Board holds the last error of each job. The zero value is ready for use.
type Board struct {
	mu       sync.Mutex
	problems map[string]error
}

// set notes an outcome and tells whether it changed from good to bad or back.
func (b *Board) set(name string, err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, failing := b.problems[name]
	if err == nil {
		delete(b.problems, name)
		return failing
	}
	if b.problems == nil {
		b.problems = map[string]error{}
	}
	b.problems[name] = err
	return !failing
}

// Problem returns one failing job with its error, or an empty string. Of
// several it is the first by name, so that the text does not flicker.
func (b *Board) Problem() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := ""
	for name := range b.problems {
		if first == "" || name < first {
			first = name
		}
	}
	if first == "" {
		return ""
	}
	return fmt.Sprintf("%s: %s", first, b.problems[first])
}
