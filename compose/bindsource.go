package compose

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// BindSource is a path of the host that a service mounts.
type BindSource struct {
	Service string
	// Source is absolute; Target is where the container has it.
	Source, Target string
	ReadOnly       bool
	// Create says that the file asks for a directory to be made of it, NeverCreate
	// that it forbids that: bind: {create_host_path: …}.
	Create, NeverCreate bool
	// Place is where the mount is written, without a message.
	Place Problem
}

// BindSources are the sources of the bind mounts of all services, in the order of
// the services' names.
func (p *Project) BindSources() []BindSource {
	var out []BindSource
	for _, name := range p.ServiceNames() {
		for i, v := range p.Services[name].Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			b := BindSource{Service: name, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly,
				Create: v.Bind != nil && bool(v.Bind.CreateHostPath), Place: p.place("services", name, "volumes", item(i))}
			b.NeverCreate = p.sources != nil && !b.Create && p.sources.saysCreate(name, v.Target, false)
			out = append(out, b)
		}
	}
	return out
}

// place is a problem of the value with these keys, still without a message.
func (p *Project) place(keys ...string) Problem {
	if p.sources == nil {
		return Problem{Service: keys[1], Key: path(keys).String()}
	}
	at := p.sources.problem(path(keys), "", "")
	at.File = p.sources.ps.show(at.File)
	return at
}

// DependencyPlace is where a service says that it depends on another one.
func (p *Project) DependencyPlace(service, dependency string) Problem {
	return p.place("services", service, "depends_on", dependency)
}

// NewProblems is an error of class Config that holds problems, in the order of
// their places, with one hint for all; nil for none.
func NewProblems(list []Problem, hint string) error {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Problem) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		return a.Line - b.Line
	})
	return &fault.Error{Class: fault.Config, Err: &ProblemsError{Problems: list}, Hint: hint}
}

// usualFiles are names of files, in lower case, that have no ending.
//
//nolint:gochecknoglobals // never changed
var usualFiles = map[string]bool{
	"caddyfile": true, "corefile": true, "dockerfile": true, "containerfile": true, "makefile": true, "procfile": true,
	"jenkinsfile": true, "gemfile": true, "rakefile": true, "vagrantfile": true, "brewfile": true, "justfile": true,
	"license": true, "readme": true, "passwd": true, "shadow": true, "group": true, "hosts": true, "hostname": true,
	"localtime": true, "timezone": true, "machine-id": true, "crontab": true, "sudoers": true, "fstab": true,
	"htpasswd": true, "known_hosts": true, "authorized_keys": true, "id_rsa": true, "id_ed25519": true,
	"docker-entrypoint": true, "entrypoint": true,
}

// usualDirectories are names of directories that begin with a dot.
//
//nolint:gochecknoglobals // never changed
var usualDirectories = map[string]bool{
	".ssh": true, ".aws": true, ".azure": true, ".kube": true, ".docker": true, ".config": true, ".cache": true, ".local": true,
	".gnupg": true, ".data": true, ".volumes": true, ".git": true, ".github": true, ".vscode": true, ".m2": true, ".gradle": true,
	".npm": true, ".cargo": true, ".terraform": true, ".minikube": true, ".ollama": true, ".tmp": true, ".d": true, ".storage": true,
	".postgres": true, ".mysql": true, ".redis": true, ".certs": true, ".ssl": true, ".logs": true, ".venv": true, ".next": true,
}

// LooksLikeFile says whether the name of the source is that of a file: it has an
// ending other than .d, or is a usual name of a file.
func (b BindSource) LooksLikeFile() bool {
	name := strings.ToLower(filepath.Base(b.Source))
	switch ext := filepath.Ext(name); {
	case usualFiles[name]:
		return true
	case usualDirectories[name], ext == "", ext == ".d", ext == ".":
		return false
	}
	return true
}

// CreateCommand is one shell command that puts missing sources in their place:
// directories are made, files are copied, from the example beside them where there
// is one. Paths below the project's directory are relative to it.
func (p *Project) CreateCommand(directories, files []string) string {
	var parts []string
	needed := map[string]bool{}
	for _, file := range files {
		if parent := filepath.Dir(file); !exists(parent) {
			needed[parent] = true
		}
	}
	for _, dir := range directories {
		needed[dir] = true
	}
	if len(needed) > 0 {
		words := []string{"mkdir -p"}
		for dir := range needed {
			words = append(words, p.shellPath(dir))
		}
		slices.Sort(words[1:])
		parts = append(parts, strings.Join(words, " "))
	}
	for _, file := range files {
		from := "PATH/TO/" + filepath.Base(file)
		if example := exampleOf(file); example != "" {
			from = p.shellPath(example)
		}
		parts = append(parts, fmt.Sprintf("cp %s %s", from, p.shellPath(file)))
	}
	return strings.Join(parts, " && ")
}

// exampleOf is a file beside a missing one that is meant to be copied, "" for none.
func exampleOf(file string) string {
	dir, name := filepath.Split(file)
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for _, word := range []string{"example", "sample", "dist", "template", "default"} {
		for _, candidate := range []string{name + "." + word, stem + "." + word + ext, word + "." + strings.TrimPrefix(name, "."),
			stem + "-" + word + ext, stem + "_" + word + ext} {
			if info, err := os.Stat(dir + candidate); err == nil && info.Mode().IsRegular() {
				return dir + candidate
			}
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// shellPath is a path as a shell in the project's directory takes it.
func (p *Project) shellPath(path string) string {
	if rel, err := filepath.Rel(p.Dir, path); err == nil && !escapes(rel) {
		path = "./" + rel
	}
	return sanitize.ShellWord(path)
}
