package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Save writes a file that others may read, whole or not at all: whoever looks
// while it is written sees what was there before.
func Save(file string, text []byte) error {
	target, err := targetOf(file)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".*")
	if err != nil {
		return notThere(file, err)
	}
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Chmod(0o644)
	}
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), target)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return notThere(file, err)
	}
	return nil
}

// Writable says why Save would fail, as far as that can be told before there
// is anything to write.
func Writable(file string) error {
	target, err := targetOf(file)
	if err != nil {
		return err
	}
	if err := unix.Access(filepath.Dir(target), unix.W_OK|unix.X_OK); err != nil {
		return notThere(file, err)
	}
	return nil
}

// targetOf is the file behind symbolic links, which stay, or an error when
// something else than a file stands there.
func targetOf(file string) (string, error) {
	if resolved, err := filepath.EvalSymlinks(file); err == nil {
		file = resolved
	}
	switch info, err := os.Stat(file); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return "", notThere(file, err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a regular file", file)
	}
	return file, nil
}

// notThere is the cause without the paths of the system call.
func notThere(file string, err error) error {
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: directory %s does not exist", file, filepath.Dir(file))
	}
	return fmt.Errorf("%s: %w", file, err)
}
