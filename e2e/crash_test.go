package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// precious is a small stack with everything that can be left half done: the
// database gives its volume an identity when it is first started.
const precious = `
services:
  db:
    image: IMAGE
    command: [serve, id=/data/id]
    stop_signal: SIGKILL
    volumes: ["data:/data", "/tmp"]
    healthcheck: {test: [CMD, /testimage, check], interval: 300ms, retries: 50}
  job:
    image: IMAGE
    command: [write, file=/data/log]
    volumes: ["data:/data"]
    depends_on: {db: {condition: service_healthy}}
  app:
    image: IMAGE
    stop_signal: SIGKILL
    environment: {GENERATION: "${GENERATION:-1}"}
    depends_on: {job: {condition: service_completed_successfully}}
    healthcheck: {test: [CMD, /testimage, check], interval: 300ms, retries: 50}
    volumes: ["/tmp"]
volumes: {data: {}}
`

// through runs stackctl by way of a proxy.
func (s *stack) through(p *proxy, args ...string) outcome {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 3*time.Minute)
	defer cancel()
	o := s.finish(s.by(ctx, p, args...))
	p.settle()
	return o
}

// by prepares a run by way of a proxy.
func (s *stack) by(ctx context.Context, p *proxy, args ...string) *exec.Cmd {
	cmd := s.command(ctx, args...)
	cmd.Env = append(cmd.Env, "DOCKER_HOST="+p.host)
	return cmd
}

// killed runs stackctl and kills it at its n-th change of the engine: before
// the engine is asked, or after the engine has done it. It says whether there
// was an n-th.
func (s *stack) killed(n int64, afterwards bool, args ...string) bool {
	s.t.Helper()
	var count atomic.Int64
	var process *os.Process
	started := make(chan struct{})
	kill := func() {
		<-started
		_ = process.Kill()
	}
	p := newProxy(s.t, func(r *http.Request) mishap {
		if !changes(r) || count.Add(1) < n {
			return nil
		}
		return func(_ http.ResponseWriter, r *http.Request, forward http.Handler) {
			if afterwards && count.Load() == n {
				defer kill()
				lose(nil, r, forward)
			}
			kill()
			cut() // also what it asked for besides, which is not in time any more
		}
	})
	cmd := s.by(s.t.Context(), p, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	must(s.t, cmd.Start())
	process = cmd.Process
	close(started)
	err := cmd.Wait()
	p.settle()
	if err != nil && count.Load() < n {
		s.t.Fatalf("stackctl %v ended with %v before its change %d\n%s", args, err, n, stderr.String())
	}
	return count.Load() >= n
}

// identity is what the database wrote into its volume, "" for nothing yet.
func (s *stack) identity() string {
	s.t.Helper()
	if _, err := s.member("db"); err != nil {
		return ""
	}
	file, err := s.fileIn("db", "/data/id")
	if err != nil {
		return ""
	}
	content, _ := walk(file, "content")
	text, _ := content.(string)
	return text
}

// whole fails the test unless there is exactly the stack of precious, and
// what the volume held before.
func (s *stack) whole(what, before string) {
	s.t.Helper()
	now := containersOf(s.t, s.name)
	if got := slices.Sorted(maps.Keys(now)); !slices.Equal(got, []string{"app", "db", "job"}) {
		s.t.Fatalf("%s: there are %v", what, got)
	}
	for service, c := range now {
		if want := s.name + "-" + service + "-1"; c.Name != want {
			s.t.Errorf("%s: %s is called %s", what, service, c.Name)
		}
	}
	if networks, volumes := ids(s.t, "networks", s.name), ids(s.t, "volumes", s.name); len(networks) != 1 || len(volumes) != 1 {
		s.t.Errorf("%s: there are the networks %v and the volumes %v", what, networks, volumes)
	}
	if err := s.untrue([]fact{serves("db", "ok"), ends("job"), serves("app", "ok")}, 0); err != nil {
		s.t.Errorf("%s: %v", what, err)
	}
	if after := s.identity(); after == "" || before != "" && after != before {
		s.t.Errorf("%s: the volume held %q and holds %q", what, before, after)
	}
}

// sweepPoints is the number of changes of the longest of the sweep's runs: an
// up from nothing has 8, a replacement 6 or 7, a removal 9.
const sweepPoints = 9

func TestAKillAroundEveryChangeIsMadeUpForByTheNextRun(t *testing.T) {
	t.Parallel()
	for n := int64(1); n <= sweepPoints; n++ {
		for _, afterwards := range []bool{false, true} {
			t.Run(fmt.Sprintf("change %d, after it %t", n, afterwards), func(t *testing.T) {
				t.Parallel()
				hits := sweep(t, n, afterwards)
				t.Logf("%d runs were killed", hits)
				if n == 1 && hits != 3 {
					t.Errorf("%d of three runs were killed at their first change", hits)
				}
			})
		}
	}
}

// sweep kills an up from nothing, a replacement and a removal at one point and
// returns how many of them there was something to kill in.
func sweep(t *testing.T, n int64, afterwards bool) (hits int64) {
	t.Helper()
	s := newStack(t, precious)
	hit := func(args ...string) bool {
		killed := s.killed(n, afterwards, args...)
		if killed {
			hits++
		}
		return killed
	}
	up := []string{"up", "--stable-for", "0"}
	again := hit(up...)
	before := s.identity()
	if again {
		s.expect(0, nil, up...)
	}
	s.whole("an up from nothing", before)
	before = s.identity()
	s.env = []string{"GENERATION=2"}
	if hit(up...) {
		s.expect(0, nil, up...)
	}
	s.whole("a replacement", before)
	if app := s.only("app"); !slices.Contains(app.Config.Env, "GENERATION=2") {
		t.Errorf("app was not replaced: %v", app.Config.Env)
	}
	if hit("down", "-v") {
		s.expect(0, nil, "down", "-v")
	}
	nothingLeft(t, s.name)
	return hits
}

// soakRunsSwitch is the environment variable of make soak.
const soakRunsSwitch = "STACKCTL_SOAK_RUNS"

// soakRuns is how many seeded runs there are: few each time, many in a soak.
func soakRuns() int {
	if n := os.Getenv(soakRunsSwitch); n != "" {
		var runs int
		if _, err := fmt.Sscan(strings.TrimSpace(n), &runs); err == nil {
			return runs
		}
	}
	return 20
}
