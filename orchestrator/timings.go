package orchestrator

import (
	"sync"
	"time"
)

// Timing is how long one service took for each part of its start. A part that
// did not happen is 0.
type Timing struct {
	Service string
	// Wait is from its creation to the start of its container, Create and
	// Start are the engine's calls, Healthy is from the start's end to
	// the moment it could be relied on.
	Wait, Create, Start, Healthy time.Duration
	// Probe is from the start's end to the end of the first run of its check
	// that was seen; Gap is the pause before the run that passed, since the
	// one before it or the start: as long it may have been ready unnoticed.
	// Both are 0 without a check.
	Probe, Gap time.Duration
	// Begin and End are offsets from the beginning of the run.
	Begin, End time.Duration
}

// timings collects what happened when.
type timings struct {
	mu    sync.Mutex
	begin time.Time
	marks map[string]marks
}

// marks are the moments of one service, of its slowest replica.
type marks struct {
	createBegin, createEnd, startBegin, startEnd, healthy time.Time
	probe                                                 time.Time
	gap                                                   time.Duration
}

func newTimings(begin time.Time) *timings {
	return &timings{begin: begin, marks: map[string]marks{}}
}

// action takes an engine call that succeeded.
func (t *timings) action(a Action, begin, end time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.marks[a.Service]
	switch a.Kind {
	case CreateContainer:
		m.createBegin, m.createEnd = begin, end
	case StartContainer:
		m.startBegin, m.startEnd = begin, end
	default:
		return
	}
	t.marks[a.Service] = m
}

// healthy takes the moment at which a service could be relied on.
func (t *timings) healthy(service string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m, ok := t.marks[service]
	if ok {
		m.healthy = at
		t.marks[service] = m
	}
}

// probed takes what a look shows of the runs of a container's check; ahead is
// how much the engine's clock is ahead of ours. The first look that shows any
// counts, and the first that shows a pass.
func (t *timings) probed(service string, s Sight, ahead time.Duration) {
	runs := append(runsOf(s.Container), s.Execs...)
	t.mu.Lock()
	defer t.mu.Unlock()
	m, ok := t.marks[service]
	if !ok || len(runs) == 0 || m.gap > 0 {
		return
	}
	if m.probe.IsZero() {
		m.probe = runs[0].End.Add(-ahead)
	}
	before := s.StartedAt
	for _, r := range runs {
		if r.Passed() {
			m.gap = max(r.Start.Sub(before), 1)
			break
		}
		before = r.End
	}
	t.marks[service] = m
}

// list returns a Timing for each service that this run started, by name.
func (t *timings) list() []Timing {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []Timing
	for _, name := range sortedKeys(t.marks) {
		m := t.marks[name]
		if name == "" || m.startEnd.IsZero() {
			continue
		}
		one := Timing{Service: name, Start: m.startEnd.Sub(m.startBegin), Begin: m.startBegin.Sub(t.begin), End: m.startEnd.Sub(t.begin)}
		if !m.createEnd.IsZero() {
			one.Create, one.Wait = m.createEnd.Sub(m.createBegin), m.startBegin.Sub(m.createEnd)
			one.Begin = m.createBegin.Sub(t.begin)
		}
		if !m.probe.IsZero() {
			one.Probe, one.Gap = max(m.probe.Sub(m.startEnd), 0), m.gap
		}
		if !m.healthy.IsZero() {
			one.Healthy, one.End = m.healthy.Sub(m.startEnd), m.healthy.Sub(t.begin)
			// The engine's clock is known only as well as it answers.
			one.Probe = min(one.Probe, one.Healthy)
		}
		out = append(out, one)
	}
	return out
}
