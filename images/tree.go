package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/moby/patternmatcher"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// tree is a directory as a build sees it: without what the ignore file takes
// out, symbolic links as links, nothing from outside. What is hashed and what
// is sent to the builder is read through the same tree.
type tree struct {
	dir  string
	root *os.Root
	fsutil.FS

	mu      sync.Mutex
	skipped map[string]string
}

// openTree opens dir without what the patterns exclude.
func openTree(dir string, excludes []string) (*tree, error) {
	if _, err := patternmatcher.New(excludes); err != nil {
		return nil, fmt.Errorf("ignore file of %s: %w", dir, err)
	}
	resolved, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("build context: %w", err)
	}
	root, err := os.OpenRoot(resolved)
	if err != nil {
		return nil, fmt.Errorf("build context: %w", err)
	}
	t := &tree{dir: resolved, root: root, skipped: map[string]string{}}
	if t.FS, err = t.filter(excludes); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("build context %s: %w", dir, err)
	}
	return t, nil
}

func (t *tree) filter(excludes []string) (fsutil.FS, error) {
	plain, err := fsutil.NewFS(t.dir)
	if err != nil {
		return nil, err
	}
	return fsutil.NewFilterFS(safeFS{FS: plain, root: t.root}, &fsutil.FilterOpt{
		ExcludePatterns: excludes,
		Map:             t.skipSpecial,
	})
}

// skipSpecial leaves out what is neither file, directory nor link: the builder
// could only wait for a FIFO or copy a device.
func (t *tree) skipSpecial(path string, stat *fstypes.Stat) fsutil.MapResult {
	// The library clears the socket bit: a socket then looks like an empty
	// file, and only the file system can tell.
	kind := specialKind(os.FileMode(stat.Mode))
	if kind == "" && stat.Size == 0 && os.FileMode(stat.Mode).IsRegular() {
		if info, err := t.root.Lstat(path); err == nil {
			kind = specialKind(info.Mode())
		}
	}
	if kind == "" {
		return fsutil.MapResultKeep
	}
	t.mu.Lock()
	t.skipped[path] = kind
	t.mu.Unlock()
	return fsutil.MapResultExclude
}

func specialKind(mode os.FileMode) string {
	switch {
	case mode&os.ModeNamedPipe != 0:
		return "named pipe"
	case mode&os.ModeSocket != 0:
		return "socket"
	case mode&(os.ModeDevice|os.ModeCharDevice) != 0:
		return "device"
	default:
		return ""
	}
}

// skippedWarnings says what was left out, in order of the paths.
func (t *tree) skippedWarnings() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []string
	for path, kind := range t.skipped {
		out = append(out, fmt.Sprintf("build context: %s is a %s and is left out",
			sanitize.Line(filepath.Join(t.dir, path), maxLine), kind))
	}
	slices.Sort(out)
	return out
}

// Close releases the directory.
func (t *tree) Close() error { return t.root.Close() }

// safeFS opens files below a root without following a link and without
// waiting for the other end of a FIFO.
type safeFS struct {
	fsutil.FS
	root *os.Root
}

func (f safeFS) Open(path string) (io.ReadCloser, error) {
	file, err := f.root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

var _ fsutil.FS = (*tree)(nil)

// walk calls visit for each entry in lexical order.
func (t *tree) walk(ctx context.Context, visit func(*fstypes.Stat) error) error {
	return t.Walk(ctx, "", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*fstypes.Stat)
		if !ok {
			return fmt.Errorf("%s: no file information", path)
		}
		return visit(stat)
	})
}
