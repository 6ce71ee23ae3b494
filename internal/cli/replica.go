package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// replicas are the containers of the named services, all when services is
// empty, by service and number. What another tool made under the project's
// name belongs to them, what another directory made does not.
func replicas(p *compose.Project, observed orchestrator.Observed, services []string) []orchestrator.Container {
	var out []orchestrator.Container
	for _, c := range observed.Containers {
		if mine(p, c) && (len(services) == 0 || slices.Contains(services, c.Service)) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b orchestrator.Container) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Number, b.Number))
	})
	return out
}

// mine says whether a container is one of the project's services.
func mine(p *compose.Project, c orchestrator.Container) bool {
	owner := c.Labels[orchestrator.LabelOwner]
	return c.Project == p.Name && (owner == "" || p.Owns(owner)) && !c.OneOff
}

// observe looks at the project's containers.
func observe(ctx context.Context, e orchestrator.Observer, p *compose.Project, services []string) ([]orchestrator.Container, error) {
	observed, err := e.Observe(ctx, orchestrator.Scope{Project: p.Name})
	if err != nil {
		return nil, err
	}
	return replicas(p, observed, services), nil
}

// running is the container of a service with this number, or, for 0, the
// first that runs. That there is none which runs is an error of class Service.
func running(service string, index int, all []orchestrator.Container) (orchestrator.Container, error) {
	chosen := -1
	for i, c := range all {
		runs := c.State == orchestrator.StateRunning
		switch {
		case index != 0 && c.Number == index, index == 0 && runs:
			chosen = i
		case index == 0 && chosen < 0:
			chosen = i
		}
		if chosen == i && runs {
			return c, nil
		}
	}
	switch {
	case len(all) == 0:
		return orchestrator.Container{}, fault.New(fault.Service, "%s has no container", service).WithHint("stackctl up %s", service)
	case chosen < 0:
		return orchestrator.Container{}, fault.New(fault.Service, "%s has no container number %d; it has %s", service, index, numbers(all)).
			WithHint("stackctl status -o wide %s", service)
	}
	c := all[chosen]
	hint := "stackctl start " + service
	if c.State == orchestrator.StateRestarting {
		hint = "stackctl logs --tail 100 " + service
	}
	return c, fault.New(fault.Service, "%s is not running: %s is %s", service, c.Name, stateWord(c)).WithHint("%s", hint)
}

// stateWord is a container's state with its exit code where it has ended.
func stateWord(c orchestrator.Container) string {
	if c.State == orchestrator.StateExited || c.State == orchestrator.StateDead {
		return fmt.Sprintf("%s(%d)", c.State, c.ExitCode)
	}
	return string(c.State)
}

func numbers(all []orchestrator.Container) string {
	text := ""
	for i, c := range all {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(c.Number)
	}
	return text
}

// inspectable loads the project for a command that looks into what is there,
// checks the services' names, and reaches the engine.
func (a *app) inspectable(ctx context.Context, services []string) (*compose.Project, engine, error) {
	p, err := a.loadForgiving(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := known(p, services); err != nil {
		return nil, nil, err
	}
	e, err := a.connect(ctx, bridge)
	if err != nil {
		return nil, nil, err
	}
	if p, err = a.claim(ctx, e, p); err != nil {
		_ = e.Close() // nothing was changed
		return nil, nil, err
	}
	return p, e, nil
}

// runningReplica reaches the engine and finds the container of a service that
// a command is meant for, as running does. The caller closes the engine.
func (a *app) runningReplica(ctx context.Context, service string, index int) (engine, orchestrator.Container, error) {
	p, e, err := a.inspectable(ctx, []string{service})
	if err != nil {
		return nil, orchestrator.Container{}, err
	}
	all, err := observe(ctx, e, p, []string{service})
	if err == nil {
		var c orchestrator.Container
		if c, err = running(service, index, all); err == nil {
			return e, c, nil
		}
	}
	_ = e.Close() // what there was to know is known
	return nil, orchestrator.Container{}, err
}
