package logs

import (
	"context"
	"sync"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// again is how often the project is looked at beside the events, which can be
// lost, and how long a broken event stream is left alone.
const again = 2 * time.Second

// follower keeps one reader on each incarnation of each container.
type follower struct {
	engine  Engine
	options Options
	printer *printer
	group   sync.WaitGroup

	mu sync.Mutex
	// seen are the start times whose output is being read, or was, by
	// container ID.
	seen map[string]time.Time
	// unread are the IDs of containers that could not be read.
	unread map[string]bool
	// failed is the first error of writing; nothing more can be shown then.
	failed chan error
}

// follow shows what is said until ctx ends, through restarts and replacements.
func follow(ctx context.Context, e Engine, o Options, p *printer, containers []orchestrator.Container) error {
	f := &follower{engine: e, options: o, printer: p, seen: map[string]time.Time{}, unread: map[string]bool{}, failed: make(chan error, 1)}
	reading, cancel := context.WithCancel(ctx)
	defer f.group.Wait()
	defer cancel()
	for _, c := range containers {
		f.attach(reading, c, true)
	}
	events, broken := e.Events(reading, o.Project, time.Time{})
	ticker := time.NewTicker(again)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-f.failed:
			return err
		case _, ok := <-events:
			if !ok {
				events = nil
				continue
			}
		case <-broken: //nolint:errcheck // why it broke does not matter: it is opened again
			events, broken = nil, nil
			continue
		case <-ticker.C:
			if broken == nil {
				events, broken = e.Events(reading, o.Project, time.Time{})
			}
		}
		f.look(reading)
	}
}

// look attaches to whatever has started since the last look. An engine that
// does not answer is asked again later: what it has to say is not lost.
func (f *follower) look(ctx context.Context) {
	observed, err := f.engine.Observe(ctx, orchestrator.Scope{Project: f.options.Project})
	if err != nil {
		return
	}
	for _, c := range f.options.choose(observed.Containers) {
		f.attach(ctx, c, false)
	}
}

// attach reads a container's present incarnation, once. What was there when
// the user came is read from the place that the user asked for; what started
// later, from its beginning.
func (f *follower) attach(ctx context.Context, c orchestrator.Container, old bool) {
	f.mu.Lock()
	last, known := f.seen[c.ID]
	if known && !c.StartedAt.After(last) || !old && c.StartedAt.IsZero() {
		f.mu.Unlock()
		return
	}
	f.seen[c.ID] = c.StartedAt
	f.mu.Unlock()
	f.printer.meet(c)
	opts := f.options.options(time.Time{})
	switch {
	case known && !c.FinishedAt.IsZero():
		opts = f.options.options(c.FinishedAt) // the end of the incarnation before
	case known:
		opts = f.options.options(c.StartedAt)
	case !old:
		opts = orchestrator.LogOptions{Follow: true, Timestamps: f.options.Timestamps}
	}
	f.group.Go(func() { f.read(ctx, c, opts) })
}

// read shows what an incarnation says until it ends.
func (f *follower) read(ctx context.Context, c orchestrator.Container, opts orchestrator.LogOptions) {
	var unwritten error
	w := sanitize.NewWriter(lineFunc(func(text string) error {
		if unwritten = f.printer.line(c, text); unwritten != nil {
			f.fail(unwritten)
		}
		return unwritten
	}), f.options.Redact, maxLine)
	err := f.engine.Logs(ctx, c.ID, opts, w, w)
	_ = w.Close() // told by fail
	if err == nil || ctx.Err() != nil || unwritten != nil || f.noted(c.ID) {
		return
	}
	switch late := f.options.unread(c, err); {
	case late == nil:
	case fault.ClassOf(err) == fault.Engine:
		f.fail(late)
	default:
		f.options.Note(late.Error()) // what the others say is still shown
	}
}

// noted says whether it was said before that a container cannot be read.
func (f *follower) noted(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.unread[id]
	f.unread[id] = true
	return before
}

// fail ends the following with the first error.
func (f *follower) fail(err error) {
	select {
	case f.failed <- err:
	default:
	}
}
