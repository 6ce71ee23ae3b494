package orchestrator

import (
	"maps"
	"slices"
	"sync"
)

// members are the containers that count as a service's replicas: those kept
// by the plan and those it made.
type members struct {
	mu  sync.Mutex
	ids map[string]map[int]string
	// kept are the containers that the plan leaves as they are; hushed those
	// that it stops or has not started yet, of which there is nothing to
	// tell.
	kept, hushed map[string]bool
}

// newMembers takes the replicas that a plan keeps.
func newMembers(plan Plan) *members {
	m := &members{ids: map[string]map[int]string{}, kept: map[string]bool{}, hushed: map[string]bool{}}
	for _, r := range plan.kept {
		m.set(r.service, r.number, r.id)
		m.kept[r.id] = true
	}
	m.changing(plan)
	return m
}

func (m *members) set(service string, number int, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ids[service] == nil {
		m.ids[service] = map[int]string{}
	}
	m.ids[service][number] = id
}

// of returns the IDs of a service's replicas in the order of their numbers.
func (m *members) of(service string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	byNumber := m.ids[service]
	ids := make([]string, 0, len(byNumber))
	for _, n := range slices.Sorted(maps.Keys(byNumber)) {
		ids = append(ids, byNumber[n])
	}
	return ids
}

// all are the IDs of every service's replicas.
func (m *members) all() map[string][]string {
	m.mu.Lock()
	names := slices.Collect(maps.Keys(m.ids))
	m.mu.Unlock()
	out := make(map[string][]string, len(names))
	for _, name := range names {
		out[name] = m.of(name)
	}
	return out
}

// counts says whether a container is one of a service's replicas.
func (m *members) counts(c Container) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range m.ids[c.Service] {
		if id == c.ID {
			return true
		}
	}
	return false
}

// started says that a container has been started: what happens to it from now
// on is told. It returns whether there was nothing to tell of it before.
func (m *members) started(id string) (hushed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hushed = m.hushed[id]
	delete(m.hushed, id)
	return hushed
}

// hush says whether there is nothing to tell of a container yet.
func (m *members) hush(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hushed[id]
}

// unchanged says whether the plan leaves a container as it is.
func (m *members) unchanged(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[id]
}

// changing takes note of the containers that a further plan stops or starts: they
// are no longer unchanged, and their end is no news until they are started again.
func (m *members) changing(plan Plan) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range plan.Actions {
		if a.Existing != "" && (a.Kind == StartContainer || a.Kind == StopContainer || a.Kind == Unpause) {
			delete(m.kept, a.Existing)
			m.hushed[a.Existing] = true
		}
	}
}

// mute says that there is nothing more to tell of a container.
func (m *members) mute(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hushed[id] = true
}

// replace makes these the containers that count.
func (m *members) replace(ids map[string]map[int]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids = ids
}
