package orchestrator

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// illness is since when a service is not well.
type illness struct {
	since time.Time
	// told says that its failure was told, so that its end is a recovery; first
	// that it has not been seen well since the first look, and may still be on its way.
	told, first bool
	// stopped is since when it is stopped by hand, zero while it is not: that
	// time is no part of a failure.
	stopped time.Time
}

// narrate tells what is different from the pass before.
func (l *loop) narrate(r Report, decisions map[string]Decision, now time.Time) {
	for _, service := range r.Services {
		l.narrateService(service, decisions[service.Name], now)
	}
	switch names := r.Unchecked(); {
	case r.Proven && !l.proven:
		l.tell(Happening{At: now, Pass: l.n, Kind: Proven, State: "proven", Text: "everything is proven"})
	case r.Settled() && !l.proven:
		l.tell(Happening{At: now, Pass: l.n, Kind: Unchecked, State: "unchecked", Text: uncheckedText(names)})
	}
	l.proven = r.Settled()
}

// StateOf is the word for a service: what the operator does about it, else
// what is true of it.
func StateOf(r ServiceReport, d Decision) string {
	if d.AtWork && !r.steady() {
		return string(Act) // begun by an earlier pass
	}
	switch d.Verdict {
	case HandsOff, GaveUp, Act:
		return string(d.Verdict)
	case Blocked:
		if d.Cause != "" && !r.steady() {
			return string(d.Verdict)
		}
	}
	return r.State
}

func (l *loop) narrateService(r ServiceReport, d Decision, now time.Time) {
	name, state := r.Name, StateOf(r, d)
	before, seen := l.said[name]
	l.said[name] = state
	text := d.Cause
	if d.Reason != "" && !d.AtWork {
		text = d.Reason
	}
	if text == "" {
		text = r.Reason
	}
	h := Happening{At: now, Pass: l.n, Service: name, State: state, Text: text}
	if d.Verdict == Act {
		h.Kind, h.Text = Acting, d.Cause
		l.tell(h)
	} else if before != state {
		h.Kind = map[Verdict]HappeningKind{GaveUp: GivenUpOn, HandsOff: StoppedByHand}[d.Verdict]
		if h.Kind == "" {
			h.Kind = Changed
		}
		l.tell(h)
	}
	// A restart that follows another service's is as that one was.
	d.Expected = d.Expected || d.Follows != "" && !l.failures[d.Follows]
	restarted := seen && r.Restarts > l.restarts[name]
	l.restarts[name] = r.Restarts
	ill, isIll := l.ill[name]
	ill, isIll, kind := ill.next(r, d, illnessAt{now: now, isIll: isIll, seen: seen, restarted: restarted})
	switch kind {
	case Failing:
		h.Kind, h.Text = Failing, cmp.Or(r.Reason, d.Cause)
		if restarted && !r.failed(false) {
			h.Text = fmt.Sprintf("its process ended, and the engine started it again (restarted %s)", times(r.Restarts))
		}
		l.tell(h)
	case Healed:
		h.Kind, h.Took, h.Text = Healed, now.Sub(ill.since), ""
		l.tell(h)
	}
	delete(l.ill, name)
	if isIll {
		l.ill[name], l.failures[name] = ill, ill.told
	}
}

// illnessAt is what is known besides of a service whose illness is decided.
type illnessAt struct {
	now time.Time
	// isIll says that it was not well before, seen that it was looked at before.
	isIll, seen bool
	// restarted says that the engine has started a container again since: its
	// process ended, even if nobody saw it down.
	restarted bool
}

// next decides what a pass makes of the illness of a service: whether it is ill
// now, and what is to be told, Failing, Healed or nothing. It has recovered once it
// is proven, its window included. What a person, another state of the file or
// another service accounts for is no failure, nor is a first start, until it fails
// for good.
func (ill illness) next(r ServiceReport, d Decision, at illnessAt) (after illness, isIll bool, kind HappeningKind) {
	excused := d.Expected || d.Verdict == HandsOff
	if !at.isIll {
		ill = illness{since: at.now, first: !at.seen}
		switch {
		case excused && (!r.settled() || d.Verdict == Act), !at.seen && !r.settled():
		case at.restarted && !excused:
			ill.told = true
			return ill, true, Failing
		case d.AtWork || !r.failed(false) && d.Verdict != Act:
			return ill, false, ""
		default:
			ill.told = true
			return ill, true, Failing
		}
	}
	ill = ill.resting(d.Verdict == HandsOff, at.now)
	ill.first = ill.first && !onlyUnstable(r)
	switch {
	case r.settled() && (d.AtWork || d.Verdict == Act):
	case r.settled() && ill.told:
		return ill, false, Healed
	case r.settled():
		return ill, false, ""
	case !ill.told && !excused && (at.restarted && !ill.first || !d.AtWork && r.failed(ill.first)):
		ill.told = true
		return ill, true, Failing
	}
	return ill, true, ""
}

// resting leaves out the time in which a service is stopped by hand.
func (ill illness) resting(stopped bool, now time.Time) illness {
	switch {
	case stopped && ill.stopped.IsZero():
		ill.stopped = now
	case !stopped && !ill.stopped.IsZero():
		ill.since, ill.stopped = ill.since.Add(now.Sub(ill.stopped)), time.Time{}
	}
	return ill
}

// failed says whether something contradicts that a service works; finally, whether
// that is so for good. That a look is missing, that it starts, that one probe of
// several failed or that it is not as the file says is no failure of it.
func (r ServiceReport) failed(finally bool) bool {
	return slices.ContainsFunc(r.Conditions, func(c Condition) bool {
		switch {
		case c.Status != False || c.Type == GateStable || c.Class == fault.Differs:
			return false
		case c.Final:
			return c.Type != GateCensus || !finally
		}
		starting := c.Type == GateHealthy && (c.Class == fault.Timeout || c.Reason == ReasonProbeFailed)
		return !finally && !starting
	})
}
