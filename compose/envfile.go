package compose

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// envFile is the content of an env file: KEY=VALUE lines with quotes, escapes,
// comments and variables as docker compose reads them.
type envFile struct {
	values map[string]string
	// lines says where each key is, 1-based.
	lines map[string]int
	// missing are, by key, the unset variables that its value refers to.
	missing map[string][]missingVar
}

// envSyntaxError says where an env file is malformed. It never quotes the
// line, which may hold a secret.
type envSyntaxError struct {
	line    int
	message string
}

func (e *envSyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.message) }

// parseEnvFile reads the text of an env file. lookup goes before what the
// file itself has set so far.
func parseEnvFile(text string, lookup func(string) (string, bool)) (*envFile, error) {
	p := envParser{
		rest: strings.TrimPrefix(text, "\ufeff"), line: 1, outer: lookup,
		out: &envFile{values: map[string]string{}, lines: map[string]int{}, missing: map[string][]missingVar{}},
	}
	for p.skipToStatement() {
		if err := p.statement(); err != nil {
			return nil, err
		}
	}
	return p.out, nil
}

// parseRawEnvFile reads an env file of format raw, as docker run's --env-file:
// everything after the first "=" is the value, unchanged; a name alone is taken
// from lookup, if it is set there.
func parseRawEnvFile(text string, lookup func(string) (string, bool)) (*envFile, error) {
	out := &envFile{values: map[string]string{}, lines: map[string]int{}}
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimLeftFunc(strings.TrimSuffix(line, "\r"), unicode.IsSpace)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, given := strings.Cut(line, "=")
		switch {
		case key == "":
			return nil, &envSyntaxError{i + 1, "the line has no name before its ="}
		case strings.ContainsAny(key, " \t"):
			return nil, &envSyntaxError{i + 1, "the name of a variable holds a space"}
		case !given:
			if value, given = lookup(key); !given {
				continue
			}
		}
		out.values[key], out.lines[key] = value, i+1
	}
	return out, nil
}

type envParser struct {
	rest  string
	line  int
	size  int
	outer func(string) (string, bool)
	out   *envFile
}

func (p *envParser) fail(message string) error { return &envSyntaxError{p.line, message} }

// take moves past the first n bytes.
func (p *envParser) take(n int) string {
	taken := p.rest[:n]
	p.line += strings.Count(taken, "\n")
	p.rest = p.rest[n:]
	return taken
}

// skipToStatement moves past blank lines and comments.
func (p *envParser) skipToStatement() bool {
	for {
		p.take(len(p.rest) - len(strings.TrimLeftFunc(p.rest, unicode.IsSpace)))
		if !strings.HasPrefix(p.rest, "#") {
			return p.rest != ""
		}
		p.takeLine()
	}
}

// takeLine moves past the end of the line and returns what was before it.
func (p *envParser) takeLine() string {
	end := strings.IndexByte(p.rest, '\n')
	if end < 0 {
		return p.take(len(p.rest))
	}
	return strings.TrimSuffix(p.take(end+1), "\n")
}

var exportPrefix = regexp.MustCompile(`^export[ \t\v\f\r]+`)

func (p *envParser) statement() error {
	p.take(len(exportPrefix.FindString(p.rest)))
	line := p.line
	end := strings.IndexFunc(p.rest, func(r rune) bool { return !isEnvKeyRune(r) })
	if end < 0 {
		end = len(p.rest)
	}
	if end < len(p.rest) && !strings.ContainsRune("=:\n", rune(p.rest[end])) {
		return p.fail("an unexpected character in the name of a variable")
	}
	key := strings.TrimRightFunc(p.take(end), unicode.IsSpace)
	if strings.ContainsFunc(key, unicode.IsSpace) {
		return p.fail("the name of a variable holds a space")
	}
	if p.rest == "" || p.rest[0] == '\n' {
		p.inherit(key, line)
		return nil
	}
	p.take(1)
	p.take(len(p.rest) - len(strings.TrimLeftFunc(p.rest, isBlank)))
	value, missing, err := p.value()
	if err != nil {
		return err
	}
	if p.size += len(value); p.size > 8*MaxFileSize {
		return p.fail("the values are too large with their variables replaced")
	}
	p.out.values[key], p.out.lines[key] = value, line
	delete(p.out.missing, key)
	if len(missing) > 0 {
		p.out.missing[key] = missing
	}
	return nil
}

// inherit takes a variable without "=" from outside, if it is set there.
func (p *envParser) inherit(key string, line int) {
	if value, ok := p.outer(key); ok && key != "" {
		p.out.values[key], p.out.lines[key] = value, line
	}
}

func (p *envParser) value() (string, []missingVar, error) {
	line := p.line
	if p.rest == "" || p.rest[0] != '"' && p.rest[0] != '\'' {
		text := p.takeLine()
		text, _, _ = strings.Cut(text, " #")
		return p.expanded(strings.TrimRightFunc(text, unicode.IsSpace), line)
	}
	quote := p.rest[0]
	text, end := unquote(p.rest, quote)
	if end < 0 {
		return "", nil, p.fail("a quote is not closed")
	}
	p.take(end)
	if quote == '\'' {
		return text, nil, nil
	}
	return p.expanded(expandEscapes(text), line)
}

func (p *envParser) expanded(text string, line int) (string, []missingVar, error) {
	e := expand(text, func(name string) (string, bool) {
		if value, ok := p.outer(name); ok {
			return value, true
		}
		value, ok := p.out.values[name]
		return value, ok
	})
	if e.invalid != "" {
		return "", nil, &envSyntaxError{line, "an invalid variable expression; write $$ for a dollar sign, or put the value in single quotes"}
	}
	if e.tooLarge {
		return "", nil, &envSyntaxError{line, "the value is too large with its variables replaced"}
	}
	return e.value, e.missing, nil
}

// unquote returns the text up to the closing quote, with escaped quotes
// resolved, and the index after it; -1 when there is none.
func unquote(s string, quote byte) (string, int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			if s[i+1] != quote {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i+1])
			i++
		case s[i] == quote:
			return b.String(), i + 1
		default:
			b.WriteByte(s[i])
		}
	}
	return "", -1
}

var escapeSequence = regexp.MustCompile(`\\(?:[abcfnrtv$"\\]|0\d{0,3})`)

// expandEscapes replaces the escapes of a double-quoted value. "\$" becomes
// the dollar sign that variables leave alone.
func expandEscapes(text string) string {
	return escapeSequence.ReplaceAllStringFunc(text, func(match string) string {
		if match == `\$` {
			return "$$"
		}
		if strings.HasPrefix(match, `\0`) {
			match = `\` + match[2:]
		}
		r, _, _, err := strconv.UnquoteChar(match, '"')
		if err != nil {
			return match
		}
		return string(r)
	})
}

func isEnvKeyRune(r rune) bool {
	return strings.ContainsRune("_.-[]", r) || isBlank(r) || unicode.IsLetter(r) || unicode.IsNumber(r)
}

func isBlank(r rune) bool {
	switch r {
	case '\t', '\v', '\f', '\r', ' ', 0x85, 0xA0:
		return true
	}
	return false
}
