package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// keepOwnKeys saves names of the author's own that begin with x-, like a label
// x-team: compose-go takes every such key for an extension, in these mappings
// too, and drops it. Where a list is as good, the mapping becomes one; where
// none is, the key is reported.
func (b *builder) keepOwnKeys(model map[string]any) {
	for _, section := range []string{"services", "networks", "volumes"} {
		entries, _ := model[section].(map[string]any)
		for name, entry := range entries {
			at := path{section, name}
			keepIn(entry, "environment", "labels", "annotations", "sysctls")
			keepIn(child(entry, "build"), "args", "labels")
			b.reportIn(child(entry, "driver_opts"), at.next("driver_opts"))
			b.reportIn(child(child(entry, "logging"), "options"), at.next("logging").next("options"))
		}
	}
}

func keepIn(value any, keys ...string) {
	owner, _ := value.(map[string]any)
	for _, key := range keys {
		if values, ok := owner[key].(map[string]any); ok && hasOwnKey(values) {
			owner[key] = asAssignments(values)
		}
	}
}

func (b *builder) reportIn(value any, at path) {
	values, _ := value.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if strings.HasPrefix(key, "x-") {
			b.ps.add(b.sources.problem(at.next(key), "a key that begins with x- has no effect here", "remove it"))
		}
	}
}

func hasOwnKey(values map[string]any) bool {
	for key := range values {
		if strings.HasPrefix(key, "x-") {
			return true
		}
	}
	return false
}

// asAssignments is a mapping in list form: "key=value", or "key" for a null.
func asAssignments(values map[string]any) []any {
	out := make([]any, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if values[key] == nil {
			out = append(out, key)
			continue
		}
		out = append(out, fmt.Sprintf("%s=%v", key, values[key]))
	}
	return out
}
