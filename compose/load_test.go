package compose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/internal/fault"
)

func testFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return files
}

func TestValidFilesResolveToWhatTheirGoldenFilesSay(t *testing.T) {
	for _, file := range testFiles(t, "valid-*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			p, err := Load(t.Context(), Options{Files: []string{file}, Name: "golden",
				Environ: []string{"SET=set", "EMPTY=", "FROM_OUTSIDE=outside", "HOME_DIR=/home"}})
			if err != nil {
				t.Fatal(err)
			}
			printed, err := p.YAML(PrintOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(string(printed), p.Dir, "/DIR")
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				writeGolden(t, golden, got)
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func writeGolden(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestInvalidFilesReportEverythingThatTheySay reads the comments "# want: ..."
// of each file: every one must be part of one problem, and no problem may be
// left over.
func TestInvalidFilesReportEverythingThatTheySay(t *testing.T) {
	for _, file := range testFiles(t, "invalid-*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Load(t.Context(), Options{Files: []string{file}})
			if fault.ClassOf(err) != fault.Config {
				t.Fatalf("class %v, error %v", fault.ClassOf(err), err)
			}
			lines := strings.Split(err.Error(), "\n")
			for _, want := range wants(t, file) {
				i := indexContaining(lines, want)
				if i < 0 {
					t.Errorf("not reported: %s", want)
					continue
				}
				lines = append(lines[:i], lines[i+1:]...)
			}
			for _, line := range lines {
				t.Errorf("reported too: %s", line)
			}
		})
	}
}

func wants(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if want, ok := strings.CutPrefix(line, "# want: "); ok {
			out = append(out, want)
		}
	}
	if len(out) == 0 {
		t.Fatal("the file says nothing about what is wrong with it")
	}
	return out
}

func indexContaining(lines []string, part string) int {
	for i, line := range lines {
		if strings.Contains(line, part) {
			return i
		}
	}
	return -1
}
