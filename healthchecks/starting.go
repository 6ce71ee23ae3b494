package healthchecks

import (
	"fmt"
	"time"
)

// judgeStarting is about a container of which the engine says that no probe
// has passed yet.
func judgeStarting(s Subject, now time.Time) *Verdict {
	runs := s.runs()
	if v := judgeFileRule(s, runs); v != nil {
		return v
	}
	if v := judgeExec(s, runs, now); v != nil {
		return v
	}
	if len(runs) == 0 {
		return awaitFirst(s, now)
	}
	return awaitPass(s, runs, now)
}

// judgeFileRule applies the file's own rule where a longer start period keeps
// the engine from counting. nil: the rule has not spoken.
func judgeFileRule(s Subject, runs []Result) *Verdict {
	if s.FileRule == nil || len(runs) == 0 || trailing(runs, false) < len(runs) {
		return nil
	}
	check, retries := s.Check.WithDefaults(), s.FileRule.Retries
	if retries <= 0 {
		retries = DefaultRetries
	}
	counts := s.Facts.StartedAt.Add(s.FileRule.StartPeriod)
	last := runs[len(runs)-1]
	if last.Start.Before(counts.Add(time.Duration(retries)*check.Interval)) || failuresSince(counts, runs, check) < retries {
		return nil
	}
	text, hint := s.explain(last)
	return &Verdict{State: StateUnhealthy, Hint: hint, Reason: fmt.Sprintf(
		"the healthcheck failed %d times in a row past the file's start_period of %s: %s",
		retries, span(s.FileRule.StartPeriod), text)}
}

// failuresSince returns how many probes failed since a time, at least. While
// the status is starting none has passed, so the ones that fell out of the log
// failed, too; an engine that probes on takes an interval and a timeout from
// one to the next, at most.
func failuresSince(counts time.Time, runs []Result, check Check) int {
	n := len(since(runs, counts))
	forgotten := runs[0].Start.Sub(counts)
	if len(runs) >= logLength && forgotten > 0 {
		n += int(forgotten / (check.Interval + check.Timeout))
	}
	return n
}

func awaitFirst(s Subject, now time.Time) *Verdict {
	due := FirstProbe(*s.Check, s.Facts.StartedAt, s.StartInterval)
	late := now.Sub(due)
	if late <= s.Check.WithDefaults().Timeout+Slack {
		return &Verdict{State: StateStarting, Reason: "no probe has ended yet; the first is due " + in(-late)}
	}
	v := &Verdict{State: StateStarting, Reason: fmt.Sprintf("no probe has ended yet, though the first was due %s", ago(late))}
	v.Hint = unprobed(late)
	return v
}

// unprobed is the hint about a first probe that is late, "" while it may still
// come.
func unprobed(late time.Duration) string {
	if late <= wedged {
		return ""
	}
	return "the engine does not run the check; Podman needs systemd timers for it, other engines may be stuck in exec"
}

// awaitPass tells the failures that a start period hides.
func awaitPass(s Subject, runs []Result, now time.Time) *Verdict {
	check, last := s.Check.WithDefaults(), runs[len(runs)-1]
	if last.Passed() {
		return &Verdict{State: StateStarting, Reason: "a probe passed; the engine has not said healthy yet"}
	}
	text, hint := s.explain(last)
	if silence := now.Sub(last.End); silence-s.Late > check.Interval+check.Timeout+wedged {
		v := stale(fmt.Sprintf("no probe for %s, expected every %s; the last one: %s", span(silence), span(check.Interval), text))
		return v
	}
	return &Verdict{State: StateStarting, Hint: hint, Reason: fmt.Sprintf(
		"not healthy yet; %s failed so far%s, the last one: %s", probes(runs), hidden(s, last), text)}
}

func probes(runs []Result) string {
	switch n := trailing(runs, false); {
	case n == 1:
		return "1 probe"
	case n >= logLength:
		return fmt.Sprintf("%d probes or more", n)
	default:
		return fmt.Sprintf("%d probes", n)
	}
}

// hidden says that the failures do not count for the engine, where that is so.
func hidden(s Subject, last Result) string {
	period := s.Check.StartPeriod
	if s.FileRule != nil {
		period = s.FileRule.StartPeriod
	}
	if last.Start.Before(s.Facts.StartedAt.Add(period)) {
		return fmt.Sprintf(", hidden by the start_period of %s", span(period))
	}
	return ""
}
