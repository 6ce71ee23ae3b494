package orchestrator

import "time"

// illness is since when a service is not well.
type illness struct {
	since time.Time
	// told says that it was well before, so that its end is a recovery.
	told bool
}

// narrate tells what is different from the pass before.
func (l *loop) narrate(r Report, decisions map[string]Decision, now time.Time) {
	for _, service := range r.Services {
		l.narrateService(service, decisions[service.Name], now)
	}
	if r.Proven && !l.proven {
		l.tell(Happening{At: now, Pass: l.n, Kind: Proven, State: "proven", Text: "everything is proven"})
	}
	l.proven = r.Proven
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
	l.narrateIllness(r, h, seen, now)
}

// narrateIllness tells the end of being well, and the recovery.
func (l *loop) narrateIllness(r ServiceReport, h Happening, seen bool, now time.Time) {
	ill, isIll := l.ill[r.Name]
	switch {
	case r.steady() && isIll:
		delete(l.ill, r.Name)
		if ill.told {
			h.Kind, h.Took, h.Text = Healed, now.Sub(ill.since), ""
			l.tell(h)
		}
	case !r.steady() && !isIll:
		l.ill[r.Name] = illness{now, seen}
		if seen {
			h.Kind, h.Text = Failing, r.Reason
			l.tell(h)
		}
	}
}
