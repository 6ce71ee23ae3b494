package orchestrator

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// The pause between two evaluations while something is not proven yet.
const (
	proveEvery  = 250 * time.Millisecond
	proveAtOnce = 8
)

// prove evaluates the stack until one evaluation proves everything, something
// fails for good, or ctx ends. The report is the last evaluation's. With ahead,
// containers are asked as soon as they are well, and these answers count until
// all is ready; the evaluation that proves asks everything itself. Without, all
// may be well already, so that the first look is worth waiting for.
func (s *session) prove(ctx context.Context, ahead bool) (Report, error) {
	if !ahead {
		_ = pause(ctx, gatherFor, s.world.looked) // whether ctx has ended is asked below
	}
	for {
		if ahead {
			if err := s.gather(ctx); err != nil {
				return Report{}, err
			}
		}
		r, err := s.evaluate(ctx, ahead)
		if ended := context.Cause(ctx); ended != nil {
			return r, ended // a run that has ended proves nothing, whatever it saw
		}
		if err != nil {
			return r, err
		}
		s.noteReady(r)
		switch {
		case r.Settled() && !ahead:
			return r, nil
		case s.ready(r):
			ahead = false
		}
		if err := s.further(ctx, r); err != nil {
			return r, err
		}
	}
}

// further waits until another evaluation may show more than r; the error is
// that none will.
func (s *session) further(ctx context.Context, r Report) error {
	if r.Settled() {
		return nil
	}
	if root := rootOf(r.Services); root != nil && root.Final {
		return failureOf(root)
	}
	_, changed, lost := s.world.view()
	if lost != nil {
		return lost
	}
	return pause(ctx, s.nextLook(r), changed)
}

// noteReady notes when only stability was missing for the first time.
func (s *session) noteReady(r Report) {
	if !s.readyAt.IsZero() || !s.ready(r) {
		return
	}
	s.readyAt = time.Now()
	if !r.Settled() {
		s.opts.Listen.tell(Progress{Phase: PhaseProving, Message: fmt.Sprintf(
			"all services are up; watching that they stay so for %s", max(s.opts.stableFor(s.project), s.unwatchedLeft().Round(time.Second)))})
	}
}

// failureOf is the reason of a service as an error.
func failureOf(r *ServiceReport) error {
	return fault.New(orService(r.Class), "%s: %s", r.Name, r.Reason).WithHint("%s", r.Hint)
}

// ready says whether only stability is missing.
func (s *session) ready(r Report) bool {
	for _, service := range r.Services {
		if !service.settled() && !onlyUnstable(service) {
			return false
		}
	}
	return true
}

// nextLook is when to evaluate again: when only stability is missing so that the
// answers are there at the end of the longest window, else soon.
func (s *session) nextLook(r Report) time.Duration {
	if !s.ready(r) {
		return proveEvery
	}
	return max(s.windowLeft()-s.asks.longest(), 10*time.Millisecond)
}

// windowLeft is how long the longest window lasts from now on.
func (s *session) windowLeft() time.Duration {
	sights, _, _ := s.world.view()
	s.mu.Lock()
	wrong := maps.Clone(s.wrong)
	s.mu.Unlock()
	left := time.Duration(0)
	for name := range s.project.Services {
		for _, id := range s.members.of(name) {
			for _, since := range []time.Time{sights[id].Window.Since, wrong[id]} {
				if !since.IsZero() {
					left = max(left, s.opts.stableFor(s.project)-time.Since(since))
				}
			}
			left = max(left, s.bench(name).distrusted(sights[id]), s.bench(name).unwatched(sights[id], s.opts.stableFor(s.project)))
		}
	}
	return left
}

// asking says how an evaluation asks.
type asking struct {
	// ahead leaves out what has given all its answers already.
	ahead bool
	// toTheEnd lets answers that came a little early wait for the end of the
	// window, so that the snapshot shows all of it.
	toTheEnd bool
}

// evaluate is evaluateNow, tried again while the engine cannot be reached.
func (s *session) evaluate(ctx context.Context, ahead bool) (r Report, err error) {
	err = patiently(ctx, func() {
		s.opts.Listen.tell(Progress{Phase: PhaseWarning, Message: "the engine cannot be reached, trying again"})
	}, func() (err error) {
		r, err = s.evaluateNow(ctx, asking{ahead: ahead, toTheEnd: !ahead})
		return err
	})
	return r, err
}

// evaluateNow asks everything from outside, then takes a fresh snapshot and
// assesses: an answer counts only for the incarnation and the address that
// the snapshot after it still shows.
func (s *session) evaluateNow(ctx context.Context, how asking) (Report, error) {
	s.ask(ctx, how.ahead)
	if left := s.windowLeft(); how.toTheEnd && left <= s.asks.longest() {
		if err := pause(ctx, left, nil); err != nil {
			return Report{}, err
		}
	}
	observed, err := s.engine.Observe(ctx, s.scope())
	if err != nil {
		return Report{}, fmt.Errorf("look at the stack: %w", err)
	}
	if err := s.info.same(observed.Engine); err != nil {
		return Report{}, err
	}
	s.seen, s.seenAt = observed, time.Now()
	r := Assess(s.facts(observed))
	if !s.ready(r) {
		return r, nil
	}
	// Logs are read when nothing but them and time is missing: once or twice
	// in a run.
	s.scanLogs(ctx, observed.Containers)
	return Assess(s.facts(observed)), nil
}

// scanLogs searches the logs of those containers that count.
func (s *session) scanLogs(ctx context.Context, containers []Container) {
	var mine []Container
	for _, c := range containers {
		if svc := s.project.Services[c.Service]; svc != nil && len(criticalLogs(svc)) > 0 && ownerOf(c.Labels, s.project) == ownedByUs {
			mine = append(mine, c)
		}
	}
	each(len(mine), proveAtOnce, func(i int) {
		scan := scanLog(ctx, s.engine, s.opts.Redact, mine[i], criticalLogs(s.project.Services[mine[i].Service]))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.scans[mine[i].ID] = scan
	})
}

// facts are all that is known at this moment, beside the snapshot.
func (s *session) facts(observed Observed) Facts {
	sights, _, _ := s.world.view()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := Facts{
		Project: s.project, Observed: observed, Images: s.images, Sights: sights,
		Proofs: maps.Clone(s.proofs), Scans: maps.Clone(s.scans), Verifying: maps.Clone(s.verifying),
		Wrong: maps.Clone(s.wrong), Failures: maps.Clone(s.failures), Now: time.Now(),
		StableFor: s.opts.stableFor(s.project), AllowUnverified: s.opts.Plan.AllowUnverified, Strict: s.opts.Plan.Strict,
		Redact: s.opts.Redact,
	}
	if s.complete {
		f.Members = s.members.all()
	}
	return f
}
