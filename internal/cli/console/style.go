// Package console lays out text for people: colours, widths, wrapping and
// tables. It writes nothing itself.
package console

// Style decides whether text is coloured. The zero value leaves it plain.
type Style struct{ Colour bool }

// The escape sequences of the colours, ECMA-48 "select graphic rendition".
const (
	codeBold   = "1"
	codeDim    = "2"
	codeRed    = "31"
	codeGreen  = "32"
	codeYellow = "33"
)

// Bold makes s stand out.
func (s Style) Bold(text string) string { return s.paint(codeBold, text) }

// Dim makes s step back.
func (s Style) Dim(text string) string { return s.paint(codeDim, text) }

// Good marks what is proven.
func (s Style) Good(text string) string { return s.paint(codeGreen, text) }

// Bad marks what failed.
func (s Style) Bad(text string) string { return s.paint(codeRed, text) }

// Doubtful marks what is neither.
func (s Style) Doubtful(text string) string { return s.paint(codeYellow, text) }

// Tint gives text number n a colour of its own, to tell sources apart: the
// colours repeat, red is left to failures.
func (s Style) Tint(n int, text string) string {
	tints := []string{"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"}
	return s.paint(tints[n%len(tints)], text)
}

func (s Style) paint(code, text string) string {
	if !s.Colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
