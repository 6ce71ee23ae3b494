package orchestrator

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
)

// nextSuffix marks a replacement that has not taken its name yet, prevSuffix
// a replaced container that is kept until the new one is proven.
const (
	nextSuffix = ".stackctl-next"
	prevSuffix = ".stackctl-prev"
)

// planService brings every replica of s to its state.
func (p *planner) planService(s *compose.Service) {
	if p.Options.Hold[s.Name] != "" {
		p.planHeld(s)
		return
	}
	replicas := s.Replicas()
	byNumber := map[int][]Container{}
	for _, c := range p.ours[s.Name] {
		byNumber[c.Number] = append(byNumber[c.Number], c)
	}
	for n := 1; n <= replicas; n++ {
		keep, extra := p.pick(s, byNumber[n])
		for _, c := range extra {
			p.planRemove(c, "left over from an interrupted run", true)
		}
		p.planReplica(s, n, keep)
	}
	for _, n := range sortedNumbers(byNumber) {
		if n >= 1 && n <= replicas {
			continue
		}
		for _, c := range byNumber[n] {
			p.planRetire(c, fmt.Sprintf("the file asks for %d", replicas))
		}
	}
}

// planHeld leaves the replicas of s as they are.
func (p *planner) planHeld(s *compose.Service) {
	for _, c := range p.ours[s.Name] {
		if c.Number < 1 || c.Number > s.Replicas() || leftover(c.Name) {
			continue
		}
		p.stays[s.Name] = append(p.stays[s.Name], c)
		p.plan.kept = append(p.plan.kept, replica{s.Name, c.Number, c.ID})
	}
}

// followsRestart says which dependency with restart: true is replaced or
// restarted, or was replaced since c started by a run that did not come to its
// end; "" for none. A shared namespace ends with the container it is of.
func (p *planner) followsRestart(s *compose.Service, c Container) string {
	for _, name := range sortedKeys(s.DependsOn) {
		if !s.DependsOn[name].Restart && !slices.Contains(joins(s), name) {
			continue
		}
		if p.changed[name] != "" || slices.ContainsFunc(p.stays[name], func(d Container) bool { return newer(d.Created, c.StartedAt) }) {
			return name
		}
	}
	return ""
}

