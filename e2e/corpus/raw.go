package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// isListedAsAccepted says whether a file that docker compose refuses has a
// field for which that is listed. The file itself is asked: what a program
// prints leaves out what is empty.
func isListedAsAccepted(c Case, listed []Difference) bool {
	for _, field := range fieldsOf(c) {
		if slices.ContainsFunc(listed, func(d Difference) bool { return d.Holds(Field{field, RefusedAlone, Accepted}) }) {
			return true
		}
	}
	return false
}

// fieldsOf are the paths of all fields of a project's own files.
func fieldsOf(c Case) (fields []string) {
	names := c.Files
	if len(names) == 0 {
		names = append(slices.Clone(found), "compose.override.yaml", "compose.override.yml", "docker-compose.override.yaml", "docker-compose.override.yml")
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(c.Dir, name))
		if err != nil {
			continue
		}
		var tree map[string]any
		if yaml.Unmarshal(text, &tree) == nil {
			fields = append(fields, pathsOf("", tree)...)
		}
	}
	return fields
}

func pathsOf(at string, value any) (paths []string) {
	switch v := value.(type) {
	case map[string]any:
		for key, entry := range v {
			here := strings.TrimPrefix(at+"."+key, ".")
			paths = append(append(paths, here), pathsOf(here, entry)...)
		}
	case []any:
		for i, entry := range v {
			here := fmt.Sprintf("%s[%d]", at, i)
			paths = append(append(paths, here), pathsOf(here, entry)...)
		}
	}
	return paths
}
