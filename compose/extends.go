package compose

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// extend follows services.NAME.extends into another file, and on from there.
func (s *sources) extend(src *source, name string) {
	ref, ok := extendsOf(src, name)
	if !ok || ref.file == "" {
		return
	}
	from := s.problemAt(src, path{"services", name, "extends"})
	if isRemote(ref.file) {
		s.read(ref.file, "extended file", from)
		return
	}
	file := absolute(src.dir, expandHome(ref.file, s.at.home))
	opened := s.open(src.dir, file, filepath.Dir(file), src.env, "extended file", from)
	for _, base := range opened {
		base.bases = map[string]bool{}
	}
	if len(opened) > 1 {
		from.Message = fmt.Sprintf("%s holds several YAML documents", s.ps.show(file))
		from.Remedy = "write what is extended into a file of one document"
		s.ps.add(from)
		return
	}
	s.extendBase(s.extended(src, name), ref.service)
}

// checkExtends reports services that extend each other, or one that is not
// there. compose-go finds the first of them and does not say where.
func (s *sources) checkExtends(sc *scope) {
	for _, src := range s.all {
		for _, name := range slices.Sorted(maps.Keys(sc.bases[src])) {
			s.checkExtended(src, name)
		}
	}
}

func (s *sources) checkExtended(src *source, name string) {
	chain := []string{name}
	visited := map[string]bool{src.file + "\x00" + name: true}
	for at, service := src, name; ; {
		base, ref := s.base(at, service)
		if base == nil {
			return
		}
		chain = append(chain, ref)
		p := s.problemAt(src, path{"services", name, "extends"})
		p.Service = name
		switch {
		case visited[base.file+"\x00"+ref]:
			src.bad = append(src.bad, path{"services", name, "extends"})
			// Every member of the circle comes here; the first one reports it.
			if ref == name && name == slices.Min(chain) {
				p.Message = "services extend each other: " + strings.Join(chain, " → ")
				p.Remedy = "remove one of these extends"
				s.ps.add(p)
			}
			return
		case child(base.tree["services"], ref) == nil:
			src.bad = append(src.bad, path{"services", name, "extends"})
			p.Message = fmt.Sprintf("there is no service %+q in %s to extend", shorten(ref, 80), s.ps.show(base.file))
			if close := closest(ref, namesIn(base.tree["services"])); close != "" {
				p.Remedy = "did you mean " + close + "?"
			}
			s.ps.add(p)
			return
		}
		visited[base.file+"\x00"+ref] = true
		at, service = base, ref
	}
}

// extendBase counts service of an extended file as used, with all it extends
// there in turn.
func (s *sources) extendBase(base *source, service string) {
	if base == nil || base.bases == nil || base.bases[service] {
		return
	}
	base.bases[service] = true
	if ref, ok := extendsOf(base, service); ok {
		if ref.file == "" {
			s.extendBase(base, ref.service)
			return
		}
		s.extend(base, service)
	}
}

// extended is the file that a service of src extends a service of.
func (s *sources) extended(src *source, name string) *source {
	ref, _ := extendsOf(src, name)
	file := absolute(src.dir, expandHome(ref.file, s.at.home))
	return s.seen[file+"\x00"+filepath.Dir(file)]
}

// extendsOf reads services.NAME.extends; file is "" for the same file.
func extendsOf(src *source, name string) (target, bool) {
	service := child(child(src.tree["services"], name), "extends")
	switch e := service.(type) {
	case string:
		return target{service: e}, true
	case map[string]any:
		file, _ := e["file"].(string)
		ref, _ := e["service"].(string)
		return target{file: file, service: ref}, ref != ""
	}
	return target{}, false
}

// child is the value of a key of a mapping, or nil.
func child(value any, key string) any {
	mapping, _ := value.(map[string]any)
	return mapping[key]
}

// find returns where a value of the merged project is written: the last named
// file that has it, else what is included, else the service it extends; else
// the closest value around it.
func (s *sources) find(at path) mark {
	for n := len(at); n > 0; n-- {
		if m, ok := s.exact(at[:n], 0); ok {
			return m
		}
	}
	return mark{}
}

func (s *sources) exact(at path, depth int) (mark, bool) {
	if m, ok := s.entry(at); ok {
		return m, true
	}
	if s.isMergedList(at) {
		return mark{}, false
	}
	for _, src := range s.byPrecedence() {
		if src.bases != nil {
			continue
		}
		if m, ok := src.marks[at.id()]; ok {
			return m, true
		}
		if m, ok := src.listed(at); ok {
			return m, true
		}
	}
	if len(at) < 3 || at[0] != "services" {
		return mark{}, false
	}
	for _, src := range s.byPrecedence() {
		if m, ok := s.inherited(src, at, depth); ok {
			return m, true
		}
	}
	return mark{}, false
}

// listed looks for a key of a mapping that is written as a list: "name" or
// "name=value".
func (src *source) listed(at path) (mark, bool) {
	var value any = src.tree
	parent := at[:len(at)-1]
	for _, part := range parent {
		if value = child(value, part); value == nil {
			return mark{}, false
		}
	}
	for i, entry := range asList(value) {
		text, _ := entry.(string)
		if name, _, _ := strings.Cut(text, "="); name == at[len(at)-1] {
			m, ok := src.marks[parent.next(item(i)).id()]
			return m, ok
		}
	}
	return mark{}, false
}

// isMergedList says whether at is an element of a list that several files
// contribute to: its index says nothing about where it is written.
func (s *sources) isMergedList(at path) bool {
	count := 0
	for i, part := range at {
		if !strings.HasPrefix(part, "\x01") {
			continue
		}
		for _, src := range s.all {
			if _, ok := src.marks[at[:i].id()]; ok && src.bases == nil {
				count++
			}
		}
		break
	}
	return count > 1
}

// inherited looks for a value in what the service extends.
func (s *sources) inherited(src *source, at path, depth int) (mark, bool) {
	base, service := s.base(src, at[1])
	if base == nil || depth > maxDepth {
		return mark{}, false
	}
	there := append(path{"services", service}, at[2:]...)
	if m, ok := base.marks[there.id()]; ok {
		return m, true
	}
	return s.inherited(base, there, depth+1)
}

// byPrecedence is the order in which files win: the last named file first.
func (s *sources) byPrecedence() []*source {
	out := make([]*source, 0, len(s.all))
	named := min(s.named, len(s.all))
	for i := named - 1; i >= 0; i-- {
		out = append(out, s.all[i])
	}
	return append(out, s.all[named:]...)
}

// Place says where a key of a service is written, or the closest key around
// it, as file:line:column; "" for a project that was not loaded.
func (p *Project) Place(service string, key ...string) string {
	if p.sources == nil {
		return ""
	}
	m := p.sources.find(append(path{"services", service}, key...))
	if m.file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", p.sources.ps.show(m.file), m.line, m.column)
}

// problem returns a problem at a value of the merged project.
func (s *sources) problem(at path, message, remedy string) Problem {
	m := s.find(at)
	if m.file == "" {
		m.file = s.at.files[0]
	}
	p := Problem{File: m.file, Line: m.line, Column: m.column, Key: at.String(), Message: message, Remedy: remedy}
	if len(at) > 1 && at[0] == "services" {
		p.Service = at[1]
	}
	return p
}
