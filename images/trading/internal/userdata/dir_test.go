package userdata

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/exchange"
)

func snapshot(user string, balance int64) Snapshot {
	return Snapshot{
		Account:  exchange.Account{User: user, BalanceCents: balance},
		SyncedAt: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC),
	}
}

func TestTheLastSnapshotIsTheOneRead(t *testing.T) {
	d := Dir(t.TempDir())
	for _, balance := range []int64{100, 200} {
		if err := d.Write(snapshot("demo", balance)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.Read("demo")
	if err != nil || got.BalanceCents != 200 || !got.SyncedAt.Equal(snapshot("", 0).SyncedAt) {
		t.Errorf("read %+v, %v", got, err)
	}
	entries, err := os.ReadDir(filepath.Join(string(d), "users", "demo"))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind %v, %v", entries, err)
	}
}

func TestAUserNameNeverLeadsOutOfTheDirectory(t *testing.T) {
	outside := t.TempDir()
	d := Dir(filepath.Join(outside, "data"))
	for _, name := range []string{"../x", "", ".", "a/b", "a\x00b"} {
		if err := d.Write(snapshot(name, 1)); !errors.Is(err, ErrName) {
			t.Errorf("%q: got %v", name, err)
		}
		if _, err := d.Read(name); !Missing(err) {
			t.Errorf("%q: read gives %v", name, err)
		}
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 0 {
		t.Errorf("wrote %v", entries)
	}
}

func TestAUserWithoutASnapshotIsMissingAndABrokenFileIsNot(t *testing.T) {
	d := Dir(t.TempDir())
	if _, err := d.Read("demo"); !Missing(err) {
		t.Errorf("got %v", err)
	}
	if err := d.Ensure("demo"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(string(d), "users", "demo", snapshotFile)
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read("demo"); err == nil || Missing(err) {
		t.Errorf("got %v", err)
	}
}
