package orchestrator

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// trimPrev is the name of the container that a kept one stood for.
func trimPrev(name string) string { return strings.TrimSuffix(name, prevSuffix) }

// rollback puts the replaced containers back into their places: the new ones
// go, the old ones take their names again and start. It works on what is
// really there, since the run may have ended anywhere.
func (s *session) rollback(ctx context.Context, plan Plan) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	replaced := replacements(plan)
	if len(replaced) == 0 {
		s.opts.Listen.tell(Progress{Phase: PhaseNote, Message: "nothing was replaced, so there is nothing to roll back to"})
		return
	}
	for _, level := range s.project.Order() {
		for _, name := range level {
			for _, old := range replaced[name] {
				s.putBack(ctx, name, old)
			}
		}
	}
}

// old is a container that the plan replaces, and how.
type old struct {
	id, name string
	running  bool
	number   int
}

// replacements are the replaced containers of a plan, by service.
func replacements(plan Plan) map[string][]old {
	out := map[string][]old{}
	for _, a := range plan.Actions {
		if a.Kind != RenameContainer || !strings.HasSuffix(a.rename, prevSuffix) {
			continue
		}
		o := old{id: a.Existing, name: trimPrev(a.rename), number: a.Number}
		for _, b := range plan.Actions {
			o.running = o.running || b.Kind == StopContainer && b.Existing == a.Existing
		}
		out[a.Service] = append(out[a.Service], o)
	}
	return out
}

// putBack removes the replacement of one container and restores it.
func (s *session) putBack(ctx context.Context, service string, o old) {
	err := s.restore(ctx, service, o)
	p := Progress{Service: service, Target: o.name, Phase: PhaseNote, Message: "rolled back"}
	if err != nil {
		p.Phase, p.Message = PhaseWarning, "could not be rolled back: "+err.Error()
	}
	s.opts.Listen.tell(p)
}

func (s *session) restore(ctx context.Context, service string, o old) error {
	observed, err := s.engine.Observe(ctx, s.scope())
	if err != nil {
		return err
	}
	for _, c := range observed.Containers {
		mine := c.Service == service && c.Number == o.number && ownerOf(c.Labels, s.project) == ownedByUs
		if mine && c.ID != o.id {
			if err := s.engine.RemoveContainer(ctx, c.ID, false); err != nil {
				return fmt.Errorf("remove the new %s: %w", c.Name, err)
			}
		}
	}
	if err := s.engine.RenameContainer(ctx, o.id, o.name); err != nil {
		return err
	}
	if !o.running {
		return nil
	}
	return s.engine.StartContainer(ctx, o.id)
}
