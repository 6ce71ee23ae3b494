// Package healthchecks holds probes and verdicts: what is proven about one
// target, and the evidence for it. It knows no compose file and no engine's
// client library.
package healthchecks

import "time"

// Check is the healthcheck that a container really has: the effective one of
// file and image. The zero value of a duration means the engine's default.
type Check struct {
	// Test is as in the engine: {"CMD", ...}, {"CMD-SHELL", command}, or
	// {"NONE"}.
	Test          []string
	Interval      time.Duration
	Timeout       time.Duration
	StartPeriod   time.Duration
	StartInterval time.Duration
	Retries       int
}

// The engine's defaults, moby daemon/health.go.
const (
	DefaultInterval = 30 * time.Second
	DefaultTimeout  = 30 * time.Second
	DefaultRetries  = 3
)

// Defined says whether there is a check to run at all.
func (c *Check) Defined() bool {
	return c != nil && len(c.Test) > 0 && c.Test[0] != "NONE" && c.Test[0] != ""
}

// WithDefaults returns the check with the engine's defaults filled in.
func (c Check) WithDefaults() Check {
	if c.Interval <= 0 {
		c.Interval = DefaultInterval
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Retries <= 0 {
		c.Retries = DefaultRetries
	}
	return c
}

// Allowance is how long the check itself allows until it has a verdict:
// start_period + retries × (interval + timeout) + one timeout + 2 s.
func (c Check) Allowance() time.Duration {
	c = c.WithDefaults()
	return c.StartPeriod + time.Duration(c.Retries)*(c.Interval+c.Timeout) + c.Timeout + 2*time.Second
}

// Status is the engine's word on a container's health. Any other value than
// the constants is unknown and proves nothing.
type Status string

// The engine's health states.
const (
	StatusNone      Status = "none"
	StatusStarting  Status = "starting"
	StatusHealthy   Status = "healthy"
	StatusUnhealthy Status = "unhealthy"
)

// Health is what the engine reports about a container's health.
type Health struct {
	// Status is "" when the engine reports none.
	Status        Status
	FailingStreak int
	// Log holds the last results, oldest first; the engine keeps five.
	Log []Result
}

// Last returns the newest result, or nil.
func (h Health) Last() *Result {
	if len(h.Log) == 0 {
		return nil
	}
	return &h.Log[len(h.Log)-1]
}

// Result is one run of a check.
type Result struct {
	Start    time.Time
	End      time.Time
	ExitCode int
	// Output is bounded, and sanitised where it is shown.
	Output string
}

// Passed says whether the run succeeded.
func (r Result) Passed() bool { return r.ExitCode == 0 }

// Duration is how long the run took.
func (r Result) Duration() time.Duration { return r.End.Sub(r.Start) }
