package compose

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// compiledSchema is the schema of the Compose Specification that compose-go
// carries. compose-go itself stops at the first violation; here all count. It
// takes a while to compile, which only a file with a violation is worth.
//
//nolint:gochecknoglobals // compiled once per process and never changed
var compiledSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.Schema))
	if err != nil {
		return nil, fmt.Errorf("read the compose schema: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("compose.json", parsed); err != nil {
		return nil, fmt.Errorf("read the compose schema: %w", err)
	}
	return compiler.Compile("compose.json")
})

// warmUp begins to compile the schema that compose-go itself validates with,
// which is needed once the files are read. Who needs it waits for it.
func warmUp() {
	go func() { _ = schema.Validate(nil) }()
}

// checkSchema reports every violation of the schema in a file. A key that the
// schema requires may come from another file, so it is left to the check of
// the merged project.
func (s *sources) checkSchema(src *source) error {
	relevant := src.relevant()
	if schema.Validate(relevant) == nil {
		return nil
	}
	compiled, err := compiledSchema()
	if err != nil {
		return err
	}
	err = compiled.Validate(relevant)
	var violation *jsonschema.ValidationError
	if !errors.As(err, &violation) {
		return err
	}
	seen := map[string]bool{}
	for _, leaf := range leaves(violation) {
		for _, p := range s.describe(src, leaf) {
			if !seen[p.Key] {
				seen[p.Key] = true
				s.ps.add(p)
			}
		}
	}
	return nil
}

// relevant is what of the file counts: of an extended file only the services
// that are extended.
func (src *source) relevant() map[string]any {
	if src.bases == nil {
		return src.tree
	}
	services := map[string]any{}
	for name := range src.bases {
		if service := child(src.tree["services"], name); service != nil {
			services[name] = service
		}
	}
	return map[string]any{"services": services}
}

// leaves are the violations that explain the others. Of alternatives, the one
// that came furthest is what the author meant.
func leaves(v *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(v.Causes) == 0 {
		return []*jsonschema.ValidationError{v}
	}
	switch v.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		return alternatives(v)
	}
	var out []*jsonschema.ValidationError
	for _, cause := range v.Causes {
		out = append(out, leaves(cause)...)
	}
	return out
}

func alternatives(v *jsonschema.ValidationError) []*jsonschema.ValidationError {
	var best []*jsonschema.ValidationError
	depth := -1
	types := &kind.Type{}
	for _, cause := range v.Causes {
		found := leaves(cause)
		if t, ok := found[0].ErrorKind.(*kind.Type); ok && len(found[0].InstanceLocation) == len(v.InstanceLocation) {
			types.Want = append(types.Want, t.Want...)
			types.Got = t.Got
			continue
		}
		if deepest := depthOf(found); deepest > depth {
			best, depth = found, deepest
		}
	}
	if best == nil && len(types.Want) > 0 {
		return []*jsonschema.ValidationError{{InstanceLocation: v.InstanceLocation, ErrorKind: types}}
	}
	return best
}

func depthOf(violations []*jsonschema.ValidationError) int {
	depth := 0
	for _, v := range violations {
		depth = max(depth, len(v.InstanceLocation))
	}
	return depth
}

func (s *sources) describe(src *source, v *jsonschema.ValidationError) []Problem {
	at := locationOf(src.tree, v.InstanceLocation)
	if src.said[at.id()] {
		return nil
	}
	switch k := v.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		out := make([]Problem, len(k.Properties))
		for i, key := range k.Properties {
			out[i] = s.unknownKey(src, at.next(key))
		}
		return out
	case *kind.FalseSchema:
		// Where an alternative fails, the schema also takes the keys of the
		// right ones for unknown.
		if len(at) > 1 && slices.Contains(knownKeys(at[:len(at)-1]), at[len(at)-1]) {
			return nil
		}
		return []Problem{s.unknownKey(src, at)}
	case *kind.UniqueItems:
		return s.duplicates(src, at, k)
	case *kind.Required:
		if s.named > 1 || src.bases != nil || s.extendsAny(src) {
			return nil
		}
		src.bad = append(src.bad, at)
		p := s.problemAt(src, at)
		p.Message = strings.Join(k.Missing, ", ") + " is missing"
		return []Problem{p}
	}
	src.bad = append(src.bad, at)
	p := s.problemAt(src, at)
	p.Message = messageOf(v.ErrorKind)
	p.Remedy = remedyOf(src.tree, at)
	return []Problem{p}
}