// pick chooses among the containers with the same number the one to go on
// with; an interrupted replacement leaves two. One that matches the file wins
// over one that does not, a running one over one that is not.
func (p *planner) pick(s *compose.Service, cs []Container) (keep *Container, extra []Container) {
	if len(cs) == 0 {
		return nil, nil
	}
	rank := func(c Container) int {
		r := 0
		if !p.mustReplace(s, c) {
			r += 2
		}
		if c.State == StateRunning {
			r++
		}
		return r
	}
	sorted := slices.Clone(cs)
	slices.SortStableFunc(sorted, func(a, b Container) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return &sorted[0], sorted[1:]
}

func (p *planner) mustReplace(s *compose.Service, c Container) bool {
	return p.replaceCause(s, c) != ""
}

// planReplica brings one replica to its state.
func (p *planner) planReplica(s *compose.Service, number int, c *Container) {
	name := p.Project.ContainerName(s.Name, number)
	if c == nil {
		p.changed[s.Name] = "created"
		create := p.planCreate(s, number, name, "missing", nil)
		p.planStart(s, number, name, "", create, "created", create)
		return
	}
	if cause := p.replaceCause(s, *c); cause != "" && !p.keeps(s, *c) && !p.heldForData(s, *c) {
		p.changed[s.Name] = cause
		p.planReplace(s, number, *c, name, cause)
		return
	}
	p.stays[s.Name] = append(p.stays[s.Name], *c)
	p.plan.kept = append(p.plan.kept, replica{s.Name, number, c.ID})
	after := p.planName(s, number, *c, name)
	if again := p.againCause(s, *c); again != "" && c.State == StateRunning {
		p.planRestart(s, number, *c, name, again, after)
		return
	}
	p.planLife(s, number, *c, name, after)
}

// againCause says why a container that can stay is stopped and started.
func (p *planner) againCause(s *compose.Service, c Container) string {
	if why := p.Options.Again[s.Name]; why != "" {
		return why
	}
	if with := p.followsRestart(s, c); with != "" {
		if p.plan.follows == nil {
			p.plan.follows = map[string]string{}
		}
		p.plan.follows[s.Name] = with
		return "restarts with " + with
	}
	if stale, ok := staleShareOf(s, c, p.counting, p.Observed.Containers); ok {
		return stale.String()
	}
	if sources := staleBinds(p.Project, c); len(sources) > 0 {
		return staleBindsText(sources)
	}
	return ""
}

// planRestart stops and starts a container.
func (p *planner) planRestart(s *compose.Service, number int, c Container, name, cause string, after []string) {
	p.changed[s.Name] = cause
	stop := p.plan.add(Action{
		ID: "stop/" + c.Name, Kind: StopContainer, Target: name, Service: s.Name, Number: number,
		Cause: cause, Existing: c.ID, grace: p.Options.Grace,
	})
	p.planStart(s, number, name, c.ID, "", cause, append(after, stop)...)
}

// keeps says whether NoRecreate saves c; a container that cannot be started
// as it is has no choice.
func (p *planner) keeps(s *compose.Service, c Container) bool {
	return p.Options.NoRecreate && p.brokenCause(s, c) == ""
}

// planName gives a replacement its name, where an interrupted run did not.
func (p *planner) planName(s *compose.Service, number int, c Container, name string) []string {
	if c.Name == name {
		return nil
	}
	return []string{p.plan.add(Action{
		ID: "rename/" + c.Name, Kind: RenameContainer, Target: name, Service: s.Name, Number: number,
		Cause: "left over from an interrupted run", Existing: c.ID, rename: name,
	})}
}

// planLife starts, unpauses or leaves alone a container that matches the file.
func (p *planner) planLife(s *compose.Service, number int, c Container, name string, after []string) {
	switch c.State {
	case StateRunning, StateRestarting:
		p.ready[s.Name] = append(p.ready[s.Name], after...)
	case StatePaused:
		p.ready[s.Name] = append(p.ready[s.Name], p.plan.add(Action{
			ID: "unpause/" + name, Kind: Unpause, Target: name, Service: s.Name, Number: number,
			Cause: "paused", Existing: c.ID, DependsOn: after,
		}))
	default:
		if p.completed(s, c) {
			return
		}
		p.changed[s.Name] = "started"
		p.planStart(s, number, name, c.ID, "", stateCause(c), after...)
	}
}

func stateCause(c Container) string {
	if c.State == StateExited {
		return fmt.Sprintf("exited with code %d", c.ExitCode)
	}
	return string(c.State)
}

// completed says whether c is a job whose success stands.
func (p *planner) completed(s *compose.Service, c Container) bool {
	return p.mayEnd(s) && succeeded(c)
}

// succeeded says whether the container ran to its end with code 0.
func succeeded(c Container) bool {
	return c.State == StateExited && c.ExitCode == 0 && !c.OOMKilled && c.StartError == "" && !c.StartedAt.IsZero()
}

// mayEnd says whether an end with code 0 is success for s: a job, or a
// service whose file does not say what it is.
func (p *planner) mayEnd(s *compose.Service) bool {
	role := roleOf(p.Project, s, p.check(s))
	return role == RoleJob || role == RoleUndeclared
}

// check is the healthcheck that a new container of s would have.
func (p *planner) check(s *compose.Service) *healthchecks.Check {
	return effectiveCheck(s, p.Images[s.Name])
}

// planCreate creates replica number of s under name and returns the action's ID.
func (p *planner) planCreate(s *compose.Service, number int, name, cause string, old *Container, after ...string) string {
	spec := &ContainerSpec{
		Name: name, Project: p.Project, Service: s, Number: number,
		Image: p.Images[s.Name].ID, ImageName: imageRef(p.Project, s),
		Inherit: inherited(old), Seen: p.seen,
	}
	injected := p.inject(s, number, spec)
	spec.Labels = containerLabels(p.Project, s, number, spec.Image, injected)
	if why := p.Pending[s.Name]; why != "" && cause == "missing" {
		cause += "; " + why
	}
	a := Action{
		ID: "create/" + name, Kind: CreateContainer, Target: name, Service: s.Name, Number: number,
		Cause: cause, Changes: p.changesOf(s, old), container: spec, joins: map[string]string{},
	}
	a.DependsOn = append(p.needs(s), after...)
	spec.Joins = map[string]string{}
	for _, joined := range joins(s) {
		if id := p.created[joined]; id != "" {
			a.joins[joined] = id
			a.DependsOn = append(a.DependsOn, id)
		} else if stays := p.stays[joined]; len(stays) > 0 {
			spec.Joins[joined] = stays[0].ID
		}
	}
	id := p.plan.add(a)
	if number == 1 {
		p.created[s.Name] = id
	}
	return id
}

// needs are the actions that create the networks and volumes s uses.
func (p *planner) needs(s *compose.Service) []string {
	var ids []string
	for _, key := range sortedKeys(s.Networks) {
		if id := p.networkIDs[key]; id != "" {
			ids = append(ids, id)
		}
	}
	for _, v := range s.Volumes {
		if id := p.volumeIDs[v.Source]; id != "" && v.Type == types.VolumeTypeVolume && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// planReplace creates the replacement beside the old container, so that
// nothing is lost when the run is interrupted, then lets it take the place.
func (p *planner) planReplace(s *compose.Service, number int, old Container, name, cause string) {
	p.planData(s, old)
	_, remove := p.usesRenewed(old)
	if remove {
		p.planReplaceRemoved(s, number, old, name, cause)
		return
	}
	nextName := name + nextSuffix
	if old.Name == nextName {
		nextName += "2"
	}
	create := p.planCreate(s, number, nextName, "recreate, "+cause, &old)
	after := p.stopOld(old, "recreate, "+cause, create)
	if what, _ := p.usesRenewed(old); what != "" {
		// The network goes before the new container can be made, and the old
		// one has to stop for that: it is removed once the new one is there.
		p.stopFirst(after)
		after = create
	}
	if p.Options.Rollback {
		after = p.plan.add(Action{
			ID: "keep/" + old.Name, Kind: RenameContainer, Target: name + prevSuffix, Service: s.Name, Number: number,
			Cause: "kept until the new one is proven", Existing: old.ID, rename: name + prevSuffix,
			DependsOn: []string{after},
		})
	} else {
		after = p.plan.add(Action{
			ID: "remove/" + old.Name, Kind: RemoveContainer, Target: old.Name, Service: s.Name, Number: number,
			Cause: "recreate, " + cause, Existing: old.ID, DependsOn: []string{after},
		})
	}
	renamed := p.plan.add(Action{
		ID: "rename/" + name, Kind: RenameContainer, Target: name, Service: s.Name, Number: number,
		Cause: "takes the place", creates: create, rename: name, DependsOn: []string{after},
	})
	p.planStart(s, number, name, "", create, "recreate, "+cause, renamed)
}

// stopOld stops a container that is to be replaced and returns what the
// removal has to wait for.
func (p *planner) stopOld(old Container, cause, create string) string {
	if old.State != StateRunning && old.State != StatePaused && old.State != StateRestarting {
		return create
	}
	return p.plan.add(Action{
		ID: "stop/" + old.Name, Kind: StopContainer, Target: old.Name, Service: old.Service, Number: old.Number,
		Cause: cause, Existing: old.ID, DependsOn: []string{create}, grace: p.Options.Grace,
	})
}

// stopFirst lets a stop wait for nothing.
func (p *planner) stopFirst(id string) {
	for i := range p.plan.Actions {
		if a := &p.plan.Actions[i]; a.ID == id && a.Kind == StopContainer {
			a.DependsOn = nil
		}
	}
}

// planStart starts a replica after its dependencies' conditions.
func (p *planner) planStart(s *compose.Service, number int, name, existing, creates, cause string, after ...string) {
	deps := slices.Clone(after)
	for _, dep := range sortedKeys(s.DependsOn) {
		if id := p.planWait(s, dep); id != "" {
			deps = append(deps, id)
		}
	}
	for _, joined := range joins(s) {
		deps = append(deps, p.ready[joined]...)
	}
	deps = append(deps, p.releases...)
	id := p.plan.add(Action{
		ID: "start/" + name, Kind: StartContainer, Target: name, Service: s.Name, Number: number,
		Cause: cause, Existing: existing, creates: creates, DependsOn: compact(deps),
	})
	p.ready[s.Name] = append(p.ready[s.Name], id)
}

// planWait waits for the condition that s puts on dep, once for all who ask.
func (p *planner) planWait(s *compose.Service, dep string) string {
	d := s.DependsOn[dep]
	if _, ok := p.Project.Services[dep]; !ok {
		return "" // required: false, and not there
	}
	kind := map[string]Kind{
		types.ServiceConditionHealthy:               WaitHealthy,
		types.ServiceConditionCompletedSuccessfully: WaitCompleted,
	}[d.Condition]
	if kind == "" {
		kind = WaitStarted
	}
	id := strings.ReplaceAll(string(kind), " ", "-") + "/" + dep
	if !d.Required {
		id += "?"
	}
	if p.waits[id] == "" {
		p.waits[id] = p.plan.add(Action{
			ID: id, Kind: kind, Target: dep, Service: dep, optional: !d.Required,
			Cause: s.Name + " depends on it", DependsOn: slices.Clone(p.ready[dep]),
		})
	}
	return p.waits[id]
}

// inherited are the anonymous volumes of a container that is replaced.
func inherited(old *Container) map[string]string {
	volumes := map[string]string{}
	if old == nil {
		return volumes
	}
	for _, m := range old.Mounts {
		if m.Type == "volume" && isAnonymous(m.Name) {
			volumes[m.Destination] = m.Name
		}
	}
	return volumes
}

// isAnonymous says whether a volume's name is one that the engine made up.
func isAnonymous(name string) bool {
	if len(name) != 64 {
		return false
	}
	return strings.Trim(name, "0123456789abcdef") == ""
}

// joins are the services whose namespaces or volumes s shares.
func joins(s *compose.Service) []string {
	var names []string
	for _, mode := range []string{s.NetworkMode, s.Ipc, s.Pid} {
		if name, ok := strings.CutPrefix(mode, types.ServicePrefix); ok {
			names = append(names, name)
		}
	}
	for _, from := range s.VolumesFrom {
		name, _, _ := strings.Cut(from, ":")
		if !strings.HasPrefix(from, types.ContainerPrefix) {
			names = append(names, name)
		}
	}
	return compact(names)
}

// compact sorts names and removes what occurs twice.
func compact(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func sortedNumbers[V any](m map[int]V) []int { return slices.Sorted(maps.Keys(m)) }
