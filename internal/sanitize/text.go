// Package sanitize makes text that came out of a container, an image or a
// remote service safe to show: it can neither steer a terminal nor overwrite
// a line, neither flood a reader nor repeat a secret.
package sanitize

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Truncated ends every text that was cut.
const Truncated = "… (truncated)"

// minBound is the smallest bound that leaves room for a cut text's ending.
const minBound = len(Truncated)

// Line returns s as one line of at most limit bytes of valid UTF-8. Outer white
// space is dropped, a tab becomes a space, a line break is shown as \n, and
// whatever is not printable is shown escaped (\x1b, \u202e). A limit too small
// for the mark of a cut text is raised to its length. Line(Line(s)) == Line(s).
func Line(s string, limit int) string {
	return bounded(strings.TrimSpace(s), limit, false, escapeInLine)
}

// Text is Line for several lines: line breaks and tabs stay, CRLF is a line
// break, and a carriage return alone is shown as \r. Trailing white space is
// dropped.
func Text(s string, limit int) string {
	return bounded(strings.TrimRightFunc(s, unicode.IsSpace), limit, false, escapeInText)
}

// bounded escapes s rune by rune and stops at the limit, so that the cost is
// bounded by limit and not by the size of s. cut says that the end of s is
// missing already.
func bounded(s string, limit int, cut bool, escape func(r rune, size int, rest string) string) string {
	limit = max(limit, minBound)
	var out strings.Builder
	// keep is the longest prefix after which the mark still fits.
	keep := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		piece := escape(r, size, s[i:])
		if out.Len()+len(piece) > limit {
			return out.String()[:keep] + Truncated
		}
		out.WriteString(piece)
		if out.Len() <= limit-len(Truncated) {
			keep = out.Len()
		}
		i += size
	}
	if cut {
		return out.String()[:keep] + Truncated
	}
	return out.String()
}

func escapeInLine(r rune, size int, rest string) string {
	switch r {
	case '\n':
		return `\n`
	case '\t':
		return " "
	}
	return escapeRune(r, size, rest)
}

func escapeInText(r rune, size int, rest string) string {
	switch {
	case r == '\n', r == '\t':
		return rest[:size]
	case r == '\r' && strings.HasPrefix(rest, "\r\n"):
		return ""
	}
	return escapeRune(r, size, rest)
}

// escapeRune returns the rune at the start of rest as it is when it is
// harmless, and a visible form otherwise.
func escapeRune(r rune, size int, rest string) string {
	switch {
	case r == utf8.RuneError && size <= 1:
		return fmt.Sprintf(`\x%02x`, rest[0])
	case r == '\r':
		return `\r`
	case harmless(r):
		return rest[:size]
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// harmless says whether a rune shows as itself and moves nothing else. The
// joiners are format characters that scripts and emoji need; every other
// format character, the bidirectional overrides first, can hide or reorder.
func harmless(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return unicode.IsGraphic(r) || r == nonJoiner || r == joiner
}
