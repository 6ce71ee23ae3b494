package e2e

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestWithoutAnEngineItFailsAtOnceAndNamesTheSocket(t *testing.T) {
	t.Parallel()
	s := newStack(t, "services: {a: {image: IMAGE, healthcheck: {test: [CMD, x]}}}")
	socket := filepath.Join(s.dir, "nobody-home.sock")
	s.env = []string{"DOCKER_HOST=unix://" + socket}
	for _, command := range []string{"up", "status", "plan", "down", "logs"} {
		promptly(t, time.Second, command+" without an engine", func() time.Duration {
			reading := s.expect(0, nil, "config", "-q").took // what it takes without asking any engine
			return s.expect(4, []string{socket}, command).took - reading
		})
	}
}

func TestWithoutPermissionOnTheSocketItSaysSo(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Fatal("this test gives up root's rights, and so needs them")
	}
	s := newStack(t, "services: {a: {image: IMAGE, healthcheck: {test: [CMD, x]}}}")
	dir, err := os.MkdirTemp("/tmp", "e2e-socket-") //nolint:usetesting // another user enters it, which t.TempDir() does not allow
	must(t, err)
	defer os.RemoveAll(dir)
	must(t, os.Chmod(dir, 0o755))
	socket := filepath.Join(dir, "closed.sock")
	l, err := net.Listen("unix", socket)
	must(t, err)
	defer l.Close()
	must(t, os.Chmod(socket, 0o600))
	file := copyFile(t, filepath.Join(s.dir, "docker-compose.yml"), filepath.Join(dir, "docker-compose.yml"))
	program := readableCopy(t, dir)
	var o outcome
	promptly(t, time.Second, "up without permission", func() time.Duration {
		reading := s.expect(0, nil, "config", "-q").took // what it takes without asking any engine
		cmd := s.command(t.Context(), "-f", file, "up")
		cmd.Path, cmd.Dir = program, dir
		cmd.Env = append(cmd.Env, "DOCKER_HOST=unix://"+socket, "HOME=/nonexistent")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		o = s.finish(cmd)
		return o.took - reading
	})
	if o.code != 4 || !strings.Contains(o.stderr, socket) || !strings.Contains(o.stderr, "permission denied") {
		t.Errorf("it ended with %d\n%s", o.code, o.stderr)
	}
	if strings.Contains(o.stderr, "chmod") {
		t.Errorf("it suggests to open the socket to everybody:\n%s", o.stderr)
	}
}

// readableCopy puts the program where another user may run it.
func readableCopy(t *testing.T, dir string) string {
	t.Helper()
	path := copyFile(t, program, filepath.Join(dir, "stackctl"))
	must(t, os.Chmod(path, 0o755))
	return path
}

func copyFile(t *testing.T, from, to string) string {
	t.Helper()
	b, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, b, 0o644))
	return to
}

func TestABadFileIsRefusedBeforeAnythingIsCreated(t *testing.T) {
	t.Parallel()
	const check = "healthcheck: {test: [CMD, /testimage, check]}"
	for name, c := range map[string]struct {
		file string
		says []string
	}{
		"not YAML":              {"services: {a: [", []string{"docker-compose.yml"}},
		"an unknown key":        {"services: {a: {image: IMAGE, colour: green, " + check + "}}", []string{"colour"}},
		"a cycle":               {"services: {a: {image: IMAGE, depends_on: [b], " + check + "}, b: {image: IMAGE, depends_on: [a], " + check + "}}", []string{"a", "b", "→"}},
		"unset variables":       {"services: {a: {image: IMAGE, environment: {X: \"${NOT_SET_ONE:?}\", Y: \"${NOT_SET_TWO:?}\"}, " + check + "}}", []string{"NOT_SET_ONE", "NOT_SET_TWO"}},
		"a missing secret":      {"services: {a: {image: IMAGE, secrets: [s], " + check + "}}\nsecrets: {s: {file: ./nowhere.txt}}", []string{"nowhere.txt"}},
		"a missing bind":        {"services: {a: {image: IMAGE, volumes: [\"./nothing:/data\", \"./gone.conf:/gone.conf\"], " + check + "}}", []string{"gone.conf"}},
		"an unknown dependency": {"services: {a: {image: IMAGE, depends_on: [ghost], " + check + "}}", []string{"ghost"}},
		"a typo in x-stackctl":  {"services: {a: {image: IMAGE, x-stackctl: {jop: true}}}", []string{"jop"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, c.file)
			s.expect(3, c.says, "up")
			nothingLeft(t, s.name)
			if _, err := os.Stat(filepath.Join(s.dir, "nothing")); err == nil {
				t.Error("the missing directory was made")
			}
		})
	}
}

// What up says of failures like these stands in the scenarios.
func TestStatusSaysTheSameOfAFailureAsUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		service string
		code    int
		says    []string
	}{
		"it exits at once": {
			"command: [exit, \"3\", \"say=no such table: users\"], healthcheck: {test: [CMD, /testimage, check], interval: 1s}",
			7, []string{"exited(3)", "no such table: users", "logs --tail"}},
		"it never becomes healthy": {
			"command: [serve, status=500, \"body=cannot reach the bank\"], healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 2}",
			7, []string{"unhealthy", "status 500", "cannot reach the bank"}},
		"it crashes again and again": {
			"command: [sleep, \"dies=200ms\"], restart: always, healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 100}",
			7, []string{"crashloop"}},
		"its job fails": {
			"command: [exit, \"4\", \"say=cannot migrate\"], x-stackctl: {job: true}",
			7, []string{"exited(4)", "cannot migrate"}},
		"it listens on loopback only": {
			"command: [serve, \"listen=127.0.0.1:8080\"], ports: [\"127.0.0.1::8080\"], healthcheck: {test: [CMD, /testimage, check], interval: 1s}",
			9, []string{"loopback"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "services: {culprit: {image: IMAGE, "+c.service+"}}")
			s.expect(c.code, append(c.says, "culprit"), "up")
			s.expect(c.code, []string{"culprit"}, "status")
		})
	}
}

