package orchestrator

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
)

// PlanOptions are the reader's wishes for a plan.
type PlanOptions struct {
	// ForceRecreate replaces every container; NoRecreate replaces none.
	ForceRecreate, NoRecreate bool
	// RemoveOrphans removes containers of services that the file no longer
	// has.
	RemoveOrphans bool
	// RecreateNetworks and RecreateVolumes make those anew whose definition
	// changed: the containers that use them are replaced, and what is in such a
	// volume is lost. Not together with Rollback.
	RecreateNetworks, RecreateVolumes bool
	// LeaveVolumes says that the data of volumes which the file no longer mounts
	// may stay behind in them.
	LeaveVolumes bool
	// KeepData leaves a container as it is, different from the file, whose replacement
	// would leave such data behind: for one who cannot be asked.
	KeepData bool
	// AllowUnverified waives the proof of every service without a check; Strict
	// refuses one that is not waived.
	AllowUnverified, Strict bool
	// CreateBinds says which missing sources of bind mounts are made, CreateBindsAuto
	// when "".
	CreateBinds CreateBinds
	// Rollback keeps replaced containers until the new ones are proven.
	Rollback bool
	// Grace is the stop time for containers; nil takes their own.
	Grace *time.Duration
	// Hold are services whose containers are left exactly as they are, and
	// Again those whose running containers are stopped and started, with the
	// cause of each.
	Hold, Again map[string]string
}

// PlanInput is all that a plan is made from.
type PlanInput struct {
	Project  *compose.Project
	Observed Observed
	// Images are the images of the services, by service.
	Images map[string]images.Image
	// Pending says for services whose image is still to be made what will
	// happen to it.
	Pending map[string]string
	// Absent are the sources of bind mounts that are not on this host, by path; nil
	// when nobody could look.
	Absent  map[string]bool
	Options PlanOptions
}

// planner holds what is known while a plan is being made.
type planner struct {
	PlanInput
	plan Plan
	// ours are the project's containers by service, oneoffs left out.
	ours map[string][]Container
	// ready are the actions after which a service's containers run, by
	// service; empty when nothing has to be done.
	ready map[string][]string
	// created is the create action of a service's first replica.
	created map[string]string
	// changed says why a service's containers are replaced or restarted.
	changed map[string]string
	// stays are the replicas of a service that are not made anew, by number.
	stays map[string][]Container
	// networkIDs and volumeIDs are the actions that create them.
	networkIDs, volumeIDs map[string]string
	// renewed says why a network or volume is made anew, by its engine name.
	renewed map[renewal]string
	// releases are the actions that free what a start needs: removals of
	// orphans, whose ports may be wanted.
	releases []string
	waits    map[string]string
	// crowds are the services' places among those that start together.
	crowds map[string]crowd
	// abandoned are the errors about volumes whose data would stay behind.
	abandoned []error
	// seen are the IDs of all containers of the project.
	seen map[string]bool
}

// MakePlan decides what to do to get from what is observed to what the file
// says. It is pure: no clock, no I/O. The error names everything that forbids
// a plan, the root cause first, and carries its class.
func MakePlan(in PlanInput) (Plan, error) {
	p := newPlanner(in)
	if err := p.refuse(); err != nil {
		return Plan{}, err
	}
	p.sortContainers()
	p.planNetworks()
	p.planVolumes()
	p.planOrphans()
	p.noteWindowsOnly()
	for _, level := range in.Project.Order() {
		for _, name := range level {
			p.planService(in.Project.Services[name])
		}
	}
	p.awaitUsers()
	if err := p.withoutData(); err != nil {
		return Plan{}, err
	}
	if err := errors.Join(p.awaitNames(), p.awaitPorts()); err != nil {
		return Plan{}, err
	}
	p.planSources()
	p.fixedFirst()
	p.plan.Actions = inOrder(p.plan.Actions)
	return p.plan, nil
}

// newPlanner returns a planner that has decided nothing yet.
func newPlanner(in PlanInput) *planner {
	return &planner{
		PlanInput:  in,
		crowds:     crowds(in.Project),
		ours:       map[string][]Container{},
		ready:      map[string][]string{},
		created:    map[string]string{},
		changed:    map[string]string{},
		stays:      map[string][]Container{},
		networkIDs: map[string]string{},
		volumeIDs:  map[string]string{},
		renewed:    map[renewal]string{},
		waits:      map[string]string{},
		seen:       idsOf(in.Observed),
	}
}

// idsOf are the IDs of the containers of a picture.
func idsOf(o Observed) map[string]bool {
	ids := make(map[string]bool, len(o.Containers))
	for _, c := range o.Containers {
		ids[c.ID] = true
	}
	return ids
}

// sortContainers puts the project's containers to their services.
func (p *planner) sortContainers() {
	for _, c := range p.Observed.Containers {
		if c.OneOff || ownerOf(c.Labels, p.Project) != ownedByUs {
			continue
		}
		p.ours[c.Service] = append(p.ours[c.Service], c)
	}
}

