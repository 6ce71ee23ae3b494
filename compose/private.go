package compose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// bridgeName is the driver option that gives a bridge a name on the host.
const bridgeName = "com.docker.network.bridge.name"

// Private returns a copy of the project that shares nothing fixed with any
// other one on the same engine: ports are the engine's choice, and containers,
// networks and volumes have names of the project. base is the name that the
// project has otherwise: images that are built keep their names under it, so
// that every copy finds the same ones. labels are put on whatever is made for
// the copy. What cannot be made private, and so is shared, is in the warnings.
// It is pure; p stays as it is.
func (p *Project) Private(base string, labels map[string]string) *Project {
	out := *p
	out.Labels = maps.Clone(labels)
	out.Services = make(map[string]*Service, len(p.Services))
	out.Warnings = slices.Clone(p.Warnings)
	shared := func(service, format string, args ...any) {
		out.Warnings = append(out.Warnings, Warning{Service: service, Message: fmt.Sprintf(format, args...)})
	}
	out.Networks = make(types.Networks, len(p.Networks))
	for _, key := range slices.Sorted(maps.Keys(p.Networks)) {
		out.Networks[key] = privateNetwork(p.Name, key, p.Networks[key], shared)
	}
	out.Volumes = make(types.Volumes, len(p.Volumes))
	for _, key := range slices.Sorted(maps.Keys(p.Volumes)) {
		out.Volumes[key] = privateVolume(p.Name, key, p.Volumes[key], shared)
	}
	for _, name := range p.ServiceNames() {
		out.Services[name] = p.Services[name].private(p, base, shared)
	}
	out.clientLinks = p.linksOfClient()
	return &out
}

// sharing takes note of something that a copy shares with others.
type sharing func(service, format string, args ...any)

// privateNetwork is a network of the copy's own: its name, addresses and
// bridge are nobody else's.
func privateNetwork(project, key string, n types.NetworkConfig, shared sharing) types.NetworkConfig {
	if bool(n.External) {
		shared("", "%s", externalWarning(key, n))
		return n
	}
	n.Name = project + "_" + key
	if ownsAddresses(n) {
		n.Ipam.Config = nil
	}
	if _, fixed := n.DriverOpts[bridgeName]; fixed {
		n.DriverOpts = maps.Clone(n.DriverOpts)
		delete(n.DriverOpts, bridgeName)
	}
	return n
}

// ownsAddresses says whether a network's addresses mean nothing outside of the
// engine's host, so that other ones do as well.
func ownsAddresses(n types.NetworkConfig) bool {
	return !bool(n.External) && (n.Driver == "" || n.Driver == "bridge" || n.Driver == "overlay")
}

// privateVolume is a volume of the copy's own.
func privateVolume(project, key string, v types.VolumeConfig, shared sharing) types.VolumeConfig {
	if bool(v.External) {
		shared("", "volume %s (%s) is external: the copy shares its data", key, v.Name)
		return v
	}
	if device := v.DriverOpts["device"]; device != "" && !strings.HasPrefix(v.DriverOpts["type"], "tmpfs") {
		shared("", "volume %s is stored at %s: the copy shares its data", key, device)
	}
	v.Name = project + "_" + key
	return v
}

// private is the service as it is in a copy.
func (s *Service) private(p *Project, base string, shared sharing) *Service {
	out := *s
	if s.Build != nil && s.Image == "" {
		out.Image = base + "-" + s.Name
	}
	out.Ports = privatePorts(s.Ports)
	out.Networks = s.privateNetworks(p)
	out.ContainerName = ""
	if s.NetworkMode == "host" {
		shared(s.Name, "it is in the host's network: the copy's ports are the same as everybody's")
	}
	s.privateNames(p, &out)
	s.privateLabels(p, &out, shared)
	s.sharedWithOthers(shared)
	return &out
}

// privatePorts leaves the choice of the host's ports to the engine; the
// addresses stay. A port that is published more than once at an address is
// published there once: Engine 28.5 chooses the same host port for all of them,
// and then cannot bind it twice.
func privatePorts(ports []types.ServicePortConfig) []types.ServicePortConfig {
	out := make([]types.ServicePortConfig, 0, len(ports))
	for i, port := range ports {
		again := slices.ContainsFunc(ports[:i], func(o types.ServicePortConfig) bool { return publishes(o, port) }) ||
			slices.ContainsFunc(ports[i+1:], func(o types.ServicePortConfig) bool { return publishes(o, port) && !publishes(port, o) })
		if again {
			continue
		}
		port.Published = ""
		out = append(out, port)
	}
	return out
}

// publishes says whether whoever can reach port where it is published can
// reach it through o as well.
func publishes(o, port types.ServicePortConfig) bool {
	if o.Target != port.Target || cmp.Or(o.Protocol, "tcp") != cmp.Or(port.Protocol, "tcp") {
		return false
	}
	six := strings.Contains(port.HostIP, ":")
	switch o.HostIP {
	case "", port.HostIP:
		return true
	case "0.0.0.0":
		return port.HostIP != "" && !six
	case "::":
		return six
	default:
		return false
	}
}

// privateNetworks leaves the choice of addresses to the engine, and keeps a
// fixed container name as one that the other services know it by.
func (s *Service) privateNetworks(p *Project) map[string]*types.ServiceNetworkConfig {
	out := maps.Clone(s.Networks)
	for key, config := range out {
		if !ownsAddresses(p.Networks[key]) {
			continue
		}
		own := types.ServiceNetworkConfig{}
		if config != nil {
			own = *config
		}
		own.Ipv4Address, own.Ipv6Address = "", ""
		if s.ContainerName != "" && !slices.Contains(own.Aliases, s.ContainerName) {
			own.Aliases = append(slices.Clone(own.Aliases), s.ContainerName)
		}
		out[key] = &own
	}
	return out
}
