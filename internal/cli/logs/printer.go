package logs

import (
	"io"
	"strconv"
	"sync"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

// maxPrefix is the widest column of names.
const maxPrefix = 40

// printer writes whole lines, each behind the name of who said it.
type printer struct {
	options Options

	mu    sync.Mutex
	width int
	// several are services of which more than one replica was seen.
	several map[string]bool
}

func newPrinter(o Options, containers []orchestrator.Container) *printer {
	p := &printer{options: o, several: map[string]bool{}}
	for _, service := range o.Order {
		if len(o.Services) == 0 || o.chosen(service) {
			p.width = max(p.width, console.Width(service))
		}
	}
	for _, c := range containers {
		p.meet(c)
	}
	return p
}

func (o Options) chosen(service string) bool {
	for _, s := range o.Services {
		if s == service {
			return true
		}
	}
	return false
}

// meet takes note of a container's name.
func (p *printer) meet(c orchestrator.Container) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.Number > 1 {
		p.several[c.Service] = true
	}
	p.width = min(maxPrefix, max(p.width, console.Width(p.name(c))))
}

// name is the service, with the number of the replica where there are several.
func (p *printer) name(c orchestrator.Container) string {
	if p.several[c.Service] {
		return c.Service + "-" + strconv.Itoa(c.Number)
	}
	return c.Service
}

// line writes one line, which ends with its line break.
func (p *printer) line(c orchestrator.Container, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.options.NoPrefix {
		prefix := console.Pad(console.Cut(p.name(c), p.width), p.width) + " |"
		text = p.options.Style.Tint(p.options.rank(c.Service), prefix) + " " + text
	}
	_, err := io.WriteString(p.options.Out, text)
	return err
}
