package sanitize

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// MinSecret is the length in bytes from which a secret value is redacted
// wherever it occurs. A shorter one would take innocent text with it, so it is
// redacted only behind its key.
const MinSecret = 8

// Redactor replaces secrets in text. The nil Redactor replaces nothing. It is
// never changed after it was made and is safe for concurrent use.
type Redactor struct {
	replacer *strings.Replacer
	// forms are what the replacer looks for, longest first.
	forms []string
	// keys are the names whose values are redacted.
	keys []string
	// names are the public names that contain a form.
	names Names
}

// NewRedactor returns a redactor of the given secret values of MinSecret bytes
// and more, in plain, URL-escaped, JSON-escaped and base64 form and, where a
// value has several lines, line by line. What stands behind one of the keys, as
// KEY=value or "KEY": "value", is redacted whatever its length; the key stays.
// A name is never redacted inside: a value stays where it is a part of one of
// the public names.
func NewRedactor(values, keys []string, names ...string) *Redactor {
	set := map[string]struct{}{}
	for _, value := range values {
		for _, form := range formsOf(value) {
			set[form] = struct{}{}
		}
	}
	forms := slices.SortedFunc(maps.Keys(set), longestFirst)
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		pairs = append(pairs, form, Redacted)
	}
	keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == "" })
	slices.SortFunc(keys, longestFirst)
	return &Redactor{replacer: strings.NewReplacer(pairs...), forms: forms, keys: keys, names: NewNames(names, forms)}
}

func longestFirst(a, b string) int {
	return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
}

// Redact returns s without the secrets. Redact before cutting: a secret that
// lost its end is not found any more.
func (r *Redactor) Redact(s string) string {
	if r == nil {
		return s
	}
	for _, key := range r.keys {
		s = redactKey(s, key)
	}
	if len(r.names.around) > 0 {
		return r.names.Replace(s, r.forms, func(string) string { return Redacted })
	}
	return r.replacer.Replace(s)
}

// RedactCut is Redact for a text whose end is missing: what may be the
// beginning of a secret at its end is redacted, too.
func (r *Redactor) RedactCut(s string) string {
	if r == nil {
		return s
	}
	s = r.Redact(s)
	longest := 0
	for _, form := range r.forms {
		for n := min(len(form)-1, len(s)); n > longest; n-- {
			if strings.HasSuffix(s, form[:n]) {
				longest = n
			}
		}
	}
	if longest == 0 {
		return s
	}
	return s[:len(s)-longest] + Redacted
}

// formsOf returns the ways in which a secret value shows up in text.
func formsOf(value string) []string {
	var forms []string
	for _, plain := range append([]string{value, strings.TrimSpace(value)}, strings.Split(value, "\n")...) {
		plain = strings.TrimRight(plain, "\r")
		if len(plain) < MinSecret || strings.HasPrefix(plain, "-----") && !strings.Contains(plain, "\n") {
			continue
		}
		forms = append(forms, plain, url.QueryEscape(plain), url.PathEscape(plain),
			url.UserPassword("", plain).String()[1:],
			jsonEscape(plain, true), jsonEscape(plain, false),
			Line(plain, 8*len(plain)+minBound), Text(plain, 8*len(plain)+minBound))
		forms = append(forms, base64Forms(plain)...)
	}
	return forms
}

// jsonEscape returns s as it stands inside a JSON string; html says that <, >
// and & are escaped, too, as some encoders do.
func jsonEscape(s string, html bool) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(html)
	if err := encoder.Encode(s); err != nil {
		return s
	}
	return strings.Trim(out.String(), "\"\n")
}

// base64Forms returns what is certain of s inside any base64 text: behind 0, 1
// or 2 other bytes, without the characters that its neighbours have a part in.
func base64Forms(s string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			encoded := encoding.EncodeToString(append(make([]byte, before), s...))
			first := (before*8 + 5) / 6
			last := (before + len(s)) * 8 / 6
			forms = append(forms, encoded[first:last])
		}
	}
	return forms
}

// redactKey replaces the values that stand behind key in s.
func redactKey(s, key string) string {
	var out strings.Builder
	for {
		at := strings.Index(s, key)
		if at < 0 {
			out.WriteString(s)
			return out.String()
		}
		whole := at == 0 || !isNameByte(s[at-1])
		end := at + len(key)
		out.WriteString(s[:end])
		s = s[end:]
		from, to := valueBehind(s)
		if !whole || from == to {
			continue
		}
		out.WriteString(s[:from] + Redacted)
		s = s[to:]
	}
}

func isNameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// valueBehind finds the value in `=value`, ` = value`, `: value`, `="a value"`
// and `": "value"`; from == to when there is none.
func valueBehind(s string) (from, to int) {
	i := 0
	if i < len(s) && (s[i] == '"' || s[i] == '\'') {
		i++
	}
	gap := blanksAt(s[i:])
	i += gap
	if i >= len(s) || s[i] != '=' && s[i] != ':' {
		return 0, 0
	}
	i++
	if s[i-1] == ':' || gap > 0 {
		i += blanksAt(s[i:])
	}
	if strings.HasPrefix(s[i:], Redacted) {
		return 0, 0
	}
	if i < len(s) && (s[i] == '"' || s[i] == '\'') {
		return i + 1, i + 1 + quotedLen(s[i+1:], s[i])
	}
	if n := strings.IndexAny(s[i:], " \t\r\n\"',;&"); n >= 0 {
		return i, i + n
	}
	return i, len(s)
}

func blanksAt(s string) int { return len(s) - len(strings.TrimLeft(s, " \t")) }

// quotedLen is the length up to the closing quote, or to the end of the line
// when none closes it.
func quotedLen(s string, quote byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case quote, '\n':
			return i
		}
	}
	return len(s)
}
