package orchestrator

import (
	"cmp"
	"fmt"
	"slices"
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
	// startEvery is how long the start of a container takes at least on a small
	// engine: what starts before others need not be asked before those run.
	startEvery = 100 * time.Millisecond
)

// inject gives replica number of s a short start interval where the engine can
// use one and the file sets none. It returns what it did, for a label and for
// the plan's reader; "" for nothing.
func (p *planner) inject(s *compose.Service, number int, spec *ContainerSpec) string {
	check := p.check(s)
	if !p.Observed.Engine.StartInterval || !check.Defined() || check.StartInterval > 0 {
		return ""
	}
	full := check.WithDefaults()
	at := p.crowds[s.Name]
	spec.StartInterval = startInterval(at.together, at.after(number), full.Interval)
	spec.StartPeriod = max(full.StartPeriod, full.Allowance())
	return fmt.Sprintf("start_interval=%s start_period=%s file_start_period=%s",
		spec.StartInterval, spec.StartPeriod, full.StartPeriod)
}

// startInterval is 20 ms for each container that starts at the same time, at
// least 100 ms and at most the file's own interval. The last of them, for which
// the run waits, are asked sooner: after 100 ms for itself and each that starts
// after it. All together, 200 of them are so asked 80 times a second at most,
// where a common interval would make it 50.
func startInterval(together, after int, interval time.Duration) time.Duration {
	alone := time.Duration(together) * startIntervalPerContainer
	return min(interval, max(minStartInterval, min(alone, time.Duration(after+1)*startEvery)))
}

// crowd is the place of a service among those that start at the same time.
type crowd struct {
	// together is how many containers those are, the service's included; first
	// is how many of them start before the service's.
	together, first int
}

// after is how many containers start after replica number of the service.
func (c crowd) after(number int) int { return max(0, c.together-c.first-number) }

// crowds are the places of all services: those start together that are on the
// same level of the dependencies, and first those that most wait for.
func crowds(p *compose.Project) map[string]crowd {
	levels := p.Order()
	heights := heights(p, levels)
	out := make(map[string]crowd, len(p.Services))
	for _, level := range levels {
		names := slices.Clone(level)
		slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(heights[b], heights[a]) })
		together := 0
		for _, name := range names {
			out[name] = crowd{first: together}
			together += p.Services[name].Replicas()
		}
		for _, name := range names {
			out[name] = crowd{together, out[name].first}
		}
	}
	return out
}

// heights are how many services wait for a service one after the other, at most.
func heights(p *compose.Project, levels [][]string) map[string]int {
	out := make(map[string]int, len(p.Services))
	for _, level := range slices.Backward(levels) {
		for _, name := range level {
			for _, before := range p.Dependencies(name) {
				out[before] = max(out[before], out[name]+1)
			}
		}
	}
	return out
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
