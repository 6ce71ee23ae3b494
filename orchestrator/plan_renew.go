package orchestrator

import (
	"slices"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// renewal is a network or volume that is removed and made anew, since its
// definition changed and that was asked for: the action that removes it, and
// its engine name.
type renewal struct {
	removal Kind
	name    string
}

func (r renewal) id() string { return "renew/" + r.name + "/" + string(r.removal) }

// creationOf says whether a network or volume has to be made, why, and after
// which action.
func (p *planner) creationOf(r renewal, there bool) (cause string, after []string, needed bool) {
	why := p.renewed[r]
	if why == "" {
		return "missing", nil, !there
	}
	existing := r.name
	if r.removal == RemoveNetwork {
		existing = p.network(r.name).ID
	}
	id := p.plan.add(Action{ID: r.id(), Kind: r.removal, Target: r.name, Cause: "recreate, " + why, Existing: existing})
	return "recreate, " + why, []string{id}, true
}

// renewNetwork takes note of a network to make anew. The error says that a
// container which this run leaves alone is in it.
func (p *planner) renewNetwork(n Network, why string) error {
	for _, id := range n.Users {
		i := slices.IndexFunc(p.Observed.Containers, func(c Container) bool { return c.ID == id })
		if i < 0 {
			return stays("network "+n.Name, shortID(id))
		}
		if c := p.Observed.Containers[i]; !p.goes(c) {
			return stays("network "+n.Name, c.Name)
		}
	}
	p.renewed[renewal{RemoveNetwork, n.Name}] = why
	return nil
}

// renewVolume takes note of a volume to make anew. Whether anybody else uses
// it the engine says, which then does not remove it.
func (p *planner) renewVolume(v Volume, why string) error {
	for _, c := range p.Observed.Containers {
		if mounts(c, v.Name) && !p.goes(c) {
			return stays("volume "+v.Name, c.Name)
		}
	}
	p.renewed[renewal{RemoveVolume, v.Name}] = why
	return nil
}

// goes says whether this run replaces or removes a container that uses what is
// made anew.
func (p *planner) goes(c Container) bool {
	if ownerOf(c.Labels, p.Project) != ownedByUs {
		return false
	}
	if p.Project.Services[c.Service] != nil {
		return p.Options.Hold[c.Service] == ""
	}
	return p.Options.RemoveOrphans && !p.Project.Declares(c.Service)
}

func stays(what, container string) error {
	return fault.New(fault.Conflict, "%s cannot be made anew: container %s, which this run leaves alone, uses it", what, container).
		WithHint("name its service too, or stop and remove it first")
}

// mounts says whether a container mounts the volume of that name.
func mounts(c Container, volume string) bool {
	return slices.ContainsFunc(c.Mounts, func(m Mount) bool { return m.Type == "volume" && m.Name == volume })
}

// usesRenewed names a network or volume that c uses and that is made anew, ""
// for none; remove says that c must be gone before, and not only stopped.
func (p *planner) usesRenewed(c Container) (what string, remove bool) {
	for _, m := range c.Mounts {
		if m.Type == "volume" && p.renewed[renewal{RemoveVolume, m.Name}] != "" {
			return "volume " + m.Name, true
		}
	}
	for _, e := range c.Endpoints {
		if p.renewed[renewal{RemoveNetwork, e.Network}] != "" {
			return "network " + e.Network, false
		}
	}
	return "", false
}

// planReplaceRemoved replaces a container that must be gone before what the new
// one needs can be made.
func (p *planner) planReplaceRemoved(s *compose.Service, number int, old Container, name, cause string) {
	removed := p.planRemove(old, "recreate, "+cause, false)
	create := p.planCreate(s, number, name, "recreate, "+cause, &old, removed)
	p.planStart(s, number, name, "", create, "recreate, "+cause, create)
}

// awaitUsers lets the removal of what is made anew wait until its users have
// stopped, and for a volume until they are gone.
func (p *planner) awaitUsers() {
	for i, a := range p.plan.Actions {
		r := renewal{a.Kind, a.Target}
		if a.ID != r.id() {
			continue
		}
		for _, before := range p.plan.Actions {
			ends := before.Kind == RemoveContainer || before.Kind == StopContainer && r.removal == RemoveNetwork
			if ends && before.Existing != "" && p.usedBy(r, before.Existing) && !p.comesAfter(before, a.ID) {
				p.plan.Actions[i].await(before.ID)
			}
		}
	}
}

// usedBy says whether the container with that ID uses what is made anew.
func (p *planner) usedBy(r renewal, id string) bool {
	return slices.ContainsFunc(p.Observed.Containers, func(c Container) bool {
		if c.ID != id {
			return false
		}
		if r.removal == RemoveVolume {
			return mounts(c, r.name)
		}
		return slices.ContainsFunc(c.Endpoints, func(e Endpoint) bool { return e.Network == r.name })
	})
}

// comesAfter says whether an action waits, directly or not, for the one with
// that ID.
func (p *planner) comesAfter(a Action, id string) bool {
	return slices.ContainsFunc(a.DependsOn, func(before string) bool {
		if before == id {
			return true
		}
		i := slices.IndexFunc(p.plan.Actions, func(other Action) bool { return other.ID == before })
		return i >= 0 && p.comesAfter(p.plan.Actions[i], id)
	})
}
