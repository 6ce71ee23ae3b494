package corpus

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/compose"
)

// all are the cases of the corpus, those of more among them.
func all(t *testing.T, more string) []Case {
	t.Helper()
	dir := t.TempDir()
	if err := ComposeGo(filepath.Join(dir, "compose-go")); err != nil {
		t.Fatal(err)
	}
	if err := copyTree("../../examples", filepath.Join(dir, "examples")); err != nil {
		t.Fatal(err)
	}
	if err := Generate(filepath.Join(dir, "generated")); err != nil {
		t.Fatal(err)
	}
	if err := Large(filepath.Join(dir, "large"), 60); err != nil {
		t.Fatal(err)
	}
	if more != "" {
		if err := copyTree(more, filepath.Join(dir, "more")); err != nil {
			t.Fatal(err)
		}
	}
	cases, err := Collect(dir)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// TestConfigIsAFixedPoint reads back what is printed of every file, with and
// without secrets, as YAML and as JSON.
func TestConfigIsAFixedPoint(t *testing.T) {
	checked := 0
	for _, c := range all(t, "") {
		o := compose.Options{Files: c.Files, WorkingDir: c.Dir, Environ: environment(), WithoutFiles: true}
		p, err := compose.Load(t.Context(), o)
		if err != nil {
			continue // TestThePeerReadsTheSameOfEveryFile says which must be read
		}
		checked++
		for _, show := range []bool{false, true} {
			for _, print := range []func(*compose.Project, compose.PrintOptions) ([]byte, error){(*compose.Project).YAML, (*compose.Project).JSON} {
				first, err := print(p, compose.PrintOptions{ShowSecrets: show})
				if err != nil {
					t.Fatalf("%s: %v", c.Name, err)
				}
				o := compose.Options{Files: []string{"-"}, Dir: p.NamedDir, Stdin: bytes.NewReader(first), WorkingDir: c.Dir, WithoutFiles: true, Environ: environment(), Profiles: []string{"*"}}
				again, err := compose.Load(t.Context(), o)
				if err != nil {
					t.Errorf("%s, read back: %v", c.Name, err)
					continue
				}
				second, err := print(again, compose.PrintOptions{ShowSecrets: show})
				if diff := cmp.Diff(string(first), string(second)); err != nil || diff != "" {
					t.Errorf("%s, printed again: %v\n%s", c.Name, err, diff)
				}
				for name, s := range p.Services {
					if show && s.Hash(p) != again.Services[name].Hash(again) {
						t.Errorf("%s: %s would be recreated", c.Name, name)
					}
				}
			}
		}
	}
	if checked < 500 {
		t.Errorf("only %d files were read", checked)
	}
}

func join(lines []string) string { return "\t" + strings.Join(lines, "\n\t") }
