package docker

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/orchestrator"
	"golang.org/x/sync/errgroup"
)

// Observe takes a snapshot: one list of every kind, then a look at each
// member, a bounded number at once.
func (e *Engine) Observe(ctx context.Context, scope orchestrator.Scope) (orchestrator.Observed, error) {
	seen := orchestrator.Observed{At: time.Now()}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		seen.Engine, err = e.Info(ctx)
		return err
	})
	group.Go(func() (err error) {
		seen.Containers, seen.Holders, err = e.observeContainers(ctx, scope)
		return err
	})
	group.Go(func() (err error) {
		seen.Networks, err = e.observeNetworks(ctx, scope)
		return err
	})
	group.Go(func() (err error) {
		seen.Volumes, err = e.observeVolumes(ctx, scope)
		return err
	})
	group.Go(func() (err error) {
		seen.Images, err = e.observeImages(ctx, scope.Images)
		return err
	})
	if err := group.Wait(); err != nil {
		return orchestrator.Observed{}, err
	}
	return seen, nil
}

// Inspect looks at one container. One that an interrupted creation has left
// without the files it was to get can never be started as it should: its
// StartError says so.
func (e *Engine) Inspect(ctx context.Context, id string) (orchestrator.Container, error) {
	var sent time.Time
	said, err := ask(ctx, e, "inspect container "+short(id), func(ctx context.Context) (container.InspectResponse, error) {
		sent = time.Now()
		return e.cli.ContainerInspect(ctx, id)
	})
	if err != nil {
		return orchestrator.Container{}, err
	}
	took := time.Since(sent)
	c, err := decodeContainer(said)
	if err != nil {
		return orchestrator.Container{}, err
	}
	c.Took = took
	e.compareBinds(&c, said)
	if e.podman() {
		nameEndpoints(&c)
	}
	return c, e.noteUnfinished(ctx, &c)
}

// nameEndpoints gives the endpoints of a Podman container an identity, which it
// never fills in (containers/podman, libpod/define/container_inspect.go): there
// one is there when it has an address.
func nameEndpoints(c *orchestrator.Container) {
	for i, at := range c.Endpoints {
		if at.EndpointID == "" && (at.IPv4 != "" || at.IPv6 != "") {
			c.Endpoints[i].EndpointID = c.ID + "/" + at.Network
		}
	}
}

// List names the project's containers with their states.
func (e *Engine) List(ctx context.Context, project string) ([]orchestrator.Listed, error) {
	said, err := ask(ctx, e, "list containers", func(ctx context.Context) ([]container.Summary, error) {
		return e.cli.ContainerList(ctx, container.ListOptions{
			All: true, Filters: filters.NewArgs(filters.Arg("label", orchestrator.LabelProject+"="+project)),
		})
	})
	if err != nil {
		return nil, err
	}
	listed := make([]orchestrator.Listed, 0, len(said))
	for _, c := range said {
		listed = append(listed, orchestrator.Listed{ID: c.ID, State: orchestrator.State(c.State), Health: listedHealth(c.Status)})
	}
	return listed, nil
}

// listedHealth is the word on the health in a list's status: "Up 2 seconds
// (healthy)", "Up 2 seconds (health: starting)".
func listedHealth(status string) healthchecks.Status {
	_, word, _ := strings.Cut(status, "(")
	word, _, _ = strings.Cut(word, ")")
	switch s := healthchecks.Status(strings.TrimPrefix(word, "health: ")); s {
	case healthchecks.StatusStarting, healthchecks.StatusHealthy, healthchecks.StatusUnhealthy:
		return s
	default:
		return ""
	}
}

func (e *Engine) observeContainers(ctx context.Context, scope orchestrator.Scope) ([]orchestrator.Container, []orchestrator.PortHolder, error) {
	listed, err := ask(ctx, e, "list containers", func(ctx context.Context) ([]container.Summary, error) {
		return e.cli.ContainerList(ctx, container.ListOptions{All: true})
	})
	if err != nil {
		return nil, nil, err
	}
	members, holders := sortListed(listed, scope)
	seen, err := lookAt(ctx, members, e.Inspect)
	return seen, withoutVanished(holders, members, seen), err
}

// withoutVanished leaves out the ports of members that were listed and have gone
// since: nobody holds them any more.
func withoutVanished(holders []orchestrator.PortHolder, members []string, seen []orchestrator.Container) []orchestrator.PortHolder {
	return slices.DeleteFunc(holders, func(h orchestrator.PortHolder) bool {
		return slices.Contains(members, h.ContainerID) &&
			!slices.ContainsFunc(seen, func(c orchestrator.Container) bool { return c.ID == h.ContainerID })
	})
}

