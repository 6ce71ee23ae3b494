package e2e

import (
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/testkit"
)

// faults lets mishaps happen to one request in ten, as a seed says.
func faults(seed int) func(r *http.Request) mishap {
	var mu sync.Mutex
	said := &memory{}
	random := rand.New(rand.NewPCG(uint64(seed), 1)) //nolint:gosec // it has to be the same each time
	return func(r *http.Request) mishap {
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(10) > 0 {
			return said.keep(r)
		}
		if strings.HasSuffix(r.URL.Path, "/events") {
			return []mishap{refuse, drop, truncate(random.IntN(2000)), repeat}[random.IntN(4)]
		}
		if upgrades(r) {
			return []mishap{refuse, drop}[random.IntN(2)]
		}
		if old := said.stale(r); old != nil && random.IntN(3) == 0 {
			return old
		}
		return []mishap{
			refuse, drop, lose, late(time.Duration(random.IntN(1500)) * time.Millisecond), truncate(random.IntN(400)),
		}[random.IntN(5)]
	}
}

func TestAFaultyConnectionIsNoReasonForALieOrForAnOrphan(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	result := testkit.Soak{Engine: "Docker Engine " + engineVersion(t), Runs: int64(soakRuns())}
	var proven atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for seed := range soakRuns() {
			t.Run(strconv.Itoa(seed), func(t *testing.T) {
				t.Parallel()
				if faultyRun(t, seed) == 0 {
					proven.Add(1)
				}
			})
		}
	})
	result.Proven, result.Took = proven.Load(), time.Since(begin)
	result.Failed = result.Runs - result.Proven
	if os.Getenv(soakRunsSwitch) != "" && !t.Failed() {
		result.Publish(t, "..")
	}
}

// faultyRun brings a stack up over a connection in which mishaps happen, makes
// up for it, and takes it down. The result is how the first up ended.
func faultyRun(t *testing.T, seed int) (code int) {
	t.Helper()
	s := newStack(t, precious)
	p := newProxy(t, faults(seed))
	o := s.through(p, "up", "--stable-for", "500ms", "--deadline", "90s")
	found := s.untrue([]fact{serves("db", "ok"), ends("job"), serves("app", "ok")}, time.Second)
	t.Logf("up ended with %d after %s; the oracle finds: %v", o.code, o.took.Round(time.Millisecond), found)
	switch {
	case o.code == 0 && found != nil:
		t.Errorf("a false success:\n%s\n%s", o.stdout, o.stderr)
	case o.code == 1 || o.code >= 11:
		t.Errorf("this is no class of failure that a connection explains:\n%s", o.stderr)
	case o.took > 2*time.Minute:
		t.Errorf("it took %s", o.took)
	}
	before := s.identity()
	s.expect(0, nil, "up", "--stable-for", "0")
	s.whole("after a faulty run", before)
	if o := s.through(p, "down", "-v"); o.took > 2*time.Minute {
		t.Errorf("down took %s", o.took)
	}
	s.expect(0, nil, "down", "-v")
	nothingLeft(t, s.name)
	return o.code
}
