package orchestrator

import (
	"fmt"
	"strconv"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

// run begins an incarnation.
func (e *fakeEngine) run(c *fakeContainer) {
	c.life++
	c.starts++
	c.State, c.StartedAt, c.FinishedAt = StateRunning, time.Now(), time.Time{}
	c.ExitCode, c.OOMKilled, c.StartError, c.stopped = 0, false, "", false
	for i := range c.Endpoints {
		c.Endpoints[i].EndpointID = e.id("endpoint")
		c.Endpoints[i].IPv4 = "192.0.2." + strconv.Itoa(1+i)
	}
	c.Published = nil
	if c.spec.Service != nil {
		for _, p := range c.spec.Service.Ports {
			host, _ := strconv.Atoi(p.Published)
			if host == 0 {
				host = 32768 + e.made
			}
			c.Published = append(c.Published, Port{HostIP: "127.0.0.1", Host: uint16(host), Container: uint16(p.Target), Proto: p.Protocol})
		}
	}
	if c.Check.Defined() {
		// The log of the last incarnation stays, as it does on real engines.
		c.Health.Status, c.Health.FailingStreak = healthchecks.StatusStarting, 0
		e.probeAt(c, healthchecks.FirstProbe(*c.Check, c.StartedAt, e.info.StartInterval))
	}
	e.emit(c, "start")
	s := e.scripts[c.Service]
	exits, code := s.exits, s.code
	if s.run != nil {
		exits, code = s.run(c.starts)
	}
	if exits > 0 {
		e.later(c, exits, func() { e.exit(c, code, s.oom) })
	}
}

// later does something to an incarnation, unless it has ended before.
func (e *fakeEngine) later(c *fakeContainer, d time.Duration, do func()) {
	life := c.life
	time.AfterFunc(d, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if c.life == life && e.containers[c.ID] == c {
			do()
		}
	})
}

// probeAt runs the check at a time, and again after its interval.
func (e *fakeEngine) probeAt(c *fakeContainer, at time.Time) {
	e.later(c, time.Until(at), func() {
		if c.State == StateRunning {
			e.probe(c)
		}
		next := healthchecks.NextProbe(healthchecks.Subject{
			Check: c.Check, Health: c.Health, StartInterval: e.info.StartInterval,
			Facts: healthchecks.Facts{State: string(StateRunning), StartedAt: c.StartedAt},
		})
		if !next.After(time.Now()) {
			next = time.Now().Add(c.Check.WithDefaults().Interval)
		}
		e.probeAt(c, next)
	})
}

func (e *fakeEngine) verdict(c *fakeContainer) int {
	if probe := e.scripts[c.Service].probe; probe != nil {
		return probe(time.Since(c.StartedAt), c.starts)
	}
	return 0
}

// probe is one run of the check and what the engine makes of it.
func (e *fakeEngine) probe(c *fakeContainer) {
	now, code := time.Now(), e.verdict(c)
	c.Health.Log = append(c.Health.Log, healthchecks.Result{Start: now, End: now, ExitCode: code, Output: e.words(c, fmt.Sprintf("exit %d", code))})
	c.Health.Log = c.Health.Log[max(0, len(c.Health.Log)-5):]
	before := c.Health.Status
	hidden := c.Health.Status == healthchecks.StatusStarting && time.Since(c.StartedAt) < c.Check.StartPeriod
	switch {
	case code == 0:
		c.Health.Status, c.Health.FailingStreak = healthchecks.StatusHealthy, 0
	case !hidden:
		c.Health.FailingStreak++
		if c.Health.FailingStreak >= c.Check.WithDefaults().Retries {
			c.Health.Status = healthchecks.StatusUnhealthy
		}
	}
	if c.Health.Status != before {
		e.emit(c, "health_status")
	}
}

// exit ends an incarnation, and begins the next where the policy says so.
func (e *fakeEngine) exit(c *fakeContainer, code int, oom bool) {
	c.life++
	c.State, c.ExitCode, c.OOMKilled, c.FinishedAt = StateExited, code, oom, time.Now()
	c.Published = nil
	for i := range c.Endpoints {
		c.Endpoints[i].EndpointID, c.Endpoints[i].IPv4 = "", ""
	}
	e.emit(c, "die")
	again := c.RestartPolicy == "always" || c.RestartPolicy == "unless-stopped" ||
		c.RestartPolicy == "on-failure" && code != 0 && (c.MaxRetries == 0 || c.RestartCount < c.MaxRetries)
	if c.stopped || !again {
		return
	}
	c.State = StateRestarting
	back := min(100*time.Millisecond<<min(c.RestartCount, 10), time.Minute)
	e.later(c, back, func() {
		c.RestartCount++
		e.run(c)
	})
}

// container is a copy of the one that has a name.
func (e *fakeEngine) container(name string) (c Container) {
	e.with(name, func(found *fakeContainer) { c = e.report(found) })
	return c
}
