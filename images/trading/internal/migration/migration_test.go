package migration

import (
	"errors"
	"testing"
	"testing/fstest"
)

func all(t *testing.T) []Migration {
	t.Helper()
	list, err := All()
	if err != nil || len(list) == 0 {
		t.Fatalf("migrations are %v, %v", list, err)
	}
	return list
}

func applied(list []Migration) []Applied {
	var done []Applied
	for _, m := range list {
		done = append(done, Applied{Version: m.Version, Checksum: m.Checksum()})
	}
	return done
}

func TestAnEmptyDatabaseNeedsEverythingAndAFullOneNothing(t *testing.T) {
	list := all(t)
	if needed, err := Needed(list, nil); err != nil || len(needed) != len(list) {
		t.Errorf("empty: %d of %d, %v", len(needed), len(list), err)
	}
	if needed, err := Needed(list, applied(list)); err != nil || len(needed) != 0 {
		t.Errorf("full: %d, %v", len(needed), err)
	}
}

func TestOnlyWhatIsMissingIsNeeded(t *testing.T) {
	list := all(t)
	needed, err := Needed(list, applied(list[:1]))
	if err != nil || len(needed) != len(list)-1 || needed[0].Version != 2 {
		t.Errorf("got %+v, %v", needed, err)
	}
}

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	list := all(t)
	if _, err := Needed(list[:1], applied(list)); !errors.Is(err, ErrNewer) {
		t.Errorf("got %v", err)
	}
}

func TestAChangedMigrationIsRefused(t *testing.T) {
	list := all(t)
	done := applied(list)
	done[0].Checksum = "other"
	if _, err := Needed(list, done); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
}

func TestAGapInTheFilesIsFound(t *testing.T) {
	directory := fstest.MapFS{"0001_a.sql": {Data: []byte("x")}, "0003_b.sql": {Data: []byte("y")}}
	if _, err := read(directory); !errors.Is(err, ErrFiles) {
		t.Errorf("got %v", err)
	}
}
