package images

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"github.com/opencontainers/go-digest"
	fstypes "github.com/tonistiigi/fsutil/types"
	"golang.org/x/sync/errgroup"
)

// hugeContext is the size in bytes from which on a context is worth a
// warning: sending it takes longer than most builds.
const hugeContext = 500 * 1000 * 1000

// maxNamed bounds how many entries of a context are remembered by name in the
// image, so that a later run can say which one changed.
const maxNamed = 64

// maxHashers bounds the files that are read at once.
const maxHashers = 8

// scan is what a tree holds.
type scan struct {
	digest digest.Digest
	// named maps a file, or in large trees a top-level directory, to its
	// own digest; empty when there are too many.
	named    map[string]digest.Digest
	size     int64
	warnings []string
}

// entry is one line of a tree's digest.
type entry struct {
	stat   *fstypes.Stat
	digest digest.Digest
}

// scanTree reads the tree and digests it. Owners and times do not count: the
// builder does not see them.
func scanTree(ctx context.Context, t *tree, hash Hasher) (scan, error) {
	var entries []entry
	err := t.walk(ctx, func(stat *fstypes.Stat) error {
		entries = append(entries, entry{stat: stat})
		return nil
	})
	if err != nil {
		return scan{}, fmt.Errorf("read build context %s: %w", t.dir, err)
	}
	if err := hashFiles(ctx, t, entries, hash); err != nil {
		return scan{}, fmt.Errorf("read build context %s: %w", t.dir, err)
	}
	out := summarise(entries)
	out.warnings = t.skippedWarnings()
	if out.size > hugeContext {
		out.warnings = append(out.warnings, hugeWarning(t.dir, out.size, entries))
	}
	return out, nil
}

func hashFiles(ctx context.Context, t *tree, entries []entry, hash Hasher) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(min(maxHashers, runtime.GOMAXPROCS(0)+1))
	for i := range entries {
		e := &entries[i]
		if !os.FileMode(e.stat.Mode).IsRegular() {
			continue
		}
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return hashFile(t, e, hash)
		})
	}
	return group.Wait()
}

func hashFile(t *tree, e *entry, hash Hasher) error {
	info, err := t.root.Lstat(e.stat.Path)
	if err != nil {
		return err
	}
	// A second name of a file says its size as 0.
	e.stat.Size = info.Size()
	e.digest, err = hash(filepath.Join(t.dir, e.stat.Path), info, func() (io.ReadCloser, error) {
		return t.Open(e.stat.Path)
	})
	return err
}

// line is what of an entry the builder can see.
func (e entry) line() string {
	mode := os.FileMode(e.stat.Mode)
	content := e.digest.String()
	if mode&os.ModeSymlink != 0 {
		content = e.stat.Linkname
	}
	var attrs strings.Builder
	for _, key := range slices.Sorted(maps.Keys(e.stat.Xattrs)) {
		if key != "security.selinux" {
			fmt.Fprintf(&attrs, " %q=%q", key, e.stat.Xattrs[key])
		}
	}
	return fmt.Sprintf("%q %v %q%s\n", filepath.ToSlash(e.stat.Path), mode, content, attrs.String())
}

// summarise digests the entries, whatever their order.
func summarise(entries []entry) scan {
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b entry) int {
		return cmp.Compare(a.stat.Path, b.stat.Path)
	})
	out := scan{}
	whole := digest.SHA256.Digester()
	for _, e := range sorted {
		_, _ = io.WriteString(whole.Hash(), e.line())
		out.size += e.stat.Size
	}
	out.digest = whole.Digest()
	if out.named = named(sorted, false); len(out.named) > maxNamed {
		out.named = named(sorted, true)
	}
	if len(out.named) > maxNamed {
		out.named = nil
	}
	return out
}

// named digests each file, or with top each top-level entry as a whole.
func named(sorted []entry, top bool) map[string]digest.Digest {
	digesters := map[string]digest.Digester{}
	for _, e := range sorted {
		name := filepath.ToSlash(e.stat.Path)
		if top {
			first, _, below := strings.Cut(name, "/")
			name = first
			if below || os.FileMode(e.stat.Mode).IsDir() {
				name += "/"
			}
		} else if os.FileMode(e.stat.Mode).IsDir() {
			name += "/"
		}
		if digesters[name] == nil {
			digesters[name] = digest.SHA256.Digester()
		}
		_, _ = io.WriteString(digesters[name].Hash(), e.line())
	}
	out := make(map[string]digest.Digest, len(digesters))
	for name, digester := range digesters {
		out[name] = digester.Digest()
	}
	return out
}

// hugeWarning names the directories that make a context so large.
func hugeWarning(dir string, size int64, entries []entry) string {
	sizes := map[string]int64{}
	for _, e := range entries {
		parts := strings.Split(filepath.ToSlash(e.stat.Path), "/")
		sizes[strings.Join(parts[:min(2, len(parts))], "/")] += e.stat.Size
	}
	biggest := slices.SortedFunc(maps.Keys(sizes), func(a, b string) int {
		return cmp.Or(cmp.Compare(sizes[b], sizes[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, name := range biggest[:min(3, len(biggest))] {
		parts = append(parts, fmt.Sprintf("%s %s", name, units.HumanSize(float64(sizes[name]))))
	}
	return fmt.Sprintf("build context %s has %s (%s): name what the build does not need in .dockerignore",
		dir, units.HumanSize(float64(size)), strings.Join(parts, ", "))
}
