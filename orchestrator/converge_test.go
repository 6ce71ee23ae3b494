package orchestrator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// convergent has an anonymous volume, a named one, a job, a follower, one that
// shares a network, and two replicas.
const convergent = `
services:
  db:
    image: db
    environment: {SIZE: "1"}
    healthcheck: {test: [CMD, ok], interval: 1s}
    volumes: [/anonymous, data:/data]
  job:
    image: tool
    depends_on: {db: {condition: service_healthy}}
  api:
    image: api
    scale: 2
    healthcheck: {test: [CMD, ok], interval: 1s}
    volumes: [/scratch]
    depends_on:
      db: {condition: service_healthy, restart: true}
      job: {condition: service_completed_successfully}
  side:
    image: api
    network_mode: service:db
    healthcheck: {test: [CMD, ok], interval: 1s}
volumes: {data: {}}
`

func convergentEngine() *fakeEngine {
	e := newFake().has("db", "tool", "api")
	e.scripts["job"] = script{exits: 300 * time.Millisecond}
	return e
}

// killer lets the run die at the nth change: before it is made, or after it
// was made and before its answer came. From then on every call fails.
type killer struct {
	n     int
	after bool
	die   context.CancelFunc

	mu         sync.Mutex
	dead       bool
	begun, did int
}

// count counts one step of a change and says whether it is the last.
func (k *killer) count(steps *int, last bool) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	*steps++
	if last && *steps == k.n {
		k.dead = true
		k.die()
	}
	return k.killed()
}

// killed is the error of every call of a dead run; the caller holds the lock.
func (k *killer) killed() error {
	if k.dead {
		return fault.New(fault.Interrupted, "killed")
	}
	return nil
}

func (k *killer) hook(e *fakeEngine) {
	e.before = func(string) error {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.killed()
	}
	e.changing = func(string) error { return k.count(&k.begun, !k.after) }
	e.after = func(string) error { return k.count(&k.did, k.after) }
}

// scenario is a change of a stack that a run may be killed in.
type scenario struct {
	name string
	// from is the file of the stack before, "" for none; to the one after.
	from, to string
	was, is  *compose.Project
	options  Options
	// reverted says that the file goes back to from before the next run.
	reverted bool
	// stays is what the next down leaves: data that nobody gave up.
	stays string
}

func (s scenario) prepare(t *testing.T) *fakeEngine {
	t.Helper()
	e := convergentEngine()
	if s.was != nil {
		mustUp(t, e, s.was, atOnce())
		e.calls = nil
	}
	return e
}

// atOnce are options without a stability window.
func atOnce() Options {
	none := time.Duration(0)
	return Options{StableFor: &none}
}

// anonymous are the names of the anonymous volumes by container and place.
func (e *fakeEngine) anonymous() map[string]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string]string{}
	for _, c := range e.containers {
		for _, m := range c.Mounts {
			if isAnonymous(m.Name) {
				out[c.Name+m.Destination] = m.Name
			}
		}
	}
	return out
}

func TestAKilledRunIsBroughtToItsEndByTheNext(t *testing.T) {
	scaledDown := strings.Replace(convergent, "scale: 2", "scale: 1", 1)
	replaced := strings.Replace(convergent, `SIZE: "1"`, `SIZE: "2"`, 1)
	for _, s := range []scenario{
		{name: "a cold up", to: convergent},
		{name: "the replacement of a service", from: convergent, to: replaced},
		{name: "a scale down", from: convergent, to: scaledDown, stays: "volume anonymous"},
		{name: "a replacement with rollback", from: convergent, to: replaced, options: Options{Plan: PlanOptions{Rollback: true}}},
		{name: "a replacement that is taken back", from: convergent, to: replaced, reverted: true},
		{name: "two names that swap",
			from: strings.NewReplacer("image: db", "image: db\n    container_name: one", "image: tool", "image: tool\n    container_name: two").Replace(convergent),
			to:   strings.NewReplacer("image: db", "image: db\n    container_name: two", "image: tool", "image: tool\n    container_name: one").Replace(convergent)},
	} {
		s.options.StableFor = atOnce().StableFor
		s.is = load(t, s.to)
		if s.from != "" {
			s.was = edited(t, s.is, s.from)
		}
		t.Run(s.name, s.killEverywhere)
	}
}

