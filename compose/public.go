package compose

import (
	"strings"
)

// publicWords are the names that every message needs: a secret of the same
// text is none, and is not hidden.
func (p *Project) publicWords() map[string]bool {
	public := map[string]bool{p.Name: true}
	add := func(words ...string) {
		for _, word := range words {
			public[word] = true
		}
	}
	for key, n := range p.Networks {
		add(key, n.Name)
	}
	for key, v := range p.Volumes {
		add(key, v.Name)
	}
	for key := range p.Secrets {
		add(key)
	}
	for key := range p.Configs {
		add(key)
	}
	for _, s := range p.Services {
		add(s.publicWords()...)
	}
	return public
}

// publicWords are the names of the service itself: its own, its hosts, the
// parts of its image, and the users and databases that it is given.
func (s *Service) publicWords() []string {
	words := []string{s.Name, s.ContainerName, s.Hostname, s.DomainName, s.User, s.Image}
	words = append(words, strings.FieldsFunc(s.Image, func(r rune) bool { return r == '/' || r == ':' || r == '@' })...)
	for _, n := range s.Networks {
		if n != nil {
			words = append(words, n.Aliases...)
		}
	}
	for name, value := range s.Environment {
		if value != nil && isNameVariable(name) {
			words = append(words, *value)
		}
	}
	return words
}

// isNameVariable says whether a variable of this name usually holds the name
// of a user, a database or a host.
func isNameVariable(name string) bool {
	name = strings.ToUpper(name)
	if LooksSecret(name) {
		return false
	}
	for _, end := range []string{"USER", "USERNAME", "DB", "DATABASE", "DBNAME", "HOST", "HOSTNAME"} {
		if name == end || strings.HasSuffix(name, "_"+end) {
			return true
		}
	}
	return false
}

// isWordOf says whether a value is its own name, or a word of it, as in
// POSTGRES_PASSWORD: password.
func isWordOf(value, name string) bool {
	if strings.EqualFold(value, name) {
		return true
	}
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		if strings.EqualFold(value, word) {
			return true
		}
	}
	return false
}