// planNetworks creates what is missing.
func (p *planner) planNetworks() {
	for _, key := range sortedKeys(p.Project.Networks) {
		n := p.Project.Networks[key]
		cause, after, needed := p.creationOf(renewal{RemoveNetwork, n.Name}, p.network(n.Name) != nil)
		if bool(n.External) || !needed {
			continue
		}
		labels := withLabels(n.Labels, projectLabels(p.Project))
		labels[LabelNetwork] = key
		labels[LabelHash] = networkHash(n)
		labels[LabelFields] = encodeFields(p.Project.NetworkFields(key))
		p.networkIDs[key] = p.plan.add(Action{
			ID: "network/" + key, Kind: CreateNetwork, Target: n.Name, Cause: cause, DependsOn: after,
			network: &NetworkSpec{Name: n.Name, Config: n, Labels: labels},
		})
	}
}

// planVolumes creates what is missing.
func (p *planner) planVolumes() {
	for _, key := range sortedKeys(p.Project.Volumes) {
		v := p.Project.Volumes[key]
		cause, after, needed := p.creationOf(renewal{RemoveVolume, v.Name}, p.volume(v.Name) != nil)
		if bool(v.External) || !needed {
			continue
		}
		labels := withLabels(v.Labels, projectLabels(p.Project))
		labels[LabelVolume] = key
		labels[LabelHash] = volumeHash(v)
		labels[LabelFields] = encodeFields(p.Project.VolumeFields(key))
		p.volumeIDs[key] = p.plan.add(Action{
			ID: "volume/" + key, Kind: CreateVolume, Target: v.Name, Cause: cause, DependsOn: after,
			volume: &VolumeSpec{Name: v.Name, Config: v, Labels: labels},
		})
	}
}

// planOrphans removes, or only names, the containers of services that the
// file no longer has.
func (p *planner) planOrphans() {
	for _, name := range sortedKeys(p.ours) {
		if p.Project.Declares(name) {
			continue
		}
		for _, c := range p.ours[name] {
			if !p.Options.RemoveOrphans {
				p.plan.Notes = append(p.plan.Notes, fmt.Sprintf(
					"orphan %s: service %q is no longer in the file; remove it with --remove-orphans", c.Name, name))
				continue
			}
			p.releases = append(p.releases, p.planRetire(c, "orphan: not in the file"))
		}
	}
}

// noteWindowsOnly says what a Linux engine takes and never uses. Of
// cpu_percent it warns itself.
func (p *planner) noteWindowsOnly() {
	if p.Observed.Engine.OS != "linux" {
		return
	}
	for _, name := range sortedKeys(p.Project.Services) {
		if p.Project.Services[name].CPUCount != 0 {
			p.plan.Notes = append(p.plan.Notes, fmt.Sprintf("services.%s.cpu_count has no effect: only Windows engines use it; write cpus: or cpuset:", name))
		}
	}
}

// planRetire takes away c, whose place is needed no more, and returns the ID of
// the last action. A run that may be rolled back keeps it until it is proven. What
// is in its unnamed volumes stays, as with docker compose: nobody said that it may
// go.
func (p *planner) planRetire(c Container, cause string) string {
	for _, m := range c.Mounts {
		if m.Type == types.VolumeTypeVolume && isAnonymous(m.Name) {
			p.plan.Notes = append(p.plan.Notes, fmt.Sprintf("unnamed volume %s keeps what %s had at %s; remove it with docker volume rm %s",
				m.Name, c.Name, m.Destination, m.Name))
		}
	}
	if !p.Options.Rollback || leftover(c.Name) {
		return p.planRemove(c, cause, false)
	}
	var after []string
	if runs(c) {
		after = []string{p.planStop(c, cause, nil)}
	}
	return p.plan.add(Action{
		ID: "keep/" + c.Name, Kind: RenameContainer, Target: c.Name + prevSuffix, Service: c.Service, Number: c.Number,
		Cause: cause + "; kept until the run is proven", Existing: c.ID, rename: c.Name + prevSuffix, DependsOn: after,
	})
}

// runs says whether a container has to be stopped to be away.
func runs(c Container) bool {
	return c.State == StateRunning || c.State == StatePaused || c.State == StateRestarting
}

// planStop stops c.
func (p *planner) planStop(c Container, cause string, after []string) string {
	return p.plan.add(Action{
		ID: "stop/" + c.Name, Kind: StopContainer, Target: c.Name, Service: c.Service, Number: c.Number,
		Cause: cause, Existing: c.ID, DependsOn: after, grace: p.Options.Grace,
	})
}

// planRemove stops and removes c and returns the ID of the last action.
func (p *planner) planRemove(c Container, cause string, anonymous bool, after ...string) string {
	if runs(c) {
		after = []string{p.planStop(c, cause, after)}
	}
	return p.plan.add(Action{
		ID: "remove/" + c.Name, Kind: RemoveContainer, Target: c.Name, Service: c.Service, Number: c.Number,
		Cause: cause, Existing: c.ID, DependsOn: after, anonymous: anonymous,
	})
}

func (p *planner) network(name string) *Network {
	i := slices.IndexFunc(p.Observed.Networks, func(n Network) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Observed.Networks[i]
}

func (p *planner) volume(name string) *Volume {
	i := slices.IndexFunc(p.Observed.Volumes, func(v Volume) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Observed.Volumes[i]
}
