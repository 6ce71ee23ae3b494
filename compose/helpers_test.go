package compose

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// update rewrites generated files instead of comparing them.
var update = flag.Bool("update", false, "rewrite golden files and docs/compose-support.md")

// loadText loads one compose file from an empty directory.
func loadText(t *testing.T, text string, environ ...string) (*Project, error) {
	t.Helper()
	return loadDir(t, map[string]string{"compose.yaml": text}, Options{Environ: environ})
}

// loadDir loads a project from a directory of its own with the given files.
func loadDir(t *testing.T, files map[string]string, o Options) (*Project, error) {
	t.Helper()
	o.WorkingDir = writeFiles(t, files)
	return Load(t.Context(), o)
}

// writeFiles makes a directory called app with the given files.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		writeFile(t, filepath.Join(dir, name), text)
	}
	return dir
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustLoad(t *testing.T, text string, environ ...string) *Project {
	t.Helper()
	p, err := loadText(t, text, environ...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func makeFIFO(t *testing.T, file string) {
	t.Helper()
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
}

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}
