package orchestrator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// DownOptions are the wishes for a run of Down.
type DownOptions struct {
	// Volumes removes the named volumes of the project too.
	Volumes bool
	// RemoveOrphans removes containers of services that the file no longer
	// has.
	RemoveOrphans bool
	// Images is "" to keep images, "local" to remove those that were built
	// without a name of their own, "all" to remove every image used.
	Images string
	// Grace is the stop time; nil takes the containers' own.
	Grace  *time.Duration
	Listen Listener
	// Late is as that of Options.
	Late time.Duration
}

// Down stops the project in the reverse order of its dependencies and removes
// what is ours: containers, networks and, where asked for, volumes and
// images. It never touches what is not ours and is content when there is
// nothing.
func Down(ctx context.Context, engine Engine, p *compose.Project, opts DownOptions) error {
	told := map[string]bool{}
	for round := 1; ; round++ {
		observed, err := engine.Observe(ctx, scopeOf(p))
		if err != nil {
			return err
		}
		plan, err := PlanDown(p, observed, opts)
		if err != nil {
			return err
		}
		for _, note := range plan.Notes {
			if !told[note] {
				opts.Listen.tell(Progress{Phase: PhaseNote, Message: note})
			}
			told[note] = true
		}
		err = carryOutAlone(ctx, engine, p, plan, opts.Listen)
		if round == downRounds || ctx.Err() != nil {
			return err
		}
		// What came may be what kept a network or a volume from being removed.
		late, unseen := newcomers(ctx, engine, p, idsOf(observed))
		if !late && err == nil && opts.Late > 0 {
			var left Observed
			left, late, unseen = awaitLate(ctx, engine, Scope{Project: p.Name}, opts.Late)
			opts.Late = 0
			late = late || len(left.Containers)+len(left.Networks) > 0
		}
		if late {
			continue
		}
		if err != nil {
			return err
		}
		return unseen
	}
}

// downRounds is how often a Down looks for what came while it worked.
const downRounds = 3

// newcomers says whether there are containers by now that were not there when
// a plan was made: an engine goes on making what a run asked for that was
// killed meanwhile.
func newcomers(ctx context.Context, engine Engine, p *compose.Project, seen map[string]bool) (bool, error) {
	listed, err := engine.List(ctx, p.Name)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(listed, func(l Listed) bool { return !seen[l.ID] }), nil
}

// carryOutAlone executes a plan in which nothing waits and nothing is proven.
func carryOutAlone(ctx context.Context, engine Engine, p *compose.Project, plan Plan, listen Listener) error {
	finishing := &finishingEngine{Engine: engine}
	defer func() { finishing.report(listen, nil) }()
	x := &executor{
		engine: finishing, project: p, world: newWorld(engine, p.Name), listen: listen, members: newMembers(plan),
		timings: newTimings(time.Now()),
		made:    map[string]string{}, failures: map[string]error{},
	}
	return x.execute(ctx, plan)
}

// PlanDown decides what a Down removes. It is pure. The error says that the
// project's objects belong to somebody else.
func PlanDown(p *compose.Project, o Observed, opts DownOptions) (Plan, error) {
	var plan Plan
	var ours []Container
	for _, c := range o.Containers {
		switch ownerOf(c.Labels, p) {
		case ownedElsewhere:
			return Plan{}, elsewhere(p, c.Labels, "container "+c.Name)
		case ownedByCompose:
			plan.Notes = append(plan.Notes, fmt.Sprintf("container %s was made by another tool and stays (docker compose -p %s down)", c.Name, p.Name))
		case ownedByUs:
			if !p.Declares(c.Service) && !opts.RemoveOrphans {
				plan.Notes = append(plan.Notes, fmt.Sprintf("orphan %s stays: service %q is no longer in the file; remove it with --remove-orphans", c.Name, c.Service))
				continue
			}
			ours = append(ours, c)
		}
	}
	removed := planDownContainers(&plan, p, ours, opts)
	planDownNetworks(&plan, p, o, ours, removed)
	if opts.Volumes {
		planDownVolumes(&plan, p, o, removed)
	}
	planDownImages(&plan, p, ours, opts, removed)
	return plan, nil
}

// planDownContainers stops each container after those that depend on it.
func planDownContainers(plan *Plan, p *compose.Project, ours []Container, opts DownOptions) []string {
	stops := map[string][]string{}
	var removed []string
	for _, level := range slices.Backward(append(p.Order(), orphanLevel(p, ours))) {
		for _, name := range level {
			for _, c := range ours {
				if c.Service != name {
					continue
				}
				id := planDownContainer(plan, p, c, stops, opts)
				removed = append(removed, "remove/"+c.Name)
				stops[name] = append(stops[name], id)
			}
		}
	}
	return removed
}

