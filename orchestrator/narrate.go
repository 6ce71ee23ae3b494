package orchestrator

import (
	"context"
	"fmt"
	"time"

	"github.com/stackctl/stackctl/internal/sanitize"
)

// narrate tells the transitions of the containers: healthy after how long,
// the last words of a probe that fails, an end, a restart. It never tells the
// same thing twice in a row.
func (s *session) narrate(ctx context.Context) {
	told := map[string]string{}
	_ = s.world.watch(ctx, "", resync, func(sights []Sight) (bool, error) { // others report why it ended
		for _, sight := range sights {
			if s.counts(sight) && !sight.StartedAt.IsZero() && !s.members.hush(sight.ID) {
				s.narrateOne(sight.Service, sight, told)
			}
		}
		return false, nil
	})
}

// narrateOne tells what a look at a container of a service shows, unless it is
// what was told last.
func (s *session) narrateOne(name string, sight Sight, told map[string]string) {
	s.timings.probed(name, sight, s.info.ClockAhead)
	p := s.transition(s.bench(name), sight)
	key := string(p.Phase) + p.Message
	if p.Phase == "" || told[sight.ID] == key {
		return
	}
	told[sight.ID] = key
	if p.Phase == PhaseHealthy || p.Phase == PhaseCompleted {
		s.timings.healthy(name, time.Now())
	}
	s.opts.Listen.tell(p)
}

// transition is what there is to tell about one look at a container; an empty
// phase is nothing.
func (s *session) transition(b bench, sight Sight) Progress {
	st := b.judge(sight)
	p := Progress{Service: b.service.Name, Target: sight.Name}
	switch {
	case st.Completed:
		p.Phase, p.Took = PhaseCompleted, sight.FinishedAt.Sub(sight.StartedAt)
	case st.Releases && sight.Check.Defined():
		p.Phase, p.Took = PhaseHealthy, b.engineNow().Sub(sight.StartedAt)
		if last := sight.Health.Last(); last != nil && last.Passed() && last.Start.After(sight.StartedAt) {
			p.Took = last.End.Sub(sight.StartedAt)
		}
	case st.Running && !st.Well && !st.Final:
		if r := lastFailure(sight); r != "" {
			p.Phase, p.Message = PhaseProbing, r
		}
	case st.State == "missing" || st.State == "paused" || st.State == "restarting" || st.Final:
		p.Phase, p.Message = PhaseWarning, st.State+": "+st.Reason
	}
	if (p.Phase == PhaseHealthy || p.Phase == PhaseCompleted) && s.members.unchanged(sight.ID) {
		p.Phase, p.Message, p.Took = PhaseUnchanged, st.State, 0
	}
	return p
}

// maxWords bounds the last words of a probe, in bytes.
const maxWords = 160

// lastFailure are the last words of a container's check, when it failed.
func lastFailure(s Sight) string {
	last := s.Health.Last()
	if n := len(s.Execs); n > 0 && (last == nil || s.Execs[n-1].End.After(last.End)) {
		last = &s.Execs[n-1]
	}
	if last == nil || last.Passed() || last.Start.Before(s.StartedAt) {
		return ""
	}
	return sanitize.Line(fmt.Sprintf("exit %d: %s", last.ExitCode, last.Output), maxWords)
}
