package compose

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/loader"
)

// projectName decides the project's name: the flag, COMPOSE_PROJECT_NAME, the
// last name: of the files, the directory. The first two must be right as they
// are; the others are normalised as docker compose does.
func projectName(flag string, l *location, docs []*document, ps *problems) string {
	if flag != "" {
		return givenName(flag, "-p", ps)
	}
	if name := l.env[consts.ComposeProjectName]; name != "" {
		return givenName(name, consts.ComposeProjectName, ps)
	}
	for i := len(docs) - 1; i >= 0; i-- {
		if name, ok := nameOf(docs[i], l, ps); ok {
			return name
		}
	}
	name := loader.NormalizeProjectName(filepath.Base(l.dir))
	if name == "" || len(name) > maxName {
		ps.add(Problem{Message: fmt.Sprintf("the directory's name %+q makes no project name", filepath.Base(l.dir)),
			Remedy: "choose one with -p or name:"})
	}
	return name
}

// FitsName says whether a text can begin the name of a project.
func FitsName(text string) bool { return loader.NormalizeProjectName(text) == text && text != "" }

func givenName(name, origin string, ps *problems) string {
	if fits := loader.NormalizeProjectName(name); fits != name || len(name) > maxName {
		ps.add(Problem{Message: fmt.Sprintf("%s: %+q is not a project name", origin, shorten(name, 80)), Remedy: nameRemedy(fits)})
		return fits
	}
	return name
}

// nameOf returns the name that a document sets.
func nameOf(doc *document, l *location, ps *problems) (string, bool) {
	for i := 0; i+1 < len(doc.root.Content); i += 2 {
		key, value := doc.root.Content[i], resolveAlias(doc.root.Content[i+1])
		if key.Value != "name" || value.Value == "" {
			continue
		}
		e := expand(value.Value, func(name string) (string, bool) { v, ok := l.env[name]; return v, ok })
		name := loader.NormalizeProjectName(e.value)
		at := Problem{File: doc.file, Line: key.Line, Column: key.Column, Key: "name"}
		switch {
		case len(e.missing) > 0 || e.invalid != "":
			// Reported with all other variables.
			return name, true
		case name == "" || len(name) > maxName || strings.ContainsFunc(e.value, unfitForName):
			at.Message = fmt.Sprintf("%+q is not a project name", shorten(e.value, 80))
			at.Remedy = nameRemedy(name)
			ps.add(at)
		}
		return name, true
	}
	return "", false
}

// unfitForName are characters that normalising would drop without a trace, so
// that two names that look different, or alike, would mean one project.
func unfitForName(r rune) bool {
	return r > 0x7e || r < ' ' || r == '/' || r == '\\'
}

func nameRemedy(fits string) string {
	remedy := fmt.Sprintf("use a-z, 0-9, - and _, beginning with a letter or digit, at most %d", maxName)
	if fits != "" && len(fits) <= maxName {
		remedy += ", e.g. " + fits
	}
	return remedy
}

func shorten(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return s
}
