package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// database is a Postgres whose check lies: over the socket the temporary
// server of an initialisation answers too.
const database = `
services:
  db:
    image: ${POSTGRES_IMAGE:-postgres:17}
    environment: {POSTGRES_USER: keeper, POSTGRES_DB: ledger, POSTGRES_PASSWORD_FILE: /run/secrets/password}
    secrets: [password]
    volumes: ["data:/var/lib/postgresql/data", "./init:/docker-entrypoint-initdb.d:ro"]
    healthcheck: {test: [CMD, pg_isready, -U, keeper, -d, ledger], interval: 1s, retries: 60}
volumes: {data: {}}
secrets: {password: {file: ./password}}
`

// baseImages chooses the images that a project's file leaves open, as a user's
// first step does; once for all tests.
func (s *stack) baseImages() {
	s.t.Helper()
	env, err := chosenImages()
	must(s.t, err)
	s.write(".env", env)
}

var chosenImages = sync.OnceValues(func() (string, error) { return ensureImages("postgres:17", "golang:1.26") })

// ensureImages makes sure of base images and returns the .env file that chooses
// stand-ins, "" when the official images are there. Registries and mirrors that do
// not answer have a quarter of an hour.
func ensureImages(refs ...string) (env string, err error) {
	dir, err := os.MkdirTemp("", "stackctl-e2e-images-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, ".env")
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	ensure := exec.CommandContext(ctx, "../images/standin/ensure", append([]string{"--env-file", file}, refs...)...)
	ensure.WaitDelay = lastWords
	if out, err := ensure.CombinedOutput(); err != nil {
		return "", fmt.Errorf("base images: %w\n%s", err, out)
	}
	chosen, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return string(chosen), err
}

func newDatabase(t *testing.T, script string) *stack {
	t.Helper()
	s := newStack(t, database)
	s.baseImages()
	s.write("password", "a-password-of-its-own")
	s.write("init/10-first.sql", script)
	return s
}

func TestADatabaseIsProvenOnlyAfterItsInitialisation(t *testing.T) {
	t.Parallel()
	s := newDatabase(t, "SELECT pg_sleep(4); CREATE TABLE entries (id int); INSERT INTO entries VALUES (42);")
	s.expect(0, []string{"db", "healthy"}, "up")
	db := containersOf(t, s.name)["db"]
	if code, out := inside(t, db.ID, "psql", "-h", "127.0.0.1", "-U", "keeper", "-d", "ledger", "-Atc", "SELECT id FROM entries"); code != 0 || strings.TrimSpace(out) != "42" {
		t.Errorf("up ended with 0 and the table says %q (code %d)", out, code)
	}
	if code, out := inside(t, db.ID, "cat", "/proc/1/comm"); code != 0 || strings.TrimSpace(out) != "postgres" {
		t.Errorf("up ended with 0 while the main process was %q", out)
	}
}

func TestAVolumeThatPredatesThePasswordIsNotDone(t *testing.T) {
	t.Parallel()
	s := newDatabase(t, "SELECT 1;")
	s.expect(0, nil, "up")
	s.write("password", "another-password-now")
	o := s.expect(9, []string{"db", "password authentication failed"}, "up")
	if strings.Contains(o.stderr+o.stdout, "another-password-now") {
		t.Errorf("the password is shown:\n%s", o.stderr)
	}
	s.expect(9, []string{"db"}, "status")
}

func TestTheDataOutlivesAReplacement(t *testing.T) {
	t.Parallel()
	s := newDatabase(t, "CREATE TABLE entries (id int);")
	s.expect(0, nil, "up")
	before := containersOf(t, s.name)["db"]
	inside(t, before.ID, "psql", "-U", "keeper", "-d", "ledger", "-c", "INSERT INTO entries VALUES (7)")
	b, err := os.ReadFile(filepath.Join(s.dir, "docker-compose.yml"))
	must(t, err)
	s.write("docker-compose.yml", strings.Replace(string(b), "secrets: [password]", "secrets: [password]\n    shm_size: 96m", 1))
	s.expect(0, []string{"shm_size"}, "plan")
	s.expect(0, nil, "up")
	after := containersOf(t, s.name)["db"]
	if after.ID == before.ID {
		t.Fatal("the container was not replaced")
	}
	if _, out := inside(t, after.ID, "psql", "-U", "keeper", "-d", "ledger", "-Atc", "SELECT id FROM entries"); strings.TrimSpace(out) != "7" {
		t.Errorf("after the replacement the table says %q", out)
	}
}

// The SQL of the reference stack's services, on a database that stackctl
// brought up.
func TestTheStoreOfTheReferenceStackWorksOnARealDatabase(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := newStack(t, `
services:
  db:
    image: ${POSTGRES_IMAGE:-postgres:17}
    environment: {POSTGRES_USER: keeper, POSTGRES_DB: store_test, POSTGRES_PASSWORD_FILE: /run/secrets/password}
    secrets: [password]
    ports: ["127.0.0.1:`+port+`:5432"]
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: {test: [CMD, pg_isready, -h, 127.0.0.1, -U, keeper, -d, store_test], interval: 1s, retries: 60}
volumes: {data: {}}
secrets: {password: {file: ./password}}
`)
	s.baseImages()
	s.write("password", "a-password-of-its-own")
	s.expect(0, nil, "up")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-race", "-count=1", "-tags", "database", "./internal/store")
	cmd.Dir = "../images/trading"
	cmd.Env = append(os.Environ(), "DATABASE_HOST=127.0.0.1", "DATABASE_PORT="+port, "DATABASE_USER=keeper",
		"DATABASE_NAME=store_test", "DATABASE_PASSWORD_FILE="+filepath.Join(s.dir, "password"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
