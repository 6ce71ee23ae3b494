package healthchecks

import (
	"slices"
	"time"
)

// ExecDue is how far after a start the engine's first probe may lie to be
// waited for. Beyond it two passes through exec are the evidence.
const ExecDue = 15 * time.Second

// ExecHistory holds the results of a container's check run through exec, oldest
// first, dated by the engine's clock. The zero value holds none.
type ExecHistory struct {
	Results []Result
}

// With returns the history with one more result; of the old ones it keeps as
// many as a verdict can need.
func (h ExecHistory) With(r Result) ExecHistory {
	kept := h.Results[max(0, len(h.Results)-logLength+1):]
	return ExecHistory{Results: append(slices.Clone(kept), r)}
}

// ExecCommand returns the command that runs the check inside its container,
// nil when there is none.
func (c *Check) ExecCommand() []string {
	switch {
	case !c.Defined() || len(c.Test) < 2:
		return nil
	case c.Test[0] == "CMD":
		return slices.Clone(c.Test[1:])
	case c.Test[0] == "CMD-SHELL":
		return []string{"/bin/sh", "-c", c.Test[1]}
	}
	return nil
}

// NeedsExec says whether the check should be run through exec now: the engine
// has not probed yet and cannot be told to do so early.
func NeedsExec(s Subject) bool {
	return !s.StartInterval && s.Facts.State == running && s.Health.Status == StatusStarting &&
		s.Check.ExecCommand() != nil && len(s.runs()) == 0
}

// ExecSuffices says whether the runs of a check through exec say by now all that
// they can: that the container is healthy or, where the engine's own first probe is
// due so soon that it has the last word, that those may start which wait for it.
func ExecSuffices(s Subject, now time.Time) bool {
	v := judgeExec(s, s.runs(), now)
	return v != nil && (v.State == StateHealthyExec || s.engineDecides())
}

// engineDecides says that the engine's first probe is due so soon after the start
// that it has the last word.
func (s Subject) engineDecides() bool {
	return FirstProbe(*s.Check, s.Facts.StartedAt, s.StartInterval).Sub(s.Facts.StartedAt) <= ExecDue
}

// judgeExec returns the verdict that the runs through exec allow, nil for none.
// A failed probe of the engine overrides them.
func judgeExec(s Subject, runs []Result, now time.Time) *Verdict {
	passes := since(s.Exec.Results, s.Facts.StartedAt)
	n := trailing(passes, true)
	if n == 0 || trailing(runs, false) > 0 {
		return nil
	}
	check, last := s.Check.WithDefaults(), passes[len(passes)-1]
	age := now.Sub(last.End)
	if age < -Slack || age > check.Interval+check.Timeout+Slack {
		return nil
	}
	v := &Verdict{State: StateReleased}
	for _, pass := range passes[len(passes)-min(n, 2):] {
		v.Evidence = append(v.Evidence, s.evidence(pass, "healthcheck (exec)"))
	}
	due := FirstProbe(*s.Check, s.Facts.StartedAt, s.StartInterval)
	if n >= 2 && !s.engineDecides() {
		v.State = StateHealthyExec
		v.Reason = "the healthcheck passed twice through exec; the engine's first probe is due " + in(due.Sub(now))
		return v
	}
	v.Reason = "the healthcheck passed through exec; the engine's first probe is due " + in(due.Sub(now))
	if late := now.Sub(due); late > check.Timeout+Slack {
		v.Reason = "the healthcheck passes through exec, but the engine's first probe was due " + ago(late)
		v.Hint = unprobed(late)
	}
	return v
}
