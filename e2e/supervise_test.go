package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/testkit"
)

// supervisor is a stackctl supervise that runs.
type supervisor struct {
	*stack
	cmd *exec.Cmd
	log *testkit.Buffer
}

// supervise starts a supervisor of the project; it is ended with the test.
func (s *stack) supervise(args ...string) *supervisor {
	s.t.Helper()
	out := &supervisor{stack: s, log: &testkit.Buffer{}}
	if len(s.env) == 0 {
		s.env = []string{"XDG_STATE_HOME=" + s.t.TempDir()}
	}
	// Its end is the test's business, which knows how it is to end.
	out.cmd = s.command(context.Background(), append([]string{"supervise", "--listen", "127.0.0.1:0"}, args...)...)
	said := io.Writer(out.log)
	if s.watcher != nil {
		said = io.MultiWriter(out.log, s.watcher)
	}
	out.cmd.Stderr, out.cmd.Stdout = said, said
	must(s.t, out.cmd.Start())
	s.t.Cleanup(func() {
		if out.cmd.ProcessState == nil {
			_ = out.cmd.Process.Signal(syscall.SIGQUIT) // a test that failed wants to know what it is at
			_ = out.cmd.Wait()
		}
		if s.t.Failed() {
			s.t.Logf("the supervisor said\n%s", out.log)
		}
	})
	return out
}

// says waits until the supervisor has said all these words in one line, since
// the length of its log that is given.
func (s *supervisor) says(since int, words ...string) {
	s.t.Helper()
	s.saysWithin(time.Minute, since, words...)
}

// saysWithin is says with a bound of its own.
func (s *supervisor) saysWithin(limit time.Duration, since int, words ...string) {
	s.t.Helper()
	eventually(s.t, limit, "the supervisor says "+strings.Join(words, " "), func() bool {
		for line := range strings.Lines(s.log.String()[since:]) {
			all := true
			for _, word := range words {
				all = all && strings.Contains(line, word)
			}
			if all {
				return true
			}
		}
		return false
	})
}

// page is the address of its page.
func (s *supervisor) page() string {
	s.t.Helper()
	s.says(0, "page", "url=http://")
	_, rest, _ := strings.Cut(s.log.String(), "url=")
	url, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(url)
}

