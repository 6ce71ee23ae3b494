package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const password = "a-test-password"

// hardened is what the reference stack asks for.
var hardened = []string{
	"--read-only", "--tmpfs", "/tmp", "--tmpfs", "/run/postgresql",
	"--security-opt", "no-new-privileges", "--cap-drop", "ALL",
	"--cap-add", "CHOWN", "--cap-add", "DAC_OVERRIDE", "--cap-add", "FOWNER",
	"--cap-add", "SETGID", "--cap-add", "SETUID",
}

func postgresImage(t *testing.T) string {
	t.Helper()
	return baseImage(t, "postgres:17", "POSTGRES_IMAGE")
}

// ready says whether the server answers over TCP.
func (c container) ready() error {
	_, err := c.exec("pg_isready", "--quiet", "--host", "127.0.0.1", "--username", "trading")
	return err
}

// sql runs a query over the unix socket and returns the values, one row a line.
func (c container) sql(query string) string {
	c.t.Helper()
	out, err := c.exec("psql", "-U", "trading", "-d", "trading", "-XAtc", query)
	if err != nil {
		c.t.Fatalf("%v; the log:\n%s", err, c.logs())
	}
	return out
}

// dial runs a query from another container, over the network.
func (c container) dial(image, secret string) (string, error) {
	c.t.Helper()
	address := c.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
	return docker(c.t.Context(), "run", "--rm", "--env", "PGPASSWORD="+secret, "--env", "PGCONNECT_TIMEOUT=10",
		"--entrypoint", "psql", image, "-h", address, "-U", "trading", "-d", "trading", "-XAtc", "SELECT 40 + 2")
}

// initFiles returns a directory of init files that anybody may read.
func initFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func withPassword(args ...string) []string {
	return append([]string{"--env", "POSTGRES_USER=trading", "--env", "POSTGRES_PASSWORD=" + password}, args...)
}

func TestADatabaseAnswersOverTCPOnlyWhenItsInitialisationIsOver(t *testing.T) {
	image := postgresImage(t)
	files := initFiles(t, map[string]string{
		"10.sql": "CREATE TABLE steps (name text); INSERT INTO steps VALUES ('sql');",
		"20.sh": "#!/bin/sh\nset -e\n" +
			`psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -c "INSERT INTO steps VALUES ('sh')"` +
			"\nuntil [ -e /tmp/go-on ]; do sleep 0.1; done\n",
		"30.txt": "not for the database",
	})
	c := start(t, withPassword(append(hardened,
		"--volume", files+":/docker-entrypoint-initdb.d:ro", "--env", "POSTGRES_DB=trading", image)...)...)

	c.eventually("the init script runs", func() error {
		out, err := c.exec("psql", "-U", "trading", "-d", "trading", "-XAtc", "SELECT count(*) FROM steps")
		if err == nil && out != "2" {
			err = fmt.Errorf("%s steps", out)
		}
		return err
	})
	if c.ready() == nil {
		t.Error("the server of the initialisation answers over TCP")
	}
	if _, err := c.dial(image, password); err == nil {
		t.Error("the server of the initialisation answers another container")
	}

	if _, err := c.exec("touch", "/tmp/go-on"); err != nil {
		t.Fatal(err)
	}
	c.eventually("the server answers", c.ready)
	if got := c.sql("SELECT string_agg(name, ' ') FROM steps"); got != "sql sh" {
		t.Errorf("the init files that ran: %q, want %q", got, "sql sh")
	}
	if !strings.Contains(c.logs(), "PostgreSQL init process complete; ready for start up.") {
		t.Errorf("no word in the log that the initialisation is over:\n%s", c.logs())
	}
}

func TestTheNetworkNeedsThePassword(t *testing.T) {
	image := postgresImage(t)
	c := start(t, withPassword(image)...)
	c.eventually("the server answers", c.ready)
	if got, err := c.dial(image, password); err != nil || got != "42" {
		t.Errorf("with the password: %q, %v", got, err)
	}
	if got, err := c.dial(image, "wrong"); err == nil || !strings.Contains(got, "password authentication failed") {
		t.Errorf("with a wrong password: %q, %v", got, err)
	}
}

func TestADatabaseKeepsItsDataAndIsInitialisedOnce(t *testing.T) {
	c := start(t, withPassword(append(hardened, postgresImage(t))...)...)
	c.eventually("the server answers", c.ready)
	c.sql("CREATE TABLE kept AS SELECT 7 AS value")
	identifier := c.sql("SELECT system_identifier FROM pg_control_system()")

	for range 2 {
		mustDocker(t, "restart", c.id)
		c.eventually("the server answers again", c.ready)
	}
	if got := c.sql("SELECT value FROM kept"); got != "7" {
		t.Errorf("the table holds %q, want 7", got)
	}
	if got := c.sql("SELECT system_identifier FROM pg_control_system()"); got != identifier {
		t.Errorf("the system identifier was %s and is %s", identifier, got)
	}
	log := c.logs()
	if got := strings.Count(log, "Skipping initialization"); got != 2 {
		t.Errorf("initialisation was skipped %d times, want 2:\n%s", got, log)
	}
	if got := strings.Count(log, "init process complete"); got != 1 {
		t.Errorf("the database was initialised %d times, want once:\n%s", got, log)
	}
}

