// Package standin_test holds the script ensure to its promises, against a docker command that the
// tests script themselves. What the images can do is tested in the package e2e.
package standin_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	postgres        = "postgres:17"
	postgresStandIn = "stackctl-standin/postgres:17"
	block           = "# stackctl base images: stand-ins, written by images/standin/ensure; do not edit\n" +
		"POSTGRES_IMAGE=" + postgresStandIn + "\n# stackctl base images: end\n"
	noSuchHost = `Error response from daemon: Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host`
)

// A machine is a copy of the scripts, an engine of its own and an env file.
type machine struct {
	t       *testing.T
	scripts string
	engine  string
	envFile string
	environ []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{
		t:       t,
		scripts: filepath.Join(dir, "images", "standin"),
		engine:  filepath.Join(dir, "engine"),
		envFile: filepath.Join(dir, ".env"),
	}
	if err := os.CopyFS(m.scripts, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"images", "configs"} {
		if err := os.MkdirAll(filepath.Join(m.engine, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.environ = append(os.Environ(), "FAKE="+m.engine, "POSTGRES_IMAGE=", "GO_IMAGE=",
		"PATH="+filepath.Join(m.scripts, "testdata", "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	m.pullFails(noSuchHost)
	return m
}

// pullFails makes every pull end with the engine's message.
func (m *machine) pullFails(message string) {
	m.write(filepath.Join(m.engine, "pull"), "echo '"+message+"' >&2; exit 1\n")
}

func (m *machine) pullRuns(script string) { m.write(filepath.Join(m.engine, "pull"), script) }

func (m *machine) write(path, content string) {
	m.t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// read returns the file's content; a file that is not there is empty.
func (m *machine) read(path string) string {
	m.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		m.t.Fatal(err)
	}
	return string(content)
}

// ensure runs the script for postgres:17 and returns what it printed and whether it succeeded.
func (m *machine) ensure(options ...string) (stdout, stderr string, ok bool) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), filepath.Join(m.scripts, "ensure"),
		append(options, "--env-file", m.envFile, postgres)...)
	cmd.Env = m.environ
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	return out.String(), errs.String(), err == nil
}

// mustSay fails the test unless ensure succeeds with one line that contains the words.
func (m *machine) mustSay(words string) {
	m.t.Helper()
	stdout, stderr, ok := m.ensure()
	if !ok || strings.Count(stdout, "\n") != 1 || !strings.Contains(stdout, words) {
		m.t.Fatalf("want success and the one line with %q, got ok=%v and %q; stderr:\n%s", words, ok, stdout, stderr)
	}
}

// made returns how many stand-ins were made.
func (m *machine) made() int { return strings.Count(m.read(filepath.Join(m.engine, "made")), "\n") }

func (m *machine) mustHaveEnv(want string) {
	m.t.Helper()
	if got := m.read(m.envFile); got != want {
		m.t.Errorf("the env file holds\n%s\nwant\n%s", got, want)
	}
}

func TestALocalImageIsUsedAndTheRegistryIsNotAsked(t *testing.T) {
	m := newMachine(t)
	m.write(filepath.Join(m.engine, "images", postgres), "sha256:official")
	m.pullFails("a pull")
	m.mustSay("postgres:17: local")
	m.mustHaveEnv("")
}

func TestAnImageThatIsNotThereIsPulled(t *testing.T) {
	m := newMachine(t)
	m.pullRuns("echo '17: Pulling from library/postgres'")
	m.mustSay("postgres:17: pulled")
	m.mustHaveEnv("")
	if m.made() != 0 {
		t.Error("a stand-in was made")
	}
}

func TestARegistryThatSaysNoIsAnErrorAndMakesNoStandIn(t *testing.T) {
	answers := []string{
		"Error response from daemon: manifest for postgres:17 not found: manifest unknown: manifest unknown",
		"Error response from daemon: pull access denied for postgres, repository does not exist",
		"Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
		`Error response from daemon: Get "https://registry.example/v2/library/postgres": unauthorized: incorrect username or password`,
		"Error response from daemon: received unexpected HTTP status: 503 Service Unavailable",
		"no matching manifest for linux/riscv64 in the manifest list entries",
		"Error response from daemon: something nobody has thought of",
	}
	for _, answer := range answers {
		t.Run(answer, func(t *testing.T) {
			m := newMachine(t)
			m.write(m.envFile, "A=1\n")
			m.pullFails(answer)
			_, stderr, ok := m.ensure()
			if ok || !strings.Contains(stderr, answer) {
				t.Errorf("want a failure that says %q, got ok=%v and %q", answer, ok, stderr)
			}
			if m.made() != 0 {
				t.Error("a stand-in was made")
			}
			m.mustHaveEnv("A=1\n")
		})
	}
}

func TestAnUnreachableRegistryLeadsToAStandIn(t *testing.T) {
	reasons := map[string]string{
		noSuchHost: "no such host",
		`Error response from daemon: Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: connect: connection refused`:                                           "connection refused",
		`Error response from daemon: Get "https://registry.example/v2/": context deadline exceeded`:                                                                     "context deadline exceeded",
		`Error response from daemon: Get "https://registry.example/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded)`:             "request canceled",
		`Error response from daemon: Get "https://registry.example/v2/": proxyconnect tcp: dial tcp: lookup proxy.example on 192.0.2.53:53: server misbehaving`:         "server misbehaving",
		`Error response from daemon: Get "https://registry.example/v2/": Forbidden`:                                                                                     "Forbidden",
		`Error response from daemon: failed to do request: Head "https://registry.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown`: "certificate signed by unknown",
	}
	for message, reason := range reasons {
		t.Run(reason, func(t *testing.T) {
			m := newMachine(t)
			m.pullFails(message)
			m.mustSay(reason)
			m.mustHaveEnv(block)
			if m.made() != 1 {
				t.Errorf("%d stand-ins were made, want 1", m.made())
			}
		})
	}
}

func TestASilentRegistryIsGivenUp(t *testing.T) {
	m := newMachine(t)
	m.environ = append(m.environ, "STANDIN_CONTACT_SECONDS=1")
	m.pullRuns("exec sleep 120")
	began := time.Now()
	m.mustSay("no answer within 1s")
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}

func TestAPullThatStartsAndDoesNotEndIsAnError(t *testing.T) {
	m := newMachine(t)
	m.environ = append(m.environ, "STANDIN_PULL_SECONDS=1")
	m.pullRuns("echo '17: Pulling from library/postgres'; exec sleep 120")
	if _, stderr, ok := m.ensure(); ok || !strings.Contains(stderr, "did not end within 1s") {
		t.Errorf("ok=%v, stderr %q", ok, stderr)
	}
}

func TestAStandInIsMadeAgainOnlyWhenItsRecipeChanges(t *testing.T) {
	m := newMachine(t)
	m.mustSay("made in")
	m.mustSay("already there")
	if m.made() != 1 {
		t.Fatalf("%d stand-ins were made, want 1", m.made())
	}
	entryPoint := filepath.Join(m.scripts, "postgres", "docker-entrypoint")
	m.write(entryPoint, m.read(entryPoint)+"# changed\n")
	m.mustSay("made in")
	if images, err := os.ReadDir(filepath.Join(m.engine, "configs")); err != nil || len(images) != 1 {
		t.Errorf("the engine holds %d images (%v), want the new stand-in alone", len(images), err)
	}
}

func TestAStandInThatDoesNotRunGetsNoName(t *testing.T) {
	m := newMachine(t)
	m.write(filepath.Join(m.engine, "broken"), "")
	if _, stderr, ok := m.ensure(); ok || !strings.Contains(stderr, "making the stand-in") {
		t.Errorf("ok=%v, stderr %q", ok, stderr)
	}
	images, err := filepath.Glob(filepath.Join(m.engine, "*", "*"))
	if err != nil || len(images) != 0 {
		t.Errorf("left behind: %v (%v)", images, err)
	}
	m.mustHaveEnv("")
}

func TestOtherLinesOfTheEnvFileStayAsTheyAre(t *testing.T) {
	const others = "# mine\nMAIN_APP_PORT=3100\n\nNAME='a b'\n"
	m := newMachine(t)
	m.write(m.envFile, others)
	if err := os.Chmod(m.envFile, 0o600); err != nil {
		t.Fatal(err)
	}

	m.mustSay("stand-in")
	m.mustHaveEnv(others + block)
	m.mustSay("already there")
	m.mustHaveEnv(others + block)

	m.pullRuns("echo '17: Pulling from library/postgres'")
	m.mustSay("pulled")
	m.mustHaveEnv(others)
	if info, err := os.Stat(m.envFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v (%v), want 0600", info.Mode(), err)
	}
}

func TestTheLineOfAnotherImageStaysInTheBlock(t *testing.T) {
	m := newMachine(t)
	withGo := strings.Replace(block, "POSTGRES", "GO_IMAGE=stackctl-standin/golang:1.26\nPOSTGRES", 1)
	m.write(m.envFile, withGo)
	m.mustSay("stand-in")
	m.mustHaveEnv(withGo)
}

func TestAnImageTheUserHasChosenIsLeftAlone(t *testing.T) {
	t.Run("in the env file", func(t *testing.T) {
		m := newMachine(t)
		m.write(m.envFile, "POSTGRES_IMAGE=mine:17\n")
		m.mustSay("not needed, POSTGRES_IMAGE in " + m.envFile)
		m.mustHaveEnv("POSTGRES_IMAGE=mine:17\n")
	})
	t.Run("in the environment", func(t *testing.T) {
		m := newMachine(t)
		m.environ = append(m.environ, "POSTGRES_IMAGE=mine:17")
		m.mustSay("not needed, POSTGRES_IMAGE=mine:17 in the environment")
		m.mustHaveEnv("")
	})
}

func TestAnEnvFileThatCannotBeReplacedIsAnErrorAndKeepsItsContent(t *testing.T) {
	m := newMachine(t)
	m.write(m.envFile, "A=1\n")
	failing := filepath.Join(m.scripts, "testdata", "bin", "cp")
	m.write(failing, "#!/bin/sh\nexit 1\n")
	if err := os.Chmod(failing, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, stderr, ok := m.ensure(); ok || !strings.Contains(stderr, "cannot write") {
		t.Errorf("ok=%v, stderr %q", ok, stderr)
	}
	m.mustHaveEnv("A=1\n")
	if left, err := filepath.Glob(m.envFile + ".*"); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestAnUnknownImageIsRefusedByName(t *testing.T) {
	m := newMachine(t)
	cmd := exec.CommandContext(t.Context(), filepath.Join(m.scripts, "ensure"), "redis:7")
	cmd.Env = m.environ
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no recipe for redis:7") {
		t.Errorf("err=%v, output %q", err, out)
	}
}