// sortListed splits a list of all containers into the IDs to look at and the
// holders of host ports.
func sortListed(listed []container.Summary, scope orchestrator.Scope) (members []string, holders []orchestrator.PortHolder) {
	for _, c := range listed {
		name := ownName(c.Names)
		project := c.Labels[orchestrator.LabelProject]
		if (scope.Project != "" && project == scope.Project) || asksFor(scope, c.ID, name) {
			members = append(members, c.ID)
		}
		for _, p := range c.Ports {
			if p.PublicPort == 0 {
				continue
			}
			holders = append(holders, orchestrator.PortHolder{
				Port:        orchestrator.Port{HostIP: p.IP, Host: p.PublicPort, Container: p.PrivatePort, Proto: p.Type},
				ContainerID: c.ID, Container: name, Project: project,
			})
		}
	}
	return members, holders
}

// asksFor says whether a scope asks for a container by its name or by its ID, of
// which twelve digits are enough.
func asksFor(scope orchestrator.Scope, id, name string) bool {
	return slices.ContainsFunc(scope.ContainerNames, func(asked string) bool {
		return asked == name || len(asked) >= 12 && strings.HasPrefix(id, asked)
	})
}

// ownName is the container's name among its names: links to it from other
// containers are listed as "/other/alias".
func ownName(names []string) string {
	for _, name := range names {
		if name = strings.TrimPrefix(name, "/"); !strings.Contains(name, "/") {
			return name
		}
	}
	return ""
}

func (e *Engine) observeNetworks(ctx context.Context, scope orchestrator.Scope) ([]orchestrator.Network, error) {
	listed, err := ask(ctx, e, "list networks", func(ctx context.Context) ([]network.Summary, error) {
		return e.cli.NetworkList(ctx, network.ListOptions{})
	})
	if err != nil {
		return nil, err
	}
	var members []string
	for _, n := range listed {
		if belongs(n.Labels, n.Name, scope.Project, scope.NetworkNames) {
			members = append(members, n.ID)
		}
	}
	return lookAt(ctx, members, e.inspectNetwork)
}

// inspectNetwork looks at one network: only that tells who is attached.
func (e *Engine) inspectNetwork(ctx context.Context, id string) (orchestrator.Network, error) {
	said, err := ask(ctx, e, "inspect network "+short(id), func(ctx context.Context) (network.Inspect, error) {
		return e.cli.NetworkInspect(ctx, id, network.InspectOptions{})
	})
	if err != nil {
		return orchestrator.Network{}, err
	}
	return decodeNetwork(said), nil
}

func (e *Engine) observeVolumes(ctx context.Context, scope orchestrator.Scope) ([]orchestrator.Volume, error) {
	listed, err := ask(ctx, e, "list volumes", func(ctx context.Context) (volume.ListResponse, error) {
		return e.cli.VolumeList(ctx, volume.ListOptions{})
	})
	if err != nil {
		return nil, err
	}
	var seen []orchestrator.Volume
	for _, v := range listed.Volumes {
		if v != nil && belongs(v.Labels, v.Name, scope.Project, scope.VolumeNames) {
			seen = append(seen, decodeVolume(*v))
		}
	}
	return seen, nil
}

// belongs says whether an object is the project's or has a name that was
// asked for. The engine's own filter takes parts of names for matches.
func belongs(labels map[string]string, name, project string, names []string) bool {
	return (project != "" && labels[orchestrator.LabelProject] == project) || slices.Contains(names, name)
}

func (e *Engine) observeImages(ctx context.Context, refs []string) (map[string]images.Image, error) {
	refs = slices.Compact(slices.Sorted(slices.Values(refs)))
	type named struct {
		ref   string
		image images.Image
	}
	found, err := lookAt(ctx, refs, func(ctx context.Context, ref string) (named, error) {
		image, err := e.InspectImage(ctx, ref)
		return named{ref, image}, err
	})
	if err != nil {
		return nil, err
	}
	seen := make(map[string]images.Image, len(found))
	for _, f := range found {
		seen[f.ref] = f.image
	}
	return seen, nil
}

// lookAt looks at each name, some at once, keeping their order; what is no
// longer there is left out.
func lookAt[T any](ctx context.Context, names []string, look func(context.Context, string) (T, error)) ([]T, error) {
	found := make([]*T, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(observers)
	for i, name := range names {
		group.Go(func() error {
			one, err := look(ctx, name)
			if isGone(err) {
				return nil
			}
			found[i] = &one
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []T
	for _, one := range found {
		if one != nil {
			all = append(all, *one)
		}
	}
	return all, nil
}

// short is an ID as people read it.
func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	if len(id) == 64 {
		return id[:12]
	}
	return id
}

// Describe is all that the engine says about a container, as it says it: JSON
// with the secrets that are in it.
func (e *Engine) Describe(ctx context.Context, id string) ([]byte, error) {
	return ask(ctx, e, "inspect container "+short(id), func(ctx context.Context) ([]byte, error) {
		_, raw, err := e.cli.ContainerInspectWithRaw(ctx, id, false)
		return raw, err
	})
}
