package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Soak is the result of many runs over a bad connection. It is only published
// when none of them lied, hung or left anything behind.
type Soak struct {
	// Engine is what was asked; its first word names the row.
	Engine string
	// Runs is how many there were; Proven of them ended with exit 0 and Failed
	// with the class of a failure.
	Runs, Proven, Failed int64
	Took                 time.Duration
}

// soakHead is the page before its rows.
const soakHead = `# Soak

Each run is one ` + "`up`" + ` and one ` + "`down`" + ` of a stack of three services over a connection that refuses, loses, delays,
cuts and repeats answers, as a seed says. A lie is an exit 0 that the engine's own knowledge contradicts: on the
scripted engine a third of the stacks do not work at all, on the real one an oracle of its own asks the services. A hang
is a run that outlasts its bound, an orphan is whatever is left behind ` + "`down`" + `.

Written by ` + "`make soak`" + `, whose two halves each write their row, and only when all runs of it were clean; one that is
not fails with its seed.

| engine | date | runs | proven | failed, with a class | lies | hangs | orphans | took |
|---|---|---|---|---|---|---|---|---|
`

// row is the result as a line of the page.
func (s Soak) row(date string) string {
	return fmt.Sprintf("| %s | %s | %d | %d | %d | 0 | 0 | 0 | %s |\n", s.Engine, date, s.Runs, s.Proven, s.Failed, s.Took.Round(time.Second))
}

// page is the page with this row, and with those of other engines that were
// in it.
func (s Soak) page(old, date string) string {
	name, _, _ := strings.Cut(s.Engine, " ")
	rows := []string{s.row(date)}
	_, table, _ := strings.Cut(old, "|---|---|---|---|---|---|---|---|---|\n")
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| "+name+" ") {
			rows = append(rows, line)
		}
	}
	if len(rows) > 1 && rows[1] > rows[0] {
		rows[0], rows[1] = rows[1], rows[0]
	}
	return soakHead + strings.Join(rows, "")
}

// Publish writes the result into docs/soak.md, below the repository's root.
func (s Soak) Publish(t testing.TB, root string) {
	t.Helper()
	file := filepath.Join(root, "docs", "soak.md")
	old, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(s.page(string(old), time.Now().UTC().Format(time.DateOnly))), 0o644); err != nil { //nolint:gosec // a page for everybody
		t.Fatal(err)
	}
}
