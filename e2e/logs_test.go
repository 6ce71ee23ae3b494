package e2e

import (
	"os"
	"strings"
	"testing"
	"time"
)

// speakers are a service that tells its GENERATION, and one that tries to steer
// the terminal.
const speakers = `
services:
  web:
    image: IMAGE
    command: [say, "text=web of GENERATION"]
    stop_grace_period: 1s
    x-stackctl: {allow_unverified: true}
  rogue:
    image: IMAGE
    command: [say, 'text=\x1b[2Jall is well']
    stop_grace_period: 1s
    x-stackctl: {allow_unverified: true}
  mute:
    image: IMAGE
    command: [say, text=nobody hears it]
    logging: {driver: none}
    stop_grace_period: 1s
    x-stackctl: {allow_unverified: true}
`

func speaking(generation string) string {
	return strings.ReplaceAll(speakers, "GENERATION", generation)
}

func TestLogsAreOfTheNamedAndSteerNoTerminal(t *testing.T) {
	t.Parallel()
	s := newStack(t, speaking("one"))
	s.expect(0, nil, "up", "--stable-for", "0")
	eventually(t, time.Minute, "both have spoken", func() bool {
		said := s.expect(0, []string{"note: logs of " + s.name + "-mute-1: its logging driver"}, "logs").stdout
		return strings.Contains(said, "web of one") && strings.Contains(said, "all is well")
	})
	if said := s.expect(0, []string{`\x1b[2Jall is well`}, "logs", "rogue").stdout; strings.Contains(said, "web") || strings.Contains(said, "\x1b") {
		t.Errorf("the logs of rogue are %q", said)
	}
	if said := s.expect(0, nil, "logs", "--no-log-prefix", "--tail", "1", "web").stdout; said != "web of one\n" {
		t.Errorf("the last line of web without its name is %q", said)
	}
}

func TestLogsFollowThroughARestartAndAReplacementUntilInterrupted(t *testing.T) {
	t.Parallel()
	s := newStack(t, speaking("one"))
	s.expect(0, nil, "up", "--stable-for", "0")
	var said output
	cmd := s.command(t.Context(), "logs", "-f", "web", "mute")
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	told := func(what string, n int) {
		t.Helper()
		eventually(t, time.Minute, what+" is told", func() bool {
			return strings.Count(said.String(), what) == n
		}, said.String)
	}
	told("web of one", 1)
	s.expect(0, nil, "restart", "--stable-for", "0", "web")
	told("web of one", 2)
	s.write("docker-compose.yml", speaking("two"))
	s.expect(0, nil, "up", "--stable-for", "0")
	told("web of two", 1)
	if got := strings.Count(said.String(), "its logging driver"); got != 1 {
		t.Errorf("%d notes about it:\n%s", got, said.String())
	}
	if strings.Contains(said.String(), "all is well") {
		t.Errorf("another service is told of:\n%s", said.String())
	}
	must(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("it ended with %d\n%s", code, said.String())
	}
}
