package compose

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// writer writes a tree of nodes as YAML in block style. The style of each
// string is chosen such that every reader has the same string again.
type writer struct{ strings.Builder }

// block writes a mapping or a list that is not empty, each entry on lines of
// its own at this column. inline says that the first one goes on a line that
// has begun.
func (w *writer) block(n *yaml.Node, column int, inline bool) {
	step, indent := 1, strings.Repeat(" ", column)
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i+step <= len(n.Content); i += step {
		if i > 0 || !inline {
			w.WriteString(indent)
		}
		value := n.Content[i+step-1]
		if step == 1 {
			w.WriteString("- ")
			w.entry(value, column, true)
			continue
		}
		w.key(n.Content[i].Value, indent)
		w.entry(value, column, false)
	}
}

// maxKey is the length in bytes up to which readers recognise a key by what
// follows it.
const maxKey = 1000

func (w *writer) key(name, indent string) {
	text := plainOrQuoted(name)
	if len(text) > maxKey {
		text = "? " + text + "\n" + indent
	}
	w.WriteString(text + ":")
}

// entry writes the value of an entry whose key or dash is at this column.
func (w *writer) entry(n *yaml.Node, column int, inList bool) {
	hasEntries := n.Kind != yaml.ScalarNode && len(n.Content) > 0
	switch {
	case hasEntries && inList:
		w.block(n, column+2, true)
		return
	case hasEntries:
		w.WriteByte('\n')
		w.block(n, column+2, false)
		return
	case !inList:
		w.WriteByte(' ')
	}
	switch {
	case n.Kind == yaml.MappingNode:
		w.WriteString("{}")
	case n.Kind == yaml.SequenceNode:
		w.WriteString("[]")
	case n.Tag == "!!binary":
		w.WriteString("!!binary " + quoted(n.Value))
	case n.Tag != "!!str":
		w.WriteString(n.Value)
	case isBlock(n.Value):
		w.literal(n.Value, column+2)
		return
	default:
		w.WriteString(plainOrQuoted(n.Value))
	}
	w.WriteByte('\n')
}

// isBlock says whether a text is written as a literal block: several lines,
// with nothing that a block cannot have or that readers disagree about.
func isBlock(text string) bool {
	body := strings.TrimSuffix(text, "\n")
	if !strings.Contains(body, "\n") || strings.HasSuffix(body, "\n") || strings.TrimLeft(body, "\n") == "" {
		return false
	}
	first := strings.TrimLeft(body, "\n")[0]
	return first != '\t' && !strings.ContainsFunc(body, func(r rune) bool { return r != '\n' && r != '\t' && !isPrintable(r) })
}

// literal writes a text as a block with its lines at this column.
func (w *writer) literal(text string, column int) {
	body, isLine := strings.CutSuffix(text, "\n")
	w.WriteByte('|')
	if body[0] == '\n' || body[0] == ' ' {
		w.WriteByte('2') // columns deeper than what is around it: no reader can guess that
	}
	if !isLine {
		w.WriteByte('-')
	}
	w.WriteByte('\n')
	indent := strings.Repeat(" ", column)
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			w.WriteString(indent + line)
		}
		w.WriteByte('\n')
	}
}

// isPrintable says whether a character stands for itself in every YAML reader,
// and in the eyes of a person.
func isPrintable(r rune) bool {
	return r >= ' ' && r <= '~' || r > 0xa0 && r != unicode.ReplacementChar && r != 0xfeff && unicode.IsPrint(r)
}

// plainOrQuoted is a string as it stands on one line.
func plainOrQuoted(text string) string {
	switch {
	case isPlain(text):
		return text
	case strings.ContainsAny(text, `"\`) && !strings.Contains(text, "'") && !strings.ContainsFunc(text, func(r rune) bool { return !isPrintable(r) }):
		return "'" + text + "'"
	}
	return quoted(text)
}

// isPlain says whether a string can stand without quotes: nothing in it means
// anything, and it reads as no number, date, boolean or null in any version of YAML.
func isPlain(text string) bool {
	if option := strings.TrimLeft(text, "-"); option != text {
		return option != "" && isLetter(option[0]) && isPlain(option)
	}
	if text == "" || text == "..." || !isLetter(text[0]) && !strings.ContainsRune("/.$_0123456789", rune(text[0])) {
		return false
	}
	last := text[len(text)-1]
	if last == ' ' || last == ':' || strings.Contains(text, ": ") || strings.Contains(text, " #") {
		return false
	}
	letters := false
	for _, c := range []byte(text) {
		switch {
		case isLetter(c):
			letters = true
		case c == ' ', c >= '0' && c <= '9', strings.IndexByte("/._-:@+=,()$~;%#*?!&<>[]{}|'^\"\\`", c) >= 0:
		default:
			return false
		}
	}
	if !letters && text[0] != '/' && strings.Count(text, ".") != 3 {
		return false // numbers, dates, times
	}
	return !isWord(text) && !isNumber(text)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// isWord says whether a word means a boolean, null or a number.
func isWord(text string) bool {
	switch strings.ToLower(strings.TrimLeft(text, ".")) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nil", "nan", "inf", "infinity":
		return true
	}
	return false
}

// isNumber says whether a text begins as a number does and could be one: 1e3,
// 0x1f, 0o17, 1_000, 2026-01-31T10:00:00Z.
func isNumber(text string) bool {
	if first := text[0]; first != '.' && (first < '0' || first > '9') {
		return false
	}
	if _, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64); err == nil {
		return true
	}
	if _, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 0, 64); err == nil {
		return true
	}
	return len(text) >= 10 && text[4] == '-' && text[7] == '-' || strings.ContainsAny(text[:min(len(text), 2)], "xXoObB")
}

// quoted is a string in double quotes, as JSON and YAML both have it.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case !isPrintable(r) && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default: // readers of YAML take no pair of surrogates
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
