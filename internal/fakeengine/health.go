package fakeengine

import (
	"fmt"
	"time"
)

// The health monitor's figures (moby daemon/health.go).
const (
	logLength     = 5
	outputLimit   = 4096
	wedgedAfter   = 30 * time.Second
	checkInterval = 30 * time.Second
	checkTimeout  = 30 * time.Second
	checkRetries  = 3
)

// beginMonitor starts to probe a container anew.
func (e *Engine) beginMonitor(c *container) {
	if !c.checked() || c.haunted {
		return
	}
	if c.health == nil {
		c.health = &healthState{}
	}
	c.health.Status, c.health.FailingStreak = "starting", 0
	e.resumeMonitor(c)
}

// resumeMonitor goes on probing with the status as it is.
func (e *Engine) resumeMonitor(c *container) {
	if !c.checked() || c.monitor != 0 {
		return
	}
	c.monitors++
	c.monitor = c.monitors
	if e.kind.NoTimers {
		return
	}
	if e.kind.ProbesAtOnce {
		e.probe(c, c.monitor)
		return
	}
	e.schedule(c, c.monitor)
}

// endMonitor stops probing; the engine then calls the container unhealthy.
func (e *Engine) endMonitor(c *container) {
	if c.monitor == 0 {
		return
	}
	c.monitor = 0
	if !e.kind.Podman && !c.haunted {
		c.health.Status = "unhealthy"
	}
}

// pause until the next probe.
func (e *Engine) gap(c *container) time.Duration {
	h := c.config.Healthcheck
	interval := firstSet(h.Interval, checkInterval)
	if !e.kind.StartInterval || c.health.Status != "starting" || e.now().Sub(c.started) >= h.StartPeriod {
		return interval
	}
	return firstSet(h.StartInterval, e.kind.DefaultStartInterval, interval)
}

func (e *Engine) schedule(c *container, monitor int) {
	e.later(c, e.gap(c), func() {
		if c.monitor == monitor {
			e.probe(c, monitor)
		}
	})
}

// probe runs the check once.
func (e *Engine) probe(c *container, monitor int) {
	began := e.now()
	answer := e.check(c)
	timeout := firstSet(c.config.Healthcheck.Timeout, checkTimeout)
	result := healthResult{Start: began, ExitCode: answer.Exit, Output: cut(answer.Output)}
	takes := answer.Takes
	switch {
	case answer.Error != "":
		result.ExitCode, result.Output = -1, answer.Error
	case answer.Wedged && e.kind.ReportsOutput:
		takes, result.ExitCode, result.Output = wedgedAfter, -1, "timed out starting health check for container "+c.id
	case answer.Wedged:
		return // the monitor of such an engine hangs with it
	case takes < 0 || takes > timeout:
		takes, result.ExitCode = timeout, -1
		result.Output = fmt.Sprintf("Health check exceeded timeout (%s)", timeout)
		if e.kind.ReportsOutput && answer.Output != "" {
			result.Output += ": " + cut(answer.Output)
		}
	}
	done := func() {
		if c.monitor != monitor {
			return
		}
		result.End = e.now()
		e.note(c, result)
		e.schedule(c, monitor)
	}
	if takes == 0 {
		done()
		return
	}
	e.later(c, takes, done)
}

// check asks the script.
func (e *Engine) check(c *container) Answer {
	c.probes++
	if probe := e.script(c).Probe; probe != nil {
		return probe(e.ask(c, c.probes))
	}
	return Answer{}
}

func (e *Engine) ask(c *container, nth int) Ask {
	return Ask{Up: e.now().Sub(c.started), Start: c.starts, Nth: nth}
}

func cut(output string) string {
	if len(output) > outputLimit {
		return output[:outputLimit] + "..."
	}
	return output
}

// note takes a result into the record and tells of a change.
func (e *Engine) note(c *container, r healthResult) {
	h, check := c.health, c.config.Healthcheck
	before := h.Status
	h.Log = append(h.Log, r)
	if len(h.Log) > logLength {
		h.Log = h.Log[len(h.Log)-logLength:]
	}
	retries := check.Retries
	if retries <= 0 {
		retries = checkRetries
	}
	switch {
	case r.ExitCode == 0:
		h.FailingStreak, h.Status = 0, "healthy"
	case h.Status == "starting" && r.Start.Sub(c.started) < check.StartPeriod:
	default:
		h.FailingStreak++
		if h.FailingStreak >= retries {
			h.Status = "unhealthy"
		}
	}
	if h.Status != before || e.kind.Podman {
		e.emit(c, "health_status", map[string]string{"health": h.Status})
	}
	e.announce()
}
