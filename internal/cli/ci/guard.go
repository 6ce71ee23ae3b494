package ci

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Guard changes text so that GitHub's runner finds no command in it. The
// runner takes for one what begins a line, behind any white space, with "::",
// and, for older programs, "##[" anywhere. Guard remembers where in a line the
// last text ended: the pieces of a line may come one by one. It is not safe
// for concurrent use.
type Guard struct {
	// inText says that something other than white space has been seen in
	// this line, colon that it was one colon and nothing else.
	inText, colon bool
	// hashes counts the last bytes that were a "#".
	hashes int
	// part are the first bytes of a rune that has not come whole.
	part []byte
}

// Text is p without commands: a backslash stands in front of what would have
// made one. With asJSON, p is JSON and stays the same JSON. An incomplete rune
// at the end of p is handed out with the next text.
func (g *Guard) Text(p []byte, asJSON bool) []byte {
	if len(g.part) > 0 {
		p = append(g.part, p...)
		g.part = nil
	}
	out := make([]byte, 0, len(p)+8)
	for len(p) > 0 {
		if !utf8.FullRune(p) {
			g.part = bytes.Clone(p)
			break
		}
		r, size := utf8.DecodeRune(p)
		out = append(append(out, g.before(r, asJSON)...), p[:size]...)
		if r == '[' && g.hashes >= 2 && asJSON {
			out = append(out[:len(out)-1], `\u005b`...)
		}
		g.step(r)
		p = p[size:]
	}
	return out
}

// legacy begins a command of older programs, anywhere in a line.
const legacy = "##["

// Suspicious says whether text holds what begins a command anywhere in a line.
func Suspicious(text string) bool { return strings.Contains(text, legacy) }

// JSON is the same JSON, in which no runner finds a command. It is right for
// quoted YAML, too.
func JSON(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte(legacy), []byte(`##\u005b`))
}

// before is what has to stand in front of the next rune.
func (g *Guard) before(r rune, asJSON bool) string {
	switch {
	case asJSON: // no line of it begins with a colon
		return ""
	case r == ':' && g.colon, r == '[' && g.hashes >= 2:
		return `\`
	default:
		return ""
	}
}

// step takes the next rune.
func (g *Guard) step(r rune) {
	if r == '\n' || r == '\r' {
		*g = Guard{}
		return
	}
	if r == '#' {
		g.hashes++
	} else {
		g.hashes = 0
	}
	g.colon = r == ':' && !g.inText
	// A byte-order mark and other format characters are skipped as white
	// space by some readers; whatever cannot be seen opens no text.
	if !unicode.IsSpace(r) && unicode.IsPrint(r) {
		g.inText = true
	}
}
