package scripted

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
)

// reference is the repository's own stack on an engine that has its images:
// the file as it is, its builds replaced by what they lead to.
func reference(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	yaml := strings.ReplaceAll(string(text), "  build: &build\n    context: ./images/trading\n    args:\n      GO_IMAGE: ${GO_IMAGE:-golang:1.26}\n", "")
	if yaml == string(text) {
		t.Fatal("the reference stack has no such build any more")
	}
	return yaml
}

// newReference puts the reference stack on an engine.
func newReference(t testing.TB, kind fakeengine.Personality) *stage {
	t.Helper()
	s := newStage(t, kind, reference(t))
	s.Add(fakeengine.Image{Tags: []string{"stackctl/trading:local"}})
	secrets := filepath.Join(s.dir, "secrets")
	if err := os.Mkdir(secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(secrets, "postgres_password"), []byte("a-long-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Script("postgres", database(nil))
	s.Script("migrate", fakeengine.Script{Run: fakeengine.Lives(fakeengine.Life{Exits: 300 * time.Millisecond})})
	return s
}

// census is what there is, without what differs from one run to the next.
func (s *stage) census() []string {
	var out []string
	for _, c := range s.Containers() {
		out = append(out, fmt.Sprintf("container %s of %s %s", c.Name, c.Service, c.State))
	}
	for _, n := range s.Networks() {
		out = append(out, "network "+n)
	}
	for _, v := range s.Volumes() {
		out = append(out, "volume "+v)
	}
	slices.Sort(out)
	return out
}

// changes says whether a call changes a stack: to run a check does not.
func changes(c fakeengine.Call) bool { return c.Changes() && !strings.HasPrefix(c.Op, "exec") }

// mutations counts the calls of a cold up that change something.
func mutations(t *testing.T, make func(*testing.T) *stage) (n int, census []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := make(t)
		defer s.Close()
		if r := s.up(); r.code != 0 {
			t.Fatalf("exit %d\n%s", r.code, r.all())
		}
		for _, c := range s.Calls() {
			if changes(c) {
				n++
			}
		}
		census = s.census()
	})
	return n, census
}

// kill cuts the connection for good at the nth changing call, before or after
// it took effect.
func (s *stage) kill(n int, committed bool, dead func()) {
	var seen atomic.Int64
	at := func(c fakeengine.Call) *fakeengine.Fault {
		if !changes(c) || int(seen.Add(1)) != n {
			return nil
		}
		s.Cut()
		dead()
		return &fakeengine.Fault{Drop: true}
	}
	if committed {
		s.Hook(nil, at)
	} else {
		s.Hook(at, nil)
	}
}

func TestAKilledRunIsMadeUpForByTheNext(t *testing.T) {
	sweep(t, "the reference stack on 28.5", func(t *testing.T) *stage { return newReference(t, fakeengine.Moby28()) }, "p_pgdata")
	for _, kind := range withoutStartInterval() {
		sweep(t, "a small stack on "+kind.Name, func(t *testing.T) *stage { return newSmall(t, kind) }, "p_data")
	}
}

// newSmall puts a stack on an engine that has a little of everything: levels, a
// job, a database with its volume, a secret that is copied, two networks.
func newSmall(t testing.TB, kind fakeengine.Personality) *stage {
	t.Helper()
	s := newStage(t, kind, file(
		strings.ReplaceAll(part("db", everySecond, "environment: {POSTGRES_PASSWORD: a-long-password}", dataVolume), "app:1", "postgres:17"),
		part("migrate", "x-stackctl: {job: true}", "depends_on: {db: {condition: service_healthy}}"),
		part("web", everySecond, published, "networks: [front, default]", "secrets: [token]",
			"depends_on: {db: {condition: service_healthy}, migrate: {condition: service_completed_successfully}}"),
	)+"networks: {front: {}}\nvolumes: {data: {}}\nsecrets: {token: {environment: TOKEN}}\n")
	s.env = append(s.env, "TOKEN=a-secret-of-the-test")
	s.Script("db", database(nil))
	s.Script("migrate", fakeengine.Script{Run: fakeengine.Lives(fakeengine.Life{Exits: 300 * time.Millisecond})})
	return s
}

