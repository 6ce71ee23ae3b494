package orchestrator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// Start starts the containers of the named services that do not run, in the
// order of their dependencies, and proves the project; it creates nothing.
// Names may be empty for all services of p. The result is as Up's.
func Start(ctx context.Context, engine FullEngine, p *compose.Project, names []string, opts Options) (Report, error) {
	return again(ctx, engine, p, names, opts, false)
}

// Restart stops and starts the containers of the named services, in the order
// of their dependencies, and proves the project; it creates nothing and
// applies no change of the file. Names may be empty for all services of p.
// The result is as Up's.
func Restart(ctx context.Context, engine FullEngine, p *compose.Project, names []string, opts Options) (Report, error) {
	return again(ctx, engine, p, names, opts, true)
}

func again(ctx context.Context, engine FullEngine, p *compose.Project, names []string, opts Options, running bool) (Report, error) {
	begin := time.Now()
	empty := Report{Project: p.Name, Dir: p.Dir}
	info, err := engine.Info(ctx)
	if err != nil {
		return empty, err
	}
	s := newSession(engine, info, p, opts)
	observed, err := s.engine.Observe(ctx, s.scope())
	if err != nil {
		return empty, err
	}
	s.images = wantedImages(p, observed)
	plan, err := PlanAgain(s.planInput(observed, nil), names, running)
	if err := errors.Join(err, plan.Refused()); err != nil {
		return empty, err
	}
	s.warnUnchecked(plan)
	r, err := s.carryOut(ctx, plan)
	r.Took, r.Timings = time.Since(begin), s.timings.list()
	r.Critical = criticalPath(p, r.Timings)
	return r, err
}

// PlanAgain decides how the containers that exist are started: those of the
// named services (all when names is empty) that do not run, and with running
// also those that do, after a stop. It is pure.
func PlanAgain(in PlanInput, names []string, running bool) (Plan, error) {
	p := newPlanner(in)
	if err := p.notOurs(); err != nil {
		return Plan{}, err
	}
	p.sortContainers()
	for _, level := range in.Project.Order() {
		for _, name := range level {
			s := in.Project.Services[name]
			for _, c := range p.ours[name] {
				if leftover(c.Name) {
					continue // the next up decides about it
				}
				p.plan.kept = append(p.plan.kept, replica{name, c.Number, c.ID})
				if len(names) == 0 || slices.Contains(names, name) {
					p.planAgain(s, c, running)
				} else if peer := p.losesNamespace(s, c); peer != "" {
					p.planRestart(s, c.Number, c, c.Name, "restarts with "+peer, nil)
				}
			}
			if len(p.ours[name]) == 0 && slices.Contains(names, name) {
				return Plan{}, fault.New(fault.Service, "%s has no container", name).WithHint("stackctl up %s", name)
			}
		}
	}
	p.refuseUnchecked()
	p.planSources()
	p.fixedFirst()
	p.plan.Actions = inOrder(p.plan.Actions)
	return p.plan, nil
}

// losesNamespace is the service among those that this plan starts whose namespace
// c, a running container of s, shares: that namespace ends with the peer's process.
func (p *planner) losesNamespace(s *compose.Service, c Container) string {
	if c.State != StateRunning {
		return ""
	}
	for _, peer := range joins(s) {
		if p.changed[peer] != "" && SharesNamespace(s, peer) {
			return peer
		}
	}
	return ""
}

// leftover says whether a container's name is one of a replacement under way.
func leftover(name string) bool {
	return strings.Contains(name, nextSuffix) || strings.HasSuffix(name, prevSuffix)
}

// planAgain starts one container, after a stop where it runs.
func (p *planner) planAgain(s *compose.Service, c Container, running bool) {
	switch up := c.State == StateRunning || c.State == StateRestarting; {
	case up && !running || p.completed(s, c) && !running:
	case up || c.State == StatePaused && running:
		p.changed[s.Name] = "restart asked for"
		stop := p.plan.add(Action{ID: "stop/" + c.Name, Kind: StopContainer, Target: c.Name, Service: s.Name, Number: c.Number,
			Cause: "restart asked for", Existing: c.ID, grace: p.Options.Grace})
		p.planStart(s, c.Number, c.Name, c.ID, "", "restart asked for", stop)
	default:
		p.planLife(s, c.Number, c, c.Name, nil)
	}
}

// Stop stops the containers of the named services (all when names is empty),
// each after those that depend on it, and removes nothing.
func Stop(ctx context.Context, engine Engine, p *compose.Project, names []string, grace *time.Duration, listen Listener) error {
	observed, err := engine.Observe(ctx, scopeOf(p))
	if err != nil {
		return err
	}
	plan, err := PlanStop(p, observed, names, grace)
	if err != nil {
		return err
	}
	return carryOutAlone(ctx, engine, p, plan, listen)
}

// PlanStop decides what a Stop stops, in the reverse order of dependencies.
// It is pure.
func PlanStop(p *compose.Project, o Observed, names []string, grace *time.Duration) (Plan, error) {
	pl := newPlanner(PlanInput{Project: p, Observed: o})
	if err := pl.notOurs(); err != nil {
		return Plan{}, err
	}
	pl.sortContainers()
	stops := map[string][]string{}
	for _, level := range slices.Backward(p.Order()) {
		for _, name := range level {
			if len(names) > 0 && !slices.Contains(names, name) {
				continue
			}
			var after []string
			for _, dependent := range p.Dependents(name) {
				after = append(after, stops[dependent]...)
			}
			for _, c := range pl.ours[name] {
				if c.State == StateRunning || c.State == StatePaused || c.State == StateRestarting {
					stops[name] = append(stops[name], pl.plan.add(Action{ID: "stop/" + c.Name, Kind: StopContainer, Target: c.Name,
						Service: name, Number: c.Number, Existing: c.ID, DependsOn: after, grace: grace}))
				}
			}
		}
	}
	return pl.plan, nil
}

// notOurs refuses a project whose containers belong to another directory or
// tool.
func (p *planner) notOurs() error {
	for _, c := range p.Observed.Containers {
		switch ownerOf(c.Labels, p.Project) {
		case ownedElsewhere:
			return elsewhere(p.Project, c.Labels, "container "+c.Name)
		case ownedByCompose:
			return takeover(p.Project, c)
		}
	}
	return nil
}
