package images

import (
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	fstypes "github.com/tonistiigi/fsutil/types"
)

func scanDir(t *testing.T, dir string, excludes ...string) scan {
	t.Helper()
	tree, err := openTree(dir, excludes)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tree.Close() }()
	found, err := scanTree(t.Context(), tree, readAll)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestATreeKeepsItsDigestUntilSomethingTheBuilderSeesChanges(t *testing.T) {
	cases := map[string]struct {
		change func(t *testing.T, dir string)
		same   bool
	}{
		"nothing":       {same: true, change: func(*testing.T, string) {}},
		"a file's time": {same: true, change: func(t *testing.T, dir string) { chtimes(t, dir+"/a.txt") }},
		"content":       {change: func(t *testing.T, dir string) { putFile(t, dir+"/a.txt", "other") }},
		"a mode bit":    {change: func(t *testing.T, dir string) { chmod(t, dir+"/a.txt", 0o755) }},
		"a new file":    {change: func(t *testing.T, dir string) { putFile(t, dir+"/new", "") }},
		"a new empty directory": {change: func(t *testing.T, dir string) {
			if err := os.Mkdir(dir+"/empty", 0o755); err != nil {
				t.Fatal(err)
			}
		}},
		"a file's name": {change: func(t *testing.T, dir string) {
			if err := os.Rename(dir+"/a.txt", dir+"/b.txt"); err != nil {
				t.Fatal(err)
			}
		}},
		"a link's target": {change: func(t *testing.T, dir string) {
			symlink(t, "elsewhere", dir+"/link2")
			if err := os.Rename(dir+"/link2", dir+"/link"); err != nil {
				t.Fatal(err)
			}
		}},
		"an ignored file": {same: true, change: func(t *testing.T, dir string) { putFile(t, dir+"/logs/x.log", "more") }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{"a.txt": "a", "sub/b.txt": "b", "logs/x.log": "log"})
			symlink(t, "a.txt", dir+"/link")
			before := scanDir(t, dir, "logs")
			c.change(t, dir)
			after := scanDir(t, dir, "logs")
			if (before.digest == after.digest) != c.same {
				t.Errorf("digest stays: %v, want %v", before.digest == after.digest, c.same)
			}
		})
	}
}

func TestTheDigestDoesNotDependOnTheOrderOfEntriesNorOnThePlace(t *testing.T) {
	entries := []entry{
		{stat: &fstypes.Stat{Path: "b", Mode: 0o644}, digest: digest.FromString("b")},
		{stat: &fstypes.Stat{Path: "a", Mode: 0o644}, digest: digest.FromString("a")},
	}
	one := summarise(entries)
	slices.Reverse(entries)
	if other := summarise(entries); one.digest != other.digest {
		t.Error("the order of entries changes the digest")
	}
	files := map[string]string{"a": "1", "d/b": "2"}
	first, second := scanDir(t, writeFiles(t, files)), scanDir(t, writeFiles(t, files))
	if first.digest != second.digest {
		t.Error("the place of a tree changes the digest")
	}
}

func TestALinkInAContextIsNeverFollowed(t *testing.T) {
	outside := writeFiles(t, map[string]string{"secret": "do not read"})
	dir := writeFiles(t, map[string]string{"a": "a"})
	symlink(t, outside+"/secret", dir+"/link")
	symlink(t, outside, dir+"/dir")
	tree, err := openTree(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tree.Close() }()
	hashed := []string{}
	_, err = scanTree(t.Context(), tree, func(path string, _ fs.FileInfo, _ func() (io.ReadCloser, error)) (digest.Digest, error) {
		hashed = append(hashed, filepath.Base(path))
		return digest.FromString("x"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a"}, hashed); diff != "" {
		t.Error("files read:", diff)
	}
	for _, path := range []string{"link", "dir/secret", "../" + filepath.Base(outside) + "/secret"} {
		if file, err := tree.Open(path); err == nil {
			_ = file.Close()
			t.Errorf("%s can be opened", path)
		}
	}
	before := scanDir(t, dir)
	putFile(t, outside+"/secret", "changed")
	if scanDir(t, dir).digest != before.digest {
		t.Error("what a link points to is part of the digest")
	}
}

func TestPipesAndSocketsInAContextAreLeftOutAndNamed(t *testing.T) {
	dir := writeFiles(t, map[string]string{"a": "a"})
	plain := scanDir(t, dir)
	if err := syscall.Mkfifo(dir+"/pipe", 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", dir+"/sock")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	found := scanDir(t, dir)
	if found.digest != plain.digest {
		t.Error("special files change the digest")
	}
	text := strings.Join(found.warnings, "\n")
	for _, want := range []string{"pipe is a named pipe", "sock is a socket"} {
		if !strings.Contains(text, want) {
			t.Errorf("warnings %q lack %q", text, want)
		}
	}
}

func TestIgnorePatternsWorkAsTheBuildersDo(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"main.go": "", "main_test.go": "", "node_modules/x/y.js": "", "docs/a.md": "", "docs/keep.md": "",
		"deep/er/x.tmp": "", ".git/HEAD": "",
	})
	found := scanDir(t, dir, "**/*_test.go", "node_modules", "docs/*", "!docs/keep.md", "**/*.tmp", ".git")
	var names []string
	for name := range found.named {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"deep/", "deep/er/", "docs/", "docs/keep.md", "main.go"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestABadIgnorePatternIsAnError(t *testing.T) {
	if _, err := parseIgnore([]byte("ok\n[broken\n"), ".dockerignore"); err == nil || !strings.Contains(err.Error(), "[broken") {
		t.Errorf("got %v", err)
	}
}

func TestALargeTreeIsRememberedByItsTopLevel(t *testing.T) {
	files := map[string]string{"go.mod": ""}
	for i := range maxNamed {
		files["pkg/file"+string(rune('A'+i%26))+string(rune('a'+i/26))] = ""
	}
	found := scanDir(t, writeFiles(t, files))
	if len(found.named) != 2 || found.named["pkg/"] == "" || found.named["go.mod"] == "" {
		t.Errorf("named: %v", found.named)
	}
}

func TestAHugeContextNamesItsBiggestDirectories(t *testing.T) {
	entries := []entry{
		{stat: &fstypes.Stat{Path: "web/node_modules/a", Mode: 0o644, Size: 400e6}},
		{stat: &fstypes.Stat{Path: "data.bin", Mode: 0o644, Size: 200e6}},
		{stat: &fstypes.Stat{Path: "main.go", Mode: 0o644, Size: 1000}},
	}
	got := hugeWarning("/app", summarise(entries).size, entries)
	for _, want := range []string{"/app has 600MB", "web/node_modules 400MB, data.bin 200MB", ".dockerignore"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestAFileThatCannotBeReadIsAnError(t *testing.T) {
	dir := writeFiles(t, map[string]string{"a": "a"})
	tree, err := openTree(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tree.Close() }()
	_, err = scanTree(t.Context(), tree, func(string, fs.FileInfo, func() (io.ReadCloser, error)) (digest.Digest, error) {
		return "", fs.ErrPermission
	})
	if err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
}

func chtimes(t *testing.T, path string) {
	t.Helper()
	if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}