// sweep kills a cold up at every call that changes something.
func sweep(t *testing.T, name string, make func(*testing.T) *stage, volume string) {
	calls, whole := mutations(t, make)
	if calls < 3 {
		t.Fatalf("only %d calls change something", calls)
	}
	for n := 1; n <= calls; n += pick(1, 4) {
		for _, committed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s at call %d, committed %t", name, n, committed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := make(t)
					defer s.Close()
					s.dieAt(n, committed)
					written := volume != "" && s.Write(volume, "sentinel", "kept")
					s.again(whole)
					if written && s.Read(volume, "sentinel") != "kept" {
						t.Error("the data are gone")
					}
					s.goneAfterDown()
				})
			})
		}
	}
}

// dieAt is an up that is killed.
func (s *stage) dieAt(n int, committed bool) {
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	s.kill(n, committed, cancel)
	if r := s.run(ctx, "up"); r.code == 0 {
		s.Errorf("the run that was killed says that it is done:\n%s", r.all())
	}
	s.wait(20 * time.Second) // a process would be gone; its goroutines end, unheard
	s.Hook(nil, nil)
	s.Mend()
}

// TestWhatAKilledRunAskedForAndTheEngineMakesLateIsTakenOver kills an up at a
// creation that the engine goes on with while the next run looks, plans or
// creates itself.
func TestWhatAKilledRunAskedForAndTheEngineMakesLateIsTakenOver(t *testing.T) {
	for _, kind := range fakeengine.All() {
		_, whole := mutations(t, func(t *testing.T) *stage { return newSmall(t, kind) })
		for _, late := range []time.Duration{2 * time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond, 5 * time.Second} {
			for n := 1; n <= 3; n++ {
				t.Run(fmt.Sprintf("%s, container %d, %v late", kind.Name, n, late), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := newSmall(t, kind)
						defer s.Close()
						s.dieCreating(n, late)
						s.again(whole)
						s.goneAfterDown()
					})
				})
			}
		}
	}
}

// dieCreating is an up that is killed at its nth creation of a container, which
// the engine carries out this long after the next run has begun.
func (s *stage) dieCreating(n int, late time.Duration) {
	const unheard = 20 * time.Second
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	var seen atomic.Int64
	s.Hook(func(c fakeengine.Call) *fakeengine.Fault {
		if c.Op != "container create" || int(seen.Add(1)) != n {
			return nil
		}
		s.Cut()
		cancel()
		return &fakeengine.Fault{Late: unheard + late}
	}, nil)
	if r := s.run(ctx, "up"); r.code == 0 {
		s.Errorf("the run that was killed says that it is done:\n%s", r.all())
	}
	s.wait(unheard - time.Since(s.lastCall()))
	s.Hook(nil, nil)
	s.Mend()
}

// lastCall is when the engine was last asked for something.
func (s *stage) lastCall() time.Time {
	calls := s.Calls()
	return calls[len(calls)-1].At
}

// again brings the stack up after a kill and holds it against an up that was
// not disturbed.
func (s *stage) again(whole []string) {
	if r := s.up(); r.code != 0 {
		s.Errorf("the next run: exit %d\n%s", r.code, r.all())
	}
	if got := s.census(); !slices.Equal(got, whole) {
		s.Errorf("there is\n%s\nwanted is\n%s", strings.Join(got, "\n"), strings.Join(whole, "\n"))
	}
}

// goneAfterDown removes the stack and insists that nothing is left.
func (s *stage) goneAfterDown() {
	if r := s.run(s.Context(), "down", "-v"); r.code != 0 {
		s.Errorf("down: exit %d\n%s", r.code, r.all())
	}
	if left := s.census(); len(left) > 0 {
		s.Errorf("down left %s", strings.Join(left, ", "))
	}
}
