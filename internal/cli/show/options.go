// Package show turns reports, plans and errors into text for people and into
// documents for programs. Everything in it is pure.
package show

import (
	"math"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/cli/console"
)

// Options say for whom text is made.
type Options struct {
	Style console.Style
	// Width is what lines are broken at; 0 breaks none: what reads a pipe
	// looks for whole sentences.
	Width int
	// Now is what "ago" is counted from: engine time.
	Now time.Time
	// Redact takes secrets out of a text before it is broken into lines, where
	// they could not be recognised any more; nil leaves it as it is.
	Redact func(string) string
	// Program is how the reader calls stackctl with the same project, e.g.
	// "stackctl -f other.yaml".
	Program string
}

// prose is the width of running text.
func (o Options) prose() int {
	if o.Width > 0 {
		return o.Width
	}
	return math.MaxInt
}

// command is a command line of ours as the reader has to type it.
func (o Options) command(text string) string {
	rest, ok := strings.CutPrefix(text, "stackctl ")
	if !ok || o.Program == "" {
		return text
	}
	return o.Program + " " + rest
}

// clean is text without secrets.
func (o Options) clean(text string) string {
	if o.Redact == nil {
		return text
	}
	return o.Redact(text)
}

// paragraph is text broken into lines, the first behind lead, the others
// below it.
func (o Options) paragraph(lead, text string) string {
	indent := strings.Repeat(" ", console.Width(lead))
	var b strings.Builder
	for i, line := range console.Wrap(o.clean(text), max(o.prose()-len(indent), 20)) {
		if i == 0 {
			b.WriteString(lead + line + "\n")
			continue
		}
		b.WriteString(strings.TrimRight(indent+line, " ") + "\n")
	}
	return b.String()
}

// ago is a moment as the reader thinks of it: "3s ago".
func (o Options) ago(t time.Time) string { return o.since(t) + " ago" }

// since is how long ago a moment was.
func (o Options) since(t time.Time) string { return console.Duration(o.Now.Sub(t)) }