// asked is what the page answers.
func (s *supervisor) asked(path string) (code int, body string) {
	s.t.Helper()
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Get(s.page() + path)
	must(s.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(s.t, err)
	return resp.StatusCode, string(data)
}

// mark is how much it has said so far.
func (s *supervisor) mark() int { return len(s.log.String()) }

// end sends a signal and returns the exit code. One that does not end within two
// minutes has to say what it is at.
func (s *supervisor) end(sig syscall.Signal) int {
	s.t.Helper()
	must(s.t, s.cmd.Process.Signal(sig))
	defer time.AfterFunc(2*time.Minute, func() { _ = s.cmd.Process.Signal(syscall.SIGQUIT) }).Stop()
	_ = s.cmd.Wait() // the exit code says it
	return s.cmd.ProcessState.ExitCode()
}

// trio is a stack for the operator: nothing restarts db and lone but it.
const trio = `
services:
  db:
    image: IMAGE
    command: [serve]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  web:
    image: IMAGE
    command: [serve]
    restart: unless-stopped
    depends_on: {db: {condition: service_healthy, restart: true}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  lone:
    image: IMAGE
    command: [serve]
    environment: {WORD: one}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
`

func TestASupervisorHealsWhatDiesAndWhatIsRemovedAndLeavesTheStackAtItsEnd(t *testing.T) {
	t.Parallel()
	s := newStack(t, trio).supervise()
	s.says(0, "proven")
	before := containersOf(t, s.name)

	from := s.mark()
	engine(t, "POST", "/containers/"+before["db"].ID+"/kill?signal=KILL", "")
	s.says(from, "healed", "service=db")
	s.says(from, "healed", "service=web") // which follows db
	s.says(from, "proven")

	from = s.mark()
	engine(t, "DELETE", "/containers/"+before["lone"].ID+"?force=1", "")
	s.says(from, "healed", "service=lone")
	s.says(from, "proven")

	if code, body := s.asked("/readyz"); code != 200 {
		t.Errorf("ready is %d %s", code, body)
	}
	var status struct{ Proven bool }
	_, body := s.asked("/status.json")
	must(t, json.Unmarshal([]byte(body), &status))
	if !status.Proven {
		t.Errorf("the status is %s", body)
	}
	now := containersOf(t, s.name)
	if now["db"].ID != before["db"].ID || now["db"].State.StartedAt == before["db"].State.StartedAt {
		t.Error("db was not started again in its container")
	}
	if now["web"].ID != before["web"].ID || now["web"].State.StartedAt == before["web"].State.StartedAt {
		t.Error("web did not follow db")
	}
	if now["lone"].ID == before["lone"].ID {
		t.Error("lone was not made anew")
	}
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	s.expect(0, nil, "status")
}

func TestASupervisorNeverFightsAPersonAndUpNeverFightsIt(t *testing.T) {
	t.Parallel()
	s := newStack(t, trio).supervise()
	s.says(0, "proven")
	s.expect(10, []string{"supervisor", "stackctl supervise"}, "up")
	s.expect(10, []string{"supervisor"}, "down")
	s.expect(10, []string{"supervise"}, "supervise")

	from := s.mark()
	s.expect(0, nil, "stop", "-t", "1", "lone")
	s.says(from, "stopped by hand", "service=lone")
	lone := s.only("lone")
	// Its life goes on: others are healed, and lone stays as it is.
	from = s.mark()
	engine(t, "POST", "/containers/"+s.only("db").ID+"/kill?signal=KILL", "")
	s.says(from, "healed", "service=db")
	s.says(from, "healed", "service=web")
	if now := s.only("lone"); now.State.Status != "exited" || now.State.StartedAt != lone.State.StartedAt {
		t.Errorf("lone is %s: somebody fought the person who stopped it", now.State.Status)
	}
	// Its kill -9 does not make it forget.
	_ = s.end(syscall.SIGKILL)
	again := s.supervise()
	again.says(0, "stopped by hand", "service=lone")
	from = again.mark()
	s.expect(0, nil, "start", "lone")
	again.says(from, "proven")
	if code := again.end(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

func TestASupervisorGivesUpVisiblyAndOnlyOnWhatDoesNotComeGood(t *testing.T) {
	t.Parallel()
	file := strings.Replace(trio, "command: [serve]\n    environment", "command: [exit, \"3\"]\n    environment", 1) +
		"x-stackctl: {supervise: {budget: 2, backoff: 1s}}\n"
	s := newStack(t, file).supervise("--watch-file")
	s.says(0, "gave up", "service=lone", "2 starts")
	if code, body := s.asked("/readyz"); code != 503 {
		t.Errorf("ready is %d %s", code, body)
	}
	if _, body := s.asked("/metrics"); !strings.Contains(body, `stackctl_service_given_up{service="lone"} 1`) {
		t.Errorf("the figures do not say that lone is given up\n%s", body)
	}
	s.expect(7, []string{"lone", "exited(3)"}, "status")
	from := s.mark()
	engine(t, "POST", "/containers/"+s.only("db").ID+"/kill?signal=KILL", "")
	s.says(from, "healed", "service=db")

	from = s.mark()
	s.write("docker-compose.yml", "services: [")
	s.says(from, "trouble", "invalid", "stays in force")
	s.write("docker-compose.yml", strings.Replace(trio, "WORD: one", "WORD: two", 1))
	s.says(from, "proven")
	s.expect(0, nil, "status")
	if code := s.end(syscall.SIGINT); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

func TestASupervisorTakesTheStackDownAtItsEndWhenAskedTo(t *testing.T) {
	t.Parallel()
	s := newStack(t, one).supervise("--down-on-exit")
	s.says(0, "proven")
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	nothingLeft(t, s.name)
}

// withEnvFile is a stack with a port and an env file for the operator.
const withEnvFile = `
services:
  web:
    image: IMAGE
    command: [serve]
    env_file: [web.env]
    ports: ["127.0.0.1::8080"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  other:
    image: IMAGE
    command: [serve]
    labels: {a: one}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
`

func TestASupervisorTellsNoFailureOfWhatAPersonOrTheFileAccountsFor(t *testing.T) {
	t.Parallel()
	s := newStack(t, withEnvFile)
	s.write("web.env", "WORD=one\n")
	boss := s.supervise("--watch-file")
	boss.says(0, "proven")
	web := s.only("web")

	from := boss.mark()
	s.write("docker-compose.yml", "# a comment\n"+withEnvFile)
	boss.says(from, "files read")
	s.write("docker-compose.yml", strings.Replace(withEnvFile, "a: one", "a: two", 1))
	boss.says(from, "acting", "service=other")
	boss.says(from, "proven")
	if now := s.only("web"); now.ID != web.ID {
		t.Error("web was made anew for the label of another service")
	}
	proven := boss.mark()
	s.write("web.env", "WORD=two\n")
	boss.says(proven, "acting", "service=web", "WORD")
	boss.says(proven, "proven")

	stopped := boss.mark()
	s.expect(0, nil, "stop", "-t", "1", "web")
	boss.says(stopped, "stopped by hand", "service=web")
	s.expect(0, nil, "start", "web")
	boss.says(stopped, "proven")
	for line := range strings.Lines(boss.log.String()[from:]) {
		if strings.Contains(line, " failed ") || strings.Contains(line, " healed ") {
			t.Errorf("it told %s", line)
		}
	}
	if code := boss.end(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}
