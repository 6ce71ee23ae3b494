package orchestrator

import (
	"context"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// failFast ends the run when a container fails for good, also while nobody
// waits for it: the run cannot succeed any more. What others can do without
// (required: false), and what this run did not start, is left to the proof; a
// start that fails is told by the start.
func (s *session) failFast(ctx context.Context, abort context.CancelCauseFunc) {
	spared := dispensable(s.project)
	// The error is the end of the run or the loss of the engine, which
	// others report.
	_ = s.world.watch(ctx, "", resync, func(sights []Sight) (bool, error) {
		for _, sight := range sights {
			name, id := sight.Service, sight.ID
			if !s.counts(sight) || spared[name] || s.members.hush(id) || s.members.unchanged(id) || sight.State == StateCreated {
				continue
			}
			if st := s.bench(name).judge(sight); !st.Final || st.Well {
				continue
			}
			if st := s.rejudge(name, id); st.Final && !st.Well {
				abort(fault.New(st.Class, "%s is %s: %s", name, st.State, st.Reason).WithHint("%s", st.Hint))
				return true, nil
			}
		}
		return false, nil
	})
}

// rejudge judges a container by a picture newer than the word that it was
// started: the one before may still show the end of its last life.
func (s *session) rejudge(name, id string) Standing {
	sight, _ := s.world.sight(id)
	return s.bench(name).judge(sight)
}

// dispensable are the services that all their dependents declare they can do
// without.
func dispensable(p *compose.Project) map[string]bool {
	out, needed := map[string]bool{}, map[string]bool{}
	for _, s := range p.Services {
		for name, d := range s.DependsOn {
			if d.Required {
				needed[name] = true
			} else {
				out[name] = true
			}
		}
	}
	for name := range needed {
		delete(out, name)
	}
	return out
}
