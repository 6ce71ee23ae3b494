package compose

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// source is one document of a file of the project with its variables replaced.
type source struct {
	*resolved
	file string
	// dir is what relative references of the file start from.
	dir string
	env types.Mapping
	// bases are the services that others extend from this file; nil when the
	// whole file counts.
	bases map[string]bool
	// bad are the values that the schema or their type forbids.
	bad []path
	// said are the values of which enough was said, by the path's id: what
	// else is wrong with them follows from that.
	said map[string]bool
	// blank are the unset variables that values do without, by the path's id.
	blank map[string]string
}

// sources are all files of a project: those that were named, in order, then
// what they include and extend.
type sources struct {
	at    *location
	casts casts
	ps    *problems
	stdin io.Reader
	// texts are the contents of the named files, docs the documents in them.
	texts [][]byte
	docs  []*document
	// all are the sources: first those of the docs, as many as named says.
	all   []*source
	named int
	files map[string]bool
	used  map[string]bool
	// merged is compose-go's model of all files, nil until there is one.
	merged map[string]any
	// isNamed says that the project has its name from outside of the files.
	isNamed bool
	// seen are the sources by file and directory.
	seen map[string]*source
}

// target is a service in a file.
type target struct{ file, service string }

// readNamed reads and parses the files that were named or found.
func readNamed(l *location, stdin io.Reader, ps *problems) *sources {
	s := &sources{
		at: l, casts: newCasts(), ps: ps, stdin: stdin,
		files: map[string]bool{}, used: map[string]bool{}, seen: map[string]*source{},
	}
	for _, file := range l.files {
		text, docs := s.read(file, "compose file", Problem{})
		s.texts = append(s.texts, text)
		s.docs = append(s.docs, docs...)
	}
	s.named = len(s.docs)
	if s.named == 0 && len(ps.list) == 0 {
		ps.add(Problem{File: l.files[0], Line: 1, Column: 1, Message: "the file is empty", Remedy: "declare services:"})
	}
	return s
}

// read reads and parses one file; from is the problem's place when another
// file names it.
func (s *sources) read(file, what string, from Problem) ([]byte, []*document) {
	if isRemote(file) {
		from.Message = fmt.Sprintf("%s would be fetched from elsewhere", file)
		from.Remedy = "copy it next to the project and name the copy"
		s.ps.add(from)
		return nil, nil
	}
	if !s.files[file] {
		s.files[file] = true
		s.ps.order = append(s.ps.order, file)
	}
	if len(s.files) > MaxFiles {
		from.Message = fmt.Sprintf("the project has more than %d files", MaxFiles)
		s.ps.add(from)
		return nil, nil
	}
	text, err := s.readText(file)
	if err != nil {
		from.Message = fmt.Sprintf("%s: %s", s.ps.show(file), fileFault(what, err))
		s.ps.add(from)
		return nil, nil
	}
	docs, faults := parse(file, text)
	s.addFaults(file, faults)
	return text, docs
}

func (s *sources) readText(file string) ([]byte, error) {
	if file != "-" {
		s.at.reading(file)
		return s.at.read(file)
	}
	if s.stdin == nil {
		return nil, fmt.Errorf("no standard input")
	}
	return readAll(s.stdin)
}

// given are the files that the project begins with.
func (s *sources) given() []string {
	var files []string
	for _, doc := range s.docs {
		if !slices.Contains(files, doc.file) {
			files = append(files, doc.file)
		}
	}
	return files
}

func (s *sources) addFaults(file string, faults []textFault) {
	for _, f := range faults {
		s.ps.add(Problem{File: file, Line: f.line, Column: f.column, Key: f.key.String(), Message: f.message, Remedy: f.remedy})
	}
}

// resolveAll replaces the variables of the named files and of whatever they
// include and extend.
func (s *sources) resolveAll() {
	for _, doc := range s.docs {
		s.all = append(s.all, s.resolve(doc, s.at.dir, s.at.env))
	}
	for _, src := range slices.Clone(s.all) {
		s.follow(src, []string{src.file})
	}
}

func (s *sources) resolve(doc *document, dir string, env types.Mapping) *source {
	res := resolve(doc, s.casts, func(name string) (string, bool) {
		s.used[name] = true
		value, ok := env[name]
		return value, ok
	}, s.at.tainted)
	s.addFaults(doc.file, res.faults)
	src := &source{resolved: res, file: doc.file, dir: dir, env: env, said: map[string]bool{}, blank: map[string]string{}}
	for _, f := range res.faults {
		src.bad = append(src.bad, f.key)
		src.said[f.key.id()] = true
	}
	s.seen[doc.file+"\x00"+dir] = src
	return src
}

