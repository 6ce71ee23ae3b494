package compose

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// path is where something stands in a compose file: keys and list indexes.
type path []string

func (p path) next(key string) path {
	return append(p[:len(p):len(p)], key)
}

// id is the path as a map key; keys may contain dots, but no NUL.
func (p path) id() string { return strings.Join(p, "\x00") }

// String is the path as people write it: services.api.ports[0]. Indexes of
// lists are told from keys by their leading mark.
func (p path) String() string {
	var b strings.Builder
	for i, part := range p {
		if n, ok := strings.CutPrefix(part, "\x01"); ok {
			b.WriteString("[" + n + "]")
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

// isBelow says whether p is at or leads there.
func (p path) isBelow(at path) bool {
	return len(p) >= len(at) && slices.Equal(p[:len(at)], at)
}

// isListed says whether p leads through an element of a list.
func (p path) isListed() bool {
	return slices.ContainsFunc(p, func(part string) bool { return strings.HasPrefix(part, "\x01") })
}

// item is the path element of the i-th item of a list.
func item(i int) string { return "\x01" + strconv.Itoa(i) }

// isWithin says whether file lies in dir, both as they are written.
func isWithin(dir, file string) bool {
	rel, err := filepath.Rel(dir, file)
	return err == nil && !escapes(rel)
}

func escapes(rel string) bool {
	return rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// commonDir is the deepest directory that holds both dir and file. A relative
// file lies in none: the walk ends at the root.
func commonDir(dir, file string) string {
	for !isWithin(dir, file) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

// leavesTree says where file really is when a symbolic link takes it out of
// the tree that its own path names, seen from dir: the deepest directory that
// holds both. Whoever may write into that tree must not choose what is read
// outside of it.
func leavesTree(dir, file string) (target string, leaves bool) {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "", false
	}
	root, err := filepath.EvalSymlinks(commonDir(dir, file))
	if err != nil {
		return "", false
	}
	return target, !isWithin(root, target)
}

// IsDescriptor says whether a path names what a process has open, as a shell's
// <(command) does: it lies in no directory of the project's.
func IsDescriptor(file string) bool {
	if file == "/dev/stdin" || strings.HasPrefix(file, "/dev/fd/") {
		return true
	}
	rest, inProc := strings.CutPrefix(file, "/proc/")
	if _, rest, _ = strings.Cut(rest, "/"); !inProc {
		return false
	}
	if thread, ok := strings.CutPrefix(rest, "task/"); ok {
		_, rest, _ = strings.Cut(thread, "/")
	}
	return strings.HasPrefix(rest, "fd/")
}

// isRemote says whether a reference names something that would have to be
// fetched: a URL, a git or an OCI reference.
func isRemote(ref string) bool {
	if strings.Contains(ref, "://") || strings.HasPrefix(ref, "git@") || strings.HasPrefix(ref, "oci:") {
		return true
	}
	if before, _, ok := strings.Cut(ref, "#"); ok && strings.HasSuffix(before, ".git") {
		return true
	}
	return strings.HasPrefix(ref, "github.com/")
}

// expandHome replaces a leading ~ as a shell does.
func expandHome(file, home string) string {
	if home == "" || file != "~" && !strings.HasPrefix(file, "~"+string(os.PathSeparator)) {
		return file
	}
	return filepath.Join(home, file[1:])
}

// absolute resolves file against dir.
func absolute(dir, file string) string {
	if filepath.IsAbs(file) {
		return filepath.Clean(file)
	}
	return filepath.Join(dir, file)
}
