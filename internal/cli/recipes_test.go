package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// callOfOurs is a call of stackctl within a recipe or a page, up to the end of
// its line or of its quotes.
var callOfOurs = regexp.MustCompile("(?m)(?:^|run: |- |sh '|`|\\()(stackctl [a-z-][^'`)\n]*)")

func TestTheRecipesCallWhatExists(t *testing.T) {
	calls := 0
	for _, pattern := range []string{"../../examples/ci/*", "../../docs/testing.md", "../../examples/*test/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range callOfOurs.FindAllStringSubmatch(string(text), -1) {
				calls++
				checkCall(t, file, m[1])
			}
		}
	}
	if calls < 10 {
		t.Errorf("only %d calls were found", calls)
	}
}

// checkCall parses a call as stackctl would.
func checkCall(t *testing.T, file, call string) {
	t.Helper()
	words := strings.Fields(call)[1:]
	if at := slices.Index(words, "--"); at >= 0 {
		words = words[:at]
	}
	root := newApp(Streams{}, nil, "", operations{}).rootCommand()
	cmd, rest, err := root.Traverse(words)
	if err == nil && cmd == root {
		t.Errorf("%s: %q names no command", file, call)
		return
	}
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err != nil {
		t.Errorf("%s: %q: %v", file, call, err)
	}
}

func TestTheRecipesForCISystemsAreYAML(t *testing.T) {
	for file, jobs := range map[string]string{"github-actions.yml": "jobs", "gitlab-ci.yml": "test"} {
		text, err := os.ReadFile(filepath.Join("../../examples/ci", file))
		if err != nil {
			t.Fatal(err)
		}
		var recipe map[string]any
		if err := yaml.Unmarshal(text, &recipe); err != nil || recipe[jobs] == nil {
			t.Errorf("%s: %v", file, err)
		}
		if !strings.Contains(string(text), artifactsOnCI) {
			t.Errorf("%s does not keep what is in %s", file, artifactsOnCI)
		}
	}
}
