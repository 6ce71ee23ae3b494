package orchestrator

import (
	"fmt"
	"strings"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// looked is what a look at an object of the engine showed: where is the
// question, with the fields that were read.
func (s subject) looked(where string, passed bool, shown ...string) healthchecks.Evidence {
	at := s.Observed.At
	if at.IsZero() {
		at = s.Now
	}
	return healthchecks.Evidence{
		Probe: "inspect " + where, Result: sanitize.Line(strings.Join(shown, ", "), cardLineMax), Passed: passed, At: at,
	}
}

// counted is the evidence of a census: every container that claims to be the
// service's.
func (s subject) counted(passed bool) healthchecks.Evidence {
	var shown []string
	for _, c := range s.all {
		shown = append(shown, fmt.Sprintf("%s (%s, number %d, image %s, configuration %s)",
			c.Name, shortID(c.ID), c.Number, shortID(c.ImageID), shortID(c.Labels[LabelHash])))
	}
	if len(shown) == 0 {
		shown = []string{"none"}
	}
	e := s.looked("", passed, shown...)
	e.Probe = fmt.Sprintf("containers labelled with project %s and service %s", s.Project.Name, s.service.Name)
	return e
}

// lived is the evidence of a container's life.
func (s subject) lived(c Sight, passed bool) healthchecks.Evidence {
	shown := []string{firstText(string(c.State), "no state")}
	switch {
	case c.State == StateRunning:
		shown = append(shown, "since "+moment(c.StartedAt))
	case !c.FinishedAt.IsZero():
		shown = append(shown, fmt.Sprintf("with code %d at %s", c.ExitCode, moment(c.FinishedAt)))
	}
	if c.OOMKilled {
		shown = append(shown, "killed for memory")
	}
	if c.RestartCount > 0 {
		shown = append(shown, fmt.Sprintf("restarted %d times", c.RestartCount))
	}
	return s.looked(c.Name+": State", passed, shown...)
}

// connected is the evidence of a container's wiring.
func (s subject) connected(c Sight, passed bool) healthchecks.Evidence {
	var shown []string
	for _, e := range c.Endpoints {
		shown = append(shown, strings.TrimSpace(e.Network+" "+firstText(e.IPv4, e.IPv6, "(no address)")))
	}
	for _, p := range c.Published {
		shown = append(shown, fmt.Sprintf("%s → %d/%s", healthchecks.HostAddress(p.HostIP, p.Host, s.Observed.Engine.Host), p.Container, p.Proto))
	}
	if len(shown) == 0 {
		shown = []string{"network mode " + firstText(c.NetworkMode, "none")}
	}
	return s.looked(c.Name+": NetworkSettings", passed, shown...)
}

// lasted is the evidence of a container's stability window.
func (s subject) lasted(c Sight, passed bool) healthchecks.Evidence {
	shown := []string{fmt.Sprintf("one start, %s ago", s.age(c).Round(time.Millisecond))}
	switch failed := failedRuns(c.Container); {
	case failed > 0:
		shown = append(shown, fmt.Sprintf("%d failed probes among the last %d", failed, len(runsOf(c.Container))))
	case c.Check.Defined():
		shown = append(shown, fmt.Sprintf("its last %d probes passed", len(runsOf(c.Container))))
	}
	if !c.Window.Since.IsZero() {
		shown = append(shown, fmt.Sprintf("seen well for %s", s.Now.Sub(c.Window.Since).Round(time.Millisecond)))
	}
	if !c.Window.Paused.IsZero() {
		shown = append(shown, fmt.Sprintf("paused until %s ago", s.Now.Sub(c.Window.Paused).Round(time.Millisecond)))
	}
	return s.looked(c.Name+": State.StartedAt, RestartCount, State.Health", passed, shown...)
}

func failedRuns(c Container) int {
	n := 0
	for _, r := range runsOf(c) {
		if !r.Passed() {
			n++
		}
	}
	return n
}

// moment is a time of the engine, to the millisecond.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
