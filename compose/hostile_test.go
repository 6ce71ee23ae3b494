package compose

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// bomb is a document of a few hundred bytes with 9^depth values in it.
func bomb(depth int) string {
	var b strings.Builder
	b.WriteString("x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n")
	for i := 1; i < depth; i++ {
		alias := fmt.Sprintf("*a%d", i-1)
		fmt.Fprintf(&b, "x-%d: &a%d [%s]\n", i, i, strings.Join([]string{alias, alias, alias, alias, alias, alias, alias, alias, alias}, ", "))
	}
	return b.String() + "services: {a: {image: x}}\n"
}

func TestHostileTextIsRefusedWithItsPlaceInBoundedTimeAndMemory(t *testing.T) {
	const service = "services:\n  a:\n    image: x\n"
	big := strings.Repeat("x", 3*MaxFileSize/2)
	cases := []struct{ name, text, want string }{
		{"an empty file", "", ":1:1: the file is empty"},
		{"only a comment", "# nothing\n", ":1:1: the file is empty"},
		{"an env file without a name", service + "    env_file: ['']\n", ":4:16: services.a.env_file[0]: the path of the env file is empty"},
		{"a label file without a name", service + "    label_file: ['']\n", ":4:18: services.a.label_file[0]: the path of the label file is empty"},
		{"a tab in the indentation", "services:\n\ta: {image: x}\n", ":2:1: a tab in the indentation; indent with spaces"},
		{"a duplicate key", service + "    image: y\n", ":4:5: services.a.image: the key is already on line 3"},
		{"a document that is no mapping after one that is", service + "---\n[a]\n", ":5:1: the top level must be a mapping"},
		{"a fault in a second document", service + "---\nservices: {a: {user: x, user: y}}\n", ":5:25: services.a.user: the key is already on line 5"},
		{"many documents that are small alone", service + strings.Repeat("---\nx-a: &a [1,1,1,1,1,1,1,1,1,1]\nx-b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nx-c: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n", 200), "values with its aliases expanded"},
		{"a NUL", "services:\n  a: {image: \"x\x00\"}\n", ":2:16: control character 0x00"},
		{"a byte order mark and nothing more", "\ufeff\n", ":1:1: the file is empty"},
		{"a byte order mark behind the beginning", "services: {a: {image: x, user: \ufeffx, nope: y}}\n", "services.a.nope: unknown key"},
		{"a key that is indented less than those before it", service + "   command: y\n", ":4: the indentation fits no key above"},
		{"UTF-16", "\xff\xfes\x00e\x00", ":1:1: the file is UTF-16"},
		{"bytes that are no UTF-8", service + "    user: \"\xff\"\n", ":4:12: byte 0xff is not UTF-8"},
		{"an escape in a key", service + "    \"us\\ter\": x\n", ":4:5: services.a: the key \"us\\ter\" holds a control character"},
		{"deep lists", "services: " + strings.Repeat("[", 100_000), "compose.yaml"},
		{"deep mappings", "services: " + strings.Repeat("{a: ", 100_000), "compose.yaml"},
		{"deep block lists", "x-a:\n  " + strings.Repeat("- ", 100_000) + "a\n", "compose.yaml"},
		{"closed deep lists", "x-a: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n" + service, "nested deeper than 128 levels"},
		{"billion laughs", bomb(12), "values with its aliases expanded"},
		{"an alias of itself", "x-a: &a [*a]\n" + service, "the alias holds itself"},
		{"a mapping that merges itself", "x-a: &a\n  <<: *a\n" + service, "the alias holds itself"},
		{"an unknown alias", "services: {a: *nope}\n", ":1:15: unknown anchor"},
		{"a million values", "x-a: [" + strings.Repeat("a,", 900_000) + "]\n" + service, "more than 30000 values"},
		{"very many values", "x-a: [" + strings.Repeat("a,", 28_000) + "&a [*a]]\n" + service, "the alias holds itself"},
		{"a huge file", service + "x-a: " + big + "\n", "larger than 2 MiB"},
		{"a scalar for a document", "hello\n", ":1:1: the top level must be a mapping"},
		{"a list for services", "services: [a]\n", ":1:1: services: must be a mapping, not a list"},
		{"a number for a service", "services: {a: 3}\n", ":1:12: services.a: must be a mapping, not a number"},
		{"a null for a service", "services: {a: }\n", "services.a"},
		{"a text that imitates the terminal", "services: {a: {\"\\u202eimage\": x}}\n", `\u202eimage`},
	}
	// The schema is compiled once per process; that is not what is measured.
	mustLoad(t, service)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{"compose.yaml": c.text})
			took, used, err := bestOfThree(t, dir)
			if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), c.want) {
				t.Errorf("class %v, error %.300v, want %s", fault.ClassOf(err), err, c.want)
			}
			if limit := time.Second * slowdown; took > limit {
				t.Errorf("took %v, more than %v", took, limit)
			}
			if used > 64<<20 {
				t.Errorf("allocated %d MiB", used>>20)
			}
			if strings.ContainsFunc(strings.ReplaceAll(err.Error(), "\n", ""), unprintable) {
				t.Errorf("unprintable characters in %q", err)
			}
		})
	}
}