func TestTheServerStopsCleanlyWhenItIsAskedTo(t *testing.T) {
	c := start(t, withPassword(postgresImage(t))...)
	c.eventually("the server answers", c.ready)
	mustDocker(t, "stop", "--time", "30", c.id)
	if code := c.exitCode(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if log := c.logs(); !strings.HasSuffix(log, "database system is shut down") {
		t.Errorf("the log does not end with a shutdown:\n%s", log)
	}
}

func TestSettingsComeFromFilesToo(t *testing.T) {
	secrets := initFiles(t, map[string]string{"user": "trading\n", "database": "ledger\n", "password": password + "\n"})
	c := start(t, append(hardened, "--volume", secrets+":/run/secrets:ro",
		"--env", "POSTGRES_USER_FILE=/run/secrets/user",
		"--env", "POSTGRES_DB_FILE=/run/secrets/database",
		"--env", "POSTGRES_PASSWORD_FILE=/run/secrets/password",
		"--env", "POSTGRES_INITDB_ARGS=--data-checksums --encoding='UTF8'",
		postgresImage(t), "-c", "max_connections=23")...)
	c.eventually("the server answers", c.ready)
	got, err := c.exec("psql", "-U", "trading", "-d", "ledger", "-XAtc",
		"SELECT current_setting('data_checksums') || ' ' || current_setting('max_connections')")
	if err != nil || got != "on 23" {
		t.Errorf("checksums and connections: %q, %v; want %q", got, err, "on 23")
	}
}

func TestAWrongConfigurationEndsTheContainerAndNamesTheVariable(t *testing.T) {
	image := postgresImage(t)
	failing := initFiles(t, map[string]string{"10.sql": "SELECT no_such_column;"})
	cases := map[string]struct {
		args []string
		log  []string
	}{
		"no password": {nil, []string{"POSTGRES_PASSWORD"}},
		"password twice": {
			[]string{"--env", "POSTGRES_PASSWORD=a", "--env", "POSTGRES_PASSWORD_FILE=/etc/hostname"},
			[]string{"POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE"},
		},
		"a failing init file": {
			withPassword("--volume", failing+":/docker-entrypoint-initdb.d:ro"),
			[]string{"no_such_column"},
		},
		"a data directory that holds something else": {
			withPassword("--env", "PGDATA=/usr/lib"), []string{"/usr/lib"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := start(t, append(tc.args, image)...)
			if code := c.exitCode(); code == 0 {
				t.Error("exit code 0")
			}
			log := c.logs()
			for _, want := range tc.log {
				if !strings.Contains(log, want) {
					t.Errorf("the log does not name %s:\n%s", want, log)
				}
			}
			if strings.Contains(log, "ready for start up") {
				t.Errorf("the log says that all went well:\n%s", log)
			}
		})
	}
}

func TestItRunsAsAnyUser(t *testing.T) {
	image := postgresImage(t)
	for name, args := range map[string][]string{
		"the image's own": {"--user", "999:999"},
		"one without a name, with a directory of its own": {
			"--user", "12345:12345", "--env", "PGDATA=/var/lib/postgresql/data/own",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, withPassword(append(args, image)...)...)
			c.eventually("the server answers", c.ready)
			if got := c.sql("SELECT 1"); got != "1" {
				t.Errorf("SELECT 1 gives %q", got)
			}
		})
	}
}

func TestOtherCommandsRunWithoutADatabase(t *testing.T) {
	image := postgresImage(t)
	for command, want := range map[string]string{
		"postgres --version": "postgres (PostgreSQL) 17",
		"--version":          "postgres (PostgreSQL) 17",
		"id -u postgres":     "999",
	} {
		t.Run(command, func(t *testing.T) {
			got := mustDocker(t, append([]string{"run", "--rm", image}, strings.Fields(command)...)...)
			if !strings.HasPrefix(got, want) {
				t.Errorf("it prints %q, want %q", got, want)
			}
		})
	}
}

func TestTheProgramsOfAProbeAreOnThePath(t *testing.T) {
	image := postgresImage(t)
	for _, program := range []string{"pg_isready", "psql", "pg_controldata", "gosu"} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if _, err := docker(ctx, "run", "--rm", "--entrypoint", program, image, "--version"); err != nil {
			t.Error(errors.Unwrap(err), program)
		}
		cancel()
	}
}
