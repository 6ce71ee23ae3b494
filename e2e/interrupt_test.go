package e2e

import (
	"bytes"
	"syscall"
	"testing"
	"time"
)

// chain is a stack that takes a few seconds, with everything that can be left
// half done.
const chain = `
services:
  db:
    image: IMAGE
    command: [serve, "after=500ms"]
    volumes: ["data:/data", "/tmp"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 10}
  job:
    image: IMAGE
    command: [write, file=/data/log]
    volumes: ["data:/data"]
    depends_on: {db: {condition: service_healthy}}
  app:
    image: IMAGE
    environment: {GENERATION: "${GENERATION:-1}"}
    depends_on: {job: {condition: service_completed_successfully}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 10}
    volumes: ["/tmp"]
volumes: {data: {}}
networks: {default: {}}
`

func TestCtrlCEndsWithItsOwnCodeWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	for sig, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := newStack(t, `services: {slow: {image: IMAGE, command: [serve, "after=1h"], healthcheck: {test: [CMD, /testimage, check], interval: 1s, start_period: 5m}}}`)
			promptly(t, 2*time.Second, "the end after "+sig.String(), func() time.Duration {
				cmd := s.command(t.Context(), "up")
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				must(t, cmd.Start())
				s.running("slow")
				sent := time.Now()
				must(t, cmd.Process.Signal(sig))
				_ = cmd.Wait()
				took := time.Since(sent)
				if got := cmd.ProcessState.ExitCode(); got != code {
					t.Errorf("it ended with %d, want %d\n%s", got, code, stderr.String())
				}
				s.expect(0, nil, "down")
				nothingLeft(t, s.name)
				return took
			})
		})
	}
}

func TestASecondRunIsToldWhoIsAtWork(t *testing.T) {
	t.Parallel()
	s := newStack(t, chain)
	cmd := s.command(t.Context(), "up", "--stable-for", "60s")
	must(t, cmd.Start())
	eventually(t, time.Minute, "the first run has begun", func() bool { return len(ids(t, "containers", s.name)) > 0 })
	s.expect(10, []string{"stackctl"}, "up")
	s.expect(10, nil, "down")
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	s.expect(0, nil, "up")
}
