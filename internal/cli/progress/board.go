package progress

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// mark is how a row of the board stands.
type mark int

// The marks; only open ones turn.
const (
	markIdle mark = iota
	markBusy
	markDone
	markDoubt
	markFailed
)

// row is what is shown about one service or object.
type row struct {
	name string
	text string
	// waiting is whom it waits for before it may start.
	waiting string
	mark    mark
	// since is when it became busy, until when it was done; zero for not yet.
	since, until time.Time
	// service says that it is one of the services of the file.
	service bool
}

// board is the picture of a run: a row for each service, and above them one
// for each image, network and volume that is worked on. It is pure: events
// and the time come in, lines go out.
type board struct {
	title string
	begin time.Time
	rows  []*row
	// said are lines that are told once and stay above the rows.
	said []string
	// status is the last that was said about the whole run.
	status string
}

func newBoard(o Options) *board {
	b := &board{title: o.Title, begin: o.Begin}
	for _, name := range o.Services {
		b.rows = append(b.rows, &row{name: name, service: true})
	}
	return b
}

// apply takes one event.
func (b *board) apply(p orchestrator.Progress, style console.Style) {
	switch p.Phase {
	case orchestrator.PhaseNote:
		b.say(p, "note: ", func(s string) string { return s })
		return
	case orchestrator.PhaseWarning:
		if p.Target == "" {
			b.say(p, "warning: ", style.Doubtful)
			return
		}
	case orchestrator.PhaseProving:
		b.status = words(p)
		return
	}
	r := b.row(p)
	r.text = words(p)
	switch p.Phase {
	case orchestrator.PhaseWaiting:
		r.waiting = r.text
	case orchestrator.PhaseCreating, orchestrator.PhaseCreated:
		r.text = cmp.Or(r.waiting, r.text)
	}
	r.mark = markOf(p.Phase, r.service)
	if r.since.IsZero() {
		r.since = p.At
	}
	r.until = time.Time{}
	if r.mark != markBusy {
		r.until = p.At
	}
}

// say keeps a line that stays.
func (b *board) say(p orchestrator.Progress, word string, paint func(string) string) {
	if p.Service != "" {
		word += p.Service + ": "
	}
	b.said = append(b.said, paint(word+words(p)))
}

// row finds or makes the row that an event is about.
func (b *board) row(p orchestrator.Progress) *row {
	name, service := p.Service, true
	if isImage(p) || p.Service == "" {
		name, service = sanitize.Line(p.Target, maxWords), false
	}
	last := 0
	for i, r := range b.rows {
		if r.name == name {
			return r
		}
		if !r.service {
			last = i + 1
		}
	}
	if service {
		last = len(b.rows)
	}
	r := &row{name: name, service: service}
	b.rows = append(b.rows[:last], append([]*row{r}, b.rows[last:]...)...)
	return r
}

// markOf is what a phase means for a row: what ends an image or a network is
// only a step of a service.
func markOf(p orchestrator.Phase, service bool) mark {
	switch p {
	case orchestrator.PhaseHealthy, orchestrator.PhaseCompleted, orchestrator.PhaseUnchanged,
		orchestrator.PhaseRemoved, orchestrator.PhasePulled, orchestrator.PhaseBuilt:
		return markDone
	case orchestrator.PhaseCreated:
		if !service {
			return markDone
		}
		return markBusy
	case orchestrator.PhaseFailed:
		return markFailed
	case orchestrator.PhaseWarning:
		return markDoubt
	default:
		return markBusy
	}
}

// pending names what is still going on: "api (started), db (probe: exit 1)".
func (b *board) pending() string {
	var parts []string
	for _, r := range b.rows {
		if r.mark == markBusy || r.mark == markDoubt {
			parts = append(parts, fmt.Sprintf("%s (%s)", r.name, console.Cut(r.text, 80)))
		}
	}
	if len(parts) == 0 {
		return b.status
	}
	return strings.Join(parts, ", ")
}

// conclude lets the report have the last word on each service.
func (b *board) conclude(r *orchestrator.Report, now time.Time) {
	b.status = ""
	for _, r := range b.rows {
		if r.mark == markBusy {
			r.mark, r.until = markIdle, now
		}
	}
	if r == nil {
		return
	}
	for _, s := range r.Services {
		for _, row := range b.rows {
			if row.service && row.name == s.Name {
				row.take(s)
			}
		}
	}
}

func (r *row) take(s orchestrator.ServiceReport) {
	switch {
	case s.Unchecked, s.Proven && s.Proof == "waived":
		r.mark, r.text = markDoubt, s.State
	case s.Proven:
		r.mark = markDone
		if r.text == "" || r.text == "started" {
			r.text = s.State
		}
	case s.Final:
		r.mark, r.text = markFailed, s.State
	default:
		r.mark, r.text = markIdle, s.State
	}
}

// lines are the board as it is at now, at most height lines of at most width
// columns. When there is no room for all rows, those in work are shown.
func (b *board) lines(now time.Time, width, height int, style console.Style) []string {
	column := 0
	for _, r := range b.rows {
		column = max(column, min(console.Width(r.name), width/3))
	}
	rows, hidden := b.rows, 0
	if len(rows) > height-2 {
		rows = nil
		for _, r := range b.rows {
			if (r.mark == markBusy || r.mark == markFailed || r.mark == markDoubt) && len(rows) < height-2 {
				rows = append(rows, r)
			}
		}
		hidden = len(b.rows) - len(rows)
	}
	lines := make([]string, 0, len(rows)+1)
	for _, r := range rows {
		lines = append(lines, r.line(now, column, width, style))
	}
	return append(lines, b.footer(now, hidden, width, style))
}

// footer sums the run up.
func (b *board) footer(now time.Time, hidden, width int, style console.Style) string {
	done, all := 0, 0
	for _, r := range b.rows {
		if r.service {
			all++
			if r.mark == markDone {
				done++
			}
		}
	}
	text := fmt.Sprintf("%s  %d of %s done  %s", b.title, done, console.Count(all, "service"), elapsed(now.Sub(b.begin)))
	if hidden > 0 {
		text += fmt.Sprintf("  (%d not shown)", hidden)
	}
	if b.status != "" {
		text += "  " + b.status
	}
	return style.Dim(console.Cut(text, width))
}

// line is one row: mark, name, what is going on, and for how long.
func (r *row) line(now time.Time, column, width int, style console.Style) string {
	spent := ""
	switch {
	case r.since.IsZero():
	case r.until.IsZero():
		spent = elapsed(now.Sub(r.since))
	default:
		spent = elapsed(r.until.Sub(r.since))
	}
	name := console.Pad(console.Cut(r.name, column), column)
	room := width - 2 - column - 2 - 2 - 7
	text := console.Pad(console.Cut(r.text, room), room)
	glyph, paint := r.glyph(now, style)
	return glyph + " " + name + "  " + paint(text) + "  " + style.Dim(fmt.Sprintf("%7s", spent))
}

// glyph is the mark of a row and how its text is painted.
func (r *row) glyph(now time.Time, style console.Style) (string, func(string) string) {
	same := func(s string) string { return s }
	switch r.mark {
	case markBusy:
		turns := []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}
		return turns[int(now.UnixMilli()/100)%len(turns)], same
	case markDone:
		return style.Good("✔"), style.Good
	case markDoubt:
		return style.Doubtful("!"), style.Doubtful
	case markFailed:
		return style.Bad("✖"), style.Bad
	default:
		return style.Dim("·"), style.Dim
	}
}