// bestOfThree loads a directory three times and returns the shortest time, so
// that what else the machine does is not measured, and the bytes allocated.
func bestOfThree(t *testing.T, dir string) (took time.Duration, used uint64, err error) {
	t.Helper()
	for i := range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err = Load(t.Context(), Options{WorkingDir: dir})
		if elapsed := time.Since(start); i == 0 || elapsed < took {
			took = elapsed
		}
		runtime.ReadMemStats(&after)
		used = after.TotalAlloc - before.TotalAlloc
	}
	return took, used, err
}

func TestAByteOrderMarkBeforeTheFileMeansNothing(t *testing.T) {
	if p := mustLoad(t, "\ufeffservices: {a: {image: x}}\n"); p.Services["a"] == nil {
		t.Errorf("services %v", p.ServiceNames())
	}
	_, err := loadText(t, "\ufeffservices:\n  a: {image: x, restrat: y}\n")
	if err == nil || !strings.Contains(err.Error(), "compose.yaml:2:17: services.a.restrat") {
		t.Errorf("%v", err)
	}
}

func TestVariablesThatMultiplyAreBounded(t *testing.T) {
	var env strings.Builder
	env.WriteString("A0=" + strings.Repeat("x", 1000) + "\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&env, "A%d=$A%d$A%d\n", i, i-1, i-1)
	}
	start := time.Now()
	_, err := loadDir(t, map[string]string{".env": env.String(), "compose.yaml": "services: {a: {image: x}}"}, Options{})
	if fault.ClassOf(err) != fault.Config || time.Since(start) > time.Second*slowdown {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	long := "services: {a: {image: \"" + strings.Repeat("$A", 100_000) + "\"}}"
	_, err = loadText(t, long, "A="+strings.Repeat("x", 100_000))
	if fault.ClassOf(err) != fault.Config {
		t.Error(err)
	}
}

func TestOddFilesAreRefusedAndNeverHang(t *testing.T) {
	dir := writeFiles(t, map[string]string{"dir.yaml/x": ""})
	fifo := filepath.Join(dir, "fifo.yaml")
	makeFIFO(t, fifo)
	for _, file := range []string{"dir.yaml", "fifo.yaml", "missing.yaml", "/dev/zero", "https://example.com/compose.yaml", "oci://example.com/x"} {
		_, err := Load(t.Context(), Options{WorkingDir: dir, Files: []string{file}})
		if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: class %v, error %v", file, fault.ClassOf(err), err)
		}
	}
	_, err := Load(t.Context(), Options{WorkingDir: dir, Files: []string{"missing.yaml"}, EnvFiles: []string{"fifo.yaml"}})
	if fault.ClassOf(err) != fault.Config {
		t.Errorf("env file: %v", err)
	}
}

func TestAPanicOfALibraryIsAnError(t *testing.T) {
	err := guard(func() error {
		list := []int{}
		list[len(list)] = 1
		return nil
	})
	if err == nil {
		t.Fatal("no error")
	}
}

func TestTheEndOfTheContextEndsLoading(t *testing.T) {
	dir := writeFiles(t, map[string]string{"compose.yaml": "services: {a: {image: x}}"})
	ctx, cancel := contextWithCancel(t)
	cancel()
	if _, err := Load(ctx, Options{WorkingDir: dir}); err == nil || ctx.Err() == nil {
		t.Fatalf("error %v", err)
	}
}