func TestAnUncheckedServiceIsRefusedBeforeAnythingStartsWhereThatIsWanted(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  good: {image: IMAGE, healthcheck: {test: [CMD, /testimage, check], interval: 1s}}
  silent: {image: IMAGE, command: [sleep], restart: unless-stopped}
`)
	s.expect(7, []string{"silent", "unchecked"}, "up", "--strict")
	nothingLeft(t, s.name)
}

func TestTheRootCauseIsNamedAndTheVictimsAfterIt(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  zdb:
    image: IMAGE
    command: [serve, status=503]
    healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 2}
  api:
    image: IMAGE
    depends_on: {zdb: {condition: service_healthy}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  web:
    image: IMAGE
    depends_on: {api: {condition: service_healthy}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
`)
	o := s.expect(7, []string{"blocked", "api", "web"}, "up", "--progress", "quiet")
	first, _, _ := strings.Cut(o.stderr, "\n")
	if !strings.Contains(first, "zdb") {
		t.Errorf("the first line names %q", first)
	}
	if len(containersOf(t, s.name)) == 0 {
		t.Error("the failed stack was not left in place for a look")
	}
}

// elapsed are times in what is shown.
var elapsed = regexp.MustCompile(`[0-9.]+s ago`)

func TestTheFirstFailureOfTheReadmeIsWhatIsShown(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../README.md")
	must(t, err)
	_, shown, _ := strings.Cut(string(page), "\n$ stackctl up\n")
	shown, _, ok := strings.Cut(shown, "```")
	if !ok {
		t.Fatal("the README shows no failure of stackctl up")
	}
	s := newStack(t, `
services:
  api:
    image: IMAGE
    command: [exit, "3", "say=config: DATABASE_URL is not set"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  web:
    image: IMAGE
    depends_on: {api: {condition: service_healthy}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
`)
	o := s.expect(7, nil, "up", "--progress", "quiet")
	// What differs is the name, the program that is checked, and the time.
	said := strings.ReplaceAll(strings.ReplaceAll(o.stderr, s.name, "demo"), "/testimage check", "/api check")
	said = strings.ReplaceAll(said, "stackctl -p demo ", "stackctl ")
	if clock := "1.9s ago"; elapsed.ReplaceAllString(said, clock) != elapsed.ReplaceAllString(shown, clock) {
		t.Errorf("the README shows\n%s\nand stackctl says\n%s", shown, said)
	}
}

func TestATakenPortIsNamedWithWhoeverHoldsIt(t *testing.T) {
	t.Parallel()
	file := `services: {web: {image: IMAGE, ports: ["127.0.0.1:PORT:8080"], healthcheck: {test: [CMD, /testimage, check], interval: 1s}}}`
	t.Run("a container of another project", func(t *testing.T) {
		t.Parallel()
		holder, port := newPair(t)
		holder.expect(0, nil, "up")
		s := newStack(t, strings.ReplaceAll(file, "PORT", port))
		s.expect(6, []string{port, "web", holder.name + "-web-1"}, "up")
		nothingLeft(t, s.name)
		holder.expect(0, nil, "status")
	})
}

func TestTheTotalTimeOutSaysWhatWasMissing(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  slow:
    image: IMAGE
    command: [serve, "after=1h"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, start_period: 2m}
`)
	o := s.expect(8, []string{"slow", "starting"}, "up", "--wait-timeout", "4s")
	if o.took > time.Minute {
		t.Errorf("a ceiling of 4 s took %s", o.took)
	}
}

func TestWhatIsNotOursIsNeverTouched(t *testing.T) {
	t.Parallel()
	const file = "name: NAME\nservices: {a: {image: IMAGE, healthcheck: {test: [CMD, /testimage, check], interval: 1s}}}"
	first := newStack(t, file)
	first.expect(0, nil, "up")
	t.Run("another directory with the same project name", func(t *testing.T) {
		second := newStack(t, file)
		second.name = first.name
		second.expect(10, []string{first.dir}, "up")
		second.expect(10, []string{first.dir}, "down", "-v")
		first.expect(0, nil, "status")
	})
	t.Run("a foreign container with our name", func(t *testing.T) {
		s := newStack(t, file)
		name := s.name + "-a-1"
		engine(t, http.MethodPost, "/containers/create?name="+name, `{"Image": "`+image+`"}`)
		defer engine(t, http.MethodDelete, "/containers/"+name+"?force=1", "")
		s.expect(10, []string{name}, "up")
		inspect(t, name)
	})
}

func TestAStartThatTheEngineRefusesSaysWhatIsMissingOnTheHost(t *testing.T) {
	t.Parallel()
	const service = "services: {app: {image: IMAGE, command: [serve], healthcheck: {test: [CMD, /testimage, check], interval: 1s}, "
	s := newStack(t, service+"devices: [/dev/no-such-device]}}")
	o := s.expect(6, []string{"this host has no /dev/no-such-device: look at devices:"}, "up")
	if strings.Contains(o.stderr, "#! line") {
		t.Errorf("it speaks of the program:\n%s", o.stderr)
	}
	s.write("docker-compose.yml", service+"volumes: ['vol:/v']}}\nvolumes: {vol: {driver_opts: {type: none, o: bind, device: ./missing}}}")
	s.expect(6, []string{"./missing is not on the engine's host: look at driver_opts of volume vol"}, "up")
}
