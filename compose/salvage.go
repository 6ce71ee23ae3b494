package compose

import (
	"slices"
	"strconv"
	"strings"
)

// salvage is a copy of the file's values without the bad ones, so that what is
// wrong elsewhere can be found too.
func (src *source) salvage() map[string]any {
	var out any = copyOf(src.tree)
	bad := slices.Clone(src.bad)
	// Later elements of a list go first, so that the indexes of the others
	// still hold.
	slices.SortFunc(bad, func(a, b path) int { return slices.CompareFunc(b, a, compareElements) })
	for _, at := range slices.CompactFunc(bad, slices.Equal[path]) {
		if len(at) > 0 {
			out = without(out, at)
		}
	}
	mapping, _ := out.(map[string]any)
	return mapping
}

// isBad says whether a value is one of the bad ones in any file.
func (s *sources) isBad(at path) bool {
	return slices.ContainsFunc(s.all, func(src *source) bool {
		return slices.ContainsFunc(src.bad, func(bad path) bool { return slices.Equal(bad, at) })
	})
}

func compareElements(a, b string) int {
	i, errA := strconv.Atoi(strings.TrimPrefix(a, "\x01"))
	j, errB := strconv.Atoi(strings.TrimPrefix(b, "\x01"))
	if errA == nil && errB == nil {
		return i - j
	}
	return strings.Compare(a, b)
}

// without returns value with what stands at the path removed.
func without(value any, at path) any {
	switch v := value.(type) {
	case map[string]any:
		if len(at) == 1 {
			delete(v, at[0])
		} else if below, ok := v[at[0]]; ok {
			v[at[0]] = without(below, at[1:])
		}
	case []any:
		i, err := strconv.Atoi(strings.TrimPrefix(at[0], "\x01"))
		if err != nil || i >= len(v) {
			return v
		}
		if len(at) == 1 {
			return slices.Delete(v, i, i+1)
		}
		v[i] = without(v[i], at[1:])
	}
	return value
}
