package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/config"
)

func passwordFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAMissingPasswordFileIsAnErrorAtOnce(t *testing.T) {
	_, err := Open(t.Context(), config.Database{PasswordFile: filepath.Join(t.TempDir(), "none")}, 1)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestThePasswordIsTheFileWithoutItsLineEnd(t *testing.T) {
	got, err := password(passwordFile(t, " pass word \r\n"))
	if err != nil || got != " pass word " {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTheHostsOwnSettingsPlayNoPart(t *testing.T) {
	t.Setenv("PGHOST", "elsewhere.example")
	t.Setenv("PGSSLMODE", "prefer")
	t.Setenv("PGOPTIONS", "-c search_path=other")
	db := config.Database{Host: "postgres", Port: 5432, Name: "n", User: "u", PasswordFile: passwordFile(t, "x")}
	s, err := Open(t.Context(), db, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := s.pool.Config().ConnConfig
	if c.Host != "postgres" || c.User != "u" || c.Database != "n" || c.TLSConfig != nil || len(c.Fallbacks) != 0 {
		t.Errorf("connects to %s as %s", c.Host, c.User)
	}
	if _, ok := c.RuntimeParams["options"]; ok {
		t.Error("took PGOPTIONS over")
	}
}

func TestADatabaseThatIsAwayFailsTheCheckWithinItsTime(t *testing.T) {
	db := config.Database{Host: "127.0.0.1", Port: 1, Name: "n", User: "u", PasswordFile: passwordFile(t, "x")}
	s, err := Open(t.Context(), db, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Check(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
}
