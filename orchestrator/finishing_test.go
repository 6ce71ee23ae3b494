package orchestrator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// tardyEngine takes a while for each network, and makes it whether or not somebody
// waits for the answer.
type tardyEngine struct {
	*fakeEngine
	takes time.Duration
	fails string
}

func (e tardyEngine) CreateNetwork(ctx context.Context, spec NetworkSpec) (string, error) {
	if spec.Name == e.fails {
		time.Sleep(100 * time.Millisecond) // the others are on their way
		return "", fault.New(fault.Resource, "no address is left")
	}
	done := make(chan struct{})
	var id string
	var err error
	go func() {
		defer close(done)
		time.Sleep(e.takes)
		id, err = e.fakeEngine.CreateNetwork(context.WithoutCancel(ctx), spec)
	}()
	select {
	case <-done:
		return id, err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

const threeNetworks = `
services:
  web:
    image: web
    networks: [a, b, c]
    healthcheck: {test: [CMD, ok]}
networks: {a: {}, b: {}, c: {}}
`

func TestWhatWasAskedForWhenAnotherFailedIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := tardyEngine{newFake().has("web"), 5 * time.Second, "p_a"}
		p := load(t, threeNetworks)
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Resource, "no address is left")
		if r.Failure == nil || len(r.Cards) != 0 {
			t.Errorf("the failure of a network is told as %v, with %d cards", r.Failure, len(r.Cards))
		}
		if n := e.networkCount(); n != 2 {
			t.Errorf("%d networks are there when up has ended, 2 were asked for", n)
		}
		if err := Down(t.Context(), e, p, DownOptions{}); err != nil || e.networkCount() != 0 {
			t.Errorf("down: %v, %d networks left", err, e.networkCount())
		}
	})
}

func TestAnInterruptedRunSaysWhichCallMayStillBeCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := tardyEngine{newFake().has("web"), 5 * time.Second, ""}
		p := load(t, threeNetworks)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(fault.New(fault.Interrupted, "interrupted")) })
		var h heard
		unfinished := false
		begin := time.Now()
		_, err := Up(ctx, e, p, Options{Listen: h.listen, Unfinished: func() { unfinished = true }})
		if fault.ClassOf(err) != fault.Interrupted || !unfinished || !h.says(PhaseWarning, "create network p_b") {
			t.Errorf("%v, unfinished %t, said %v", err, unfinished, h.all)
		}
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("an interrupted run took %s", took)
		}
		// The engine makes them meanwhile: the next down looks until nothing comes.
		time.Sleep(3 * time.Second)
		if err := Down(t.Context(), e, p, DownOptions{Late: LateAfterUnknown}); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Second)
		if n := e.networkCount(); n != 0 {
			t.Errorf("down left %d networks", n)
		}
	})
}

func TestAFollowingUpTakesOverWhatComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := tardyEngine{newFake().has("web"), 3 * time.Second, ""}
		p := load(t, threeNetworks)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(fault.New(fault.Interrupted, "interrupted")) })
		if _, err := Up(ctx, e, p, Options{}); fault.ClassOf(err) != fault.Interrupted {
			t.Fatal(err)
		}
		if r, err := Up(t.Context(), e, p, Options{Late: LateAfterUnknown}); err != nil || !r.Proven {
			t.Fatalf("the next up: %v", err)
		}
		if n := e.networkCount(); n != 3 {
			t.Errorf("%d networks are there, want 3", n)
		}
	})
}

func TestACallOfARunThatIsGoneIsNotMade(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	e := &finishingEngine{Engine: newFake()}
	if _, err := e.CreateNetwork(ctx, NetworkSpec{Name: "n"}); !errors.Is(err, gone) {
		t.Errorf("the error is %v", err)
	}
}

func TestAnEngineThatWentAwayIsTheCauseOfWhatEndedWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := fourLevelEngine()
		e.scripts["db"] = script{exits: 300 * time.Millisecond}
		time.AfterFunc(500*time.Millisecond, e.goesAway)
		r, err := Up(t.Context(), e, load(t, fourLevels), Options{})
		wantFailure(t, r, err, fault.Engine, "the engine went away", "db")
		if !strings.HasPrefix(err.Error(), "the engine") || r.Failure == nil {
			t.Errorf("the first words are %v", err)
		}
		if !slices.ContainsFunc(r.Cards, func(c Card) bool { return c.Service == "db" }) {
			t.Error("what the engine stopped is not told")
		}
	})
}

func TestAnOutageLongBeforeAnEndIsNotItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := fourLevelEngine()
		e.scripts["db"] = script{exits: 45 * time.Second}
		time.AfterFunc(100*time.Millisecond, e.goesAway)
		p := load(t, strings.Replace(fourLevels, "interval: 1s", "interval: 1s, start_period: 2m", 1))
		e.scripts["migrate"] = script{exits: time.Minute}
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Service, "db")
	})
}