func TestHostileProjectNamesAreRefusedAndShownEscaped(t *testing.T) {
	dir := writeFiles(t, map[string]string{"compose.yaml": "services: {a: {image: x}}"})
	for _, name := range []string{"../x", "a b", "App", strings.Repeat("a", 300), "🎉", "a\u202eb", "аpp", "-x", "_", "a/b", "x\x1b[2J"} {
		for _, o := range []Options{{Name: name}, {Environ: []string{"COMPOSE_PROJECT_NAME=" + name}}} {
			o.WorkingDir = dir
			_, err := Load(t.Context(), o)
			if fault.ClassOf(err) != fault.Config || strings.ContainsFunc(err.Error(), unprintable) || !isASCII(err.Error()) {
				t.Errorf("%+q: class %v, error %v", name, fault.ClassOf(err), err)
			}
		}
	}
	for _, name := range []string{"🎉", "a\\u202eb", "аpp", "a/b"} {
		_, err := loadText(t, fmt.Sprintf("name: \"%s\"\nservices: {a: {image: x}}", name))
		if fault.ClassOf(err) != fault.Config || !isASCII(err.Error()) {
			t.Errorf("name: %+q: %v", name, err)
		}
	}
	if p := mustLoad(t, "name: My App\nservices: {a: {image: x}}"); p.Name != "myapp" {
		t.Errorf("name %q", p.Name)
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(strings.ReplaceAll(s, "…", ""), func(r rune) bool { return r > 0x7e })
}

func TestALinkOutOfTheTreeItIsNamedInIsRefused(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"inside/part.yaml": "services: {b: {image: x}}",
		"inside/values":    "A=1",
	})
	outside := t.TempDir()
	writeFile(t, filepath.Join(outside, "part.yaml"), "services: {b: {image: x}}")
	writeFile(t, filepath.Join(outside, "values"), "A=1")
	for link, to := range map[string]string{
		"out.yaml": filepath.Join(outside, "part.yaml"), "out.env": filepath.Join(outside, "values"), "outdir": outside,
		"in.yaml": "inside/part.yaml", "in.env": "inside/values",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	refused := map[string]string{
		"include":             "include: [out.yaml]\nservices: {a: {image: x}}",
		"a linked directory":  "include: [outdir/part.yaml]\nservices: {a: {image: x}}",
		"include env_file":    "include: [{path: inside/part.yaml, env_file: out.env}]\nservices: {a: {image: x}}",
		"extends":             "services: {a: {extends: {file: out.yaml, service: b}}}",
		"env_file":            "services: {a: {image: x, env_file: out.env}}",
		"label_file":          "services: {a: {image: x, label_file: out.env}}",
		"secret":              "services: {a: {image: x, secrets: [s]}}\nsecrets: {s: {file: out.env}}",
		"config":              "services: {a: {image: x, configs: [s]}}\nconfigs: {s: {file: ./out.env}}",
		"x-stackctl password": "services: {a: {image: x, x-stackctl: {verify: [{postgres: {password_file: out.env}}]}}}",
	}
	for name, text := range refused {
		writeFile(t, filepath.Join(dir, "compose.yaml"), text)
		_, err := Load(t.Context(), Options{WorkingDir: dir})
		if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), "symbolic link") || !strings.Contains(err.Error(), "compose.yaml:") {
			t.Errorf("%s: %v", name, err)
		}
	}
	accepted := map[string]string{
		"a link inside":    "include: [in.yaml]\nservices: {a: {image: x, env_file: in.env}}",
		"a path with dots": "include: [" + mustRel(t, dir, outside) + "/part.yaml]\nservices: {a: {image: x, env_file: " + mustRel(t, dir, outside) + "/values}}",
		"an absolute path": "include: [" + outside + "/part.yaml]\nservices: {a: {image: x}}",
	}
	for name, text := range accepted {
		writeFile(t, filepath.Join(dir, "compose.yaml"), text)
		if _, err := Load(t.Context(), Options{WorkingDir: dir}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func mustRel(t *testing.T, dir, file string) string {
	t.Helper()
	rel, err := filepath.Rel(dir, file)
	if err != nil {
		t.Fatal(err)
	}
	return rel
}

func TestErrorsAboutEnvFilesNeverQuoteTheirLines(t *testing.T) {
	for _, text := range []string{"PASSWORD=\"hunter2hunter2\n", "hunter2hunter2!\n", "P=${hunter2hunter2\n", "A B=hunter2hunter2\n"} {
		_, err := loadDir(t, map[string]string{".env": text, "compose.yaml": "services: {a: {image: x}}"}, Options{})
		if fault.ClassOf(err) != fault.Config || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), ".env:1") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
