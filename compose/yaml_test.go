package compose

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gopkg.in/yaml.v3"
)

// awkward are strings that one YAML writer or reader or another gets wrong.
func awkward() []string {
	return []string{
		"", " ", "\n", "\n\n", "\nwelcome\n", "\n    sleep 300\n", "\n  indented first\nsecond\n", "  indented\nsecond",
		"first\n\n\nlast", "first\nlast\n\n\n", "first \nlast ", "\ttab\n\ttab\n", "a\tb", "first\n\ttab\n", "\n\ttab\n", " blank", "blank ",
		"# no comment", "a # b", "a #b", "a: b", "a:", ":", "- a", "-", "--", "---", "--- a", "...", "--flag", "-1", "-.5", "-.inf", "? a", "?",
		"&a", "*a", "!a", "!!str a", "| a", "> a", "%a", "@a", "`a`", "[a]", "{a}", "a, b", "[]", "{}", "'a'", `"a"`, `'a" b`, `a\n`, `\`,
		"~", "null", "Null", "true", "True", "yes", "NO", "on", "off", "y", "n", "=", "<<",
		"1", "1.5", "1e3", "0x1f", "0o17", "017", "0b11", "1_000", "12:30", "12:30:45", ".5", ".inf", ".NaN", "+1", "1.", "2026-01-31",
		"2026-01-31T10:00:00Z", "127.0.0.1", "10.9.0.0/24", "::1", "3b", "1.2.3",
		"a\r\nb", "a\rb", "\u0085", "a\u0085b\n", "a\u2028b\u2029\nc", "\ufeffa", "a\ufeff\nb", "\u00a0\n\u00a0", "\x00", "\x01\x1f\x7f", "\x1b[31m\n", "\u0080\u009f",
		"\ufffd", "\uffff", "\U0001f600", "\U0001f600\nsmile", "\U000e0001", "\U0010ffff", "é", "日本\n語\n", "\xff\xfe", "a\x80\nb", "$A\x81",
		"$", "$$", "${A}", "$A", "a$", "{{.Name}}", strings.Repeat("long ", 300), strings.Repeat("x\n", 300),
	}
}

func TestEveryStringComesBackFromWhatIsWritten(t *testing.T) {
	for _, text := range awkward() {
		want := map[string]any{"k": text, "list": []any{text, []any{text}, map[string]any{"deep": text, "k": []any{text}}}}
		if len(text) < maxKey && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			want["key "+text] = "v"
		}
		root, err := toNode(want)
		if err != nil {
			t.Fatal(err)
		}
		var w, j writer
		w.block(root, 0, false)
		readsAs(t, w.String(), want)
		if err := j.json(root, "\n"); err != nil {
			if utf8.ValidString(text) {
				t.Errorf("%q as JSON: %v", text, err)
			}
			continue
		}
		readsAs(t, j.String(), want)
		var got map[string]any
		if err := json.Unmarshal([]byte(j.String()), &got); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%q as JSON is %q, %v", text, got, err)
		}
	}
}

func TestALongKeyComesBackFromYAML(t *testing.T) {
	want := map[string]any{"a": map[string]any{strings.Repeat("k", 2000): "v", strings.Repeat("l", 2000): map[string]any{"k": []any{"v"}}}}
	root, err := toNode(want)
	if err != nil {
		t.Fatal(err)
	}
	var w writer
	w.block(root, 0, false)
	readsAs(t, w.String(), want)
}

func readsAs(t *testing.T, text string, want map[string]any) {
	t.Helper()
	var got map[string]any
	if err := yaml.Unmarshal([]byte(text), &got); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\nin\n%s", diff, text)
	}
}

// TestFilesAreFixedPoints prints each file, reads what was printed, and prints
// that: whatever config says is what up does with it.
func TestFilesAreFixedPoints(t *testing.T) {
	files := testFiles(t, "valid-*.yaml")
	for _, pattern := range []string{"../examples/*/docker-compose.yml", "../docker-compose.yml"} {
		more, err := filepath.Glob(pattern)
		if err != nil || len(more) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			p, err := Load(t.Context(), Options{Files: []string{file}, WithoutFiles: true,
				Environ: []string{"SET=set", "EMPTY=", "FROM_OUTSIDE=outside", "HOME_DIR=/home"}})
			if err != nil {
				t.Fatal(err)
			}
			isFixedPoint(t, p)
		})
	}
}

// isFixedPoint checks that a project read back from what it is printed as is
// the same one.
func isFixedPoint(t *testing.T, p *Project) {
	t.Helper()
	for _, form := range []struct {
		name  string
		print func(*Project, PrintOptions) ([]byte, error)
	}{{"YAML", (*Project).YAML}, {"JSON", (*Project).JSON}} {
		for _, o := range []PrintOptions{{}, {ShowSecrets: true}} {
			text, err := form.print(p, o)
			if form.name == "JSON" && err != nil {
				continue // a value that is not text
			}
			if err != nil {
				t.Fatal(err)
			}
			again := readBack(t, p, text)
			second, err := form.print(again, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(text), string(second)); diff != "" {
				t.Errorf("%s, printed again:\n%s", form.name, diff)
			}
			if o.ShowSecrets {
				sameProject(t, p, again)
			}
		}
	}
}

func readBack(t *testing.T, p *Project, text []byte) *Project {
	t.Helper()
	file := filepath.Join(t.TempDir(), "printed.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Load(t.Context(), Options{Files: []string{file}, Dir: p.Dir, WithoutFiles: true, Profiles: []string{"*"}})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return again
}

func sameProject(t *testing.T, p, again *Project) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		if diff := cmp.Diff(p.Services[name].ServiceConfig, again.Services[name].ServiceConfig, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s, read again:\n%s", name, diff)
		}
		if p.Services[name].Hash(p) != again.Services[name].Hash(again) {
			t.Errorf("%s would be recreated", name)
		}
	}
}

func TestASecretIsHiddenInBytesThatAreNoText(t *testing.T) {
	file := filepath.Join(t.TempDir(), "compose.yaml")
	const body = "name: x\nservices: {a: {image: a, environment: {DB_PASSWORD: correct-horse}, command: [!!binary /2NvcnJlY3QtaG9yc2U=]}}\n"
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Load(t.Context(), Options{Files: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.YAML(PrintOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Services map[string]struct{ Command []string }
	}
	if err := yaml.Unmarshal(text, &got); err != nil || !cmp.Equal(got.Services["a"].Command, []string{"\xff[redacted]"}) {
		t.Errorf("%q, %v in\n%s", got.Services["a"].Command, err, text)
	}
}

// FuzzConfigIsAFixedPoint puts a text wherever a file may hold any.
func FuzzConfigIsAFixedPoint(f *testing.F) {
	for _, text := range awkward() {
		f.Add(text, "key")
	}
	f.Add("text", "a: #b")
	dir := f.TempDir()
	file := filepath.Join(dir, "compose.yaml")
	const base = "name: x\nservices: {a: {image: a, configs: [c]}}\nconfigs: {c: {content: a}}\n---\nservices: {a: {command: b}}\n"
	if err := os.WriteFile(file, []byte(base), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, key string) {
		if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == '=' || r == utf8.RuneError }) || len(key) > 100 || len(text) > 1<<12 {
			t.Skip()
		}
		p, err := Load(t.Context(), Options{Files: []string{file}, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		fill(p, text, key)
		isFixedPoint(t, p)
	})
}

func fill(p *Project, text, key string) {
	s := p.Services["a"]
	s.Command = []string{"sh", "-c", text}
	s.Entrypoint = []string{text, "\n" + text}
	s.Environment = map[string]*string{"V": &text, "k" + key: &text}
	s.Labels = map[string]string{"l": text, "k" + key: text}
	s.HealthCheck = &types.HealthCheckConfig{Test: []string{"CMD", text}}
	s.Extensions = map[string]any{"x-any": map[string]any{"k": text, "list": []any{text, text}}}
	c := p.Configs["c"]
	c.Content = text
	p.Configs["c"], p.Source.Configs["c"] = c, c
	p.Source.Extensions = map[string]any{"x-top": []any{text, map[string]any{"k" + key: text}}}
	p.readContents(nil)
}
