package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackctl/stackctl/images"
)

// RollbackWithin bounds a rollback.
const RollbackWithin = 2 * time.Minute

// trimPrev is the name of the container that a kept one stood for.
func trimPrev(name string) string { return strings.TrimSuffix(name, prevSuffix) }

// rollback brings back what was before the plan: what it made goes, the
// containers that it replaced or took away get their names again and start, those
// that it started stop. It works on what is really there, since the run may have
// ended anywhere, and says what cannot be undone.
func (s *session) rollback(ctx context.Context, plan Plan) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), RollbackWithin)
	defer cancel()
	defer s.rollbackImages(ctx)
	if plan.Changes() == 0 {
		s.opts.Listen.tell(Progress{Phase: PhaseNote, Message: "nothing was changed, so there is nothing to roll back to"})
		return
	}
	observed, err := s.engine.Observe(ctx, s.scope())
	if err != nil {
		s.notRolledBack("", "", err)
		return
	}
	kept := keptBy(plan)
	ran := s.ranJobs(plan, observed)
	s.removeNew(ctx, observed, kept)
	for _, name := range s.forthServices(kept) {
		for _, old := range kept[name] {
			if err := s.putBack(ctx, old); err != nil {
				s.notRolledBack(name, old.name, err)
			} else if !ran[name] {
				s.rolledBack(name, old.name, "rolled back")
			}
		}
	}
	s.stopAgain(ctx, plan, observed)
	s.removeMade(ctx, plan)
	for _, name := range sortedKeys(ran) {
		s.rolledBack(name, "", "ran as the new version; what it wrote stays")
	}
}

func (s *session) rolledBack(service, target, what string) {
	s.opts.Listen.tell(Progress{Service: service, Target: target, Phase: PhaseNote, Message: what})
}

func (s *session) notRolledBack(service, target string, err error) {
	s.opts.Listen.tell(Progress{Service: service, Target: target, Phase: PhaseWarning, Message: "could not be rolled back: " + err.Error()})
}

// keptContainer is a container that a plan put aside.
type keptContainer struct {
	id, name string
	running  bool
	number   int
}

// keptBy are the containers that a plan puts aside, by service.
func keptBy(plan Plan) map[string][]keptContainer {
	out := map[string][]keptContainer{}
	for _, a := range plan.Actions {
		if a.Kind != RenameContainer || !strings.HasSuffix(a.rename, prevSuffix) {
			continue
		}
		o := keptContainer{id: a.Existing, name: trimPrev(a.rename), number: a.Number}
		for _, b := range plan.Actions {
			o.running = o.running || b.Kind == StopContainer && b.Existing == a.Existing
		}
		out[a.Service] = append(out[a.Service], o)
	}
	return out
}

// forthServices are the services in the order in which they start, those that
// the file no longer has first.
func (s *session) forthServices(kept map[string][]keptContainer) []string {
	var names []string
	for _, name := range sortedKeys(kept) {
		if s.project.Services[name] == nil {
			names = append(names, name)
		}
	}
	for _, level := range s.project.Order() {
		names = append(names, level...)
	}
	return names
}

// ranJobs are the jobs that the plan let run: what they wrote cannot be undone.
func (s *session) ranJobs(plan Plan, o Observed) map[string]bool {
	ran := map[string]bool{}
	for _, a := range plan.Actions {
		svc := s.project.Services[a.Service]
		if a.Kind != StartContainer || svc == nil {
			continue
		}
		if role := roleOf(s.project, svc, s.bench(svc.Name).check); role != RoleJob && role != RoleUndeclared {
			continue
		}
		for _, c := range o.Containers {
			if c.Service != svc.Name || !s.ours(c) || c.StartedAt.IsZero() {
				continue
			}
			// One that is kept ran in this run if it started since.
			if !s.before[c.ID] || c.ID == a.Existing && c.StartedAt.After(s.timings.begin.Add(s.info.ClockAhead)) {
				ran[svc.Name] = true
			}
		}
	}
	return ran
}

// ours says whether a container is one of the project's.
func (s *session) ours(c Container) bool {
	return !c.OneOff && ownerOf(c.Labels, s.project) == ownedByUs
}

// removeNew removes the containers that were not there before, those that depend
// on others first.
func (s *session) removeNew(ctx context.Context, o Observed, kept map[string][]keptContainer) {
	for _, level := range slices.Backward(s.project.Order()) {
		for _, c := range o.Containers {
			if !slices.Contains(level, c.Service) || s.before[c.ID] || !s.ours(c) {
				continue
			}
			i := slices.IndexFunc(kept[c.Service], func(k keptContainer) bool { return k.number == c.Number })
			var inherited []Mount
			if i >= 0 {
				inherited = mountsOf(o, kept[c.Service][i].id)
			}
			switch err := s.removeWithVolumes(ctx, c, inherited); {
			case err != nil:
				s.notRolledBack(c.Service, c.Name, fmt.Errorf("remove the new %s: %w", c.Name, err))
			case i < 0:
				s.rolledBack(c.Service, c.Name, "removed: this run made it")
			}
		}
	}
}

