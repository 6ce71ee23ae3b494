package orchestrator

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// small is a file of n services that need nobody.
func small(n int) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range n {
		fmt.Fprintf(&b, "  s%03d: {image: app, healthcheck: {test: [CMD, ok], interval: 30s}}\n", i)
	}
	return b.String()
}

// What a run asks the engine about one container hardly depends on how many there
// are: with ten times as many, and a run that takes longer, two looks more.
func TestALargeStackCostsAsManyLooksAContainerAsASmallOne(t *testing.T) {
	looks := func(n int) float64 {
		var looks int
		synctest.Test(t, func(t *testing.T) {
			e := newFake().has("app")
			e.info.StartInterval = true
			e.changing = func(call string) error {
				if strings.HasPrefix(call, "start") {
					<-time.After(800 * time.Millisecond) // eight at a time: 100 ms for each
				}
				return nil
			}
			mustUp(t, e, load(t, small(n)), Options{})
			looks = e.looks
		})
		return float64(looks) / float64(n)
	}
	few, many := looks(20), looks(200)
	if few > 4 || many > few+2 {
		t.Errorf("%.1f looks for each of 20 containers, %.1f for each of 200", few, many)
	}
}

// watched follows a world until it is stopped, and says what was handed on.
func watched(t *testing.T, w *world, service string, pace time.Duration) (handed func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	var mu sync.Mutex
	var got []string
	go func() {
		defer close(done)
		_ = w.watch(ctx, service, pace, func(sights []Sight) (bool, error) {
			var ids []string
			for _, s := range sights {
				ids = append(ids, s.ID)
			}
			mu.Lock()
			defer mu.Unlock()
			got = append(got, strings.Join(ids, " "))
			return false, nil
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return func() string {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		said := got
		got = nil
		return strings.Join(said, "; ")
	}
}

func TestEachChangeIsHandedOnOnceAndEverythingAtItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(newFake(), "p")
		for i, id := range []string{"d", "a", "c", "b"} {
			w.made(Container{ID: id, Service: []string{"web", "api"}[i%2], Number: i, State: StateCreated})
		}
		handed, ofWeb := watched(t, w, "", time.Second), watched(t, w, "web", time.Second)
		if all, web := handed(), ofWeb(); all != "a b d c" || web != "d c" {
			t.Errorf("at first %q and of web %q", all, web)
		}
		<-time.After(300 * time.Millisecond)
		w.take(t.Context(), "a", Container{ID: "a", Service: "api", Number: 1, State: StateRunning}, nil)
		if all, web := handed(), ofWeb(); all != "a" || web != "" {
			t.Errorf("after a change of a %q and of web %q", all, web)
		}
		w.take(t.Context(), "a", Container{ID: "a", Service: "api", Number: 1, State: StateRunning}, nil)
		if all := handed(); all != "" {
			t.Errorf("after a look that shows nothing new %q", all)
		}
		w.again("c")
		if all, web := handed(), ofWeb(); all != "c" || web != "c" {
			t.Errorf("what was asked for again is %q and of web %q", all, web)
		}
		<-time.After(700 * time.Millisecond)
		if all, web := handed(), ofWeb(); all != "a b d c" || web != "d c" {
			t.Errorf("at its pace %q and of web %q", all, web)
		}
		w.mu.Lock()
		w.replace(map[string]Sight{"e": {Container: Container{ID: "e", Service: "web"}}})
		w.announce()
		w.mu.Unlock()
		if all, web := handed(), ofWeb(); all != "e" || web != "e" {
			t.Errorf("of another picture %q and of web %q", all, web)
		}
	})
}

// On an engine that cannot probe early, a run asks containers itself: the more
// there are, the less often each, and no more once that has said enough until all
// of it is to be proven.
func TestAnOldEngineIsNotDrownedInRunsOfChecks(t *testing.T) {
	for interval, most := range map[string]int{"10s": 2, "30s": 4} {
		synctest.Test(t, func(t *testing.T) {
			e := newFake().has("app").old()
			var execs atomic.Int64
			e.before = func(call string) error {
				if strings.HasPrefix(call, "exec ") {
					execs.Add(1)
				}
				return nil
			}
			e.changing = func(call string) error {
				if strings.HasPrefix(call, "start") {
					<-time.After(800 * time.Millisecond)
				}
				return nil
			}
			mustUp(t, e, load(t, strings.ReplaceAll(small(100), "30s", interval)), Options{})
			if n := execs.Load(); n < 100 || n > int64(100*most) {
				t.Errorf("interval %s: %d runs of the checks of 100 containers, want up to %d for each", interval, n, most)
			}
		})
	}
}

// What passes twice and then never again, as a server that is there for the
// initialisation only, is not proven by an engine that has not probed it.
func TestTwoPassesAndThenNoneProveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFake().has("app").old()
		e.scripts["s000"] = script{probe: func(up time.Duration, _ int) int {
			if up > 500*time.Millisecond {
				return 1
			}
			return 0
		}}
		r, err := Up(t.Context(), e, load(t, small(1)), Options{WaitTimeout: 20 * time.Second})
		wantFailure(t, r, err, fault.Timeout)
	})
}

func TestThePauseBetweenRunsOfACheck(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		since    time.Duration
		asked    int
		interval time.Duration
		want     time.Duration
	}{
		{0, 1, 10 * second, 100 * time.Millisecond},
		{2 * second, 1, 10 * second, 400 * time.Millisecond},
		{60 * second, 1, 10 * second, second},
		{0, 100, 10 * second, 2 * second},
		{60 * second, 1000, 10 * second, 10 * second},
	} {
		if got := execGap(c.since, c.asked, c.interval); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
