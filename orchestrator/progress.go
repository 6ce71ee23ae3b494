package orchestrator

import (
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// Phase is where one service, or the whole run, has got to.
type Phase string

// The phases, in the order in which a service goes through them.
const (
	PhasePulling   Phase = "pulling"
	PhasePulled    Phase = "pulled"
	PhaseBuilding  Phase = "building"
	PhaseBuilt     Phase = "built"
	PhaseCreating  Phase = "creating"
	PhaseCreated   Phase = "created"
	PhaseWaiting   Phase = "waiting"
	PhaseStarting  Phase = "starting"
	PhaseStarted   Phase = "started"
	PhaseProbing   Phase = "probing"
	PhaseHealthy   Phase = "healthy"
	PhaseCompleted Phase = "completed"
	PhaseUnchanged Phase = "unchanged"
	PhaseStopping  Phase = "stopping"
	PhaseStopped   Phase = "stopped"
	PhaseRemoving  Phase = "removing"
	PhaseRemoved   Phase = "removed"
	PhaseRenamed   Phase = "renamed"
	PhaseProving   Phase = "proving"
	PhaseFailed    Phase = "failed"
	PhaseNote      Phase = "note"
	PhaseWarning   Phase = "warning"
)

// Phases are all of them.
func Phases() []Phase {
	return []Phase{
		PhasePulling, PhasePulled, PhaseBuilding, PhaseBuilt, PhaseCreating, PhaseCreated, PhaseWaiting, PhaseStarting, PhaseStarted,
		PhaseProbing, PhaseHealthy, PhaseCompleted, PhaseUnchanged, PhaseStopping, PhaseStopped, PhaseRemoving, PhaseRemoved,
		PhaseRenamed, PhaseProving, PhaseFailed, PhaseNote, PhaseWarning,
	}
}

// Progress is one thing that happened, told once.
type Progress struct {
	At time.Time
	// Service is "" for what concerns the whole project; Target is the
	// object it happened to, e.g. a container's or a volume's name.
	Service, Target string
	Phase           Phase
	// Message is one line, sanitised: a cause, the last words of a probe,
	// a build's step.
	Message string
	// Took is how long the phase that ended took, 0 when it has not ended.
	Took time.Duration
	// Current and Total are bytes of a transfer; Total is 0 when unknown.
	Current, Total int64
	// Class is set with PhaseFailed.
	Class fault.Class
}

// Listener is told what happens, from many goroutines; it must not block for
// long. Nil is allowed where one is asked for.
type Listener func(Progress)

// tell calls the listener, where there is one, with the time filled in.
func (l Listener) tell(p Progress) {
	if l == nil {
		return
	}
	if p.At.IsZero() {
		p.At = time.Now()
	}
	l(p)
}
