package orchestrator

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stackctl/stackctl/internal/fault"
)

// awaitNames lets each action that gives a container a name wait for that
// name to be free. The error names those that a container of ours which stays
// holds.
func (p *planner) awaitNames() error {
	holders := map[string]Container{}
	for _, cs := range p.ours {
		for _, c := range cs {
			holders[c.Name] = c
		}
	}
	frees := map[string]string{}
	for _, a := range p.plan.Actions {
		if a.Kind == RemoveContainer || a.Kind == RenameContainer && a.Existing != "" {
			frees[a.Existing] = a.ID
		}
	}
	var errs []error
	for i, a := range p.plan.Actions {
		holder, taken := holders[a.names()]
		switch free := frees[holder.ID]; {
		case !taken || holder.ID == a.Existing:
		case free == "":
			errs = append(errs, p.nameHeld(a, holder))
		default:
			p.plan.Actions[i].await(free)
		}
	}
	return errors.Join(errs...)
}

func (p *planner) nameHeld(a Action, holder Container) error {
	way := "remove it with --remove-orphans"
	if p.Project.Declares(holder.Service) {
		way = fmt.Sprintf("name %s too, so that its container is replaced", holder.Service)
	}
	return fault.New(fault.Conflict, "service %s: the name %s is that of the container of service %s, which stays", a.Service, holder.Name, holder.Service).
		WithHint("%s, or give one of them another container_name", way)
}

// names is the name that an action gives to a container, "" for none.
func (a Action) names() string {
	switch a.Kind {
	case CreateContainer:
		return a.container.Name
	case RenameContainer:
		return a.rename
	default:
		return ""
	}
}

// await adds an action to those that must have succeeded before.
func (a *Action) await(id string) {
	if !slices.Contains(a.DependsOn, id) {
		a.DependsOn = append(slices.Clone(a.DependsOn), id)
	}
}

// inOrder moves each action behind those it depends on and keeps the order
// otherwise.
func inOrder(actions []Action) []Action {
	at := make(map[string]int, len(actions))
	for i, a := range actions {
		at[a.ID] = i
	}
	sorted := make([]Action, 0, len(actions))
	done := make([]bool, len(actions))
	var put func(i int)
	put = func(i int) {
		if done[i] {
			return
		}
		done[i] = true
		for _, id := range actions[i].DependsOn {
			if before, ok := at[id]; ok {
				put(before)
			}
		}
		sorted = append(sorted, actions[i])
	}
	for i := range actions {
		put(i)
	}
	return sorted
}
