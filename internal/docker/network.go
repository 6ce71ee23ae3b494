package docker

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// CreateNetwork creates a network and returns its ID. One of the same name
// with these very labels is returned as it is; any other one of that name is
// a conflict.
func (e *Engine) CreateNetwork(ctx context.Context, spec orchestrator.NetworkSpec) (string, error) {
	options, err := networkOptions(spec, e.api())
	if err != nil {
		return "", err
	}
	op := "create network " + spec.Name
	id, err := run(ctx, e, op, e.limits.work, func(ctx context.Context) (string, error) {
		if id, err := e.networkID(ctx, spec); id != "" || err != nil {
			return id, err
		}
		made, err := e.cli.NetworkCreate(ctx, spec.Name, options)
		if errdefs.IsConflict(err) {
			if id, err := e.networkID(ctx, spec); id != "" || err != nil {
				return id, err
			}
		}
		if err != nil {
			return "", e.explainNetwork(ctx, err, options)
		}
		return e.settleNetwork(ctx, spec, made.ID)
	})
	return id, reclass(err, fault.Resource)
}

// networkID returns the network that spec means, "" for none.
func (e *Engine) networkID(ctx context.Context, spec orchestrator.NetworkSpec) (string, error) {
	named, err := e.networksNamed(ctx, spec.Name)
	if err != nil || len(named) == 0 {
		return "", err
	}
	return pickNetwork(named, spec)
}

// settleNetwork is the census after a creation: engines before 23 let two
// callers create the same name at the same time. All of them keep the oldest
// one and remove their own.
func (e *Engine) settleNetwork(ctx context.Context, spec orchestrator.NetworkSpec, made string) (string, error) {
	named, err := e.networksNamed(ctx, spec.Name)
	if err != nil {
		return "", err
	}
	if len(named) < 2 || named[0].ID == made {
		return made, nil
	}
	if err := e.cli.NetworkRemove(ctx, made); err != nil && !isGone(err) {
		return "", err
	}
	return pickNetwork(named[:1], spec)
}

