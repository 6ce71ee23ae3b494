package healthchecks

import "time"

// FirstProbe returns when the engine runs the check for the first time after
// a start. startInterval says whether the engine honours start_interval.
func FirstProbe(c Check, started time.Time, startInterval bool) time.Time {
	if startInterval && c.StartPeriod > 0 && c.StartInterval > 0 {
		return started.Add(c.StartInterval)
	}
	return started.Add(c.WithDefaults().Interval)
}

// NextProbe returns when the engine begins its next run of the check, the zero
// time when there is none to come.
func NextProbe(s Subject) time.Time {
	if !s.Check.Defined() || s.Facts.State != running || s.Facts.StartedAt.IsZero() {
		return time.Time{}
	}
	runs := s.runs()
	if len(runs) == 0 {
		return FirstProbe(*s.Check, s.Facts.StartedAt, s.StartInterval)
	}
	last := runs[len(runs)-1].End
	inStartPeriod := last.Before(s.Facts.StartedAt.Add(s.Check.StartPeriod))
	if s.StartInterval && s.Health.Status == StatusStarting && inStartPeriod && s.Check.StartInterval > 0 {
		return last.Add(s.Check.StartInterval)
	}
	return last.Add(s.Check.WithDefaults().Interval)
}
