package compose

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"
	"gopkg.in/yaml.v3"
)

// mark is where something is written.
type mark struct {
	file         string
	line, column int
}

// miss is a variable that is not set, at the place that needs it.
type miss struct {
	missingVar
	at   path
	mark mark
	// text is what is written there, value what it amounts to with blanks.
	text, value string
	// form is what the key demands and value is not, "" for none.
	form string
}

// resolved is a document with its variables replaced: plain values, and where
// each of them is written.
type resolved struct {
	tree  map[string]any
	marks map[string]mark
	// missing are all unset variables, whether the value is used or not.
	missing []miss
	faults  []textFault
}

// casts turns strings into the types that their keys demand; it is
// compose-go's own table, by the last element of the path.
type casts map[string][]cast

type cast struct {
	pattern tree.Path
	convert interpolation.Cast
}

func newCasts() casts {
	table := casts{}
	options := loader.ToOptions(&types.ConfigDetails{}, nil)
	for pattern, convert := range options.Interpolate.TypeCastMapping {
		last := pattern.Last()
		table[last] = append(table[last], cast{pattern, convert})
	}
	return table
}

// castsInUse are those of a table for which some file has all the keys.
// compose-go compares every value with every path of it, which is most of what
// reading takes, and few files have more than a handful of these keys.
func (s *sources) castsInUse(all map[tree.Path]interpolation.Cast) map[tree.Path]interpolation.Cast {
	keys := map[string]bool{tree.PathMatchAll: true, tree.PathMatchList: true}
	for _, src := range s.all {
		collectKeys(src.tree, keys)
	}
	used := map[tree.Path]interpolation.Cast{}
	for pattern, convert := range all {
		if !slices.ContainsFunc(pattern.Parts(), func(part string) bool { return !keys[part] }) {
			used[pattern] = convert
		}
	}
	return used
}

func collectKeys(value any, keys map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		for key, entry := range v {
			keys[key] = true
			collectKeys(entry, keys)
		}
	case []any:
		for _, entry := range v {
			collectKeys(entry, keys)
		}
	}
}

func (c casts) find(at path) interpolation.Cast {
	if len(at) == 0 {
		return nil
	}
	candidates := append(c[at[len(at)-1]], c[tree.PathMatchAll]...)
	for _, candidate := range candidates {
		if toTreePath(at).Matches(candidate.pattern) {
			return candidate.convert
		}
	}
	return nil
}

func toTreePath(at path) tree.Path {
	parts := make([]string, len(at))
	for i, part := range at {
		if strings.HasPrefix(part, "\x01") {
			part = tree.PathMatchList
		}
		parts[i] = part
	}
	return tree.NewPath(parts...)
}

// resolve replaces the variables of doc by what lookup says and expands
// aliases and merge keys.
// origins are the unset variables behind the values of lookup.
func resolve(doc *document, table casts, lookup func(string) (string, bool), origins map[string][]miss) *resolved {
	w := &resolver{doc: doc, casts: table, lookup: lookup, origins: origins, out: &resolved{marks: map[string]mark{}}}
	w.out.tree, _ = w.value(doc.root, nil).(map[string]any)
	if w.out.tree["include"] == nil {
		delete(w.out.tree, "include") // nothing is included
	}
	return w.out
}

type resolver struct {
	doc    *document
	casts  casts
	lookup func(string) (string, bool)
	// origins are, by name, the unset variables that a value comes from.
	origins map[string][]miss
	out     *resolved
}

func (w *resolver) markOf(n *yaml.Node) mark {
	return mark{file: w.doc.file, line: n.Line, column: n.Column}
}

func (w *resolver) fault(n *yaml.Node, at path, message, remedy string) {
	w.out.faults = append(w.out.faults, textFault{line: n.Line, column: n.Column, key: at, message: message, remedy: remedy})
}

func (w *resolver) value(n *yaml.Node, at path) any {
	n = resolveAlias(n)
	switch n.Kind {
	case yaml.MappingNode:
		return w.mapping(n, at)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for i, child := range n.Content {
			if child.Tag == "!reset" {
				continue
			}
			here := at.next(item(i))
			w.out.marks[here.id()] = w.markOf(child)
			list = append(list, w.value(child, here))
		}
		return list
	default:
		return w.scalar(n, at)
	}
}

