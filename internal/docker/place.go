package docker

import (
	"context"
	"net/netip"
	"slices"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/stackctl/stackctl/healthchecks"
)

// loopback is where a local engine's published ports are.
const loopback = "127.0.0.1"

// place is where the engine's published ports are, as this process reaches them.
type place struct {
	// host is the address to ask for a port that is published everywhere.
	host string
	// same says that this process is in the network of the engine's host.
	same bool
	// how says where host is from, where that is not obvious; unreachable why no
	// way was found.
	how, unreachable string
}

// surroundings are what place is found from.
type surroundings struct {
	// engine is the network of the process at the other end of the engine's
	// socket, as the kernel tells it.
	engine networkOf
	// engineAddresses are that network's own, when it is another one.
	engineAddresses []netip.Addr
	// own are this process's addresses, gateway the way out of its network.
	own     []netip.Addr
	gateway netip.Addr
	// container says that this process runs in one.
	container bool
	rootless  bool
}

// networkOf says whose network a process is in.
type networkOf int

const (
	// networkUnknown: the kernel does not tell.
	networkUnknown networkOf = iota
	networkOurs
	networkOther
)

// bridge is a network of the engine with what it has on its host.
type bridge struct {
	name    string
	gateway netip.Addr
	subnet  netip.Prefix
	// members are the addresses of its containers.
	members []netip.Addr
}

// findPlace decides where the published ports of an engine are that is reached by a
// socket of this host. It is pure. Rootless engines publish on the host from a
// network of their own.
func findPlace(s surroundings, bridges []bridge) place {
	here := place{host: loopback, same: true}
	isBridge := func(a netip.Addr) bool {
		return slices.ContainsFunc(bridges, func(b bridge) bool { return b.gateway == a })
	}
	if s.engine != networkOther && slices.ContainsFunc(s.own, isBridge) {
		return here
	}
	reached := slices.DeleteFunc(slices.Clone(s.engineAddresses), isBridge)
	if s.container { // who listens at the socket may be a forwarder in the same one
		for _, b := range bridges {
			if slices.ContainsFunc(s.own, func(a netip.Addr) bool { return slices.Contains(b.members, a) }) && b.gateway.IsValid() {
				return place{host: b.gateway.String(), how: "stackctl runs in a container of the engine, and this is the gateway of its network " + b.name}
			}
		}
	}
	switch {
	case s.engine == networkOurs, s.rootless && !s.container:
		return here
	case s.engine == networkOther && len(reached) > 0:
		return place{host: nearest(reached, s.own).String(), how: "the engine runs in a network of its own, of which this is an address"}
	case !s.container && s.engine == networkUnknown:
		return here // the engine is behind a virtual machine that forwards its ports
	}
	if s.gateway.IsValid() {
		return place{host: s.gateway.String(), how: "stackctl runs in a container, and this is the gateway of its network"}
	}
	return place{host: loopback, unreachable: "stackctl is not in the network of the engine's host, and knows no way to the ports that are published there"}
}

// nearest is the first address that is in the same /16 as one of ours, else the first:
// engines cut networks for containers no larger.
func nearest(addresses, own []netip.Addr) netip.Addr {
	for _, a := range addresses {
		for _, o := range own {
			if prefix, err := a.Prefix(16); err == nil && a.Is4() && prefix.Contains(o) {
				return a
			}
		}
	}
	return addresses[0]
}

// locate finds the place once: nothing of it changes while the program runs. What
// cannot be asked now is asked again with the next call.
func (e *Engine) locate(ctx context.Context, rootless bool) place {
	e.placing.Lock()
	defer e.placing.Unlock()
	if e.place.host != "" {
		return e.place
	}
	p, known := e.findOut(ctx, rootless)
	if known {
		e.place = p
	}
	return p
}

func (e *Engine) findOut(ctx context.Context, rootless bool) (p place, known bool) {
	switch {
	case e.portsHost != "":
		addr, err := netip.ParseAddr(e.portsHost)
		same := e.at.local() && (e.portsHost == "localhost" || err == nil && addr.IsLoopback())
		return place{host: e.portsHost, same: same, how: "--ports-host says so"}, true
	case !e.at.local() || e.at.socket() == "" || e.dialled:
		return place{host: e.at.publishedHost(), same: e.at.local()}, true
	}
	s := surround(ctx, e.at.socket())
	s.rootless = rootless
	for _, text := range healthchecks.OwnAddresses() {
		if a, err := netip.ParseAddr(text); err == nil {
			s.own = append(s.own, a.Unmap())
		}
	}
	if !s.container && (s.rootless || s.engine != networkOther) {
		return findPlace(s, nil), true // what the engine has decides nothing
	}
	bridges, err := e.bridges(ctx)
	return findPlace(s, bridges), err == nil
}

// bridges are the engine's networks with the addresses of their containers.
func (e *Engine) bridges(ctx context.Context) ([]bridge, error) {
	networks, err := ask(ctx, e, "list networks", func(ctx context.Context) ([]network.Summary, error) {
		return e.cli.NetworkList(ctx, network.ListOptions{})
	})
	if err != nil {
		return nil, err
	}
	containers, err := ask(ctx, e, "list containers", func(ctx context.Context) ([]container.Summary, error) {
		return e.cli.ContainerList(ctx, container.ListOptions{})
	})
	if err != nil {
		return nil, err
	}
	var all []bridge
	for _, n := range networks {
		for _, pool := range n.IPAM.Config {
			b := bridge{name: n.Name}
			if b.subnet, err = netip.ParsePrefix(pool.Subnet); err != nil {
				continue
			}
			if b.gateway, err = netip.ParseAddr(pool.Gateway); err != nil {
				b.gateway = b.subnet.Masked().Addr().Next() // what engines take where nothing is said
			}
			b.members = membersOf(n.ID, containers)
			all = append(all, b)
		}
	}
	return all, nil
}

// membersOf are the addresses of containers in a network.
func membersOf(id string, containers []container.Summary) []netip.Addr {
	var out []netip.Addr
	for _, c := range containers {
		if c.NetworkSettings == nil {
			continue
		}
		for _, at := range c.NetworkSettings.Networks {
			if at == nil || at.NetworkID != id {
				continue
			}
			if a, err := netip.ParseAddr(at.IPAddress); err == nil {
				out = append(out, a)
			}
		}
	}
	return out
}
