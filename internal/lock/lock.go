// Package lock lets one run at a time change a project on a host. The lock is
// the kernel's (flock): it goes with the process that holds it, however that
// ends, so that nothing ever has to be cleaned up or guessed from a PID.
package lock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
	"golang.org/x/sys/unix"
)

// ErrUnusable says that this user has no place for lock files: a home and a
// temporary directory that cannot be written, or that belong to somebody else.
var ErrUnusable = errors.New("no place for a lock file")

// poll is how often a lock that is held is tried again.
const poll = 100 * time.Millisecond

// Options say what is locked and for whom.
type Options struct {
	// Dir is where lock files are; see Dir.
	Dir string
	// Project is shown in messages; Identity are further words that tell two
	// projects of one name apart: its directory, its engine's endpoint.
	Project  string
	Identity []string
	// Command is what a second run is told about this one.
	Command string
	// Wait waits for the holder instead of giving up; Waiting is told of
	// each new holder that is waited for, and may be nil.
	Wait    bool
	Waiting func(Holder)
}

// Lock is held until Release or the end of the process.
type Lock struct {
	file *os.File
	// interrupted says that the run before did not release it.
	interrupted, unfinished bool
	// pending says that the run before knew of calls without an answer.
	pending bool
}

// Interrupted says that the run which held the lock before did not come to its end,
// or left something unfinished: what it asked for may still be on its way.
func (l *Lock) Interrupted() bool { return l != nil && l.interrupted }

// Pending says that the run before knew of calls whose end is unknown.
func (l *Lock) Pending() bool { return l != nil && l.pending }

// Unfinished makes the next run find the lock as if this one had been interrupted.
func (l *Lock) Unfinished() {
	if l != nil {
		l.unfinished = true
	}
}

// Acquire takes the lock. An error is of class Conflict when another run holds
// it, is ErrUnusable when there is no place for it, and is ctx's cause when ctx
// ended while it was waited for.
func Acquire(ctx context.Context, o Options) (*Lock, error) {
	path := filepath.Join(o.Dir, fileName(o.Project, o.Identity))
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	var told Holder
	for {
		file, holder, err := try(path)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnusable, err)
		}
		if file != nil {
			// Who holds it is a courtesy; a full disk must not stop a run.
			before := readHolder(file)
			_ = writeHolder(file, Holder{PID: os.Getpid(), Command: o.Command, Since: time.Now()})
			return &Lock{file: file, interrupted: before.PID != 0, pending: before.Unfinished}, nil
		}
		if !o.Wait {
			return nil, fault.New(fault.Conflict, "project %s is held by %s", o.Project, holder).
				WithHint("wait for it with --wait-lock")
		}
		if o.Waiting != nil && holder != told {
			told = holder
			o.Waiting(holder)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", holder, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// Release gives the lock up. The file stays: removing it would let two runs
// hold two files of one name.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	if l.unfinished {
		_ = writeHolder(l.file, Holder{PID: os.Getpid(), Since: time.Now(), Unfinished: true}) // as above: a courtesy
	} else {
		// A holder that still stands there ended without a word.
		_ = l.file.Truncate(0) // else the next run looks once more than it has to
	}
	return l.file.Close()
}

// try takes the lock if it is free; otherwise it says who has it.
func try(path string) (*os.File, Holder, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, Holder{}, err
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		holder := readHolder(file)
		return nil, holder, file.Close()
	}
	if err == nil && !same(file, path) {
		err = file.Close() // a cleaner of old files removed it in between
		if err == nil {
			return try(path)
		}
		return nil, Holder{}, err
	}
	if err != nil {
		return nil, Holder{}, errors.Join(&os.PathError{Op: "flock", Path: path, Err: err}, file.Close())
	}
	return file, Holder{}, nil
}

// same says whether path still names the file.
func same(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(opened, named)
}

// fileName is readable and tells identities apart.
func fileName(project string, identity []string) string {
	h := sha256.New()
	for _, word := range identity {
		sum := sha256.Sum256([]byte(word))
		h.Write(sum[:])
	}
	return project + "-" + hex.EncodeToString(h.Sum(nil))[:16] + ".lock"
}
