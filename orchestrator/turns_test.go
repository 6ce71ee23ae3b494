package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

func TestTheMostUrgentOfThoseThatWaitGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(1)
		if err := turns.take(t.Context(), urgency{}); err != nil {
			t.Fatal(err)
		}
		var order []urgency
		for _, u := range []urgency{{0, 1}, {0, 0}, {2, 9}, {1, 5}, {2, 3}} {
			go func() {
				if err := turns.take(t.Context(), u); err != nil {
					t.Error(err)
				}
				order = append(order, u)
				turns.give()
			}()
		}
		synctest.Wait()
		turns.give()
		synctest.Wait()
		if want := []urgency{{2, 3}, {2, 9}, {1, 5}, {0, 0}, {0, 1}}; !slices.Equal(order, want) {
			t.Errorf("the order is %v, want %v", order, want)
		}
	})
}

func TestATurnThatIsGivenUpIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(1)
		if err := turns.take(t.Context(), urgency{}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 3 {
			go func() {
				if err := turns.take(ctx, urgency{index: i}); !errors.Is(err, context.Canceled) {
					t.Errorf("the error is %v", err)
				}
			}()
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		turns.give()
		if err := turns.take(ctx, urgency{}); !errors.Is(err, context.Canceled) {
			t.Errorf("a run that has ended got a turn: %v", err)
		}
		if err := turns.take(t.Context(), urgency{}); err != nil || turns.free != 0 || len(turns.waiting) != 0 {
			t.Errorf("%v, %d free, %d waiting", err, turns.free, len(turns.waiting))
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
