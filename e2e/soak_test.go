package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// faultEvery is the time between two faults.
	faultEvery = 5 * time.Second
	// seenAfter is from when on a proof is one of a time after the fault: an
	// event that was dropped costs five seconds.
	seenAfter = 6 * time.Second
	// healedWithin bounds how long a service may not be proven after the last
	// fault that hit it or what it depends on: a pause of ten seconds that is
	// taken for meant, an illness of two failures, the start of three levels, and
	// a machine on which other tests run.
	healedWithin = 2 * time.Minute
)

// soakFor is how long the soak lasts: three minutes, or what STACKCTL_SOAK says
// (make soak-operator: an hour).
func soakFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("STACKCTL_SOAK")
	if text == "" {
		return 3 * time.Minute
	}
	d, err := time.ParseDuration(text)
	must(t, err)
	return d
}

// soakWindow is that of the soaked stack's budget, hardships the most faults that
// hit one service within it: half the budget, as some take two starts.
const (
	soakWindow = 2 * time.Minute
	hardships  = 7
)

// soaked is a stack in which faults happen: some services are restarted by the
// engine and some by nobody else, one follows another, and one is hopeless. Its
// pauses, which double, take eight seconds of the window, which leaves a busy
// machine eight for each start of what is hopeless.
const soaked = `
x-stackctl: {supervise: {budget: 14, window: 2m, backoff: 1ms}}
x-check: &check {test: [CMD, /testimage, check, unless=/tmp/sick], interval: 2s, timeout: 5s, retries: 2}
x-service: &service
  image: IMAGE
  command: [serve, told=/tmp/die]
  tmpfs: [/tmp]
  healthcheck: *check
services:
  db: {<<: *service, volumes: ["data:/data"]}
  cache: {<<: *service, restart: unless-stopped}
  api:
    <<: *service
    depends_on: {db: {condition: service_healthy, restart: true}, cache: {condition: service_healthy}}
  web:
    <<: *service
    restart: always
    ports: ["127.0.0.1:PORT:8080"]
    depends_on: {api: {condition: service_healthy}}
  lone: {<<: *service}
  hopeless:
    image: IMAGE
    command: [exit, "3"]
    healthcheck: *check
volumes: {data: {}}
`

// mortal are the services that faults hit, with what each depends on.
var mortal = map[string][]string{"db": nil, "cache": nil, "api": {"db", "cache"}, "web": {"api", "db", "cache"}, "lone": nil}

// soak is a supervisor under faults, and what is known of each service.
type soak struct {
	*supervisor
	begin  time.Time
	random *rand.Rand
	// hit is when the last fault hit a service or what it depends on.
	hit map[string]time.Time
	// wounds are the faults that were not seen to be healed yet.
	wounds []wound
	// suffered are when faults hit a service itself.
	suffered map[string][]time.Time
	tally
}

// wound is a fault that was made.
type wound struct {
	kind, service string
	at            time.Time
}

func TestASupervisorHealsFaultAfterFaultAndDoesNotGrow(t *testing.T) {
	if os.Getenv("STACKCTL_SOAK") != "" {
		// The race detector's own memory grows with the time, and is not ours.
		plain := filepath.Join(t.TempDir(), "stackctl")
		must(t, build(t.Context(), plain, "0", "-trimpath", "../cmd/stackctl"))
		program = plain
	} else {
		t.Parallel()
	}
	stack := newStack(t, strings.Replace(soaked, "PORT", freePort(t), 1))
	stack.longest = soakFor(t) + 15*time.Minute
	sup := stack.supervise()
	sup.saysWithin(4*time.Minute, 0, "gave up", "service=hopeless")
	s := &soak{
		supervisor: sup, begin: time.Now(), hit: map[string]time.Time{}, tally: newTally(),
		suffered: map[string][]time.Time{},
		random:   rand.New(rand.NewPCG(6, uint64(time.Now().UnixNano()))),
	}
	eventually(t, time.Minute, "all but what is hopeless is proven", func() bool { return s.look() == len(mortal) })
	s.volumes = len(ids(t, "volumes", s.name))
	s.measure()
	for end := s.begin.Add(soakFor(t)); time.Now().Before(end); {
		s.harm()
		for next := time.Now().Add(faultEvery); time.Now().Before(next); {
			s.look()
			<-time.After(500 * time.Millisecond) // the pace of looking, not a hope
		}
	}
	eventually(t, healedWithin, "all is healed that can be", func() bool { return s.look() == len(mortal) && len(s.wounds) == 0 })
	s.measure()
	s.judge()
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	if os.Getenv("STACKCTL_SOAK") != "" && !t.Failed() {
		must(t, os.WriteFile(filepath.Join("..", "docs", "operator-soak.md"), []byte(s.page()), 0o644))
	}
}

