package progress

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

// plain writes one line for each thing that happened, with the time since the
// run began: for pipes, files and CI.
type plain struct {
	out   io.Writer
	style console.Style
	begin time.Time
	// column is the width of the names' column; it grows with the names.
	column int
	// causes are why something is being done, until it is done; steps are
	// the build steps that were told, by image; last is what was said last, by label.
	causes, last map[string]string
	steps        map[string]bool
	// board knows what is still going on, for the times when nothing happens;
	// spoken is when there was the last line.
	board  *board
	spoken time.Time
}

// silence is how long nothing is said before what is waited for is named: CI
// systems take silence for death.
const silence = 15 * time.Second

func newPlain(o Options) *plain {
	return &plain{
		out: o.Out, style: o.Style, begin: o.Begin, column: columnOf(o.Services, 40),
		board: newBoard(o), spoken: o.Begin,
		causes: map[string]string{}, last: map[string]string{}, steps: map[string]bool{},
	}
}

// columnOf is the width of the longest name, at most limit.
func columnOf(names []string, limit int) int {
	width := 0
	for _, name := range names {
		width = max(width, console.Width(name))
	}
	return min(width, limit)
}

func (v *plain) show(events []orchestrator.Progress) {
	var b strings.Builder
	for _, p := range events {
		v.board.apply(p, console.Style{})
		line := v.line(p)
		if line != "" {
			v.spoken = p.At
		}
		b.WriteString(line)
	}
	v.write(b.String())
}

// write drops what a broken pipe will not take: the run goes on without it.
func (v *plain) write(text string) {
	if text != "" {
		_, _ = io.WriteString(v.out, text)
	}
}

func (v *plain) print(text string) { v.write(text) }

func (v *plain) tick(now time.Time) {
	if now.Sub(v.spoken) < silence {
		return
	}
	v.spoken = now
	if text := v.board.pending(); text != "" {
		v.write(fmt.Sprintf("%7s  still waiting for %s\n", elapsed(now.Sub(v.begin)), text))
	}
}

func (v *plain) finish(*orchestrator.Report) {}

// line is the event as text with its line break, "" when it tells nothing new.
func (v *plain) line(p orchestrator.Progress) string {
	who, what := label(p), words(p)
	key := who + "\x00" + p.Target
	if isBeginning(p.Phase) {
		v.causes[key] = p.Message
		return ""
	}
	if cause := v.causes[key]; cause != "" && p.Message == "" {
		p.Message = cause
		what = words(p)
		delete(v.causes, key)
	}
	if p.Phase == orchestrator.PhasePulling && p.Total > 0 || p.Phase == orchestrator.PhaseBuilding && v.isTold(p) {
		return ""
	}
	if v.last[key] == what {
		return ""
	}
	v.last[key] = what
	return fmt.Sprintf("%7s  %s\n", elapsed(p.At.Sub(v.begin)), v.subject(who, what, p))
}

// subject aligns who and what.
func (v *plain) subject(who, what string, p orchestrator.Progress) string {
	switch p.Phase {
	case orchestrator.PhaseWarning:
		what = v.style.Doubtful("warning: " + what)
	case orchestrator.PhaseNote:
		what = "note: " + what
	case orchestrator.PhaseFailed:
		what = v.style.Bad(what)
	case orchestrator.PhaseHealthy, orchestrator.PhaseCompleted, orchestrator.PhaseUnchanged:
		what = v.style.Good(what)
	}
	if who == "" {
		return what
	}
	v.column = max(v.column, columnOf([]string{who}, 24))
	return console.Pad(who, v.column) + "  " + what
}

// isTold says whether the event is a build step of this image that was told
// already, which the builder names again when it goes on and when it ends, or a
// line of its output: the error of a build shows what matters of it.
func (v *plain) isTold(p orchestrator.Progress) bool {
	step := p.Target + "\x00" + p.Message
	if v.steps[step] {
		return true
	}
	for told := range v.steps {
		if rest, ok := strings.CutPrefix(step, told); ok && strings.HasPrefix(rest, ": ") {
			return true
		}
	}
	v.steps[step] = true
	return false
}

// elapsed is the time since the beginning, tenths of a second for the first
// minutes.
func elapsed(d time.Duration) string {
	d = max(d, 0)
	if d < 10*time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return console.Duration(d)
}
