package corpus

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Field is a field of the model that differs: "" is one that is not there.
type Field struct{ Path, Compose, Stackctl string }

func (f Field) String() string {
	return fmt.Sprintf("%s: docker compose %s, stackctl %s", f.Path, shown(f.Compose), shown(f.Stackctl))
}

func shown(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// Difference is a field in which the models may differ. In all but Reason *
// stands for any text, and "" is a field that is not there.
type Difference struct{ Field, Compose, Stackctl, Reason string }

// Holds says whether a field is one of this kind.
func (d Difference) Holds(f Field) bool {
	return glob(d.Field, f.Path) && glob(d.Compose, f.Compose) && glob(d.Stackctl, f.Stackctl)
}

func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for i, part := range parts[1:] {
		if i == len(parts)-2 {
			return strings.HasSuffix(text, part)
		}
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}

// unordered are the lists whose order says nothing.
var unordered = []string{"services.*.extra_hosts", "services.*.build.extra_hosts", "services.*.build.ssh"}

// normal is a tree without what says nothing: fields that are empty, save
// commands and variables, for which empty and absent are two things.
func normal(at string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, entry := range v {
			here := strings.TrimPrefix(at+"."+key, ".")
			if entry := normal(here, entry); entry != nil || isMeant(here) {
				out[key] = entry
			}
		}
		if len(out) == 0 && !isMeant(at) {
			return nil
		}
		return out
	case []any:
		if len(v) == 0 && !isCommand(at) {
			return nil
		}
		out := make([]any, len(v))
		for i, entry := range v {
			out[i] = normal(fmt.Sprintf("%s[%d]", at, i), entry)
		}
		if slices.ContainsFunc(unordered, func(p string) bool { ok, _ := path.Match(p, at); return ok }) {
			slices.SortFunc(out, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		return out
	case string:
		return v
	}
	return value
}

func isCommand(at string) bool {
	return strings.HasSuffix(at, ".command") || strings.HasSuffix(at, ".entrypoint")
}

// isMeant says whether an entry means something although it is empty.
func isMeant(at string) bool {
	parts := strings.Split(at, ".")
	if len(parts) < 2 {
		return false
	}
	return slices.Contains([]string{"environment", "args", "networks", "volumes", "services"}, parts[len(parts)-2])
}

// diff lists the fields in which two trees differ.
func diff(at string, theirs, ours any) []Field {
	a, isMap := theirs.(map[string]any)
	b, areMaps := ours.(map[string]any)
	if isMap && areMaps {
		return diffMaps(at, a, b)
	}
	c, isList := theirs.([]any)
	d, areLists := ours.([]any)
	if isList && areLists && len(c) == len(d) {
		var out []Field
		for i := range c {
			out = append(out, diff(fmt.Sprintf("%s[%d]", at, i), c[i], d[i])...)
		}
		return out
	}
	if x, y := text(theirs), text(ours); x != y {
		return []Field{{at, x, y}}
	}
	return nil
}

func diffMaps(at string, a, b map[string]any) []Field {
	keys := map[string]bool{}
	for key := range a {
		keys[key] = true
	}
	for key := range b {
		keys[key] = true
	}
	var out []Field
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		here := strings.TrimPrefix(at+"."+key, ".")
		x, inA := a[key]
		y, inB := b[key]
		if inA != inB && (x == nil && y == nil) {
			out = append(out, Field{here, present(inA), present(inB)})
			continue
		}
		out = append(out, diff(here, x, y)...)
	}
	return out
}

func present(is bool) string {
	if is {
		return "null"
	}
	return ""
}

func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(value)
}
