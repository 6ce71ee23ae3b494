package compose

import (
	"fmt"
	"strings"
)

// missingVar is a variable of a file that could not be resolved.
type missingVar struct {
	name string
	// reason is the text of ${NAME:?text}; required says that the file itself
	// demands a value.
	reason   string
	required bool
	// through is the variable of an env file whose value refers to this one,
	// at origin; "" when the text itself does.
	through string
	origin  mark
}

// expansion is a text with its variables replaced.
type expansion struct {
	value string
	// missing are the variables that are not set, have no default, and are
	// needed for value, in order.
	missing []missingVar
	// invalid is the first malformed expression, or "".
	invalid string
	// tooLarge says that the value was cut off at maxExpansion.
	tooLarge bool
}

// expand replaces the variables of text as the Compose Specification says:
// $NAME, ${NAME}, the operators :- - :? ? :+ +, nesting, and $$ for a dollar
// sign. A missing variable is the empty string.
func expand(text string, lookup func(string) (string, bool)) expansion {
	e := expander{lookup: lookup}
	value := e.text(text, 0)
	return expansion{value: value, missing: e.missing, invalid: e.invalid, tooLarge: e.tooLarge}
}

type expander struct {
	lookup  func(string) (string, bool)
	missing []missingVar
	invalid string

	tooLarge bool
}

// maxNesting bounds ${A:-${B:-${C...}}}, maxExpansion the size of a value in
// bytes: a small file can name a large variable very often.
const (
	maxNesting   = 32
	maxExpansion = 4 * MaxFileSize
)

func (e *expander) text(s string, depth int) string {
	if depth > maxNesting {
		e.fail(s)
		return ""
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		var value string
		value, s = e.expression(after, depth)
		if b.WriteString(value); b.Len() > maxExpansion {
			e.tooLarge = true
			return ""
		}
	}
}

// expression is the value of what stands after a dollar sign, and the rest.
func (e *expander) expression(s string, depth int) (value, rest string) {
	switch {
	case strings.HasPrefix(s, "$"):
		return "$", s[1:]
	case strings.HasPrefix(s, "{"):
		end := closingBrace(s)
		if end < 0 {
			e.fail("$" + s)
			return "", ""
		}
		return e.braced(s[1:end], depth), s[end+1:]
	}
	name := variableName(s)
	if name == "" {
		// A dollar sign before anything else stands for itself.
		return "$", s
	}
	return e.plain(name), s[len(name):]
}

func (e *expander) plain(name string) string {
	value, ok := e.lookup(name)
	if !ok {
		e.missing = append(e.missing, missingVar{name: name})
	}
	return value
}

func (e *expander) braced(inner string, depth int) string {
	name := variableName(inner)
	operator, word := cutOperator(inner[len(name):])
	if name == "" || operator == "" && word != "" {
		e.fail("${" + inner + "}")
		return ""
	}
	if operator == "" {
		return e.plain(name)
	}
	value, set := e.lookup(name)
	if strings.HasPrefix(operator, ":") {
		set = set && value != ""
	}
	switch operator[len(operator)-1] {
	case '-':
		if !set {
			return e.text(word, depth+1)
		}
	case '+':
		if set {
			return e.text(word, depth+1)
		}
	case '?':
		if !set {
			e.missing = append(e.missing, missingVar{name: name, required: true, reason: expand(word, e.lookup).value})
			return ""
		}
	}
	return value
}

func (e *expander) fail(expression string) {
	if e.invalid == "" {
		e.invalid = expression
	}
}

// cutOperator splits what follows a name into operator and word.
func cutOperator(s string) (operator, word string) {
	for _, op := range []string{":-", ":?", ":+", "-", "?", "+"} {
		if rest, ok := strings.CutPrefix(s, op); ok {
			return op, rest
		}
	}
	return "", s
}

// variableName is the longest name at the beginning of s.
func variableName(s string) string {
	end := 0
	for end < len(s) && isNameByte(s[end], end == 0) {
		end++
	}
	return s[:end]
}

func isNameByte(c byte, first bool) bool {
	switch {
	case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	case '0' <= c && c <= '9':
		return !first
	}
	return false
}

// closingBrace is the index of the brace that closes the one at s[0], or -1.
func closingBrace(s string) int {
	open := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			open++
		case '}':
			open--
			if open == 0 {
				return i
			}
		}
	}
	return -1
}

// message says that a variable is missing.
func (r missingVar) message() string {
	switch {
	case r.reason != "":
		return fmt.Sprintf("variable %s is required: %s", r.name, r.reason)
	case r.required:
		return fmt.Sprintf("variable %s is required by the file", r.name)
	}
	return fmt.Sprintf("variable %s is not set and has no default", r.name)
}

func (r missingVar) remedy() string {
	if r.required {
		return fmt.Sprintf("set %s in the environment or in .env", r.name)
	}
	return fmt.Sprintf("set %[1]s in the environment or in .env, or write ${%[1]s:-default}", r.name)
}
