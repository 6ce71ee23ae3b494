package lock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Dir makes the directory for this user's lock files and returns it: stackctl
// in the runtime directory (XDG_RUNTIME_DIR, "" when unset), else one named
// after the user in the directory for temporary files. An error is
// ErrUnusable.
func Dir(runtime, temporary string) (string, error) {
	dirs := []string{filepath.Join(temporary, "stackctl-"+strconv.Itoa(os.Getuid()))}
	if runtime != "" {
		dirs = []string{filepath.Join(runtime, "stackctl"), dirs[0]}
	}
	var reasons error
	for _, dir := range dirs {
		err := makePrivate(dir)
		if err == nil {
			return dir, nil
		}
		reasons = errors.Join(reasons, err)
	}
	return "", fmt.Errorf("%w: %w", ErrUnusable, reasons)
}

// makePrivate makes the directory where it is missing and refuses one that
// somebody else could write to.
func makePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	return privateDir(dir)
}

func privateDir(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is no directory", dir)
	case !ok || int(owner.Uid) != os.Getuid():
		return fmt.Errorf("%s belongs to another user", dir)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s can be written by others", dir)
	}
	return nil
}
