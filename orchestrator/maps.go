package orchestrator

import (
	"maps"
	"slices"
)

// sortedKeys returns the keys of m in order, so that plans are the same each
// time.
func sortedKeys[M ~map[string]V, V any](m M) []string {
	return slices.Sorted(maps.Keys(m))
}
