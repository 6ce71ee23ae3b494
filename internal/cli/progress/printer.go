// Package progress shows what a run is doing while it does it: on a terminal
// as a picture that is redrawn, elsewhere line by line, for programs as JSON.
package progress

import (
	"io"
	"sync"
	"time"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

// Mode is how progress is shown.
type Mode string

// The modes, as --progress takes them; auto is Live on a terminal and Plain
// elsewhere.
const (
	Auto  Mode = "auto"
	Live  Mode = "tty"
	Plain Mode = "plain"
	JSON  Mode = "json"
	Quiet Mode = "quiet"
)

// Options say where and how to show a run.
type Options struct {
	Mode Mode
	Out  io.Writer
	// Style colours text; Size tells columns and lines of the terminal.
	Style console.Style
	Size  func() (width, height int)
	// Title is shown with the totals, e.g. "up trading".
	Title string
	// Services are the rows from the beginning, in order.
	Services []string
	// Begin is when the run began.
	Begin time.Time
	// Broken is called when showing fails by a defect, with what recover
	// returned; it may be nil.
	Broken func(panicked any)
}

// view is one way to show a run. Its methods are called by one goroutine.
type view interface {
	show(events []orchestrator.Progress)
	// print shows text that comes from elsewhere, e.g. a log line.
	print(text string)
	// tick says that time has passed.
	tick(now time.Time)
	finish(*orchestrator.Report)
}

// redraw is how often the picture is renewed.
const redraw = 100 * time.Millisecond

// Printer takes events from many goroutines and shows them in their order.
// Nobody who tells it something ever waits for a slow terminal.
type Printer struct {
	view   view
	broken func(any)

	mu     sync.Mutex
	queue  []item
	closed bool
	report *orchestrator.Report
	wake   chan struct{}
	done   chan struct{}
}

// item is an event, or text when that is not "".
type item struct {
	event orchestrator.Progress
	text  string
}

// Start begins to show a run; Close ends it.
func Start(o Options) *Printer {
	p := &Printer{view: viewOf(o), broken: o.Broken, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go p.run()
	return p
}

func viewOf(o Options) view {
	switch o.Mode {
	case Live:
		return newLive(o)
	case JSON:
		return newStructured(o)
	case Quiet:
		return quiet{out: o.Out}
	default:
		return newPlain(o)
	}
}

// Tell takes one event; it is an orchestrator.Listener.
func (p *Printer) Tell(event orchestrator.Progress) {
	if event.At.IsZero() {
		event.At = time.Now()
	}
	p.push(item{event: event})
}

// Write shows text between the events: log lines. It never fails.
func (p *Printer) Write(text []byte) (int, error) {
	p.push(item{text: string(text)})
	return len(text), nil
}

func (p *Printer) push(i item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.queue = append(p.queue, i)
	p.nudge()
}

// nudge wakes the printing goroutine; a second nudge is not needed.
func (p *Printer) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Close shows what is left, gives the report the last word, restores the
// terminal and returns when all is written, or when the terminal takes nothing
// for a while. Further calls do nothing.
func (p *Printer) Close(r *orchestrator.Report) {
	p.mu.Lock()
	if !p.closed {
		p.closed, p.report = true, r
		p.nudge()
	}
	p.mu.Unlock()
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	select {
	case <-p.done:
	case <-patience.C:
	}
}

// run is the only goroutine that writes.
func (p *Printer) run() {
	defer close(p.done)
	defer func() {
		if r := recover(); r != nil {
			p.mu.Lock()
			p.closed = true
			p.mu.Unlock()
			if p.broken != nil {
				p.broken(r)
			}
		}
	}()
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	for {
		select {
		case <-p.wake:
			if p.drain() {
				return
			}
		case now := <-ticker.C:
			p.view.tick(now)
		}
	}
}

// drain shows the queue and says whether that was all for ever.
func (p *Printer) drain() (ended bool) {
	p.mu.Lock()
	queue, closed := p.queue, p.closed
	p.queue = nil
	p.mu.Unlock()
	for _, i := range queue {
		if i.text != "" {
			p.view.print(i.text)
			continue
		}
		p.view.show([]orchestrator.Progress{i.event})
	}
	if closed {
		p.view.finish(p.report)
	}
	return closed
}

// quiet shows nothing but what comes from elsewhere.
type quiet struct{ out io.Writer }

func (quiet) show([]orchestrator.Progress) {}

func (v quiet) print(text string) { _, _ = io.WriteString(v.out, text) }

func (quiet) tick(time.Time) {}

func (quiet) finish(*orchestrator.Report) {}
