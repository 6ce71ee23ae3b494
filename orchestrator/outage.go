package orchestrator

import (
	"slices"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// How far the end of a container may be from an outage of the engine to be its
// doing: an engine that is shut down stops its containers, each for as long as that
// takes, and one that comes back after a crash ends those it finds.
const (
	beforeOutage = 20 * time.Second
	afterOutage  = 30 * time.Second
)

// byEngine names the engine as the cause where it went away during the run and the
// service that err is about ended with it; the cards of the report say so.
func (s *session) byEngine(r Report, err error) error {
	away := s.engine.Outage()
	root := rootOf(r.Services)
	if root == nil || away.Before(s.timings.begin) || fault.ClassOf(err).Signal() || !s.endedWith(*root, away) {
		return err
	}
	var stopped []string
	for _, service := range r.Services {
		if !service.settled() && s.endedWith(service, away) {
			stopped = append(stopped, service.Name)
		}
	}
	for i, c := range r.Cards {
		if slices.Contains(stopped, c.Service) {
			r.Cards[i].Reason = "it ended when the engine went away"
		}
	}
	return fault.New(fault.Engine, "the engine went away while the run was at work (last seen away at %s), and %s ended with it",
		away.Format(time.TimeOnly), listed(stopped)).WithHint("the engine answers again: stackctl up starts what it stopped")
}

// endedWith says whether a container of a service does not run and ended about the
// time of an outage.
func (s *session) endedWith(service ServiceReport, away time.Time) bool {
	for _, c := range service.Containers {
		sight, ok := s.look(c.ID)
		if !ok || sight.State != StateExited || sight.OOMKilled || sight.FinishedAt.IsZero() {
			continue
		}
		ended := sight.FinishedAt.Add(-s.info.ClockAhead)
		if ended.After(away.Add(-beforeOutage)) && ended.Before(away.Add(afterOutage)) {
			return true
		}
	}
	return false
}