// killEverywhere runs the scenario undisturbed, and then once for each moment
// at which it can be killed.
func (s scenario) killEverywhere(t *testing.T) {
	var want string
	changes := 0
	synctest.Test(t, func(t *testing.T) {
		e := s.prepare(t)
		want = e.census()
		mustUp(t, e, s.is, s.options)
		changes = len(e.calls)
		if !s.reverted {
			want = e.census()
		}
	})
	if changes == 0 {
		t.Fatal("the scenario changes nothing")
	}
	for n := 1; n <= changes; n++ {
		synctest.Test(t, func(t *testing.T) { s.killAt(t, n, n%2 == 0, want) })
	}
}

func (s scenario) killAt(t *testing.T, n int, after bool, want string) {
	moment := fmt.Sprintf("killed at change %d, after it: %t", n, after)
	e, p := s.prepare(t), s.is
	volumes := e.anonymous()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	k := &killer{n: n, after: after, die: cancel}
	k.hook(e)
	// What was kept for a rollback is removed after the proof.
	if _, err := Up(ctx, e, p, s.options); err == nil && !s.options.Plan.Rollback {
		t.Errorf("%s: the run was proven", moment)
	}
	e.before, e.changing, e.after = nil, nil, nil
	killed := slices.Clone(e.calls)
	if s.reverted {
		p = s.was
	}
	if r, err := Up(t.Context(), e, p, atOnce()); err != nil {
		t.Fatalf("%s: the next run failed: %v\n%s\nafter %q\n%s", moment, err, conditions(r), killed, e.census())
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(e.census(), "\n")); diff != "" {
		t.Errorf("%s: another end (-want +got):\n%s\nafter %q", moment, diff, killed)
	}
	now := e.anonymous()
	for at, name := range volumes {
		if got, there := now[at]; there && got != name {
			t.Errorf("%s: the anonymous volume at %s was lost", moment, at)
		}
	}
	e.wantSound(t, moment)
	s.wantRest(t, e, p, moment)
}

// wantSound insists on what a census does not show: nobody shares the network
// of a container that is gone or came later, and a follower started after what
// it follows was made.
func (e *fakeEngine) wantSound(t *testing.T, moment string) {
	t.Helper()
	var db *fakeContainer
	for _, c := range e.containers {
		if c.Service == "db" {
			db = c
		}
	}
	for _, c := range e.containers {
		if joined, ok := strings.CutPrefix(c.NetworkMode, "container:"); ok && (joined != db.ID || c.StartedAt.Before(db.StartedAt)) {
			t.Errorf("%s: %s shares the network of a container that is gone", moment, c.Name)
		}
		if c.Service == "api" && c.StartedAt.Before(db.Created) {
			t.Errorf("%s: %s did not follow db", moment, c.Name)
		}
	}
}

// wantRest insists that a converged stack needs nothing, and that nothing is
// left when it is taken down.
func (s scenario) wantRest(t *testing.T, e *fakeEngine, p *compose.Project, moment string) {
	t.Helper()
	e.calls = nil
	mustUp(t, e, p, atOnce())
	if len(e.calls) > 0 {
		t.Errorf("%s: a third run changed %q", moment, e.calls)
	}
	if err := Down(t.Context(), e, p, DownOptions{Volumes: true}); err != nil {
		t.Errorf("%s: down failed: %v", moment, err)
	}
	if rest := strings.TrimSpace(e.census()); rest != s.stays {
		t.Errorf("%s: down left\n%s", moment, rest)
	}
}

func TestAKilledDownIsBroughtToItsEndByTheNext(t *testing.T) {
	p, changes := load(t, convergent), 0
	synctest.Test(t, func(t *testing.T) {
		e := convergentEngine()
		mustUp(t, e, p, atOnce())
		e.calls = nil
		if err := Down(t.Context(), e, p, DownOptions{Volumes: true}); err != nil {
			t.Fatal(err)
		}
		changes = len(e.calls)
	})
	for n := 1; n <= changes; n++ {
		synctest.Test(t, func(t *testing.T) {
			e := convergentEngine()
			mustUp(t, e, p, atOnce())
			e.calls = nil
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			k := &killer{n: n, after: n%2 == 0, die: cancel}
			k.hook(e)
			if err := Down(ctx, e, p, DownOptions{Volumes: true}); err == nil {
				t.Errorf("down was killed at change %d and is content", n)
			}
			e.before, e.changing, e.after = nil, nil, nil
			if err := Down(t.Context(), e, p, DownOptions{Volumes: true}); err != nil {
				t.Errorf("killed at change %d: the next down failed: %v", n, err)
			}
			if rest := e.census(); rest != "" {
				t.Errorf("killed at change %d: down left\n%s", n, rest)
			}
		})
	}
}