// networksNamed returns the networks of exactly this name, oldest first: the
// engine's filter takes parts of names for matches.
func (e *Engine) networksNamed(ctx context.Context, name string) ([]network.Summary, error) {
	listed, err := e.cli.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", name))})
	if err != nil {
		return nil, err
	}
	listed = slices.DeleteFunc(listed, func(n network.Summary) bool { return n.Name != name })
	slices.SortFunc(listed, func(a, b network.Summary) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return listed, nil
}

// pickNetwork returns the first of named that is what spec asks for.
func pickNetwork(named []network.Summary, spec orchestrator.NetworkSpec) (string, error) {
	for _, n := range named {
		if maps.Equal(n.Labels, spec.Labels) {
			return n.ID, nil
		}
	}
	return "", &takenError{kind: "network", name: spec.Name, owner: named[0].Labels[orchestrator.LabelProject]}
}

// explainNetwork adds to the engine's refusal of a network what there is: how
// many networks when it has no addresses left, and which one has the addresses
// that are asked for.
func (e *Engine) explainNetwork(ctx context.Context, err error, options network.CreateOptions) error {
	exhausted, overlap := isPoolsExhausted(err.Error()), isOverlap(err.Error())
	if !exhausted && !overlap {
		return err
	}
	listed, listErr := e.cli.NetworkList(ctx, network.ListOptions{})
	switch {
	case listErr != nil:
		return err
	case exhausted:
		return &countedError{err: err, networks: len(listed)}
	}
	if found := overlapOf(options, listed); found != nil {
		found.err = err
		return found
	}
	return err
}

// overlapOf is the first of the networks that has addresses of a subnet which
// is asked for, nil for none: then a route of the host itself has them.
func overlapOf(options network.CreateOptions, listed []network.Summary) *overlapError {
	if options.IPAM == nil {
		return nil
	}
	for _, want := range options.IPAM.Config {
		subnet, err := netip.ParsePrefix(want.Subnet)
		if err != nil {
			continue
		}
		for _, n := range listed {
			for _, has := range n.IPAM.Config {
				if other, err := netip.ParsePrefix(has.Subnet); err == nil && other.Overlaps(subnet) {
					return &overlapError{subnet: want.Subnet, name: n.Name, of: has.Subnet}
				}
			}
		}
	}
	return nil
}

// networkOptions maps the file's network to the engine's.
func networkOptions(spec orchestrator.NetworkSpec, api apiVersion) (network.CreateOptions, error) {
	c := spec.Config
	if c.EnableIPv4 != nil && !*c.EnableIPv4 && !api.atLeast("1.48") {
		return network.CreateOptions{}, tooOld("networks."+spec.Name+".enable_ipv4: false", "1.48", api)
	}
	options := network.CreateOptions{
		Driver:     c.Driver,
		EnableIPv6: c.EnableIPv6,
		Internal:   c.Internal,
		Attachable: c.Attachable,
		Options:    c.DriverOpts,
		Labels:     spec.Labels,
	}
	if api.atLeast("1.48") {
		options.EnableIPv4 = c.EnableIPv4
	}
	if c.Ipam.Driver == "" && len(c.Ipam.Config) == 0 && len(c.Ipam.Options) == 0 {
		return options, nil
	}
	options.IPAM = &network.IPAM{Driver: c.Ipam.Driver, Options: c.Ipam.Options}
	for _, pool := range c.Ipam.Config {
		if pool == nil {
			continue
		}
		options.IPAM.Config = append(options.IPAM.Config, network.IPAMConfig{
			Subnet: pool.Subnet, IPRange: pool.IPRange, Gateway: pool.Gateway, AuxAddress: pool.AuxiliaryAddresses,
		})
	}
	return options, nil
}

// An engine that has just removed containers may count their endpoints for a
// moment longer.
const (
	endpointsLast  = 5 * time.Second
	endpointsPause = 250 * time.Millisecond
)

// RemoveNetwork removes a network; one that is not there is no error. One
// that containers are attached to is of class Resource and names them. One that
// the engine takes for used although nothing is attached to it is tried again for
// five seconds.
func (e *Engine) RemoveNetwork(ctx context.Context, id string) error {
	began := time.Now()
	for {
		users, err := e.removeNetwork(ctx, id)
		if err == nil || fault.ClassOf(err) != fault.Resource {
			return err
		}
		if len(users) > 0 {
			return fault.New(fault.Resource, "%w (used by %s)", err, strings.Join(users, ", "))
		}
		if !strings.Contains(err.Error(), "active endpoints") {
			return err
		}
		if time.Since(began) >= endpointsLast {
			return fault.New(fault.Resource, "%w, although no container is attached to it", err).
				WithHint("the engine has lost count, and a restart of it counts anew: then take it down again")
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(endpointsPause):
		}
	}
}

// removeNetwork tries once, and finds out who is attached to a network that is in
// use.
func (e *Engine) removeNetwork(ctx context.Context, id string) (users []string, err error) {
	err = do(ctx, e, "remove network "+short(id), e.limits.answer, func(ctx context.Context) error {
		return e.cli.NetworkRemove(ctx, id)
	})
	if isGone(err) {
		return nil, nil
	}
	if errdefs.IsPermissionDenied(err) {
		// What engines answer for a network that is in use.
		err = &fault.Error{Class: fault.Resource, Err: err}
	}
	if err = asResource(err); err == nil || fault.ClassOf(err) != fault.Resource {
		return nil, err
	}
	said, inspectErr := within(ctx, e.limits.answer, func(ctx context.Context) (network.Inspect, error) {
		return e.cli.NetworkInspect(ctx, id, network.InspectOptions{})
	})
	if inspectErr != nil {
		return nil, err
	}
	for _, user := range said.Containers {
		users = append(users, user.Name)
	}
	slices.Sort(users)
	return users, err
}
