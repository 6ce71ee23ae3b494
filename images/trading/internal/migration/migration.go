// Package migration holds the schema as numbered SQL files and decides which
// of them a database still needs.
package migration

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Migration is one numbered change of the schema. Versions begin at 1 and
// have no gaps.
type Migration struct {
	Version int
	Name    string
	SQL     string
}

// Applied is the database's record of a migration.
type Applied struct {
	Version  int    `db:"version"`
	Checksum string `db:"checksum"`
}

// What makes a database unfit for the migrations of this program.
var (
	ErrNewer   = errors.New("the database is newer than this program")
	ErrChanged = errors.New("a migration was changed after it was applied")
	ErrFiles   = errors.New("wrong migration files")
)

//go:embed sql/*.sql
var files embed.FS

// Checksum identifies the text of the migration.
func (m Migration) Checksum() string {
	sum := sha256.Sum256([]byte(m.SQL))
	return hex.EncodeToString(sum[:])
}

// All returns the migrations of this program in order.
func All() ([]Migration, error) {
	directory, err := fs.Sub(files, "sql")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFiles, err)
	}
	return read(directory)
}

// Newest returns the version of a database that has everything.
func Newest(all []Migration) int { return len(all) }

// Needed returns the migrations that a database lacks. Both lists are in
// order of version.
func Needed(all []Migration, applied []Applied) ([]Migration, error) {
	if len(applied) > len(all) {
		return nil, fmt.Errorf("%w: it has version %d, the program knows %d", ErrNewer, len(applied), len(all))
	}
	for i, a := range applied {
		if a.Version != all[i].Version || a.Checksum != all[i].Checksum() {
			return nil, fmt.Errorf("%w: version %d", ErrChanged, a.Version)
		}
	}
	return all[len(applied):], nil
}

func read(directory fs.FS) ([]Migration, error) {
	names, err := fs.Glob(directory, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFiles, err)
	}
	all := make([]Migration, 0, len(names))
	for i, name := range names {
		number, title, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("%w: %s stands where version %d should", ErrFiles, name, i+1)
		}
		content, err := fs.ReadFile(directory, name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFiles, err)
		}
		all = append(all, Migration{Version: version, Name: title, SQL: string(content)})
	}
	return all, nil
}
