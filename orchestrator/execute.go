package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// callsAtOnce bounds the engine calls that change something and run at the
// same time.
const callsAtOnce = 8

// executor carries out a plan: each action as soon as those it depends on
// have succeeded.
type executor struct {
	engine  Engine
	project *compose.Project
	world   *world
	waits   waiter
	listen  Listener

	mu sync.Mutex
	// made are the IDs of the containers that create actions made.
	made map[string]string
	// members are the containers that count, by service and number.
	members *members
	// failures are the first error of each service; "" is the project.
	failures map[string]error
	timings  *timings
}

// waiter decides whether the condition of a wait action holds.
type waiter func(ctx context.Context, a Action) error

// execute carries out the plan. On the first failure what has not begun is
// given up, and what runs is told to stop; the error is that first failure.
func (x *executor) execute(ctx context.Context, plan Plan) error {
	if err := plan.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, a := range plan.Actions {
		x.tellWaits(a, plan)
	}
	dispatch(ctx, plan, callsAtOnce, func(a Action) bool {
		err := guarded(func() error { return x.perform(ctx, a) })
		if err != nil {
			x.fail(ctx, a, err)
			cancel(err)
		}
		return err == nil // one that failed never releases its dependents
	})
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return nil
}

// tellWaits says whom a start has to wait for.
func (x *executor) tellWaits(a Action, plan Plan) {
	if a.Kind != StartContainer {
		return
	}
	var whom []string
	for _, other := range plan.Actions {
		if other.Wait() && slices.Contains(a.DependsOn, other.ID) {
			whom = append(whom, other.Target+" ("+strings.TrimPrefix(string(other.Kind), "wait ")+")")
		}
	}
	if len(whom) > 0 {
		x.listen.tell(Progress{Service: a.Service, Target: a.Target, Phase: PhaseWaiting, Message: "for " + strings.Join(whom, ", ")})
	}
}

