package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// eventBuffer is how many events wait for a slow reader before more are
// dropped: each one says no more than "look again".
const eventBuffer = 256

// subscribeMargin covers the engine's gap between answering a subscription
// and making it, and the error of the measured clock.
const subscribeMargin = 200 * time.Millisecond

// telling are the actions that are asked for, in the words of Docker and of
// Podman. Not among them are the runs of healthchecks, three events each with
// all the labels of the container. Engines compare by the beginning, as one of
// them is health_status.
//
//nolint:gochecknoglobals // never changed
var telling = []string{
	string(events.ActionCreate), string(events.ActionStart), string(events.ActionRestart), string(events.ActionStop),
	string(events.ActionDie), "died", string(events.ActionKill), string(events.ActionOOM),
	string(events.ActionPause), string(events.ActionUnPause), string(events.ActionRename), string(events.ActionUpdate),
	string(events.ActionDestroy), string(events.ActionRemove), string(events.ActionHealthStatus),
	string(events.ActionAttach), string(events.ActionDetach), string(events.ActionCheckpoint),
}

// Events streams what happens to the project's containers. It returns when
// the engine has answered the request; from then on nothing is missed, since
// the stream is asked for from the moment before it. Both channels are
// closed at the end; when ctx ended there is no error.
func (e *Engine) Events(ctx context.Context, project string, since time.Time) (<-chan orchestrator.Event, <-chan error) {
	out := make(chan orchestrator.Event, eventBuffer)
	errs := make(chan error, 1)
	messages, broken, end, err := e.subscribe(ctx, project, since)
	if err != nil {
		if ctx.Err() == nil {
			errs <- err
		}
		close(out)
		close(errs)
		return out, errs
	}
	go func() {
		defer end()
		defer close(errs)
		defer close(out)
		if err := forward(messages, broken, out); ctx.Err() == nil {
			errs <- e.streamEnded("events", err)
		}
	}()
	return out, errs
}

// subscribe returns when the engine has answered, for which it has as long
// as for any call.
func (e *Engine) subscribe(ctx context.Context, project string, since time.Time) (<-chan events.Message, <-chan error, func(), error) {
	start, err := e.subscribeFrom(ctx, since)
	if err != nil {
		return nil, nil, nil, err
	}
	streaming, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(e.limits.answer, func() { cancel(errNoAnswer) })
	wanted := filters.NewArgs(
		filters.Arg("type", string(events.ContainerEventType)),
		filters.Arg("label", orchestrator.LabelProject+"="+project),
	)
	for _, action := range telling {
		wanted.Add("event", action)
	}
	messages, broken := e.cli.Events(streaming, events.ListOptions{Since: unixNano(start), Filters: wanted})
	timer.Stop()
	if errors.Is(context.Cause(streaming), errNoAnswer) {
		return nil, nil, nil, e.fail(ctx, "events", e.limits.answer, errNoAnswer)
	}
	return messages, broken, func() { cancel(nil) }, nil
}

// subscribeFrom returns the engine's time from which events are wanted.
func (e *Engine) subscribeFrom(ctx context.Context, since time.Time) (time.Time, error) {
	if !since.IsZero() {
		return since, nil
	}
	info, err := e.Info(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return time.Now().Add(info.ClockAhead - subscribeMargin), nil
}

// unixNano is the form of times in queries: seconds.nanoseconds.
func unixNano(t time.Time) string {
	return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
}

// forward hands on what is worth a look until the stream breaks, and returns
// why it did. It never waits for the reader.
func forward(messages <-chan events.Message, broken <-chan error, out chan<- orchestrator.Event) error {
	for {
		select {
		case message := <-messages:
			event, ok := decodeEvent(message)
			if !ok {
				continue
			}
			select {
			case out <- event:
			default:
			}
		case err := <-broken:
			return err
		}
	}
}

// streamEnded classifies the end of a stream that should have gone on.
func (e *Engine) streamEnded(op string, err error) error {
	if isAnswer(err) {
		return reclass(fmt.Errorf("%s: %w", op, &engineError{err}), fault.Engine)
	}
	if err == nil {
		err = errors.New("closed without a reason")
	}
	return fault.New(fault.Engine, "%s: the stream from the engine at %s broke: %w", op, e.at.host, e.cause(err))
}

// decodeEvent normalises the dialects of Docker and Podman; false means that
// the event is of no interest.
func decodeEvent(m events.Message) (orchestrator.Event, bool) {
	action, health, _ := strings.Cut(string(m.Action), ":")
	if (m.Type != "" && m.Type != events.ContainerEventType) || action == "" || strings.HasPrefix(action, "exec") {
		return orchestrator.Event{}, false
	}
	attributes := m.Actor.Attributes
	return orchestrator.Event{
		Action:      normalAction(action),
		ContainerID: m.Actor.ID,
		Service:     attributes[orchestrator.LabelService],
		At:          eventTime(m),
		ExitCode:    exitCode(attributes),
		Signal:      attributes["signal"],
		Health:      healthIn(action, health, attributes),
	}, true
}

// healthIn is what a check has found: behind the action's name with Docker, an
// attribute with Podman.
func healthIn(action, behind string, attributes map[string]string) string {
	if action != string(events.ActionHealthStatus) {
		return ""
	}
	return cmp.Or(strings.TrimSpace(behind), attributes[action])
}

// normalAction is Docker's word for an action; Podman has its own for some.
func normalAction(action string) string {
	switch action {
	case "died":
		return string(events.ActionDie)
	case "remove":
		return string(events.ActionDestroy)
	default:
		return action
	}
}

func eventTime(m events.Message) time.Time {
	switch {
	case m.TimeNano != 0:
		return time.Unix(0, m.TimeNano)
	case m.Time != 0:
		return time.Unix(m.Time, 0)
	default:
		return time.Time{}
	}
}

func exitCode(attributes map[string]string) *int {
	code, err := strconv.Atoi(firstOf(attributes["exitCode"], attributes["containerExitCode"]))
	if err != nil {
		return nil
	}
	return &code
}
