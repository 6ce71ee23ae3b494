// Package userdata keeps one directory of files per user.
package userdata

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/exchange"
	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// Snapshot is what the exchange last said about a user.
type Snapshot struct {
	exchange.Account
	SyncedAt time.Time `json:"synced_at"`
}

// Dir is the directory that holds the users' own.
type Dir string

// ErrName is a user name that must not become a path.
var ErrName = errors.New("not a user name")

const snapshotFile = "account.json"

// Ensure makes the directory of a user when it is not there.
func (d Dir) Ensure(user string) error {
	path, err := d.path(user)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o750); err != nil {
		return fmt.Errorf("make directory of user %s: %w", user, err)
	}
	return nil
}

// Write replaces a user's snapshot. A reader sees the old or the new one,
// never half of one.
func (d Dir) Write(s Snapshot) error {
	if err := d.Ensure(s.User); err != nil {
		return err
	}
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode snapshot: %w", err)
	}
	path, err := d.path(s.User)
	if err != nil {
		return err
	}
	return replace(filepath.Join(path, snapshotFile), append(content, '\n'))
}

// Read returns a user's snapshot; its error wraps fs.ErrNotExist as long as
// there is none.
func (d Dir) Read(user string) (Snapshot, error) {
	var s Snapshot
	path, err := d.path(user)
	if err != nil {
		return s, err
	}
	content, err := os.ReadFile(filepath.Join(path, snapshotFile))
	if err != nil {
		return s, fmt.Errorf("read snapshot: %w", err)
	}
	if err := json.Unmarshal(content, &s); err != nil {
		return s, fmt.Errorf("read snapshot of %s: %w", user, err)
	}
	return s, nil
}

// Missing tells whether an error of Read means that there is no snapshot.
func Missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrName)
}

func (d Dir) path(user string) (string, error) {
	if !trade.ValidUser(user) {
		return "", fmt.Errorf("%w: %q", ErrName, user)
	}
	return filepath.Join(string(d), "users", user), nil
}

func replace(path string, content []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, writeErr := file.Write(content)
	if err := errors.Join(writeErr, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}
