package orchestrator

import (
	"fmt"
	"slices"
	"time"

	"github.com/stackctl/stackctl/compose"
)

// Step is what one service added to the time until all was healthy.
type Step struct {
	Service string
	// Added is from the moment at which the service before it in the chain
	// could be relied on, or from the beginning, until this one could.
	Added time.Duration
}

// Critical is the chain of services that decided how long a start took, each
// waiting for the one before it, and what follows from it.
type Critical struct {
	Steps []Step
	// Advice is one sentence about the slowest step, "" when nothing was
	// started.
	Advice string
}

// criticalPath finds the chain that ended last. It is pure.
func criticalPath(p *compose.Project, timings []Timing) Critical {
	byName := map[string]Timing{}
	var last Timing
	for _, t := range timings {
		byName[t.Service] = t
		if t.End >= last.End {
			last = t
		}
	}
	if last.Service == "" {
		return Critical{}
	}
	var chain []Timing
	for t, ok := last, true; ok; t, ok = holdingUp(p, byName, t) {
		chain = append(chain, t)
	}
	slices.Reverse(chain)
	c := Critical{}
	slowest, before := 0, time.Duration(0)
	for i, t := range chain {
		c.Steps = append(c.Steps, Step{t.Service, t.End - before})
		if c.Steps[i].Added > c.Steps[slowest].Added {
			slowest = i
		}
		before = t.End
	}
	c.Advice = advice(chain[slowest], c.Steps[slowest].Added, last.End)
	return c
}

// holdingUp is the dependency of t that was ready last, if t was started after
// any.
func holdingUp(p *compose.Project, byName map[string]Timing, t Timing) (found Timing, ok bool) {
	service := p.Services[t.Service]
	if service == nil {
		return found, false
	}
	for name := range service.DependsOn {
		d, started := byName[name]
		if started && d.End < t.End && (!ok || d.End > found.End || d.End == found.End && name < found.Service) {
			found, ok = d, true
		}
	}
	return found, ok
}

// gapMatters is the least pause between two probes that is worth a word.
const gapMatters = 300 * time.Millisecond

// advice says what the slowest step took and what could make it shorter.
func advice(t Timing, added, total time.Duration) string {
	text := fmt.Sprintf("%s took %s of %s", t.Service, seconds(added), seconds(total))
	switch {
	case t.Healthy == 0:
		return text + fmt.Sprintf(": the engine needed %s to start it, and nothing more was waited for", seconds(t.Start))
	case t.Start > t.Healthy:
		return text + fmt.Sprintf(": the engine needed %s to start it", seconds(t.Start))
	case t.Gap == 0:
		return text + fmt.Sprintf(": %s from its start until it was done", seconds(t.Healthy))
	case t.Gap >= gapMatters && 5*t.Gap >= added:
		return text + fmt.Sprintf("; its healthcheck asked %s apart when it passed: a shorter start_interval or interval saves up to that", seconds(t.Gap))
	default:
		return text + "; its healthcheck interval adds nothing here"
	}
}

// seconds is a duration as people say it.
func seconds(d time.Duration) string {
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
