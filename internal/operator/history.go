package operator

import (
	"slices"
	"sync"
	"time"

	"github.com/stackctl/stackctl/orchestrator"
)

const (
	// perService and overall bound how much is kept.
	perService = 60
	overall    = 200
)

// ConditionChanged is the kind of an entry that the history makes itself: a
// condition of a service has another status.
const ConditionChanged orchestrator.HappeningKind = "condition"

// History keeps what happened last, and since when each condition of each
// service has its status.
type History struct {
	mu       sync.Mutex
	all      []orchestrator.Happening
	services map[string][]orchestrator.Happening
	// noted is the pass of the newest snapshot that was noted.
	noted int
	gates map[gateOf]gateState
}

// gateOf names a condition of a service.
type gateOf struct{ service, gate string }

// gateState is the status of a condition, and since when, or since when it is
// looked at.
type gateState struct {
	status orchestrator.Status
	since  time.Time
}

// NewHistory is empty.
func NewHistory() *History {
	return &History{services: map[string][]orchestrator.Happening{}, gates: map[gateOf]gateState{}}
}

// Note takes the conditions of a snapshot; one that was noted before, or is
// older, changes nothing.
func (h *History) Note(s orchestrator.Snapshot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.Pass <= h.noted {
		return
	}
	h.noted = s.Pass
	now := map[gateOf]gateState{}
	for _, r := range s.Report.Services {
		for _, c := range r.Conditions {
			key := gateOf{r.Name, c.Type}
			state, known := h.gates[key]
			if !known || state.status != c.Status {
				state = gateState{c.Status, s.At}
				if known {
					h.tellGate(s, r.Name, c)
				}
			}
			now[key] = state
		}
	}
	h.gates = now
}

// tellGate adds that a condition has another status; the caller holds the lock.
func (h *History) tellGate(s orchestrator.Snapshot, service string, c orchestrator.Condition) {
	h.services[service] = newest(append(h.services[service], orchestrator.Happening{
		At: s.At, Pass: s.Pass, Service: service, Kind: ConditionChanged, State: c.Type + " " + string(c.Status), Text: c.Message,
	}), perService)
}

// Since is since when a condition has its status; zero for one that was not
// looked at.
func (h *History) Since(service, gate string) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gates[gateOf{service, gate}].since
}

// Add takes what happened.
func (h *History) Add(one orchestrator.Happening) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = newest(append(h.all, one), overall)
	if one.Service != "" {
		h.services[one.Service] = newest(append(h.services[one.Service], one), perService)
	}
}

func newest(list []orchestrator.Happening, n int) []orchestrator.Happening {
	return slices.Clone(list[max(0, len(list)-n):])
}

// Of is what happened to a service, or to all when the name is empty, the
// newest first.
func (h *History) Of(service string) []orchestrator.Happening {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.all
	if service != "" {
		list = h.services[service]
	}
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}
