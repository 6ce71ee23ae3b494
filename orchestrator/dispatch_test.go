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
)

// dispatched carries out actions of one second each, at most atOnce at the same
// time, and returns them in the order in which they began.
func dispatched(t *testing.T, atOnce int, actions []Action, fails ...string) []string {
	t.Helper()
	var mu sync.Mutex
	var order []string
	dispatch(t.Context(), Plan{Actions: actions}, atOnce, func(a Action) bool {
		mu.Lock()
		order = append(order, a.ID)
		mu.Unlock()
		<-time.After(time.Second)
		return !slices.Contains(fails, a.ID)
	})
	return order
}

func step(id string, after ...string) Action {
	return Action{ID: id, Kind: StartContainer, DependsOn: after}
}

func TestTheMostUrgentOfWhatCouldBeginGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		actions := []Action{step("a"), step("b"), step("c"), step("d", "c"), step("e", "d"), step("f", "b")}
		// c has two behind it and b one; what has none comes in the plan's order.
		if got, want := dispatched(t, 1, actions), []string{"c", "b", "d", "a", "e", "f"}; !slices.Equal(got, want) {
			t.Errorf("the order is %v, want %v", got, want)
		}
	})
}

func TestNoMoreActionsThanAllowedAreAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var actions []Action
		for i := range 20 {
			actions = append(actions, step(fmt.Sprint(i)))
		}
		// Waits take nobody's place.
		for i := range 20 {
			actions = append(actions, Action{ID: fmt.Sprint("wait ", i), Kind: WaitHealthy})
		}
		began := time.Now()
		if got := len(dispatched(t, 4, actions)); got != 40 {
			t.Errorf("%d of 40 actions were carried out", got)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("20 actions of a second, four at a time, took %s", took)
		}
	})
}

func TestWhatDependsOnAFailureDoesNotBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		actions := []Action{step("a"), step("b"), step("c", "a", "b"), step("d", "b"), step("e", "c")}
		got := dispatched(t, 8, actions, "a")
		if slices.Sort(got); !slices.Equal(got, []string{"a", "b", "d"}) {
			t.Errorf("%v began", got)
		}
	})
}

func TestNothingBeginsOnceTheRunHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var order []string
		dispatch(ctx, Plan{Actions: []Action{step("a"), step("b"), step("c", "a")}}, 1, func(a Action) bool {
			order = append(order, a.ID)
			cancel()
			return true
		})
		if !slices.Equal(order, []string{"a"}) {
			t.Errorf("%v began", order)
		}
	})
}

// What many wait for is created and started before what nobody waits for, where
// there are more than can be worked at.
func TestWhatOthersWaitForGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file strings.Builder
		file.WriteString("services:\n")
		for i := range 40 {
			fmt.Fprintf(&file, "  a%02d: {image: app, healthcheck: {test: [CMD, ok], interval: 1s}}\n", i)
		}
		file.WriteString("  z: {image: app, healthcheck: {test: [CMD, ok], interval: 1s}}\n")
		file.WriteString("  web: {image: app, depends_on: {z: {condition: service_healthy}}, healthcheck: {test: [CMD, ok], interval: 1s}}\n")
		e := newFake().has("app")
		mustUp(t, e, load(t, file.String()), Options{})
		place := func(call string) int {
			return slices.IndexFunc(e.calls, func(c string) bool { return strings.HasPrefix(c, call) })
		}
		if z := place("start p-z-1"); z < 0 || z > 3*callsAtOnce {
			t.Errorf("z is started as call %d of %d: %q", z, len(e.calls), e.calls)
		}
	})
}
