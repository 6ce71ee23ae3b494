package orchestrator

import (
	"slices"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

// Window is a stretch of time in which nothing contradicted that a container
// is well: same ID, start and restart count, running, no failing probe.
type Window struct {
	// Since is when it began, by this host's clock; zero while the
	// container is not well.
	Since time.Time
	// Paused is when the container was last seen paused: the engine's own
	// record does not tell of it.
	Paused time.Time
}

// advance takes a report into what was known about a container.
func advance(old Sight, c Container, now time.Time) Sight {
	if old.outdates(c) {
		old.Outdated = true
		return old
	}
	s := Sight{Container: c, At: now, Seen: now, Restarts: old.Restarts, announced: old.announced, Window: old.Window, Confirmed: old.Confirmed}
	same := old.ID == c.ID && old.StartedAt.Equal(c.StartedAt) && old.RestartCount == c.RestartCount
	if same {
		s.Execs, s.Ill = old.Execs, old.Ill
		if !old.Seen.IsZero() {
			s.Seen = old.Seen
		}
	} else {
		s.Window.Since = time.Time{}
		if old.ID == c.ID && !old.StartedAt.IsZero() {
			s.countRestarts(old)
		}
	}
	if old.ID == c.ID {
		s.past = old.starts(c)
		s.LastEnd = old.LastEnd
	}
	if c.State != StateRunning {
		if !c.FinishedAt.Before(c.StartedAt) && !c.FinishedAt.IsZero() {
			s.LastEnd = exitReason(c)
		}
		s.Window.Since = time.Time{}
		if c.State == StatePaused {
			s.Window.Paused = now
		}
		s.DownSince = old.DownSince
		if s.DownSince.IsZero() || !same {
			s.DownSince = now
		}
		return s
	}
	if failedSince(old.Health, c) {
		s.Window.Since = time.Time{}
	}
	return s
}

// countRestarts counts what the engine counted since the look before, and a
// start that it did not count: one made by hand.
func (s *Sight) countRestarts(old Sight) {
	counted := max(0, s.RestartCount-old.RestartCount)
	again := !old.StartedAt.Equal(s.StartedAt)
	s.Restarts += counted
	if again && counted == 0 && !old.announced {
		s.Restarts++
	}
	s.announced = s.State == StateRestarting || !again && (counted > 0 || old.announced)
}

// failedSince says whether a probe of this incarnation failed that was not in
// the record before, or is the newest.
func failedSince(before healthchecks.Health, c Container) bool {
	seen, runs := before.Last(), runsOf(c)
	for i, r := range runs {
		fresh := seen == nil || r.Start.After(seen.Start)
		if !r.Passed() && (fresh || i == len(runs)-1) {
			return true
		}
	}
	return false
}

// runsOf are the logged probes of this incarnation: engines keep the log of
// the one before.
func runsOf(c Container) []healthchecks.Result {
	var runs []healthchecks.Result
	for _, r := range c.Health.Log {
		if !r.Start.Before(c.StartedAt) {
			runs = append(runs, r)
		}
	}
	return runs
}

// open begins the window of a container that is well, if none runs.
func (s Sight) open(now time.Time) Sight {
	if s.Window.Since.IsZero() {
		s.Window.Since = now
	}
	return s
}

// stable says whether the container has been well for d. One that started
// long ago and whose logged probes all passed, once it was ready, owes no wait.
// age is how long it has been running.
func (s Sight) stable(d, age time.Duration, engineNow, now time.Time) bool {
	if s.State != StateRunning || s.Outdated {
		return false
	}
	quiet := s.Window.Paused.IsZero() || now.Sub(s.Window.Paused) >= d
	if quiet && s.corroborated() && longUp(s.Container, d, age-s.Took, engineNow.Add(-s.Took)) {
		return true
	}
	return s.watched(d, now)
}

// corroborated says that the engine's record does not rest on one answer
// alone, which may be late or from somebody's cache: the incarnation was seen
// before, and no other one before it.
func (s Sight) corroborated() bool { return s.Seen.Before(s.At) && len(s.past) == 0 }

// watched says that the window has passed before our own eyes: something
// showed well after its beginning that it goes on, beside the look that ends
// it. A list each second falls into the last three quarters of any window that
// is long enough to need one.
func (s Sight) watched(d time.Duration, now time.Time) bool {
	since := s.Window.Since
	return !since.IsZero() && now.Sub(since) >= d && s.Confirmed.Sub(since) >= d/4
}

// longUp says whether the engine's own record covers the window.
func longUp(c Container, d, age time.Duration, engineNow time.Time) bool {
	if c.StartedAt.IsZero() || age < d {
		return false
	}
	if !c.Check.Defined() {
		return true
	}
	since := passesSince(c)
	if since.IsZero() {
		return false
	}
	// The record must reach back over the whole window; one that reaches back
	// beyond the start is dated by a clock that has jumped since.
	reach := engineNow.Sub(since)
	return reach >= d && reach <= age+healthchecks.Slack
}

// passesSince is the end of the first pass in a record of nothing but passes,
// zero for any other record. Failures at its beginning are left out where they
// lie in the container's start period: that it was not ready at first is over.
func passesSince(c Container) time.Time {
	runs := runsOf(c)
	begin := slices.IndexFunc(runs, healthchecks.Result.Passed)
	if begin < 0 {
		return time.Time{}
	}
	started := c.StartedAt.Add(c.Check.StartPeriod)
	for i, r := range runs {
		if !r.Passed() && (i > begin || !r.Start.Before(started)) {
			return time.Time{}
		}
	}
	return runs[begin].End
}
