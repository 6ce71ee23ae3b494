package show

import (
	"fmt"
	"strings"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// Bounds of what is shown of an error, in bytes: a build's error holds its
// last output.
const (
	maxError = 32 << 10
	maxHint  = 4 << 10
)

// Error is an error that is not about the state of services: each part on a
// line of its own, each hint once.
func Error(o Options, err error) string {
	if problems := compose.ProblemsOf(err); len(problems) > 1 {
		return o.problems(problems)
	}
	var b strings.Builder
	hinted := map[string]bool{}
	for _, part := range partsOf(err) {
		b.WriteString(o.headline(markOf(part), part.Error()))
		if hint := fault.HintOf(part); hint != "" && !hinted[hint] {
			hinted[hint] = true
			b.WriteString(o.hint(hint))
		}
	}
	return b.String()
}

// markOf is the sign before an error: that something is unchecked is no failure.
func markOf(err error) string {
	if fault.ClassOf(err) == fault.Unchecked {
		return "!"
	}
	return "✖"
}

// partsOf takes joined errors apart.
func partsOf(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // only what was joined at the top
	if !ok {
		return []error{err}
	}
	if strings.Count(err.Error(), "\n") == 0 {
		return []error{err} // joined by a format, not one below the other
	}
	var parts []error
	for _, part := range joined.Unwrap() {
		parts = append(parts, partsOf(part)...)
	}
	return parts
}

// problems are everything that is wrong with the file.
func (o Options) problems(problems []compose.Problem) string {
	var b strings.Builder
	b.WriteString(o.Style.Bad("✖ "+console.Count(len(problems), "problem")+" in the configuration") + "\n")
	for _, p := range problems {
		b.WriteString(o.paragraph("  ", p.String()))
	}
	return b.String()
}

// headline is the first line of a failure, in red, and what belongs to it.
func (o Options) headline(mark, text string) string {
	first, rest, _ := strings.Cut(sanitize.Text(o.clean(text), maxError), "\n")
	lines := console.Wrap(first, o.prose()-2)
	var b strings.Builder
	for i, line := range lines {
		lead := "  "
		if i == 0 {
			lead = mark + " "
		}
		b.WriteString(o.Style.Bad(lead+line) + "\n")
	}
	for line := range strings.Lines(rest) {
		b.WriteString("  " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}

// hint is the one thing to do next.
func (o Options) hint(text string) string {
	text = o.command(sanitize.Text(o.clean(text), maxHint))
	if strings.Contains(text, "\n") {
		var b strings.Builder
		for i, line := range strings.Split(text, "\n") {
			lead := "        "
			if i == 0 {
				lead = "  hint: "
			}
			b.WriteString(strings.TrimRight(lead+line, " ") + "\n") // as it was laid out: it may be a piece of a file
		}
		return b.String()
	}
	return o.paragraph("  hint: ", text)
}

// Exit is the last line of a failure: the exit code in words.
func Exit(o Options, class fault.Class) string {
	word := class.String()
	if strings.HasPrefix(word, "class(") {
		return o.Style.Dim(fmt.Sprintf("exit %d", int(class))) + "\n" // a command's own code
	}
	return o.Style.Dim(fmt.Sprintf("exit %d (%s)", int(class), word)) + "\n"
}
