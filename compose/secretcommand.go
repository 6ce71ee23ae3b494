package compose

import (
	"regexp"
	"strings"
)

// assignment finds NAME=value, --name=value and --name value in a command.
var assignment = regexp.MustCompile(`(?:^|[\s;&|("'])(-{0,2}[A-Za-z][A-Za-z0-9_.-]*)(=|\s+)("[^"]*"|'[^']*'|[^\s"';&|()]+)`)

// secretsInCommand are the values that the words of a command give to options
// and variables whose names look secret, and the passwords in its URLs.
func secretsInCommand(words []string) []string {
	var out []string
	take := func(name, value string) {
		name = strings.ReplaceAll(strings.TrimLeft(name, "-"), "-", "_")
		value = strings.Trim(value, `"'`)
		if LooksSecret(name) && isLiteral(value) && !isWordOf(value, name) {
			out = append(out, value)
		}
	}
	for i, word := range words {
		out = append(out, passwordsIn(word)...)
		if isOption(word) && i+1 < len(words) && !isOption(words[i+1]) {
			take(word, words[i+1])
		}
		if name, value, ok := strings.Cut(word, "="); ok && isOption(word) && !strings.ContainsAny(name, " \t\n") {
			take(name, value) // a word of its own: the value may have blanks
			continue
		}
		for at := 0; at < len(word); {
			m := assignment.FindStringSubmatchIndex(word[at:])
			if m == nil {
				break
			}
			name, gap, value := word[at+m[2]:at+m[3]], word[at+m[4]:at+m[5]], word[at+m[6]:at+m[7]]
			if gap == "=" || isOption(name) && !isOption(value) {
				take(name, value)
			}
			at += m[3] // the next one may begin in what was taken for a value
		}
	}
	return out
}

func isOption(word string) bool { return strings.HasPrefix(word, "-") }

// isLiteral says whether a value is the secret itself: not a variable of the
// shell, a path to a file or a word that switches something.
func isLiteral(value string) bool {
	switch {
	case strings.ContainsAny(value, "$`"), strings.HasPrefix(value, "/"), strings.HasPrefix(value, "./"), strings.HasPrefix(value, "@"):
		return false
	case value == "true", value == "false":
		return false
	}
	return true
}
