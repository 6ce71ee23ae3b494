package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/orchestrator"
)

// inside is a scripted engine in which commands run.
type inside struct {
	*scripted
	// ran and streams are of the last command, which ends with code or err;
	// detached says that it was left alone.
	ran      orchestrator.ExecSpec
	in       string
	streams  docker.Streams
	detached bool
	code     int
	err      error
	// inspect answers for a container.
	inspect func(id string) (orchestrator.Container, error)
	// streamsOfEvents are handed out one after the other.
	streamsOfEvents []func() (<-chan orchestrator.Event, <-chan error)
	since           []time.Time
}

func (e *inside) ExecStream(_ context.Context, id string, spec orchestrator.ExecSpec, s docker.Streams) (int, error) {
	e.ran, e.streams = spec, s
	if s.Stdin != nil {
		text, err := io.ReadAll(s.Stdin)
		if err != nil {
			return 0, err
		}
		e.in = string(text)
	}
	_, err := io.WriteString(s.Stdout, "out of "+id)
	return e.code, errors.Join(e.err, err)
}

func (e *inside) ExecDetached(_ context.Context, _ string, spec orchestrator.ExecSpec, _ bool) error {
	e.ran, e.detached = spec, true
	return e.err
}

func (e *inside) Events(_ context.Context, _ string, since time.Time) (<-chan orchestrator.Event, <-chan error) {
	e.since = append(e.since, since)
	if len(e.streamsOfEvents) == 0 {
		return nil, nil
	}
	next := e.streamsOfEvents[0]
	e.streamsOfEvents = e.streamsOfEvents[1:]
	return next()
}

func (e *inside) Inspect(_ context.Context, id string) (orchestrator.Container, error) {
	return e.inspect(id)
}

// told is a stream of events that breaks with err, or, for nil, goes on.
func told(err error, events ...orchestrator.Event) func() (<-chan orchestrator.Event, <-chan error) {
	return func() (<-chan orchestrator.Event, <-chan error) {
		out, errs := make(chan orchestrator.Event, len(events)), make(chan error, 1)
		for _, e := range events {
			out <- e
		}
		if err != nil {
			errs <- err
			close(out)
			close(errs)
		}
		return out, errs
	}
}

// withInside is a program over an engine with two containers of web, of which
// the second runs, and one of db, which does not.
func withInside(t *testing.T) (*program, *inside) {
	t.Helper()
	p := newProgram(t, shop)
	e := &inside{scripted: p.engine}
	e.containers = []orchestrator.Container{
		{ID: "w2", Name: "shop-web-2", Project: "shop", Service: "web", Number: 2, State: orchestrator.StateRunning,
			Published: []orchestrator.Port{{HostIP: "::", Host: 8081, Container: 80, Proto: "tcp"}, {HostIP: "127.0.0.1", Host: 8080, Container: 80, Proto: "tcp"}}},
		{ID: "w1", Name: "shop-web-1", Project: "shop", Service: "web", Number: 1, State: orchestrator.StateExited, ExitCode: 3},
		{ID: "d1", Name: "shop-db-1", Project: "shop", Service: "db", Number: 1, State: orchestrator.StatePaused},
		{ID: "foreign", Name: "other-web-1", Project: "shop", Service: "web", Number: 1, State: orchestrator.StateRunning,
			Labels: map[string]string{orchestrator.LabelOwner: "another directory"}},
	}
	e.inspect = func(id string) (orchestrator.Container, error) {
		for _, c := range e.containers {
			if c.ID == id {
				return c, nil
			}
		}
		return orchestrator.Container{}, errdefs.ErrNotFound
	}
	p.ops.connect = func(context.Context, docker.Options) (engine, error) { return e, nil }
	return p, e
}

func TestWhatTheUserGetsWrongWithACommandIsAUsageError(t *testing.T) {
	for line, words := range map[string]string{
		"exec web":                 "requires at least 2 arg",
		"exec -T -t web ls":        "--no-tty and --tty exclude each other",
		"port web":                 "accepts 2 arg",
		"port web http":            "1 to 65535",
		"port web 80/icmp":         "1 to 65535",
		"port web 0":               "1 to 65535",
		"port --protocol ip web 1": "tcp, udp, sctp",
		"wait":                     "requires at least 1 arg",
		"pull --policy never":      "always, missing",
		"stop -t soon":             "write 90s",
	} {
		t.Run(line, func(t *testing.T) {
			p, _ := withInside(t)
			p.expect(t, 2, line, words)
		})
	}
}

func TestAServiceThatDoesNotExistIsNamed(t *testing.T) {
	for _, line := range []string{"exec nobody ls", "port nobody 80", "wait nobody", "events nobody", "start nobody", "stop nobody",
		"restart nobody", "build nobody", "pull nobody"} {
		p, _ := withInside(t)
		p.expect(t, 3, line, `no service "nobody" in the project`)
	}
}

func TestPortPrintsTheAddressAndSaysWhenThereIsNone(t *testing.T) {
	p, e := withInside(t)
	p.expect(t, 0, "port web 80")
	p.expect(t, 0, "port --index 2 web 80/tcp")
	if p.out.String() != "127.0.0.1:8080\n127.0.0.1:8080\n" {
		t.Errorf("got %q", p.out.String())
	}
	p.expect(t, 1, "port web 81", "web does not publish port 81/tcp; it publishes 80/tcp at [::]:8081, 80/tcp at 127.0.0.1:8080")
	p.expect(t, 1, "port --protocol udp web 80", "web does not publish port 80/udp")
	e.containers[0].Published = nil
	p.expect(t, 1, "port web 80", "it publishes none")
	p.expect(t, 7, "port db 5432", "db is not running")
}

func TestTheShellIsOfferedTheServicesOfEachCommand(t *testing.T) {
	for _, command := range []string{"build", "pull", "start", "stop", "restart", "exec", "port", "events", "wait"} {
		p := newProgram(t, shop)
		p.expect(t, 0, "__complete "+command+" w")
		if !strings.Contains(p.out.String(), "web\n") {
			t.Errorf("%s: %q", command, p.out.String())
		}
	}
}
