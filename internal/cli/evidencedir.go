package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/stackctl/stackctl/internal/cli/report"
	"github.com/stackctl/stackctl/internal/lock"
)

// evidenceList is the file that says when a run began to keep evidence in a
// directory, and what it has written there, a path a line. Nothing else is ever
// removed: the directory may be the user's own, with files of the user's.
const evidenceList = ".stackctl-evidence"

// evidenceFolder is a directory with the evidence of one run. Its methods may
// be called at the same time.
type evidenceFolder struct {
	dir string
	mu  sync.Mutex
}

// claimFolder makes dir the place for the evidence of a run that began at
// began, without what earlier runs have left. Where a run that went on at the
// same time has its evidence there, that stays, and the place is a directory
// within, called name.
func claimFolder(ctx context.Context, dir, name, locks string, began time.Time) (*evidenceFolder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // for others to read
		return nil, err
	}
	held, err := lock.Acquire(ctx, lock.Options{Dir: locks, Project: "evidence", Identity: []string{absolute(dir)}, Command: "stackctl", Wait: true})
	if err == nil {
		defer func() { _ = held.Release() }()
	}
	within, _ := filepath.Glob(filepath.Join(dir, "*", evidenceList)) // the pattern is right
	for _, list := range within {
		if _, err := forget(filepath.Dir(list), began); err != nil {
			return nil, err
		}
	}
	taken, err := forget(dir, began)
	if err != nil {
		return nil, err
	}
	if taken {
		dir = filepath.Join(dir, cmp.Or(name, "run-"+began.UTC().Format("150405.000000000")))
	}
	f := &evidenceFolder{dir: dir}
	return f, f.put(evidenceList, []byte(time.Now().UTC().Format(time.RFC3339Nano)+"\n"))
}

// absolute is a directory whatever the current one is, as far as that is known.
func absolute(dir string) string {
	if full, err := filepath.Abs(dir); err == nil {
		return full
	}
	return dir
}

// forget removes what a run has written to dir. True means that this was a run
// which went on after began: then nothing is removed.
func forget(dir string, began time.Time) (taken bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, evidenceList)) //nolint:gosec // the directory is the user's choice
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Scan()
	if at, failed := time.Parse(time.RFC3339Nano, lines.Text()); failed == nil && at.After(began) {
		return true, nil
	}
	files := []string{}
	for lines.Scan() {
		if filepath.IsLocal(lines.Text()) {
			files = append(files, lines.Text())
		}
	}
	for _, file := range append(files, evidenceList) {
		if failed := os.Remove(filepath.Join(dir, file)); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
		}
	}
	for _, sub := range append(foldersOf(files), ".") {
		_ = os.Remove(filepath.Join(dir, sub)) // those that hold something else stay
	}
	return false, err
}

// foldersOf are the directories that the files are in.
func foldersOf(files []string) []string {
	var out []string
	for _, file := range files {
		if sub := filepath.Dir(file); sub != "." && !slices.Contains(out, sub) {
			out = append(out, sub)
		}
	}
	return out
}

// save writes a file and takes it down as ours.
func (f *evidenceFolder) save(name string, text []byte) error {
	if err := f.note(name); err != nil {
		return err
	}
	return f.put(name, text)
}

func (f *evidenceFolder) note(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return appendTo(filepath.Join(f.dir, evidenceList), []byte(name))
}

func (f *evidenceFolder) put(name string, text []byte) error {
	file := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // for others to read
		return err
	}
	return report.Save(file, text)
}
