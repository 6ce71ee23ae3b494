package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
)

// DefaultWidth is the number of columns where the terminal does not tell.
const DefaultWidth = 80

// Width is the number of columns that text takes; it must have no escape
// sequences.
func Width(text string) int { return runewidth.StringWidth(text) }

// Cut shortens text to at most width columns, with an ellipsis where something
// is missing.
func Cut(text string, width int) string {
	if width <= 0 {
		return ""
	}
	return runewidth.Truncate(text, width, "…")
}

// Pad fills text with spaces to width columns.
func Pad(text string, width int) string { return runewidth.FillRight(text, width) }

// Wrap breaks text at spaces into lines of at most width columns. A word that
// is longer stands on a line of its own, whole: it may have to be copied. Line
// breaks of the text stay, and so do the spaces at the beginning of its lines.
func Wrap(text string, width int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, wrapLine(line, width)...)
	}
	return lines
}

func wrapLine(line string, width int) []string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	if Width(line) <= width || strings.TrimSpace(line) == "" {
		return []string{strings.TrimRight(line, " ")}
	}
	var lines []string
	current := ""
	for _, word := range strings.Fields(line) {
		switch {
		case current == "":
			current = indent + word
		case Width(current)+1+Width(word) <= width:
			current += " " + word
		default:
			lines = append(lines, current)
			current = indent + word
		}
	}
	return append(lines, current)
}

// Duration shows a stretch of time as a person would say it: "240ms", "1.3s",
// "12s", "3m12s", "2h5m", "3d4h".
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}

// Count is a number with its noun: "1 service", "2 services".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
