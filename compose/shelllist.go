package compose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// endings are the ways in which a part of a shell's list can end: with code 0,
// with another one, and with either by ending the whole shell.
type endings struct {
	zero, other         bool
	exitZero, exitOther bool
}

// canFail says whether any run of a shell's command can end with another code
// than 0. Programs that are not known may end either way; what is not
// understood can fail.
func canFail(command string) bool {
	p := shellParser{tokens: shellTokens(command)}
	end, ok := p.list()
	if !ok || p.next < len(p.tokens) {
		return true
	}
	return end.other || end.exitOther
}

// shellParser evaluates a list of commands while it reads it.
type shellParser struct {
	tokens []string
	next   int
	depth  int
}

func (p *shellParser) peek() string {
	if p.next < len(p.tokens) {
		return p.tokens[p.next]
	}
	return ""
}

func (p *shellParser) accept(operators ...string) (string, bool) {
	if op := p.peek(); slices.Contains(operators, op) {
		p.next++
		return op, true
	}
	return "", false
}

// list is chains with ; & or line ends between them: the last one decides.
func (p *shellParser) list() (endings, bool) {
	total := endings{zero: true}
	for {
		for _, ok := p.accept("\n"); ok; _, ok = p.accept("\n") {
		}
		if next := p.peek(); next == "" || next == ")" || next == "}" {
			return total, true
		}
		end, ok := p.chain()
		if !ok {
			return end, false
		}
		if total = total.then(end); p.peek() == "&" { // left behind, and 0 at once
			total.zero, total.other = true, false
		}
		if _, more := p.accept(";", "\n", "&"); !more {
			return total, true
		}
	}
}

// then is what follows whatever code a part ended with.
func (e endings) then(next endings) endings {
	next.exitZero, next.exitOther = e.exitZero || next.exitZero && e.goesOn(), e.exitOther || next.exitOther && e.goesOn()
	if !e.goesOn() {
		next.zero, next.other = false, false
	}
	return next
}

func (e endings) goesOn() bool { return e.zero || e.other }

// chain is pipelines with && and || between them.
func (p *shellParser) chain() (endings, bool) {
	total, ok := p.pipeline()
	for ok {
		op, more := p.accept("&&", "||")
		if !more {
			return total, true
		}
		for _, skip := p.accept("\n"); skip; _, skip = p.accept("\n") {
		}
		var right endings
		if right, ok = p.pipeline(); !ok {
			break
		}
		runs := op == "&&" && total.zero || op == "||" && total.other
		left := total
		if op == "&&" {
			left.zero = false
		} else {
			left.other = false
		}
		if total = left; runs {
			total.zero, total.other = total.zero || right.zero, total.other || right.other
			total.exitZero, total.exitOther = total.exitZero || right.exitZero, total.exitOther || right.exitOther
		}
	}
	return total, false
}

// pipeline is commands with | between them: the last one decides, and an exit
// in one of several ends that one only.
func (p *shellParser) pipeline() (endings, bool) {
	negated := false
	for p.peek() == "!" {
		negated = !negated
		p.next++
	}
	end, ok := p.command()
	for ok {
		if _, more := p.accept("|", "|&"); !more {
			break
		}
		if end, ok = p.command(); ok {
			end = end.contained()
		}
	}
	if negated {
		end.zero, end.other = end.other, end.zero
	}
	return end, ok
}

// contained is what a shell of its own makes of an exit in it.
func (e endings) contained() endings {
	return endings{zero: e.zero || e.exitZero, other: e.other || e.exitOther}
}

// command is one program with its words, or a list in brackets.
func (p *shellParser) command() (endings, bool) {
	either := endings{zero: true, other: true}
	if open, ok := p.accept("(", "{"); ok {
		if p.depth++; p.depth > maxNesting {
			return either, false
		}
		end, ok := p.list()
		if _, closed := p.accept(map[string]string{"(": ")", "{": "}"}[open]); !ok || !closed {
			return either, false
		}
		if open == "(" {
			end = end.contained()
		}
		for !isOperator(p.peek()) { // redirections
			p.next++
		}
		p.depth--
		return end, true
	}
	var words []string
	for !isOperator(p.peek()) {
		words = append(words, p.tokens[p.next])
		p.next++
	}
	for len(words) > 1 && leadingAssignment.MatchString(words[0]) {
		words = words[1:]
	}
	if len(words) == 0 || slices.Contains(strings.Fields(notEvaluated), words[0]) {
		return either, false
	}
	return wordsEnd(words), true
}

// notEvaluated are words that change what becomes of the rest.
const notEvaluated = "if then elif else fi while until for do done case esac select function trap set exec eval source . return"

var leadingAssignment = regexp.MustCompile(`^\w+=`)

// wordsEnd is how one program ends.
func wordsEnd(words []string) endings {
	either := endings{zero: true, other: true}
	switch words[0] {
	case "true", "/bin/true", "/usr/bin/true", ":", "echo", "printf":
		return endings{zero: true}
	case "false", "/bin/false", "/usr/bin/false":
		return endings{other: true}
	case "exit":
		if len(words) == 1 {
			return endings{exitZero: true, exitOther: true}
		}
		code, err := strconv.Atoi(words[1])
		return endings{exitZero: err != nil || code%256 == 0, exitOther: err != nil || code%256 != 0}
	}
	return either
}

func isOperator(token string) bool {
	return slices.Contains([]string{"", ";", "\n", "&", "&&", "|", "|&", "||", "(", ")", "{", "}"}, token)
}

// shellTokens divides a command into words and operators. Quotes hold a word
// together; what stands in $(...) or backticks is part of a word.
func shellTokens(command string) []string {
	var tokens []string
	word, inWord := "", false
	end := func() {
		if inWord {
			tokens = append(tokens, word)
		}
		word, inWord = "", false
	}
	for i := 0; i < len(command); {
		rest := command[i:]
		if n := quotedLength(rest); n > 0 {
			word, inWord = word+rest[:n], true
			i += n
			continue
		}
		operator := ""
		for _, op := range []string{"&&", "||", "|&", ";", "\n", "&", "|", "(", ")"} {
			if strings.HasPrefix(rest, op) {
				operator = op
				break
			}
		}
		switch {
		case operator == "&" && (strings.HasSuffix(word, ">") || strings.HasPrefix(rest, "&>")):
			word, inWord = word+operator, true // a redirection
		case operator != "":
			end()
			tokens = append(tokens, operator)
		case rest[0] == ' ' || rest[0] == '\t':
			end()
		default:
			word, inWord = word+rest[:1], true
		}
		i += max(len(operator), 1)
	}
	end()
	return tokens
}

// quotedLength is how many bytes at the beginning of a text the shell takes
// for one piece: what is quoted, escaped or a substitution; 0 for none.
func quotedLength(s string) int {
	switch {
	case s[0] == '\\':
		return min(2, len(s))
	case s[0] == '\'' || s[0] == '"' || s[0] == '`':
		for i := 1; i < len(s); i++ {
			if s[i] == '\\' && s[0] != '\'' {
				i++
			} else if s[i] == s[0] {
				return i + 1
			}
		}
		return len(s)
	case strings.HasPrefix(s, "$("):
		depth := 0
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
		return len(s)
	case strings.HasPrefix(s, "${"):
		if end := strings.IndexByte(s, '}'); end > 0 {
			return end + 1
		}
		return len(s)
	}
	return 0
}