// remedyOf is what the support table says of a value that has the wrong form:
// where a mapping must not be, of its keys.
func remedyOf(tree any, at path) string {
	if row, ok := rowOf(at); ok {
		return row.Remedy
	}
	keys, _ := valueAt(tree, at).(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if row, ok := rowOf(at.next(key)); ok && row.Status == Refused {
			return row.Remedy
		}
	}
	return ""
}

func (s *sources) extendsAny(src *source) bool {
	services, _ := src.tree["services"].(map[string]any)
	for name := range services {
		if _, ok := extendsOf(src, name); ok {
			return true
		}
	}
	return false
}

func (s *sources) unknownKey(src *source, at path) Problem {
	src.bad = append(src.bad, at)
	p := s.problemAt(src, at)
	key := at[len(at)-1]
	p.Message = "unknown key"
	switch {
	case len(at) == 2 && isSection(at[0]):
		p.Message = fmt.Sprintf("%+q is not a name", key)
		p.Remedy = "use letters, digits, ., _ and -"
	default:
		if row, ok := rowOf(at); ok && row.Remedy != "" {
			p.Remedy = row.Remedy
		} else if close := closest(key, knownKeys(at[:len(at)-1])); close != "" {
			p.Remedy = "did you mean " + close + "?"
		} else {
			p.Remedy = "remove it, or begin it with x-"
		}
	}
	return p
}

func isSection(name string) bool {
	return slices.Contains([]string{"services", "networks", "volumes", "secrets", "configs", "models", "jobs"}, name)
}

func messageOf(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		want := make([]string, 0, len(k.Want))
		for _, name := range k.Want {
			if name = plainType(name); !slices.Contains(want, name) {
				want = append(want, name)
			}
		}
		slices.Sort(want)
		return fmt.Sprintf("must be a %s, not a %s", strings.Join(want, " or "), plainType(k.Got))
	case *kind.Minimum:
		return "must be at least " + k.Want.RatString()
	case *kind.Maximum:
		return "must be at most " + k.Want.RatString()
	case *kind.Pattern:
		return fmt.Sprintf("%+q has the wrong form", shorten(k.Got, 80))
	case *kind.Format:
		return fmt.Sprintf("%+q is not a %s", shorten(fmt.Sprint(k.Got), 80), k.Want)
	}
	return k.LocalizedString(message.NewPrinter(language.English))
}

func plainType(name string) string {
	switch name {
	case "object":
		return "mapping"
	case "array":
		return "list"
	}
	return name
}

// locationOf turns a location of the schema into a path: indexes of lists are
// told from keys by looking at the tree.
func locationOf(tree any, location []string) path {
	var at path
	for _, token := range location {
		switch value := tree.(type) {
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i >= len(value) {
				return at
			}
			at, tree = at.next(item(i)), value[i]
		default:
			at, tree = at.next(token), child(tree, token)
		}
	}
	return at
}

// valueAt is the value at a path of a tree, nil where there is none.
func valueAt(tree any, at path) any {
	for _, part := range at {
		list, isList := tree.([]any)
		if !isList {
			tree = child(tree, part)
			continue
		}
		i, err := strconv.Atoi(strings.TrimPrefix(part, "\x01"))
		if err != nil || i >= len(list) {
			return nil
		}
		tree = list[i]
	}
	return tree
}

// closest returns the candidate that is at most two edits away, or "".
func closest(word string, candidates []string) string {
	best, distance := "", 3
	for _, candidate := range candidates {
		if d := editDistance(word, candidate); d < distance && d < len(word) {
			best, distance = candidate, d
		}
	}
	return best
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
