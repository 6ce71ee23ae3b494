package show

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
	"golang.org/x/sys/unix"
)

// cardColumn is the width of the names of a card's fields.
const cardColumn = 9

// Card is one failed service on its own, whole.
func Card(o Options, c orchestrator.Card) string { return o.card(c, true, map[string]bool{}) }

// card is one failed service: what it is, what it said, what to do. A hint
// that was shown is not shown again, and the reason only on request: that of
// the first card stands above it.
func (o Options) card(c orchestrator.Card, withReason bool, shown map[string]bool) string {
	var b strings.Builder
	title := o.Style.Bold(c.Service)
	if c.Container != "" {
		title += o.Style.Dim("  container " + c.Container)
	}
	b.WriteString(title + "\n")
	b.WriteString(o.field("state", o.cardState(c)))
	if text := Reason(c); withReason && text != c.State {
		b.WriteString(o.field("reason", text))
	}
	if c.ExitCode != nil {
		b.WriteString(o.field("exit code", exitCode(*c.ExitCode)))
	}
	b.WriteString(o.check(c))
	b.WriteString(o.logs(c))
	if len(c.Blocks) > 0 {
		b.WriteString(o.field("blocks", strings.Join(c.Blocks, ", ")))
	}
	b.WriteString(o.blanks(c.Blanks))
	if c.Hint != "" && !shown[c.Hint] {
		shown[c.Hint] = true
		b.WriteString(o.field("hint", o.command(c.Hint)))
	}
	if next := o.next(c); next != "" {
		b.WriteString(o.unbroken("next", next))
	}
	return b.String()
}

func (o Options) field(name, text string) string {
	return o.label(name, o.paragraph("  "+console.Pad(name, cardColumn)+"  ", text))
}

// unbroken is a field that stays on one line, to be copied.
func (o Options) unbroken(name, text string) string {
	return o.label(name, "  "+console.Pad(name, cardColumn)+"  "+text+"\n")
}

// label dims the name of a field that was laid out.
func (o Options) label(name, text string) string {
	return strings.Replace(text, name, o.Style.Dim(name), 1)
}

func (o Options) cardState(c orchestrator.Card) string {
	text := c.State
	switch {
	case c.Since.IsZero():
	case ended(c.State):
		text += " " + o.ago(c.Since)
	default:
		text += ", up " + o.since(c.Since)
	}
	if c.Restarts > 0 {
		text += ", " + console.Count(c.Restarts, "restart")
	}
	return text
}

// exitCode is the code, and the signal that it stands for.
func exitCode(code int) string {
	if name := unix.SignalName(syscall.Signal(code - 128)); code > 128 && name != "" {
		return fmt.Sprintf("%d (%s)", code, name)
	}
	return fmt.Sprint(code)
}

// check is the container's own check and how its last run went.
func (o Options) check(c orchestrator.Card) string {
	if c.Probe == "" {
		return ""
	}
	text := o.unbroken("check", c.Probe)
	if c.ProbeExit == nil {
		return text + o.field("", "has not run yet")
	}
	result := fmt.Sprintf("exit %d in %s", *c.ProbeExit, console.Duration(c.ProbeTook))
	if *c.ProbeExit < 0 {
		result = fmt.Sprintf("no result after %s", console.Duration(c.ProbeTook))
	}
	if c.ProbeOutput != "" && !strings.Contains(c.Reason, c.ProbeOutput) { // once is enough
		result += ": " + c.ProbeOutput
	}
	return text + o.field("", result)
}

// logs are the last lines of the container's output, behind a bar.
func (o Options) logs(c orchestrator.Card) string {
	if len(c.Logs) == 0 {
		if c.Container == "" {
			return ""
		}
		return o.field("output", "none")
	}
	title := fmt.Sprintf("last %s", console.Count(len(c.Logs), "line"))
	if c.LogsDropped == 0 {
		title = "all " + console.Count(len(c.Logs), "line")
	}
	if len(c.Logs) == 1 {
		title = "1 line"
	}
	var b strings.Builder
	b.WriteString(o.field("output", title))
	for _, line := range c.Logs {
		line = strings.ReplaceAll(o.clean(line), "\t", "    ")
		for i, part := range o.broken(line) {
			if i > 0 {
				part = "    " + part
			}
			b.WriteString(strings.TrimRight("  "+o.Style.Dim("│")+" "+part, " ") + "\n")
		}
	}
	return b.String()
}

// maxBlanks bounds how many variables one card names.
const maxBlanks = 12

// blanks are the variables that were not set, a line each.
func (o Options) blanks(all []compose.Blank) string {
	var b strings.Builder
	for i, blank := range all {
		name := ""
		if i == 0 {
			name = "blank"
		}
		if i == maxBlanks {
			b.WriteString(o.field("", fmt.Sprintf("and %d more", len(all)-i)))
			break
		}
		b.WriteString(o.field(name, blank.String()))
	}
	return b.String()
}

// broken is a line of output as it fits on a terminal; for a pipe it stays one
// line.
func (o Options) broken(line string) []string {
	if o.Width <= 0 {
		return []string{line}
	}
	return console.Wrap(line, max(o.Width-8, 20))
}
