package compose

import (
	"cmp"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// LooksSecret says whether a variable of this name usually holds a secret. A
// name that ends in _FILE holds a path.
func LooksSecret(name string) bool {
	name = strings.ToUpper(name)
	if strings.HasSuffix(name, "_FILE") || strings.Contains(name, "PUBLIC_KEY") {
		return false
	}
	for _, part := range []string{"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY", "PRIVATE", "REQUIREPASS"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	return len(words) > 1 && slices.Contains(words, "PWD") ||
		slices.Contains(words, "KEY") || slices.Contains(words, "PASS") || slices.Contains(words, "AUTH")
}

var userInfo = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:([^\s/@]+)@`)

// passwordsIn are the passwords of the URLs in a text, as they are written and
// as they are meant.
func passwordsIn(text string) []string {
	var out []string
	for _, m := range userInfo.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
		if meant, err := url.PathUnescape(m[1]); err == nil && meant != m[1] {
			out = append(out, meant)
		}
	}
	return out
}

// SecretValues returns what must never be shown, the longest first: the
// contents of secrets, the values of variables, labels and options whose names
// look secret, and the passwords in URLs. Never names: a password that is the
// name of a service, say, hides nothing and would hide the service everywhere;
// SecretKeys has the variable of such a one.
func (p *Project) SecretValues() []string {
	public := p.publicWords()
	found := map[string]bool{}
	add := func(values ...string) {
		for _, value := range values {
			if value = strings.TrimSpace(value); value != "" && !public[value] {
				found[value] = true
			}
		}
	}
	add(p.hidden...)
	for _, name := range slices.Sorted(maps.Keys(p.Secrets)) {
		add(linesOf(p.secretText(types.FileObjectConfig(p.Secrets[name])))...)
	}
	for _, s := range p.Services {
		add(s.secretValues()...)
	}
	return longestFirst(slices.Collect(maps.Keys(found)))
}

// SecretKeys returns the names of the variables with a secret value that is
// too short, or too common, to be looked for by itself: what is assigned to
// them must not be shown.
func (p *Project) SecretKeys() []string {
	hidden := map[string]bool{}
	for _, value := range p.SecretValues() {
		hidden[value] = len(value) >= sanitize.MinSecret
	}
	keys := map[string]bool{}
	for _, s := range p.Services {
		for name, value := range s.Environment {
			if value != nil && *value != "" && LooksSecret(name) && !hidden[strings.TrimSpace(*value)] {
				keys[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

func longestFirst(values []string) []string {
	slices.SortFunc(values, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	return values
}

// linesOf is a text and, when it has several lines, each of them: logs and
// output are shown line by line. The frame of a PEM file is no secret.
func linesOf(text string) []string {
	text = strings.TrimSpace(text)
	out := []string{text}
	if !strings.Contains(text, "\n") {
		return out
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); len(line) >= 8 && !strings.HasPrefix(line, "-----") {
			out = append(out, line)
		}
	}
	return out
}

// maxSecret is the size in bytes up to which a secret is looked for.
const maxSecret = 512 << 10

func (p *Project) secretText(o types.FileObjectConfig) string {
	switch {
	case o.Content != "":
		return o.Content
	case o.Environment != "":
		return p.Environment[o.Environment]
	case o.File == "":
		return ""
	}
	info, err := os.Stat(o.File)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSecret {
		return ""
	}
	text, err := readBounded(o.File)
	if err != nil {
		return ""
	}
	return string(text)
}

// secretValues are those that the service itself is given.
func (s *Service) secretValues() []string {
	var out []string
	pair := func(name, value string) {
		if LooksSecret(name) && !isWordOf(value, name) {
			out = append(out, value)
		}
		out = append(out, passwordsIn(value)...)
	}
	mapping := func(values types.MappingWithEquals) {
		for name, value := range values {
			if value != nil {
				pair(name, *value)
			}
		}
	}
	mapping(s.Environment)
	words := slices.Concat([]string(s.Command), []string(s.Entrypoint))
	for _, labels := range []types.Labels{s.Labels, types.Labels(s.Annotations)} {
		for name, value := range labels {
			pair(name, value)
		}
	}
	if s.Build != nil {
		mapping(s.Build.Args)
		for name, value := range s.Build.Labels {
			pair(name, value)
		}
	}
	for _, hook := range slices.Concat(s.PostStart, s.PreStop) {
		mapping(hook.Environment)
		words = append(words, hook.Command...)
	}
	out = append(out, secretsInCommand(words)...)
	if s.HealthCheck != nil {
		out = append(out, secretsInCommand(s.HealthCheck.Test)...)
	}
	return out
}

// hiddenVariables are the values of the variables that the files use and
// whose names look secret: they may stand anywhere in a resolved file.
func hiddenVariables(used map[string]bool, env types.Mapping) []string {
	var out []string
	for name := range used {
		if value := env[name]; value != "" && LooksSecret(name) {
			out = append(out, value)
		}
	}
	slices.Sort(out)
	return out
}
