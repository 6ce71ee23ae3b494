package healthchecks

import (
	"fmt"
	"time"
)

// State is what is known about a container's health.
type State int

// The states. Only StateHealthy and StateHealthyExec are proofs.
const (
	// StateUnknown: something that the verdict needs is missing or not
	// understood.
	StateUnknown State = iota
	// StateUnchecked: the container has no check of its own.
	StateUnchecked
	// StateStarting: no probe of this start of the container has passed yet.
	StateStarting
	// StateReleased: the check passed through exec while the engine has not
	// probed yet. It frees dependents and proves nothing.
	StateReleased
	// StateHealthy: a probe of this start passed, and recently.
	StateHealthy
	// StateHealthyExec: the check passed twice through exec, and the engine's
	// own first probe is too far off to wait for.
	StateHealthyExec
	// StateFailing: the engine still says healthy, but its newest probe
	// failed. The next ones decide.
	StateFailing
	// StateUnhealthy: by the check's own rule, it failed.
	StateUnhealthy
	// StateStale: the engine has stopped probing.
	StateStale
	// StatePaused, StateRestarting and StateStopped: the container does not
	// run now.
	StatePaused
	StateRestarting
	StateStopped
)

func (s State) String() string {
	switch s {
	case StateUnknown:
		return "unknown"
	case StateUnchecked:
		return "unchecked"
	case StateStarting:
		return "starting"
	case StateReleased:
		return "passing (exec)"
	case StateHealthy:
		return "healthy"
	case StateHealthyExec:
		return "healthy (exec)"
	case StateFailing:
		return "failing"
	case StateUnhealthy:
		return "unhealthy"
	case StateStale:
		return "stale"
	case StatePaused:
		return "paused"
	case StateRestarting:
		return "restarting"
	case StateStopped:
		return "stopped"
	}
	return fmt.Sprintf("state(%d)", int(s))
}

// Proven says whether the state is a proof of health.
func (s State) Proven() bool { return s == StateHealthy || s == StateHealthyExec }

// Releases says whether services that wait for this one may start.
func (s State) Releases() bool { return s.Proven() || s == StateReleased }

// Verdict is what follows from one look at a container.
type Verdict struct {
	State State
	// Reason is one line: why this state, with the last result of the check.
	Reason string
	// Hint is what the reader can do about it, or "".
	Hint string
	// Evidence are the probes that the verdict rests on, newest last.
	Evidence []Evidence
	// At is the time of the verdict by the engine's clock.
	At time.Time
}
