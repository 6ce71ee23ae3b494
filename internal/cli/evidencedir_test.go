package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// claim makes a place for evidence and puts some there.
func claim(t *testing.T, dir, name string, began time.Time, files ...string) string {
	t.Helper()
	f, err := claimFolder(t.Context(), dir, name, t.TempDir(), began)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := f.save(file, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	return f.dir
}

// filesIn are the files below dir, without lists.
func filesIn(t *testing.T, dir string) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != evidenceList {
			rest, _ := filepath.Rel(dir, path)
			out = append(out, rest)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestEvidenceReplacesThatOfAnEarlierRunAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"logs/mine.log", "notes.txt", "inspect/x"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	claim(t, dir, "a", time.Now(), "report.json", "logs/web-1.log", "only/old.txt")
	if got := claim(t, dir, "b", time.Now(), "report.json", "logs/db-1.log"); got != dir {
		t.Errorf("the later run has its evidence in %s", got)
	}
	if got := filesIn(t, dir); got != "inspect/x logs/db-1.log logs/mine.log notes.txt report.json" {
		t.Errorf("there are %s", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "only")); err == nil {
		t.Error("an empty directory of the earlier run is left")
	}
}

func TestRunsAtTheSameTimeKeepTheirEvidenceApart(t *testing.T) {
	dir := t.TempDir()
	began := time.Now().Add(-time.Minute)
	first := claim(t, dir, "shop-1", began, "report.json")
	second := claim(t, dir, "shop-2", began, "report.json")
	third := claim(t, dir, "", began, "report.json")
	if first != dir || second != filepath.Join(dir, "shop-2") || third == dir || third == second {
		t.Errorf("they are in %s, %s and %s", first, second, third)
	}
	if got := len(strings.Fields(filesIn(t, dir))); got != 3 {
		t.Errorf("there are %d reports: %s", got, filesIn(t, dir))
	}
	claim(t, dir, "shop-3", time.Now(), "summary.md")
	if got := filesIn(t, dir); got != "summary.md" {
		t.Errorf("a run after all of them leaves %s", got)
	}
}

func TestAListOfEvidenceNamesNothingOutsideOfItsDirectory(t *testing.T) {
	dir := t.TempDir()
	inner := filepath.Join(dir, "out")
	claim(t, inner, "a", time.Now())
	outside := filepath.Join(dir, "precious")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(inner, evidenceList)
	if err := os.WriteFile(list, []byte("2020-01-01T00:00:00Z\n../precious\n"+outside+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	claim(t, inner, "b", time.Now())
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("a file outside is gone: %v", err)
	}
}

func TestOfALongLogTheLastWholeLinesAreKept(t *testing.T) {
	if got := lastBytes([]string{"one", "two", "three"}, 10); got != "(1 line before these left out)\ntwo\nthree\n" {
		t.Errorf("kept is %q", got)
	}
	if got := lastBytes([]string{"one", "two"}, 8); got != "one\ntwo\n" {
		t.Errorf("kept is %q", got)
	}
	if got := lastBytes(nil, 8); got != "" {
		t.Errorf("kept is %q", got)
	}
}
