package orchestrator

import (
	"errors"
	"fmt"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// refuse names everything that forbids a plan: keys of the file that this
// engine is too old for, objects that are not ours in the way, definitions that cannot be changed in place, services that nothing
// could prove where that is asked for.
func (p *planner) refuse() error {
	var errs []error
	if api := p.Observed.Engine.APIVersion; api != "" {
		errs = append(errs, p.Project.TooNew(api))
	}
	errs = append(errs, p.foreignContainers()...)
	errs = append(errs, p.foreignNetworks()...)
	errs = append(errs, p.foreignVolumes()...)
	p.refuseUnchecked()
	errs = append(errs, p.changedKinds()...)
	errs = append(errs, p.overlappingSubnets()...)
	return errors.Join(compactErrors(errs)...)
}

// foreignContainers finds containers in the way that are not ours.
func (p *planner) foreignContainers() []error {
	var errs []error
	names := wantedNames(p.Project)
	byCompose := false
	for _, c := range p.Observed.Containers {
		switch ownerOf(c.Labels, p.Project) {
		case ownedByCompose:
			if !byCompose && !c.OneOff {
				errs = append(errs, takeover(p.Project, c))
				byCompose = true
			}
		case ownedElsewhere:
			return append(errs, elsewhere(p.Project, c.Labels, "container "+c.Name))
		case ownedByNobody, ownedByOther:
			if service := names[c.Name]; service != "" {
				errs = append(errs, fault.New(fault.Conflict,
					"service %s: the name %s is taken by a container that is not ours (%s)", service, c.Name, shortID(c.ID)).
					WithHint("rename it (docker rename %s NEW), remove it, or give the service another container_name", c.Name))
			}
		}
	}
	return errs
}

// wantedNames maps the container names of the project to their services.
func wantedNames(p *compose.Project) map[string]string {
	names := map[string]string{}
	for _, s := range p.Services {
		for n := 1; n <= s.Replicas(); n++ {
			names[p.ContainerName(s.Name, n)] = s.Name
		}
	}
	return names
}

// takeover refuses a stack that another tool made under our project name.
func takeover(p *compose.Project, c Container) error {
	return fault.New(fault.Conflict,
		"project %s: container %s was made by another tool (docker compose) under the same project name", p.Name, c.Name).
		WithHint("hand it over, volumes are kept and adopted: docker compose -p %s down", p.Name)
}

// elsewhere refuses a project that belongs to another directory.
func elsewhere(p *compose.Project, labels map[string]string, what string) error {
	return elsewhereError(p, labels[LabelWorkingDir], what)
}

// foreignNetworks finds networks in the way, and ours whose definition
// changed.
func (p *planner) foreignNetworks() []error {
	var errs []error
	for _, key := range sortedKeys(p.Project.Networks) {
		config := p.Project.Networks[key]
		n := p.network(config.Name)
		if bool(config.External) {
			if n == nil {
				errs = append(errs, fault.New(fault.Resource, "network %s is external and does not exist", config.Name).
					WithHint("docker network create %s", config.Name))
			}
			continue
		}
		if n != nil {
			errs = append(errs, p.ownNetwork(*n, networkHash(config), p.Project.NetworkFields(key)))
		}
		if count := p.countNetworks(config.Name); count > 1 {
			errs = append(errs, fault.New(fault.Conflict, "%d networks are called %s", count, config.Name).
				WithHint("remove all but one by ID: docker network ls --filter name=%s", config.Name))
		}
	}
	return compactErrors(errs)
}

func (p *planner) countNetworks(name string) int {
	count := 0
	for _, n := range p.Observed.Networks {
		if n.Name == name {
			count++
		}
	}
	return count
}

func (p *planner) ownNetwork(n Network, hash string, fields map[string]string) error {
	switch ownerOf(n.Labels, p.Project) {
	case ownedByUs:
		if n.Labels[LabelHash] == hash {
			return nil
		}
		why := definitionCause(n.Labels, fields)
		if p.Options.RecreateNetworks {
			return p.renewNetwork(n, why)
		}
		return fault.New(fault.Conflict, "network %s: %s, and a network cannot be changed", n.Name, why).
			WithHint("let it be made anew: --recreate-networks; or take the stack down first (volumes stay): stackctl -p %s down", p.Project.Name)
	case ownedByCompose:
		return fault.New(fault.Conflict, "network %s was made by another tool (docker compose) under the same project name", n.Name).
			WithHint("hand it over, volumes are kept and adopted: docker compose -p %s down", p.Project.Name)
	case ownedElsewhere:
		return elsewhere(p.Project, n.Labels, "network "+n.Name)
	default:
		return fault.New(fault.Conflict, "network %s exists and is not ours", n.Name).
			WithHint("remove it (docker network rm %s), or declare it external: true", n.Name)
	}
}

// foreignVolumes finds volumes in the way, and ours whose definition changed.
// What docker compose made under this project's name is adopted.
func (p *planner) foreignVolumes() []error {
	var errs []error
	for _, key := range sortedKeys(p.Project.Volumes) {
		config := p.Project.Volumes[key]
		v := p.volume(config.Name)
		if bool(config.External) {
			if v == nil {
				errs = append(errs, fault.New(fault.Resource, "volume %s is external and does not exist", config.Name).
					WithHint("docker volume create %s", config.Name))
			}
			continue
		}
		if v != nil {
			errs = append(errs, p.ownVolume(*v, volumeHash(config), p.Project.VolumeFields(key)))
		}
	}
	return compactErrors(errs)
}

func (p *planner) ownVolume(v Volume, hash string, fields map[string]string) error {
	switch ownerOf(v.Labels, p.Project) {
	case ownedByUs:
		if v.Labels[LabelHash] == hash {
			return nil
		}
		why := definitionCause(v.Labels, fields)
		if p.Options.RecreateVolumes {
			return p.renewVolume(v, why)
		}
		return fault.New(fault.Conflict, "volume %s: %s, and a volume cannot be changed", v.Name, why).
			WithHint("keep its data elsewhere, then let it be made anew, empty: --recreate-volumes; or remove it: stackctl -p %s down && docker volume rm %s", p.Project.Name, v.Name)
	case ownedByCompose:
		p.plan.Notes = append(p.plan.Notes, fmt.Sprintf("volume %s was made by docker compose and is adopted", v.Name))
		return nil
	case ownedElsewhere:
		return elsewhere(p.Project, v.Labels, "volume "+v.Name)
	default:
		return fault.New(fault.Conflict, "volume %s exists and is not ours", v.Name).
			WithHint("declare it external: true to use it, or give the file's volume another name")
	}
}

func compactErrors(errs []error) []error {
	var kept []error
	for _, err := range errs {
		if err != nil {
			kept = append(kept, err)
		}
	}
	return kept
}
