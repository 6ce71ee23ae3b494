package corpus

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// ComposeGo lays out compose-go's own test data in a directory: its test files
// as they are, and every compose file that its tests hold as text. They come
// from the module cache; no copy of them is kept.
func ComposeGo(dir string) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/compose-spec/compose-go/v2").Output()
	if err != nil {
		return fmt.Errorf("find compose-go: %w", err)
	}
	module := strings.TrimSpace(string(out))
	for _, name := range []string{"cli/testdata", "loader/testdata", "loader/tests"} {
		if err := copyTree(filepath.Join(module, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return filepath.WalkDir(module, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		rel, err := filepath.Rel(module, path)
		if err != nil {
			return err
		}
		return writeTexts(path, filepath.Join(dir, "texts", strings.TrimSuffix(rel, "_test.go")))
	})
}

// writeTexts writes each compose file that a Go file holds as text into a
// directory of its own.
func writeTexts(file, dir string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return err
	}
	n := 0
	var failed error
	ast.Inspect(parsed, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return failed == nil
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil || !strings.Contains(text, "services:") || !strings.Contains(text, "\n") {
			return failed == nil
		}
		n++
		failed = write(filepath.Join(dir, fmt.Sprintf("%03d", n), "compose.yaml"), text)
		return failed == nil
	})
	return failed
}

func write(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600)
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return write(filepath.Join(to, rel), string(text))
	})
}
