package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// at is a moment of the engine.
func at(second int) time.Time { return time.Date(2026, 1, 31, 10, 0, second, 0, time.UTC) }

func TestEventsGoOnAfterABreakWithoutRepeatingAnything(t *testing.T) {
	p, e := withInside(t)
	code := 137
	e.containers[0].Health = healthchecks.Health{Status: "healthy"}
	var err error
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		e.streamsOfEvents = []func() (<-chan orchestrator.Event, <-chan error){
			told(errors.New("the connection broke"),
				orchestrator.Event{Action: "die", ContainerID: "w2", Service: "web", At: at(1), ExitCode: &code},
				orchestrator.Event{Action: "start", ContainerID: "foreign", Service: "web", At: at(2)}),
			told(errors.New("not yet")),
			told(nil, orchestrator.Event{Action: "health_status", ContainerID: "w2", Service: "web", At: at(3)},
				orchestrator.Event{Action: "destroy", ContainerID: "unknown", Service: "db", At: at(4)}),
		}
		time.AfterFunc(time.Minute, func() { cancel(fault.New(fault.Interrupted, "interrupted")) })
		a := newApp(p.streams, p.env, "1.2.3", p.ops)
		a.begin = at(0)
		root := a.rootCommand()
		root.SetArgs([]string{"events", "--json"})
		_, err = root.ExecuteContextC(ctx)
	})
	if fault.ClassOf(err) != fault.Interrupted {
		t.Errorf("it ends with %v", err)
	}
	want := `{"time":"2026-01-31T10:00:01Z","type":"container","service":"web","id":"w2","action":"die","attributes":{"exitCode":"137","name":"shop-web-2","service":"web"}}
{"time":"2026-01-31T10:00:03Z","type":"container","service":"web","id":"w2","action":"health_status","attributes":{"health":"healthy","name":"shop-web-2","service":"web"}}
{"time":"2026-01-31T10:00:04Z","type":"container","service":"db","id":"unknown","action":"destroy","attributes":{"service":"db"}}
`
	if got := p.out.String(); got != want {
		t.Errorf("got\n%s", got)
	}
	if len(e.since) != 3 || !e.since[1].Equal(at(2).Add(1)) || !e.since[2].Equal(e.since[1]) {
		t.Errorf("events were asked for since %v", e.since)
	}
	if !strings.Contains(p.err.String(), "the connection broke; connecting again") {
		t.Errorf("the break is not told: %q", p.err.String())
	}
}

func TestEventsOfOneServiceAsText(t *testing.T) {
	p, e := withInside(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := fault.New(fault.Interrupted, "interrupted")
	p.streams.Out = writer(func(text []byte) (int, error) {
		cancel(stop)
		return p.out.Write(text)
	})
	e.streamsOfEvents = []func() (<-chan orchestrator.Event, <-chan error){told(nil,
		orchestrator.Event{Action: "start", ContainerID: "d1", Service: "db", At: at(1)},
		orchestrator.Event{Action: "kill", ContainerID: "w2", Service: "web", At: at(2), Signal: "15"})}
	if code := p.run(ctx, "events web"); code != 130 {
		t.Errorf("it ends with %d", code)
	}
	want := at(2).Local().Format("2006-01-02 15:04:05.000000") + " container kill w2 (name=shop-web-2, service=web, signal=15)\n"
	if got := p.out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestWaitReturnsTheFirstCodeThatIsNotZero(t *testing.T) {
	p, e := withInside(t)
	e.containers[0].State, e.containers[0].ExitCode = orchestrator.StateExited, 0
	p.expect(t, 3, "wait web")
	if got := p.out.String(); got != "shop-web-1 ended with code 3\nshop-web-2 ended with code 0\n" {
		t.Errorf("got %q", got)
	}
	if strings.Contains(p.err.String(), "✖") {
		t.Errorf("the command's own code is explained: %q", p.err.String())
	}
	e.containers[1].ExitCode = 0
	p.expect(t, 0, "wait web")
}

func TestWaitLooksAgainUntilTheLastHasStopped(t *testing.T) {
	p, e := withInside(t)
	looks := 0
	e.inspect = func(id string) (orchestrator.Container, error) {
		c := e.containers[2]
		if looks++; looks > 2 {
			c.State, c.ExitCode = orchestrator.StateExited, 5
		}
		return c, nil
	}
	e.streamsOfEvents = []func() (<-chan orchestrator.Event, <-chan error){told(nil,
		orchestrator.Event{Action: "unpause", ContainerID: "d1"}, orchestrator.Event{Action: "die", ContainerID: "d1"})}
	p.expect(t, 5, "wait db")
}

func TestWaitKnowsHowAContainerEndedThatWasRemoved(t *testing.T) {
	p, e := withInside(t)
	e.inspect = func(string) (orchestrator.Container, error) { return orchestrator.Container{}, errdefs.ErrNotFound }
	code := 12
	e.streamsOfEvents = []func() (<-chan orchestrator.Event, <-chan error){told(nil,
		orchestrator.Event{Action: "kill", ContainerID: "d1"}, orchestrator.Event{Action: "die", ContainerID: "d1", ExitCode: &code})}
	p.expect(t, 12, "wait db")
	e.streamsOfEvents = nil
	p.expect(t, 7, "wait db", "shop-db-1 was removed, and nobody saw how it ended")
}

func TestWaitForWhatNeverRanIsRefused(t *testing.T) {
	p, e := withInside(t)
	e.containers[2].State = orchestrator.StateCreated
	p.expect(t, 7, "wait db", "shop-db-1 was never started")
	e.containers = nil
	p.expect(t, 7, "wait db", "db has no container", "stackctl up db")
}
