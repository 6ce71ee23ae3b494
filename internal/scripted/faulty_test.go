package scripted

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/testkit"
)

// The number of seeds in make test, and in make soak.
const (
	seeds     = 500
	raceSeeds = 50
	soakSeeds = 10_000
	// soakSwitch is the environment variable that make soak sets.
	soakSwitch = "STACKCTL_SOAK"
)

// weather decides what befalls each call, from a seed.
type weather struct {
	mu     sync.Mutex
	random *rand.Rand
	// rate is the share of calls that something befalls.
	rate float64
	// sick says that the stack itself does not work, so that success is a lie.
	sick bool
}

func newWeather(seed uint64) *weather {
	random := rand.New(rand.NewPCG(seed, 4))
	return &weather{random: random, rate: 0.01 + 0.14*random.Float64(), sick: random.IntN(3) == 0}
}

// roll is a number below n.
func (w *weather) roll(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.IntN(n)
}

func (w *weather) hit() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.Float64() < w.rate
}

// before is what keeps a call from taking effect.
func (w *weather) before(fakeengine.Call) *fakeengine.Fault {
	if !w.hit() {
		return nil
	}
	switch w.roll(5) {
	case 0:
		return &fakeengine.Fault{Status: 500, Message: "the engine stumbled"}
	case 1:
		return &fakeengine.Fault{Status: 503, Message: "the engine is busy"}
	case 2:
		return &fakeengine.Fault{Status: 502, Body: "<html>bad gateway</html>"}
	case 3:
		return &fakeengine.Fault{Drop: true}
	default:
		return &fakeengine.Fault{Drop: true, Delay: time.Duration(w.roll(2000)) * time.Millisecond}
	}
}

// after is what befalls the answer of a call that took effect.
func (w *weather) after(c fakeengine.Call) *fakeengine.Fault {
	if !w.hit() {
		return nil
	}
	switch w.roll(5) {
	case 0:
		return &fakeengine.Fault{Drop: true}
	case 1:
		return &fakeengine.Fault{Cut: true}
	case 2:
		return &fakeengine.Fault{Status: 500, Message: "the engine stumbled afterwards"}
	case 3:
		if c.Op == "container inspect" {
			return &fakeengine.Fault{Stale: true}
		}
	}
	return &fakeengine.Fault{Delay: time.Duration(w.roll(3000)) * time.Millisecond}
}

// events lets some be lost and some come twice.
func (w *weather) events(string) int { return [...]int{0, 1, 1, 1, 2}[w.roll(5)] }

// stack is the file that is brought up in bad weather.
func stack() string {
	return file(
		part("db", everySecond),
		part("migrate", "x-stackctl: {job: true}", "depends_on: {db: {condition: service_healthy}}"),
		part("web", everySecond, published, "restart: always", "secrets: [token]",
			"depends_on: {migrate: {condition: service_completed_successfully}}"),
	) + "secrets: {token: {environment: TOKEN}}\n"
}

// illness makes one service fail for good.
func (w *weather) illness(s *stage) {
	x := fakeengine.Script{}
	switch w.roll(4) {
	case 0:
		x.Probe = fakeengine.Probes(1, "sick")
	case 1:
		x.Run = fakeengine.Lives(fakeengine.Life{Exits: 400 * time.Millisecond, Code: 1})
	case 2:
		x.Port = fakeengine.Answers(fakeengine.Port{Manner: fakeengine.Closes})
	default:
		x.Port = fakeengine.Answers(fakeengine.Port{Status: 500})
	}
	s.Script("web", x)
}