// spared says whether a service has had as many faults as it may.
func (s *soak) spared(name string) bool {
	s.suffered[name] = slices.DeleteFunc(s.suffered[name], func(at time.Time) bool { return time.Since(at) > soakWindow })
	return len(s.suffered[name]) >= hardships
}

// harm makes one fault of a random kind at a random service.
func (s *soak) harm() {
	s.t.Helper()
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(mortal)), s.spared)
	name, kind := names[s.random.IntN(len(names))], damages[s.random.IntN(len(damages))]
	c, err := s.member(name)
	if err == nil && c.State.Status == "running" {
		err = kind.do(s.supervisor, c)
	} else if err == nil {
		err = fmt.Errorf("%s is %s", name, c.State.Status)
	}
	if err != nil {
		s.missed++ // an earlier fault is not healed yet
		return
	}
	now := time.Now()
	s.made[kind.name]++
	s.wounds = append(s.wounds, wound{kind.name, name, now})
	s.suffered[name] = append(s.suffered[name], now)
	for other, needs := range mortal {
		if other == name || slices.Contains(needs, name) {
			s.hit[other] = now
		}
	}
}

// look asks the operator what is proven, takes what is healed from the faults
// that are open, and returns how many of the services that faults hit are proven.
func (s *soak) look() int {
	s.t.Helper()
	var status struct {
		Services []struct {
			Name, State, Reason string
			Proven              bool
		}
	}
	_, body := s.asked("/status.json")
	must(s.t, json.Unmarshal([]byte(body), &status))
	now, proven := time.Now(), 0
	for _, service := range status.Services {
		if _, ok := mortal[service.Name]; !ok {
			continue
		}
		if service.Proven {
			proven++
		} else if hit := s.hit[service.Name]; !hit.IsZero() && now.Sub(hit) > healedWithin {
			s.t.Fatalf("%s after the last fault that hit it %s is %s: %s", now.Sub(hit).Round(time.Second), service.Name, service.State, service.Reason)
		}
		if service.Proven {
			s.wounds = slices.DeleteFunc(s.wounds, func(w wound) bool {
				over := w.service == service.Name && now.Sub(w.at) >= seenAfter
				if over {
					s.healed[w.kind]++
				}
				return over
			})
		}
	}
	if now.Sub(s.measured) >= time.Minute {
		s.measure()
	}
	return proven
}

// judge is what has to be true at the end.
func (s *soak) judge() {
	s.t.Helper()
	containers := containersOf(s.t, s.name)
	if want := len(mortal) + 1; len(containers) != want || len(ids(s.t, "containers", s.name)) != want {
		s.t.Errorf("there are %d containers, want %d", len(ids(s.t, "containers", s.name)), want)
	}
	if n := len(ids(s.t, "networks", s.name)); n != 1 {
		s.t.Errorf("there are %d networks", n)
	}
	if n := len(ids(s.t, "volumes", s.name)); n != s.volumes {
		s.t.Errorf("there are %d volumes, and there were %d", n, s.volumes)
	}
	if n := strings.Count(s.log.String(), "gave up pass="); n != 1 {
		s.t.Errorf("it gave up %d times, want once, on what is hopeless", n)
	}
	if s.figure(`stackctl_service_given_up{service="hopeless"}`) != 1 {
		s.t.Error("the figures do not say that it is given up on what is hopeless")
	}
	for kind, n := range s.made {
		if s.healed[kind] != n {
			s.t.Errorf("of %d faults of the kind %s %d were healed", n, kind, s.healed[kind])
		}
	}
	s.grown()
}

// open counts the descriptors that the supervisor holds.
func (s *supervisor) open() int {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join("/proc", fmt.Sprint(s.cmd.Process.Pid), "fd"))
	must(s.t, err)
	return len(entries)
}

// figure is one value of /metrics.
func (s *supervisor) figure(name string) float64 {
	s.t.Helper()
	_, body := s.asked("/metrics")
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			var value float64
			_, err := fmt.Sscan(rest, &value)
			must(s.t, err)
			return value
		}
	}
	s.t.Fatalf("there is no figure %s", name)
	return 0
}