// follow reads what src includes and extends; stack leads to src.
func (s *sources) follow(src *source, stack []string) {
	for i, entry := range asList(src.tree["include"]) {
		at := path{"include", item(i)}
		s.include(src, entry, s.problemAt(src, at), stack)
	}
	services, _ := src.tree["services"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(services)) {
		s.extend(src, name)
	}
}

// problemAt is a problem of the value at, still without a message.
func (s *sources) problemAt(src *source, at path) Problem {
	m, _ := src.find(at)
	return Problem{File: src.file, Line: m.line, Column: m.column, Key: at.String()}
}

// find returns where a value is written, or the closest one around it.
func (r *resolved) find(at path) (m mark, exact bool) {
	for n := len(at); n > 0; n-- {
		if m, ok := r.marks[at[:n].id()]; ok {
			return m, n == len(at)
		}
	}
	return mark{}, false
}

func (s *sources) include(src *source, entry any, from Problem, stack []string) {
	files, projectDir, envFiles := includeEntry(entry)
	for i, file := range files {
		if isRemote(file) {
			s.read(file, "included file", from)
			return
		}
		files[i] = absolute(src.dir, expandHome(file, s.at.home))
	}
	if len(files) == 0 || slices.Contains(files, "") {
		return
	}
	dir := filepath.Dir(files[0])
	if projectDir != "" {
		dir = absolute(src.dir, projectDir)
	}
	env, ok := s.includeEnv(src, dir, envFiles, from)
	if !ok {
		return
	}
	for _, file := range files {
		if i := slices.Index(stack, file); i >= 0 {
			from.Message = "files include each other: " + s.chain(append(stack[i:len(stack):len(stack)], file))
			from.Remedy = "remove one of the includes"
			s.ps.add(from)
			return
		}
		for _, included := range s.open(src.dir, file, dir, env, "included file", from) {
			s.follow(included, append(stack[:len(stack):len(stack)], file))
		}
	}
}

func (s *sources) chain(files []string) string {
	shown := make([]string, len(files))
	for i, file := range files {
		shown[i] = s.ps.show(file)
	}
	return strings.Join(shown, " → ")
}

// open reads the documents of a file that another one names, once.
func (s *sources) open(base, file, dir string, env types.Mapping, what string, from Problem) []*source {
	if _, done := s.seen[file+"\x00"+dir]; done {
		return nil
	}
	if to, leaves := leavesTree(base, file); leaves {
		from.Message = fmt.Sprintf("%s is a symbolic link to %s, out of the directory it is named in", s.ps.show(file), to)
		from.Remedy = "name that path itself"
		s.ps.add(from)
		return nil
	}
	_, docs := s.read(file, what, from)
	var opened []*source
	for _, doc := range docs {
		opened = append(opened, s.resolve(doc, dir, env))
	}
	s.all = append(s.all, opened...)
	return opened
}

// includeEnv is what the variables of an included file mean: those of the
// file that includes it, then its own env files.
func (s *sources) includeEnv(src *source, dir string, files []string, from Problem) (types.Mapping, bool) {
	env := src.env.Clone()
	for i, file := range files {
		files[i] = absolute(src.dir, expandHome(file, s.at.home))
		if to, leaves := leavesTree(src.dir, files[i]); leaves {
			from.Message = fmt.Sprintf("%s is a symbolic link to %s, out of the directory it is named in", s.ps.show(files[i]), to)
			from.Remedy = "name that path itself"
			s.ps.add(from)
			return env, false
		}
	}
	if len(files) == 0 {
		if file := s.at.firstOf(dir, []string{".env"}); file != "" {
			files = []string{file}
		}
	}
	l := &location{env: env, home: s.at.home, tainted: s.at.tainted, pipes: s.at.pipes, reading: s.at.reading}
	values, ok := l.readEnvFiles(files, s.ps)
	return env.Merge(values), ok
}

// includeEntry reads an entry of include: in its short or long form. What has
// another shape is left to the schema.
func includeEntry(entry any) (files []string, projectDir string, envFiles []string) {
	switch e := entry.(type) {
	case string:
		return []string{e}, "", nil
	case map[string]any:
		projectDir, _ = e["project_directory"].(string)
		return stringsOf(e["path"]), projectDir, stringsOf(e["env_file"])
	}
	return nil, "", nil
}

func asList(value any) []any {
	list, _ := value.([]any)
	return list
}

// stringsOf returns a string, or the strings of a list.
func stringsOf(value any) []string {
	if text, ok := value.(string); ok {
		return []string{text}
	}
	var out []string
	for _, entry := range asList(value) {
		if text, ok := entry.(string); ok {
			out = append(out, text)
		}
	}
	return out
}