// orphanLevel are the services of containers that the file does not have, or
// does not have enabled.
func orphanLevel(p *compose.Project, ours []Container) []string {
	var level []string
	for _, c := range ours {
		if p.Services[c.Service] == nil && !slices.Contains(level, c.Service) {
			level = append(level, c.Service)
		}
	}
	return level
}

// planDownContainer stops and removes one container; the result is the action
// after which those it depends on may stop.
func planDownContainer(plan *Plan, p *compose.Project, c Container, stops map[string][]string, opts DownOptions) string {
	var after []string
	for name, ids := range stops {
		if dependsOn(p, name, c.Service) {
			after = append(after, ids...)
		}
	}
	slices.Sort(after)
	last := ""
	if c.State == StateRunning || c.State == StatePaused || c.State == StateRestarting {
		last = plan.add(Action{ID: "stop/" + c.Name, Kind: StopContainer, Target: c.Name, Service: c.Service,
			Number: c.Number, Existing: c.ID, DependsOn: after, grace: opts.Grace})
		after = []string{last}
	}
	removal := plan.add(Action{ID: "remove/" + c.Name, Kind: RemoveContainer, Target: c.Name, Service: c.Service,
		Number: c.Number, Existing: c.ID, DependsOn: after, anonymous: opts.Volumes || c.OneOff})
	if last == "" {
		last = removal
	}
	return last
}

// dependsOn says whether the file lets service name, enabled or not, depend on
// another one.
func dependsOn(p *compose.Project, name, other string) bool {
	var on types.DependsOnConfig
	if svc := p.Services[name]; svc != nil {
		on = svc.DependsOn
	} else if p.Source != nil {
		on = p.Source.DisabledServices[name].DependsOn
	}
	_, ok := on[other]
	return ok
}

// planDownNetworks removes our networks, except those that containers which
// stay are still in.
func planDownNetworks(plan *Plan, p *compose.Project, o Observed, ours []Container, removed []string) {
	for _, n := range o.Networks {
		if ownerOf(n.Labels, p) != ownedByUs {
			continue
		}
		if user := stranger(n, o.Containers, ours); user != "" {
			plan.Notes = append(plan.Notes, fmt.Sprintf("network %s stays: %s is still connected", n.Name, user))
			continue
		}
		plan.add(Action{ID: "network/" + n.ID, Kind: RemoveNetwork, Target: n.Name, Existing: n.ID, DependsOn: removed})
	}
}

// stranger is a container in the network that is not going to be removed.
func stranger(n Network, all, ours []Container) string {
	for _, id := range n.Users {
		if slices.ContainsFunc(ours, func(c Container) bool { return c.ID == id }) {
			continue
		}
		for _, c := range all {
			if c.ID == id {
				return "container " + c.Name
			}
		}
		return "container " + shortID(id)
	}
	return ""
}

// planDownVolumes removes the volumes that are ours, and those of docker
// compose that were adopted because the file names them.
func planDownVolumes(plan *Plan, p *compose.Project, o Observed, removed []string) {
	declared := map[string]bool{}
	for _, v := range p.Volumes {
		declared[v.Name] = !bool(v.External)
	}
	for _, v := range o.Volumes {
		owner := ownerOf(v.Labels, p)
		if owner == ownedByUs || owner == ownedByCompose && declared[v.Name] {
			plan.add(Action{ID: "volume/" + v.Name, Kind: RemoveVolume, Target: v.Name, Existing: v.Name, DependsOn: removed})
		}
	}
}

// planDownImages removes images where that is asked for.
func planDownImages(plan *Plan, p *compose.Project, ours []Container, opts DownOptions, removed []string) {
	if opts.Images == "" {
		return
	}
	seen := map[string]bool{}
	for _, name := range sortedKeys(p.Services) {
		svc := p.Services[name]
		ref := imageRef(p, svc)
		if seen[ref] || opts.Images == "local" && (svc.Build == nil || svc.Image != "") {
			continue
		}
		seen[ref] = true
		plan.add(Action{ID: "image/" + ref, Kind: RemoveImage, Target: ref, Service: name, Existing: ref, DependsOn: removed})
	}
	for _, c := range ours { // of services whose profile is not active
		if opts.Images == "all" && p.Services[c.Service] == nil && p.Declares(c.Service) && c.ImageRef != "" && !seen[c.ImageRef] {
			seen[c.ImageRef] = true
			plan.add(Action{ID: "image/" + c.ImageRef, Kind: RemoveImage, Target: c.ImageRef, Service: c.Service, Existing: c.ImageRef, DependsOn: removed})
		}
	}
}

// CheckRmi says whether value is one that --rmi takes.
func CheckRmi(value string) error {
	if value == "" || value == "local" || value == "all" {
		return nil
	}
	return fault.New(fault.Usage, "--rmi takes local or all, not %q", value)
}