// sail brings a stack up, looks at it and takes it down in the weather of a
// seed. The result says what is wrong, "" for nothing.
func sail(s *stage, seed uint64) (problem string, code int) {
	w := newWeather(seed)
	s.env = append(s.env, "TOKEN=a-secret-of-the-test")
	s.Script("migrate", fakeengine.Script{Run: fakeengine.Lives(fakeengine.Life{Exits: 300 * time.Millisecond})})
	if w.sick {
		w.illness(s)
	}
	s.Omit(w.events)
	for i := range w.roll(4) {
		s.after(time.Duration(i*700+w.roll(500))*time.Millisecond, s.BreakStreams)
	}
	s.Hook(w.before, w.after)
	r := s.run(s.Context(), "up", "--wait-timeout", "2m")
	if r.took > 10*time.Minute {
		return fmt.Sprintf("up took %s\n%s", r.took, r.all()), r.code
	}
	if r.code == 0 {
		if lie := s.lie(w); lie != "" {
			return lie + "\n" + r.all(), 0
		}
	}
	s.Hook(nil, nil)
	s.wait(20 * time.Second) // what was under way when the run ended
	if r := s.run(s.Context(), "down", "-v"); r.code != 0 {
		return fmt.Sprintf("down: exit %d\n%s", r.code, r.all()), r.code
	}
	if left := s.census(); len(left) > 0 {
		return "down left " + strings.Join(left, ", ") + "\n" + r.all(), r.code
	}
	return "", r.code
}

// lie says why a success is none, by what the engine itself knows; "" for
// nothing.
func (s *stage) lie(w *weather) string {
	if w.sick {
		return "a stack that does not work is called proven"
	}
	want := map[string]string{"p-db-1": "running", "p-web-1": "running", "p-migrate-1": "exited"}
	all := s.Containers()
	if len(all) != len(want) {
		return fmt.Sprintf("there are %d containers: %v", len(all), all)
	}
	for _, c := range all {
		switch {
		case c.State != want[c.Name], c.ExitCode != 0:
			return fmt.Sprintf("%s is %s(%d)", c.Name, c.State, c.ExitCode)
		case !c.Passes:
			return c.Name + " does not pass its check"
		case c.Service == "web" && len(c.Files) == 0:
			return c.Name + " has no secret"
		}
	}
	return ""
}

func TestABadConnectionLeadsToNoLieNoHangAndNoOrphan(t *testing.T) {
	n, soak := pick(seeds, raceSeeds), os.Getenv(soakSwitch) != ""
	if soak {
		n = soakSeeds
	}
	begin := time.Now()
	var proven, failed atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		const groups = 20
		for group := range groups {
			t.Run(fmt.Sprint(group), func(t *testing.T) {
				t.Parallel()
				for seed := group; seed < n; seed += groups {
					code := sailAlone(t, uint64(seed))
					if code == 0 {
						proven.Add(1)
					} else {
						failed.Add(1)
					}
				}
			})
		}
	})
	t.Logf("%d seeds: %d proven, %d failed with a class", n, proven.Load(), failed.Load())
	if proven.Load() < int64(n)/20 || failed.Load() < int64(n)/20 {
		t.Errorf("%d proven and %d failed: the weather tests nothing", proven.Load(), failed.Load())
	}
	if soak && !t.Failed() {
		testkit.Soak{
			Engine: "scripted (20.10, 26.1, 28.5, Podman)", Runs: int64(n), Proven: proven.Load(), Failed: failed.Load(), Took: time.Since(begin),
		}.Publish(t, "../..")
	}
}

// sailAlone sails one seed in a bubble of its own.
func sailAlone(t *testing.T, seed uint64) (code int) {
	synctest.Test(t, func(t *testing.T) {
		kinds := fakeengine.All()
		s := newStage(t, kinds[seed%uint64(len(kinds))], stack())
		defer s.Close()
		var problem string
		if problem, code = sail(s, seed); problem != "" {
			t.Errorf("seed %d: %s", seed, problem)
		}
		if class := fault.Class(code); class == fault.Internal || class == fault.Failure || class == fault.Usage {
			t.Errorf("seed %d: exit %d (%s)", seed, code, class)
		}
	})
	return code
}
