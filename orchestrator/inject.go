package orchestrator

import (
	"fmt"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
)

// The bounds of an injected start interval: often enough that the first probe
// is not what a start waits for, seldom enough that many containers together do
// not drown a small engine in probes.
const (
	minStartInterval          = 100 * time.Millisecond
	startIntervalPerContainer = 20 * time.Millisecond
)

// inject gives the container of s a short start interval where the engine can
// use one and the file sets none. It returns what it did, for a label and for
// the plan's reader; "" for nothing.
func (p *planner) inject(s *compose.Service, spec *ContainerSpec) string {
	check := p.check(s)
	if !p.Observed.Engine.StartInterval || !check.Defined() || check.StartInterval > 0 {
		return ""
	}
	full := check.WithDefaults()
	spec.StartInterval = startInterval(p.together, full.Interval)
	spec.StartPeriod = max(full.StartPeriod, full.Allowance())
	return fmt.Sprintf("start_interval=%s start_period=%s file_start_period=%s",
		spec.StartInterval, spec.StartPeriod, full.StartPeriod)
}

// startInterval is 20 ms for each container that starts at the same time, at
// least 100 ms and at most the file's own interval.
func startInterval(together int, interval time.Duration) time.Duration {
	return min(interval, max(minStartInterval, time.Duration(together)*startIntervalPerContainer))
}

// startingTogether is how many containers start at the same time at most: those
// of the widest level of dependencies.
func startingTogether(p *compose.Project) int {
	widest := 0
	for _, level := range p.Order() {
		n := 0
		for _, name := range level {
			n += p.Services[name].Replicas()
		}
		widest = max(widest, n)
	}
	return widest
}

// fileRule is the rule of the file where the start period was injected: the
// engine does not count failures inside a start period, so we do. It is nil
// when nothing was injected.
func fileRule(c Container, file *healthchecks.Check) *healthchecks.Check {
	if c.Labels[LabelInjected] == "" || file == nil {
		return nil
	}
	full := file.WithDefaults()
	return &full
}
