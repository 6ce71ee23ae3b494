package healthchecks

import (
	"slices"
	"time"
)

// Facts are what the engine says about a container's life.
type Facts struct {
	// State is the engine's word. Only "running" is running, whatever other
	// fields of an inspection say.
	State string
	// StartedAt is the beginning of this incarnation: evidence from before
	// belongs to another process.
	StartedAt time.Time
}

// FileRule is the rule of the file where the container was created with a
// longer start period than the file's, under which the engine counts nothing.
type FileRule struct {
	StartPeriod time.Duration
	// Retries is DefaultRetries when 0.
	Retries int
}

// Subject is all that a verdict follows from. All its times are by the
// engine's clock.
type Subject struct {
	// Check is the check that the container really has; nil for none.
	Check  *Check
	Health Health
	Facts  Facts
	// FileRule is nil when nothing was injected.
	FileRule *FileRule
	// Exec are runs of the check through exec, if there are any.
	Exec ExecHistory
	// StartInterval says that the engine honours start_interval.
	StartInterval bool
	// Late is how long the look took: the engine may have said all of this so
	// much earlier than now.
	Late time.Duration
	// Redact takes secrets out of commands and outputs; nil takes none.
	Redact func(string) string
}

// runs returns the results of this incarnation that carry sound times, oldest
// first.
func (s Subject) runs() []Result { return since(s.Health.Log, s.Facts.StartedAt) }

func since(log []Result, started time.Time) []Result {
	var runs []Result
	for _, r := range log {
		if !r.Start.IsZero() && !r.Start.Before(started) && !r.End.Before(r.Start) {
			runs = append(runs, r)
		}
	}
	slices.SortStableFunc(runs, func(a, b Result) int { return a.Start.Compare(b.Start) })
	return runs
}

// trailing counts the results at the end of runs that passed, or that failed.
func trailing(runs []Result, passed bool) int {
	n := 0
	for n < len(runs) && runs[len(runs)-1-n].Passed() == passed {
		n++
	}
	return n
}
