package report

import (
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// maxMarkdown bounds the summary in bytes: GitHub takes 1 MiB for all steps of
// a job.
const maxMarkdown = 256 << 10

// Markdown is the report as a summary for people: the root cause, a table of
// the services, a card for each failure. No text of a container can change its
// form.
func (r Run) Markdown() []byte {
	var b strings.Builder
	b.WriteString(r.title())
	b.WriteString(r.cause())
	b.WriteString(r.facts())
	b.WriteString(r.table())
	b.WriteString(r.cards(maxMarkdown - b.Len() - 16<<10))
	b.WriteString(r.remarks())
	b.WriteString(r.timings())
	return []byte(b.String())
}

func (r Run) title() string {
	if r.proven() {
		return "## ✅ " + r.prose(r.name()) + " is proven\n\n"
	}
	if r.unchecked() {
		return "## ⚠️ " + r.prose(r.name()) + " is up, and not all of it can be proven\n\n"
	}
	if r.Report.Proven {
		return "## ❌ " + r.prose(r.name()) + " was proven, and its test failed\n\n"
	}
	return "## ❌ " + r.prose(r.name()) + " is not proven\n\n"
}

// cause is the first thing to read: what is proven, or the root cause.
func (r Run) cause() string {
	if r.Err == nil {
		return r.prose(strings.TrimPrefix(strings.TrimSpace(show.Summary(r.Show, r.Report)), "✔ ")) + "\n\n"
	}
	text := "**" + r.prose(show.Headline(r.Err, r.Report)) + "**\n\n"
	if because := show.Because(r.Err, r.Report); because != "" {
		text += r.prose(because) + "\n\n"
	}
	if len(r.Report.Cards) > 0 {
		return text
	}
	return text + r.block(r.explanation()) // all that is known
}

// facts are on one line what was run where, and how it ended.
func (r Run) facts() string {
	parts := []string{}
	add := func(format string, args ...any) { parts = append(parts, r.prose(fmt.Sprintf(format, args...))) }
	if r.Command != "" {
		add("%s", r.Command)
	}
	if r.Exit == fault.None {
		add("exit 0")
	} else {
		add("exit %d (%s)", r.code(), r.Exit)
	}
	if r.Took > 0 {
		add("%s", console.Duration(r.Took))
	}
	if engine := r.Report.Engine; engine.Version != "" {
		add("engine %s at %s", engine.Version, engine.Endpoint)
	}
	if r.Version != "" {
		add("stackctl %s", r.Version)
	}
	return "<sub>" + strings.Join(parts, " · ") + "</sub>\n\n"
}

// table has a row for each service.
func (r Run) table() string {
	if len(r.Report.Services) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| | Service | State | Proof | Up | Address |\n|---|---|---|---|---|---|\n")
	for _, s := range r.Report.Services {
		row := show.RowOf(r.Show, r.Report, s)
		b.WriteString("| " + r.mark(s))
		for _, cell := range []string{row.Service, row.State, row.Proof, row.Up, row.Ports} {
			if cell == "-" {
				cell = ""
			}
			b.WriteString(" | " + r.cell(cell))
		}
		b.WriteString(" |\n")
	}
	return b.String() + "\n"
}

// mark tells the proven from the failed and from those that only wait.
func (r Run) mark(s orchestrator.ServiceReport) string {
	switch {
	case s.Unchecked, s.Proven && s.Proof == "waived":
		return "⚠️"
	case s.Proven:
		return "✅"
	case r.cardOf(s.Name) != nil:
		return "❌"
	default:
		return "⏸️"
	}
}

// cards explain the failures in at most about limit bytes, the root cause
// unfolded.
func (r Run) cards(limit int) string {
	var b strings.Builder
	for i, c := range r.Report.Cards {
		open := ""
		if i == 0 {
			open = " open"
		}
		title := html.EscapeString(r.message(c.Service + ": " + show.Reason(c)))
		text := fmt.Sprintf("<details%s>\n<summary>%s</summary>\n\n%s</details>\n\n", open, title, r.block(show.Card(r.Show, c)))
		if i > 0 && b.Len()+len(text) > limit {
			fmt.Fprintf(&b, "%s more failed.\n\n", console.Count(len(r.Report.Cards)-i, "service"))
			break
		}
		b.WriteString(text)
	}
	if r.Err != nil && len(r.Report.Cards) > 0 {
		if blocked := strings.TrimSpace(show.Blocked(r.Show, r.Report)); blocked != "" {
			b.WriteString(r.prose(blocked) + "\n\n")
		}
	}
	return b.String()
}

// remarks are notes, and addresses that a browser can open.
func (r Run) remarks() string {
	text := strings.TrimSpace(show.Addresses(r.Show, r.Report) + show.Notes(r.Show, r.Report))
	if text == "" || !r.proven() {
		return ""
	}
	var b strings.Builder
	for line := range strings.Lines(sanitize.Text(r.clean(text), maxText)) {
		b.WriteString("- " + escape(strings.TrimSpace(line)) + "\n")
	}
	return b.String() + "\n"
}

// timings are where the time of the start went, folded.
func (r Run) timings() string {
	if len(r.Report.Timings) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<details>\n<summary>Timings</summary>\n\n| Service | Create | Wait | Start | Healthy | From | To |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, t := range r.Report.Timings {
		cells := []string{r.cell(t.Service)}
		for _, d := range []time.Duration{t.Create, t.Wait, t.Start, t.Healthy, t.Begin, t.End} {
			cells = append(cells, console.Duration(d))
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	if advice := r.Report.Critical.Advice; advice != "" {
		b.WriteString("\n" + r.prose(advice) + "\n")
	}
	return b.String() + "\n</details>\n"
}

// cell is text for a cell of a table, on one line.
func (r Run) cell(text string) string { return escape(sanitize.Line(r.clean(text), maxMessage)) }

// prose is text without secrets in which nothing is Markdown; line breaks
// stay.
func (r Run) prose(text string) string {
	lines := strings.Split(strings.TrimSpace(sanitize.Text(r.clean(text), maxMessage*4)), "\n")
	for i, line := range lines {
		lines[i] = escape(strings.TrimSpace(line))
	}
	return strings.Join(lines, "  \n") // two blanks keep the line break
}

// escape puts a backslash before whatever is punctuation of Markdown or HTML,
// wherever it could begin something.
func escape(line string) string {
	var b strings.Builder
	for i, c := range line {
		switch {
		case strings.ContainsRune("\\`*_[]<>|~&$", c):
			b.WriteByte('\\')
		case i == 0 && strings.ContainsRune("#+-=:", c):
			b.WriteByte('\\')
		case (c == '.' || c == ')') && i > 0 && strings.Trim(line[:i], "0123456789") == "" && strings.HasPrefix(line[i+1:]+" ", " "):
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// block is text as it is, between fences that are longer than any in it.
func (r Run) block(text string) string {
	text = sanitize.Text(r.clean(text), maxText)
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n\n"
}
