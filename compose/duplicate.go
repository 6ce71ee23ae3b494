package compose

import (
	"fmt"
	"reflect"

	"github.com/compose-spec/compose-go/v2/override"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// duplicates notes entries of a list that are there twice where docker compose
// drops one of them, and refuses them where it does, too.
func (s *sources) duplicates(src *source, at path, k *kind.UniqueItems) []Problem {
	list := asList(valueAt(src.tree, at))
	if !s.dropsDuplicates(src, at, len(list)) {
		here := at.next(item(k.Duplicates[1]))
		src.bad = append(src.bad, here)
		p := s.problemAt(src, here)
		p.Message = fmt.Sprintf("is the same as entry %d", k.Duplicates[0])
		p.Remedy = "remove one of them"
		return []Problem{p}
	}
	for i, entry := range list {
		for j, earlier := range list[:i] {
			if reflect.DeepEqual(entry, earlier) {
				p := s.problemAt(src, at.next(item(i)))
				p.Message = fmt.Sprintf("is the same as entry %d and is left out", j)
				s.ps.note(p)
				break
			}
		}
	}
	return nil
}

// dropsDuplicates says whether compose-go makes the entries of a list unique.
func (s *sources) dropsDuplicates(src *source, at path, before int) bool {
	unique, err := override.EnforceUnicity(copyOf(src.relevant()))
	if err != nil {
		return true // said elsewhere
	}
	return len(asList(valueAt(unique, at))) < before
}