// fail records why a service failed, unless the run was already ending.
func (x *executor) fail(ctx context.Context, a Action, err error) {
	if ctx.Err() != nil {
		return // given up for the sake of another's failure
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return
	}
	if fault.ClassOf(err).Signal() {
		return // no service is to blame
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.failures[a.Service] == nil {
		x.failures[a.Service] = err
	}
}

// perform carries out one action and tells about it.
func (x *executor) perform(ctx context.Context, a Action) error {
	begin := time.Now()
	if a.Wait() {
		return x.waits(ctx, a)
	}
	before, after := phasesOf(a.Kind)
	if a.Kind != RenameContainer {
		x.listen.tell(Progress{Service: a.Service, Target: a.Target, Phase: before, Message: x.why(a)})
	}
	switch err := x.persist(ctx, a); {
	case err != nil && (a.Kind == CreateNetwork || a.Kind == CreateVolume):
		return err // names itself
	case err != nil:
		return fmt.Errorf("%s %s: %w", a.Kind, a.Target, err)
	}
	x.timings.action(a, begin, time.Now())
	if a.Kind == RenameContainer {
		return nil // the name is what everybody expects: nothing to tell
	}
	x.listen.tell(Progress{Service: a.Service, Target: a.Target, Phase: after, Took: time.Since(begin)})
	return nil
}

// why is the cause to tell with an action: once for each container, at the
// first action that is about it.
func (x *executor) why(a Action) string {
	switch {
	case a.Kind == StartContainer && a.creates != "", a.Kind == StopContainer && a.DependsOn != nil, a.Kind == RemoveContainer:
		return ""
	}
	return a.Cause
}

// persist repeats an action while the engine cannot be reached, up to
// engineGone: each action is idempotent.
func (x *executor) persist(ctx context.Context, a Action) error {
	return patiently(ctx, func() {
		x.listen.tell(Progress{Service: a.Service, Target: a.Target, Phase: PhaseWarning,
			Message: "the engine cannot be reached, trying again"})
	}, func() error { return x.act(ctx, a) })
}

// patiently repeats a call while the engine cannot be reached, up to
// engineGone; again is told of each repetition.
func patiently(ctx context.Context, again func(), call func() error) error {
	begin, backoff := time.Now(), 100*time.Millisecond
	for {
		err := call()
		if err == nil || fault.ClassOf(err) != fault.Engine || isRefused(err) || ctx.Err() != nil {
			return err
		}
		if time.Since(begin) >= engineGone {
			return fault.New(fault.Engine, "the engine was lost for %s: %w", engineGone, err)
		}
		again()
		if err := pause(ctx, backoff, nil); err != nil {
			return err
		}
		backoff = min(2*backoff, reconnectMax)
	}
}

// isRefused says that the engine, or a proxy in front of it, does not let this
// user do it: it can be reached, and no repetition changes its mind.
func isRefused(err error) bool { return errdefs.IsPermissionDenied(err) || errdefs.IsUnauthorized(err) }

func phasesOf(k Kind) (before, after Phase) {
	switch k {
	case CreateContainer, CreateNetwork, CreateVolume, CreateDirectory:
		return PhaseCreating, PhaseCreated
	case StartContainer, Unpause:
		return PhaseStarting, PhaseStarted
	case StopContainer:
		return PhaseStopping, PhaseStopped
	case RenameContainer:
		return PhaseRenamed, PhaseRenamed
	default:
		return PhaseRemoving, PhaseRemoved
	}
}

// act makes the one engine call of an action.
func (x *executor) act(ctx context.Context, a Action) error {
	switch a.Kind {
	case CreateNetwork:
		_, err := x.engine.CreateNetwork(ctx, *a.network)
		return err
	case CreateVolume:
		return x.engine.CreateVolume(ctx, *a.volume)
	case CreateDirectory:
		return makeSource(a.path)
	case CreateContainer:
		return x.create(ctx, a)
	case StartContainer:
		return x.start(ctx, a)
	case Unpause:
		err := x.engine.UnpauseContainer(ctx, x.id(a))
		x.world.resumed(x.id(a))
		return err
	case StopContainer:
		return x.stop(ctx, a)
	case RemoveContainer:
		return x.engine.RemoveContainer(ctx, x.id(a), a.anonymous)
	case RenameContainer:
		return x.engine.RenameContainer(ctx, x.id(a), a.rename)
	case RemoveNetwork:
		return x.engine.RemoveNetwork(ctx, a.Existing)
	case RemoveVolume:
		return x.engine.RemoveVolume(ctx, a.Existing)
	case RemoveImage:
		return x.engine.RemoveImage(ctx, a.Existing)
	default:
		return fault.New(fault.Internal, "no way to %s", a.Kind)
	}
}

// id is the container that an action works on.
func (x *executor) id(a Action) string {
	if a.Existing != "" {
		return a.Existing
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.made[a.creates]
}

// create makes a container; the picture has it before its start.
func (x *executor) create(ctx context.Context, a Action) error {
	spec := *a.container
	x.mu.Lock()
	for service, action := range a.joins {
		spec.Joins[service] = x.made[action]
	}
	x.mu.Unlock()
	spec.Warn = func(text string) {
		x.listen.tell(Progress{Service: a.Service, Target: a.Target, Phase: PhaseWarning,
			Message: "the engine says: " + sanitize.Line(text, cardLineMax)})
	}
	id, err := x.engine.CreateContainer(ctx, spec)
	if err != nil {
		return err
	}
	x.mu.Lock()
	x.made[a.ID] = id
	x.mu.Unlock()
	x.members.set(a.Service, a.Number, id)
	x.world.made(Container{ID: id, Name: a.Target, Service: a.Service, Number: a.Number, State: StateCreated})
	return nil
}

// start starts a container and looks at it before anybody who waits for it
// may: what was seen before the start says nothing any more, and the reason of
// a failed start is in its state.
func (x *executor) start(ctx context.Context, a Action) error {
	id := x.id(a)
	err := x.world.started(ctx, id, func() error { return startOnFreePorts(ctx, x.engine, id, x.project.Services[a.Service]) })
	if x.members.started(id) {
		x.world.again(id)
	}
	if err != nil {
		return err
	}
	return x.afterStart(ctx, a, id)
}
