package compose

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/internal/sanitize"
)

// PublicNames are the names that stay readable although a secret value may be
// a part of one: of the project and what belongs to it, of images, hosts and
// users, keys of variables and labels, and paths. A value that is a name itself
// is no secret, see SecretValues.
func (p *Project) PublicNames() []string {
	names := p.publicWords()
	for _, file := range slices.Concat(p.Files, []string{p.Dir, p.NamedDir}) {
		p.addPath(names, file)
	}
	for _, config := range p.Configs {
		p.addPath(names, config.File)
	}
	for _, secret := range p.Secrets {
		p.addPath(names, secret.File)
	}
	for _, s := range p.Services {
		for _, file := range s.paths() {
			p.addPath(names, file)
		}
		for _, name := range s.keys() {
			names[name] = true
		}
	}
	delete(names, "")
	return slices.Sorted(maps.Keys(names))
}

// addPath adds a path, and the path that it has from the project's directory.
func (p *Project) addPath(names map[string]bool, path string) {
	names[path] = true
	if rel, err := filepath.Rel(p.NamedDir, path); err == nil && isWithin(p.NamedDir, path) {
		names[rel], names["./"+rel] = true, true
	}
}

// names are PublicNames of the service alone.
func (s *Service) names() []string {
	names := slices.Concat(s.publicWords(), s.paths(), s.keys())
	for key := range s.Networks {
		names = append(names, key)
	}
	for key := range s.DependsOn {
		names = append(names, key)
	}
	return names
}

// paths are those that the service is given, here and in its containers.
func (s *Service) paths() []string {
	paths := []string{s.WorkingDir}
	for _, v := range s.Volumes {
		paths = append(paths, v.Source, v.Target)
	}
	for _, file := range s.EnvFiles {
		paths = append(paths, file.Path)
	}
	for _, d := range s.Devices {
		paths = append(paths, d.Source, d.Target)
	}
	for _, config := range s.Configs {
		paths = append(paths, config.Source, config.Target)
	}
	for _, secret := range s.Secrets {
		paths = append(paths, secret.Source, secret.Target)
	}
	paths = append(paths, s.Tmpfs...)
	paths = append(paths, s.LabelFiles...)
	if s.Build != nil {
		if !strings.Contains(s.Build.Context, "@") { // of a URL with a password
			paths = append(paths, s.Build.Context)
		}
		paths = append(paths, s.Build.Dockerfile, s.Build.Target)
		paths = append(paths, s.Build.Tags...)
	}
	return paths
}

// keys are the author's own names within the service: of variables, labels,
// profiles.
func (s *Service) keys() []string {
	keys := slices.Concat(s.Profiles, slices.Collect(maps.Keys(s.Environment)), slices.Collect(maps.Keys(s.Labels)))
	if s.Build != nil {
		keys = slices.AppendSeq(keys, maps.Keys(s.Build.Args))
	}
	return keys
}

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

// lintNames names the variables whose secret value is also a public name, which
// is shown wherever it stands, in one warning.
func lintNames(p *Project) string {
	public, found := p.publicWords(), map[string]bool{}
	for _, s := range p.Services {
		for name, value := range s.Environment {
			if value != nil && len(*value) >= sanitize.MinSecret && LooksSecret(name) && !isWordOf(*value, name) && public[*value] {
				found[s.Name+" "+name] = true
			}
		}
	}
	if len(found) == 0 {
		return ""
	}
	return fmt.Sprintf("also the name of a service, an image, a user or the like, and so hidden only as the value itself: %s; choose another value",
		strings.Join(slices.Sorted(maps.Keys(found)), ", "))
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
