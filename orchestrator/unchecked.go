package orchestrator

import (
	"strings"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

// An unchecked service has no healthcheck, no published port and no job's role:
// nothing can prove that it works. It is brought up and watched like any other.

// uncheckedGrace is how long an unchecked service has to run without a restart
// for nothing to contradict it, and to end by itself if it is a job after all.
const uncheckedGrace = 10 * time.Second

// reasonUnchecked is the reason of the condition that nothing can decide.
const reasonUnchecked = "Unchecked"

// uncheckable says whether nothing can prove a service while it runs.
func (r Role) uncheckable() bool { return r == RoleUndeclared || r == RoleUnchecked }

func (b bench) uncheckable() bool { return b.role.uncheckable() }

// judgeUnchecked judges a running container of an unchecked service.
func (b bench) judgeUnchecked(s Sight, st *Standing) {
	if s.OOMKilled {
		st.State, st.Class, st.Final = "oom", fault.Service, true
		st.Reason = "the engine killed a process of it for memory, and no healthcheck shows that it still works"
		return
	}
	st.Well = true
	switch {
	case b.waived:
		st.State, st.Waived, st.Releases = "waived", true, true
	case b.age(s) >= uncheckedGrace:
		st.State = stateUnchecked
	}
}

// stateUnchecked is the state of an unchecked service that has run long enough.
const stateUnchecked = "unchecked"

// watchedFor is how long a container of a service has to run, with the given
// stability window, for nothing to contradict it. Who waives the proof and sets a
// window of 0 wants no watch.
func (b bench) watchedFor(window time.Duration) time.Duration {
	if b.uncheckable() && !(b.waived && window == 0) {
		return max(window, uncheckedGrace)
	}
	return window
}

// window is how long nothing must contradict a container of the service.
func (s subject) window() time.Duration { return s.watchedFor(s.StableFor) }

// unwatched is how much longer a container of an unchecked service has to run.
func (b bench) unwatched(s Sight, window time.Duration) time.Duration {
	if !b.uncheckable() || s.State != StateRunning {
		return 0
	}
	return max(0, b.watchedFor(window)-b.age(s))
}

// unwatchedLeft is the longest of these times.
func (s *session) unwatchedLeft() (left time.Duration) {
	sights, _, _ := s.world.view()
	for name := range s.project.Services {
		for _, id := range s.members.of(name) {
			left = max(left, s.bench(name).unwatched(sights[id], s.opts.stableFor(s.project)))
		}
	}
	return left
}

// uncheckedCondition is what can be said of the health of an unchecked service.
func (s subject) uncheckedCondition(evidence []healthchecks.Evidence) Condition {
	c := unknown(GateHealthy, fault.Unchecked, reasonUnchecked, "it has "+whyUnchecked(s.service)+": nothing proves that it works")
	if s.Strict {
		c.Status, c.Class, c.Final = False, fault.Service, true
	}
	c.Evidence = evidence
	return withHint(c, uncheckedHint(s.service, s.role), s.Now)
}

// unchecked says whether nothing can decide the condition.
func (c Condition) unchecked() bool { return c.Status == Unknown && c.Reason == reasonUnchecked }

// settled says whether nothing more can be found out about the service, and
// nothing contradicts that it works.
func (r ServiceReport) settled() bool { return r.Proven || r.Unchecked }

// Settled says whether everything is proven that can be.
func (r Report) Settled() bool { return r.Proven || r.Class == fault.Unchecked }

// Unchecked are the services that nothing could prove, in the order of the report.
func (r Report) Unchecked() []string { return uncheckedIn(r.Services) }

func uncheckedIn(services []ServiceReport) []string {
	var names []string
	for _, r := range services {
		if r.Unchecked {
			names = append(names, r.Name)
		}
	}
	return names
}

// uncheckedText says it in one line.
func uncheckedText(names []string) string {
	if len(names) == 1 {
		return names[0] + " is unchecked: it is up, and nothing proves that it works"
	}
	return listed(names) + " are unchecked: they are up, and nothing proves that they work"
}

// uncheckedError is the error of a run that succeeded and could not prove all; nil
// when it did.
func uncheckedError(r Report) error {
	names := r.Unchecked()
	if len(names) == 0 {
		return nil
	}
	hint := ""
	for _, one := range r.Services {
		if one.Unchecked && hint == "" {
			hint = one.Hint
		}
	}
	if len(names) > 1 {
		hint += "\n(likewise " + listed(names[1:]) + ")"
	}
	return fault.New(fault.Unchecked, "%s", uncheckedText(names)).WithHint("%s", hint)
}

// whyUnchecked says what a service has not.
func whyUnchecked(s *compose.Service) string {
	if _, disabled := s.FileCheck(); disabled {
		return "a disabled healthcheck and no published port"
	}
	return "no healthcheck and no published port"
}

// uncheckedHint is the healthcheck to add, the role of a job and the waiver, ready
// to paste.
func uncheckedHint(s *compose.Service, role Role) string {
	first := "add to service " + s.Name + " a check"
	if _, disabled := s.FileCheck(); disabled {
		first = "the file disables the healthcheck of service " + s.Name + ": add one"
	}
	lines := []string{
		first,
		"    healthcheck:",
		"      test: [\"CMD\", \"PROGRAM\", \"ARGUMENT\"]   # exits 0 when the service works",
		"      interval: 5s",
	}
	if role == RoleUndeclared {
		lines = append(lines, "or, if it is meant to end, say so", "    x-stackctl: {job: true}")
	}
	return strings.Join(append(lines,
		"or waive the proof",
		"    x-stackctl: {allow_unverified: true}",
		"(for all services: the same at the top of the file, or --allow-unverified)"), "\n")
}

// healthAwaited is the error of waiting for the health of an unchecked service.
func (b bench) healthAwaited() error {
	return fault.New(fault.Config, "its health is waited for, and %s has %s: it can never be healthy", b.service.Name, whyUnchecked(b.service)).
		WithHint("wait for service_started, or give %s a healthcheck", b.service.Name)
}
