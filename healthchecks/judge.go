package healthchecks

import (
	"fmt"
	"time"
)

const (
	// Slack is what a probe may come late, beyond its interval and timeout,
	// before the engine is held to have stopped probing.
	Slack = 5 * time.Second
	// wedged is how long engines wait for a probe that cannot be started
	// (moby daemon/health.go).
	wedged = 30 * time.Second
	// logLength is how many results the engine keeps (moby daemon/health.go).
	logLength = 5

	running = "running"
)

// Judge says what is proven about a container's health by its own check, at
// the engine's time now. It is pure. What is missing or not understood is never
// healthy, and StateUnhealthy is returned only for a container that runs.
func Judge(s Subject, now time.Time) Verdict {
	v := lifecycle(s.Facts)
	if v == nil {
		v = judgeStatus(s, now)
	}
	v.At = now
	if runs := s.runs(); len(runs) > 0 && s.Check.Defined() && len(v.Evidence) == 0 {
		v.Evidence = []Evidence{s.evidence(runs[len(runs)-1], "healthcheck")}
	}
	return *v
}

// lifecycle returns the verdict on a container that does not run, nil on one
// that does.
func lifecycle(f Facts) *Verdict {
	switch f.State {
	case running:
		if f.StartedAt.IsZero() {
			return &Verdict{State: StateUnknown, Reason: "the engine does not say when the container started"}
		}
		return nil
	case "paused":
		return &Verdict{State: StatePaused, Reason: "the container is paused",
			Hint: "unpause it: while it is paused the engine does not probe it"}
	case "restarting":
		return &Verdict{State: StateRestarting, Reason: "the container is being restarted"}
	case "created", "exited", "dead", "removing":
		return &Verdict{State: StateStopped, Reason: "the container is " + f.State}
	}
	return &Verdict{State: StateUnknown, Reason: fmt.Sprintf("the engine reports the container state %q, which is not known", f.State)}
}

func judgeStatus(s Subject, now time.Time) *Verdict {
	if !s.Check.Defined() {
		return judgeUnchecked(s)
	}
	switch s.Health.Status {
	case StatusHealthy:
		return judgeHealthy(s, now)
	case StatusStarting:
		return judgeStarting(s, now)
	case StatusUnhealthy:
		return judgeUnhealthy(s)
	case StatusNone, "":
		return &Verdict{State: StateUnknown, Reason: "the container has a healthcheck, but the engine reports no health"}
	}
	return &Verdict{State: StateUnknown, Reason: fmt.Sprintf("the engine reports the health %q, which is not known", string(s.Health.Status))}
}

func judgeUnchecked(s Subject) *Verdict {
	switch {
	case s.Health.Status != "" && s.Health.Status != StatusNone:
		return &Verdict{State: StateUnknown, Reason: "the engine reports a health, but no healthcheck that it rests on"}
	case s.Check != nil && len(s.Check.Test) > 0 && s.Check.Test[0] == "NONE":
		return &Verdict{State: StateUnchecked, Reason: "the healthcheck is disabled"}
	}
	return &Verdict{State: StateUnchecked, Reason: "no healthcheck"}
}

// judgeHealthy believes the engine's "healthy" only on a probe of this start
// that is not too old: a health can be left over from before a restart, or
// frozen where the engine stopped probing.
func judgeHealthy(s Subject, now time.Time) *Verdict {
	if len(s.Health.Log) == 0 {
		return &Verdict{State: StateUnknown, Reason: "the engine says healthy, but logs no probe"}
	}
	runs := s.runs()
	if len(runs) == 0 {
		return &Verdict{State: StateStarting, Reason: "no probe has run since the container started; the logged ones are older"}
	}
	last := runs[len(runs)-1]
	check := s.Check.WithDefaults()
	age, limit := now.Sub(last.End), check.Interval+check.Timeout+Slack
	switch {
	case !last.Passed():
		text, hint := s.explain(last)
		return &Verdict{State: StateFailing, Hint: hint, Reason: fmt.Sprintf(
			"the newest probe failed (%d of %d in a row until unhealthy): %s", s.streak(runs), check.Retries, text)}
	case age < -Slack:
		return &Verdict{State: StateUnknown, Reason: fmt.Sprintf(
			"the newest probe lies %s in the future: the engine's clock was changed", span(-age))}
	case age-s.Late > limit:
		return stale(fmt.Sprintf("the last probe is %s old, expected ≤ %s", span(age), span(limit)))
	}
	return &Verdict{State: StateHealthy, Reason: "the healthcheck passed " + ago(age)}
}

func stale(reason string) *Verdict {
	return &Verdict{State: StateStale, Reason: reason,
		Hint: "the engine has stopped probing this container; restart the container, or the engine if it is so for all"}
}

func judgeUnhealthy(s Subject) *Verdict {
	runs := s.runs()
	check := s.Check.WithDefaults()
	switch {
	case len(s.Health.Log) == 0:
		return &Verdict{State: StateUnhealthy, Reason: "the engine says unhealthy and logs no probe"}
	case len(runs) == 0:
		return &Verdict{State: StateStarting, Reason: "no probe has run since the container started; the logged ones are older"}
	case monitorStopped(s, runs, check.Retries):
		return stale("the engine says unhealthy because it stopped probing, not because of the probes: the container was paused or stopped in between")
	}
	text, hint := s.explain(runs[len(runs)-1])
	return &Verdict{State: StateUnhealthy, Hint: hint,
		Reason: fmt.Sprintf("the healthcheck failed %d times in a row: %s", s.streak(runs), text)}
}

// monitorStopped tells an "unhealthy" that no probes account for: engines set
// it when they stop watching a container, too.
func monitorStopped(s Subject, runs []Result, retries int) bool {
	if runs[len(runs)-1].Passed() {
		return true
	}
	counted := s.Health.FailingStreak > 0 || len(runs) < logLength
	return counted && s.streak(runs) < retries
}

// streak is the number of failures in a row: the engine's count, or the log's
// where that knows of more.
func (s Subject) streak(runs []Result) int {
	return max(s.Health.FailingStreak, trailing(runs, false))
}
