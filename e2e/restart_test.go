//go:build restart

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// restarting is a stack whose containers come back with their engine.
const restarting = `
services:
  db:
    image: IMAGE
    command: [serve, "after=1s"]
    restart: always
    volumes: ["data:/data"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 10}
  app:
    image: IMAGE
    command: [serve, "after=2s"]
    restart: always
    ports: ["127.0.0.1::8080"]
    depends_on: {db: {condition: service_healthy}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 10}
  web:
    image: IMAGE
    command: [serve]
    restart: always
    depends_on: {app: {condition: service_healthy}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 10}
volumes: {data: {}}
`

// restartEngine ends the engine under the test, which comes back by itself: in
// order, or as a crash does.
func restartEngine(t *testing.T, signal string) {
	t.Helper()
	words := strings.Fields(os.Getenv("STACKCTL_E2E_SIGNAL_ENGINE"))
	if len(words) == 0 {
		t.Fatal("STACKCTL_E2E_SIGNAL_ENGINE is the command that sends the engine a signal: see scripts/test-engines")
	}
	out, err := exec.Command(words[0], append(words[1:], "-"+signal, "dockerd")...).CombinedOutput()
	if err != nil {
		t.Fatalf("signal the engine: %v: %s", err, out)
	}
}

// restarted says that what was claimed of the stack is true.
func restarted(t *testing.T, s *stack) {
	t.Helper()
	must(t, s.untrue([]fact{passes("db"), passes("app"), passes("web")}, 0))
}

// These tests take the engine from under all others, so they run alone.

func TestAnUpOutlivesARestartOfItsEngine(t *testing.T) {
	for _, signal := range []string{"TERM", "KILL"} {
		for _, at := range []string{"db", "app", "web"} {
			t.Run(signal+" when "+at+" runs", func(t *testing.T) {
				s := newStack(t, restarting)
				cmd := s.command(t.Context(), "up", "--wait-timeout", "4m")
				var said bytes.Buffer
				cmd.Stderr, cmd.Stdout = &said, &said
				must(t, cmd.Start())
				s.running(at)
				restartEngine(t, signal)
				if err := cmd.Wait(); err != nil {
					t.Fatalf("up ended with %v\n%s", err, said.String())
				}
				restarted(t, s)
				s.expect(0, nil, "status")
				s.expect(0, nil, "down", "-v")
				nothingLeft(t, s.name)
			})
		}
	}
}

func TestASupervisorOutlivesRestartsOfItsEngine(t *testing.T) {
	s := newStack(t, restarting).supervise()
	s.says(0, "proven")
	for _, signal := range []string{"TERM", "KILL"} {
		from := s.mark()
		restartEngine(t, signal)
		eventually(t, 2*time.Minute, "the stack is proven again after SIG"+signal, func() bool {
			return strings.Contains(s.log.String()[from:], "proven pass")
		})
		if strings.Contains(s.log.String()[from:], "gave up") {
			t.Errorf("it gave up on something:\n%s", s.log.String()[from:])
		}
		restarted(t, s.stack)
	}
}