func mountsOf(o Observed, id string) []Mount {
	for _, c := range o.Containers {
		if c.ID == id {
			return c.Mounts
		}
	}
	return nil
}

// removeWithVolumes removes a container with its volumes without a name, except
// those that it has from another one.
func (s *session) removeWithVolumes(ctx context.Context, c Container, inherited []Mount) error {
	s.members.mute(c.ID) // its end is ours, and no news
	if err := s.engine.RemoveContainer(ctx, c.ID, false); err != nil {
		return err
	}
	var errs []error
	for _, m := range c.Mounts {
		has := slices.ContainsFunc(inherited, func(other Mount) bool { return other.Name == m.Name })
		if m.Type == "volume" && isAnonymous(m.Name) && !has {
			errs = append(errs, s.engine.RemoveVolume(ctx, m.Name))
		}
	}
	return errors.Join(errs...)
}

// putBack gives a container its name again, and lets it run if it did.
func (s *session) putBack(ctx context.Context, o keptContainer) error {
	if err := s.engine.RenameContainer(ctx, o.id, o.name); err != nil {
		return err
	}
	if !o.running {
		return nil
	}
	return s.engine.StartContainer(ctx, o.id)
}

// stopAgain stops the containers that were there, did not run, and were started
// by the plan as they were, and starts those again that the plan was restarting.
func (s *session) stopAgain(ctx context.Context, plan Plan, o Observed) {
	for _, a := range plan.Actions {
		restarted := slices.ContainsFunc(plan.Actions, func(b Action) bool { return b.Kind == StopContainer && b.Existing == a.Existing })
		i := slices.IndexFunc(o.Containers, func(c Container) bool { return c.ID == a.Existing })
		switch {
		case a.Existing != "" && i >= 0 && restarted && a.Kind == StartContainer && !runs(o.Containers[i]):
			if err := s.engine.StartContainer(ctx, a.Existing); err != nil {
				s.notRolledBack(a.Service, a.Target, err)
				continue
			}
			s.rolledBack(a.Service, a.Target, "started again")
		case a.Existing == "" || i < 0 || !runs(o.Containers[i]) || restarted:
		case a.Kind == Unpause:
			s.rolledBack(a.Service, a.Target, "was paused before and stays unpaused")
		case a.Kind == StartContainer:
			if err := s.engine.StopContainer(ctx, a.Existing, a.grace); err != nil {
				s.notRolledBack(a.Service, a.Target, err)
				continue
			}
			s.rolledBack(a.Service, a.Target, "stopped again: it did not run before")
		}
	}
}

// removeMade removes the networks and volumes that the plan made.
func (s *session) removeMade(ctx context.Context, plan Plan) {
	observed, err := s.engine.Observe(ctx, s.scope())
	if err != nil {
		s.notRolledBack("", "", err)
		return
	}
	for _, a := range plan.Actions {
		var err error
		switch there := s.madeBy(a, observed); {
		case there == "":
			continue
		case a.Kind == CreateNetwork:
			err = s.engine.RemoveNetwork(ctx, there)
		default:
			err = s.engine.RemoveVolume(ctx, there)
		}
		what := strings.TrimPrefix(string(a.Kind), "create ") + " " + a.Target
		if err != nil {
			s.notRolledBack("", what, err)
			continue
		}
		s.rolledBack("", what, "removed: this run made it")
	}
}

// madeBy is the ID of the network, or the name of the volume, that an action
// made and that is there and ours, else "".
func (s *session) madeBy(a Action, o Observed) string {
	switch a.Kind {
	case CreateNetwork:
		for _, n := range o.Networks {
			if n.Name == a.Target && ownerOf(n.Labels, s.project) == ownedByUs {
				return n.ID
			}
		}
	case CreateVolume:
		for _, v := range o.Volumes {
			if v.Name == a.Target && ownerOf(v.Labels, s.project) == ownedByUs {
				return v.Name
			}
		}
	}
	return ""
}

// rollbackImages gives the names of images that were built, pulled or tagged
// back to the images that had them.
func (s *session) rollbackImages(ctx context.Context) {
	for _, n := range s.needs {
		if n.Action == images.None || n.Image == nil || strings.Contains(n.Ref, "@") {
			continue
		}
		if now, err := s.imageEngine.InspectImage(ctx, n.Ref); err == nil && now.ID == n.Image.ID {
			continue
		}
		if err := s.imageEngine.TagImage(ctx, n.Image.ID, n.Ref); err != nil {
			s.notRolledBack("", "image "+n.Ref, err)
			continue
		}
		s.rolledBack("", "image "+n.Ref, "is again "+shortID(n.Image.ID))
	}
}