func (w *resolver) mapping(n *yaml.Node, at path) map[string]any {
	out := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() == "!!merge" {
			w.merge(n.Content[i], n.Content[i+1], at, out)
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.ShortTag() == "!!merge" {
			continue
		}
		here := at.next(key.Value)
		w.out.marks[here.id()] = w.markOf(key)
		if _, merged := out[key.Value]; merged {
			w.forget(here)
		}
		if value.Tag == "!reset" {
			delete(out, key.Value)
			continue
		}
		out[key.Value] = w.value(value, here)
	}
	return out
}

// merge adds what a merge key names; the first of several wins.
func (w *resolver) merge(key, n *yaml.Node, at path, out map[string]any) {
	n = resolveAlias(n)
	sources := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		sources = n.Content
	}
	for _, source := range sources {
		if resolveAlias(source).Kind != yaml.MappingNode {
			w.fault(key, at, "a merge key needs a mapping, or a list of them", "name the anchor of one")
			return
		}
	}
	for i := len(sources) - 1; i >= 0; i-- {
		source := resolveAlias(sources[i])
		for j := 0; j+1 < len(source.Content); j += 2 {
			if name := source.Content[j].Value; out[name] != nil {
				w.forget(at.next(name))
			}
		}
		for key, value := range w.mapping(source, at) {
			out[key] = value
		}
	}
}

// forget drops the unset variables of a value that another one replaces.
func (w *resolver) forget(at path) {
	w.out.missing = slices.DeleteFunc(w.out.missing, func(m miss) bool { return m.at.isBelow(at) })
}

func (w *resolver) scalar(n *yaml.Node, at path) any {
	value := w.plain(n, at)
	text, isString := value.(string)
	if !isString {
		return value
	}
	e := w.expand(text)
	if e.invalid != "" {
		w.fault(n, at, fmt.Sprintf("%q is not a variable expression", e.invalid), "write $$ for a dollar sign")
	}
	if e.tooLarge {
		w.fault(n, at, "the value is too large with its variables replaced", "")
	}
	convert := w.casts.find(at)
	if convert == nil || e.invalid != "" || e.tooLarge {
		w.miss(e, miss{at: at, mark: w.markOf(n), text: text, value: e.value})
		return e.value
	}
	converted, err := convert(e.value)
	if err != nil && len(e.missing) > 0 {
		w.miss(e, miss{at: at, mark: w.markOf(n), text: text, value: e.value, form: castName(convert)})
		return e.value
	}
	w.miss(e, miss{at: at, mark: w.markOf(n), text: text, value: e.value})
	if err != nil {
		w.fault(n, at, fmt.Sprintf("%q is not a %s", shorten(e.value, 40), castName(convert)), "")
		return e.value
	}
	return converted
}

// expand replaces the variables of a text. What a value of an env file lacks
// is missing here, too.
func (w *resolver) expand(text string) expansion {
	if len(w.origins) == 0 || !strings.Contains(text, "$") {
		return expand(text, w.lookup)
	}
	var behind []missingVar
	e := expand(text, func(name string) (string, bool) {
		for _, m := range w.origins[name] {
			from := m.missingVar
			from.origin, from.through = m.mark, name
			behind = append(behind, from)
		}
		return w.lookup(name)
	})
	e.missing = append(e.missing, behind...)
	return e
}

// miss remembers what an expansion lacks.
func (w *resolver) miss(e expansion, m miss) {
	for _, missing := range e.missing {
		m.missingVar = missing
		w.out.missing = append(w.out.missing, m)
	}
}

// castName says what a cast makes of a string.
func castName(convert interpolation.Cast) string {
	if _, err := convert("true"); err == nil {
		return "boolean: write true or false"
	}
	return "number"
}

// plain is the value of a scalar before its variables are replaced.
func (w *resolver) plain(n *yaml.Node, at path) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		var value any
		if err := n.Decode(&value); err != nil {
			w.fault(n, at, strings.TrimPrefix(err.Error(), "yaml: "), "")
			return nil
		}
		if f, ok := value.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
			w.fault(n, at, n.Value+" is not a number that can be used", "")
			return nil
		}
		return value
	case "!!binary":
		var value string
		if err := n.Decode(&value); err != nil {
			w.fault(n, at, "the value is not base64", "")
		}
		return value
	default:
		return n.Value
	}
}
