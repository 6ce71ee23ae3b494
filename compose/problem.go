package compose

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/internal/fault"
)

// Problem is one thing that is wrong with a file, where, and what to do.
type Problem struct {
	// File is where it is written, relative to the directory the user is in
	// when it lies below it; "" when it is not about a file.
	File string
	// Line and Column are 1-based, 0 when unknown.
	Line, Column int
	// Service is the service it is about, or "".
	Service string
	// Key is the path in the file, e.g. services.api.ports[0], or "".
	Key string
	// Message says what is wrong; Remedy what to do, or "".
	Message, Remedy string
}

// String is the problem in one line: "file:line:column: key: message; remedy".
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		if p.Line > 0 && p.Column > 0 {
			fmt.Fprintf(&b, ":%d", p.Column)
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Message)
	if p.Remedy != "" {
		b.WriteString("; " + p.Remedy)
	}
	return oneLine(b.String())
}

// ProblemsError holds every problem that was found, in the order of the files
// and their lines. It is never empty.
type ProblemsError struct{ Problems []Problem }

func (e *ProblemsError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// problems collects what is wrong while a project is loaded.
type problems struct {
	list []Problem
	// order ranks files by when they were read.
	order []string
	// base is the directory that shown paths are relative to.
	base string
	// settled are keys of which enough has been said: what else is wrong
	// with them follows from that.
	settled map[string]bool
	// warnings are what the reader should know of a valid file; asWritten says
	// that what no engine can do is one of them.
	warnings  []Warning
	asWritten bool
}

// warn adds a warning, once.
func (ps *problems) warn(w Warning) {
	if !slices.Contains(ps.warnings, w) {
		ps.warnings = append(ps.warnings, w)
	}
}

// note warns about something at a place of the files.
func (ps *problems) note(p Problem) {
	p.File = ps.show(p.File)
	if p.Service == "" {
		p.Service = serviceOf(p.Key)
	}
	ps.warn(Warning{Service: p.Service, Message: p.String()})
}

// later adds what docker compose reads and no engine can do: a problem for who
// wants to run it, a warning for who wants to see it.
func (ps *problems) later(p Problem) {
	if ps.asWritten {
		ps.note(p)
		return
	}
	ps.add(p)
}

// settle lets what was said so far about a key be all that is said about it.
func (ps *problems) settle() {
	ps.settled = map[string]bool{}
	for _, p := range ps.list {
		ps.settled[p.Key] = p.Key != ""
	}
}

func (ps *problems) add(p Problem) {
	if p.Service == "" {
		p.Service = serviceOf(p.Key)
	}
	p.File = ps.show(p.File)
	if !ps.settled[p.Key] && !slices.ContainsFunc(ps.list, p.isSame) {
		ps.list = append(ps.list, p)
	}
}

// isSame says whether two problems are one mistake: several services may have
// it from the one that they extend, or from one anchor.
func (p Problem) isSame(other Problem) bool {
	if p.Line == 0 {
		return p == other
	}
	return p.File == other.File && p.Line == other.Line && p.Column == other.Column && p.Message == other.Message
}

// show shortens a path below base.
func (ps *problems) show(file string) string {
	if !filepath.IsAbs(file) || ps.base == "" {
		return file
	}
	rel, err := filepath.Rel(ps.base, file)
	if err != nil || escapes(rel) {
		return file
	}
	return rel
}

// err returns all problems as one error of class Config, or nil.
func (ps *problems) err() error {
	if len(ps.list) == 0 {
		return nil
	}
	rank := make(map[string]int, len(ps.order))
	for i, file := range ps.order {
		rank[ps.show(file)] = i + 1
	}
	slices.SortStableFunc(ps.list, func(a, b Problem) int {
		if ra, rb := rank[a.File], rank[b.File]; ra != rb {
			return ra - rb
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return &fault.Error{Class: fault.Config, Err: &ProblemsError{Problems: ps.list}}
}

func serviceOf(key string) string {
	rest, ok := strings.CutPrefix(key, "services.")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, ".")
	name, _, _ = strings.Cut(name, "[")
	return name
}

// oneLine keeps hostile text from the file on one line and printable: control
// characters and what turns the direction of text are shown as escapes.
func oneLine(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unprintable(r) {
			quoted := fmt.Sprintf("%+q", r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unprintable(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xfffd || r == 0xfeff ||
		r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func asProblems(err error) *ProblemsError {
	var e *ProblemsError
	if errors.As(err, &e) {
		return e
	}
	return nil
}
