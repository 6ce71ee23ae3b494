package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// Names on an external network. Others on it, the live stack first of all, look for
// services by their names: a copy that took these names too would get a part of the
// live requests. So the services of a copy have names of their own there, and within
// the copy each of the usual names is a link to the copy's service, which goes
// before what the networks know.

// onExternal says whether a service is in a network that the copy shares.
func (p *Project) onExternal(s *Service) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(s.Networks)), func(key string) bool { return bool(p.Networks[key].External) })
}

// privateName is the name of a service that no other stack has.
func privateName(p *Project, service string) string { return service + "." + p.Name }

// privateNames gives the service its own name in all its networks, takes the usual
// ones and fixed addresses away in those that the copy shares, and links the usual names of the copy's
// services to their own ones. out is the service of the copy that p becomes.
func (s *Service) privateNames(p *Project, out *Service) {
	if !slices.ContainsFunc(slices.Collect(maps.Values(p.Services)), p.onExternal) {
		return
	}
	none := false
	out.Networks = maps.Clone(out.Networks)
	for key, config := range out.Networks {
		own := types.ServiceNetworkConfig{}
		if config != nil {
			own = *config
		}
		if bool(p.Networks[key].External) {
			own.Aliases, own.UseServiceNameAlias = nil, &none
			own.Ipv4Address, own.Ipv6Address, own.LinkLocalIPs, own.MacAddress = "", "", nil, ""
		}
		own.Aliases = append(slices.Clone(own.Aliases), privateName(p, s.Name))
		out.Networks[key] = &own
	}
	if p.onExternal(s) {
		out.Hostname, out.MacAddress = privateHostname(p, s), ""
		out.ExternalLinks = append(slices.Clone(s.ExternalLinks), p.linksOf(s)...)
	}
}

// maxHostname is how long a host's name may be.
const maxHostname = 63

// privateHostname is a host's name of the copy's own: engines make it a name that
// others on a network find the container by.
func privateHostname(p *Project, s *Service) string {
	if s.Hostname == "" {
		return ""
	}
	suffix := "-" + p.Name
	return s.Hostname[:min(len(s.Hostname), max(1, maxHostname-len(suffix)))] + suffix
}

// linksOf are links from the usual names of all services that s has a network in
// common with, itself included, to their own names.
func (p *Project) linksOf(s *Service) []string {
	var links []string
	for _, name := range p.ServiceNames() {
		other := p.Services[name]
		for _, usual := range other.usualNames(s) {
			links = append(links, privateName(p, name)+":"+usual)
		}
	}
	return links
}

// linksOfClient are linksOf one that is in all networks.
func (p *Project) linksOfClient() []string {
	if !slices.ContainsFunc(slices.Collect(maps.Values(p.Services)), p.onExternal) {
		return nil
	}
	client := &Service{}
	client.Networks = map[string]*types.ServiceNetworkConfig{}
	for key := range p.Networks {
		client.Networks[key] = nil
	}
	return p.linksOf(client)
}

// Client is a service of a copy that runs in all its networks: it reaches the copy's
// services by their usual names, and takes no name on networks that others are on.
func (p *Project) Client(name string) *Service {
	none := false
	client := &Service{}
	client.Name = name
	client.Networks = map[string]*types.ServiceNetworkConfig{}
	for key, n := range p.Networks {
		client.Networks[key] = nil
		if bool(n.External) {
			client.Networks[key] = &types.ServiceNetworkConfig{UseServiceNameAlias: &none}
		}
	}
	client.ExternalLinks = slices.Clone(p.clientLinks)
	return client
}

// usualNames are the names by which s is found from another service, in the networks
// that both are in.
func (s *Service) usualNames(from *Service) []string {
	var names []string
	for _, key := range slices.Sorted(maps.Keys(s.Networks)) {
		if _, common := from.Networks[key]; !common {
			continue
		}
		config := s.Networks[key]
		if config.ServiceNameAliasEnabled() {
			names = append(names, s.Name)
		}
		if config != nil {
			names = append(names, config.Aliases...)
		}
		for _, name := range []string{s.ContainerName, s.Hostname} {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// routerLabels begin the labels by which a proxy that reads them from the engine
// routes requests to a container.
var routerLabels = []string{"traefik.", "caddy"}

// privateLabels leaves out the labels by which a live proxy would send requests to
// the copy, where the copy has no proxy of its own that could read them.
func (s *Service) privateLabels(p *Project, out *Service, shared sharing) {
	routes := func(key, _ string) bool {
		return slices.ContainsFunc(routerLabels, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	}
	labels := maps.Clone(s.Labels)
	maps.DeleteFunc(labels, routes)
	if len(labels) == len(s.Labels) {
		return
	}
	if slices.ContainsFunc(slices.Collect(maps.Values(p.Services)), (*Service).readsEngine) {
		shared(s.Name, "a proxy outside of the copy that reads labels from the engine may send requests to it")
		return
	}
	out.Labels = labels
	shared(s.Name, "its labels for a proxy are left out, so that no live request is sent to the copy")
}

// readsEngine says whether the engine's socket is mounted into the service.
func (s *Service) readsEngine() bool {
	return slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Type == types.VolumeTypeBind && isEngineSocket(v.Source)
	})
}

func isEngineSocket(path string) bool {
	return strings.HasSuffix(path, "/docker.sock") || strings.HasSuffix(path, "/podman.sock")
}

// sharedWithOthers says what else of others the service works on.
func (s *Service) sharedWithOthers(shared sharing) {
	for _, joined := range []struct{ key, mode string }{{"network_mode", s.NetworkMode}, {"ipc", s.Ipc}, {"pid", s.Pid}} {
		if container, ok := strings.CutPrefix(joined.mode, types.ContainerPrefix); ok {
			shared(s.Name, "%s: it joins container %s, as the live stack does", joined.key, container)
		}
	}
	for _, from := range s.VolumesFrom {
		if container, ok := strings.CutPrefix(from, types.ContainerPrefix); ok {
			shared(s.Name, "volumes_from: the copy shares the data of container %s", container)
		}
	}
	for _, link := range s.ExternalLinks {
		shared(s.Name, "external_links: the copy reaches %s", link)
	}
	for _, v := range s.Volumes {
		if v.Type != types.VolumeTypeBind {
			continue
		}
		switch {
		case isEngineSocket(v.Source):
			shared(s.Name, "it has the engine's socket: what it does there is not confined to the copy")
		case strings.HasSuffix(v.Source, ".sock"):
			shared(s.Name, "it talks to %s, as the live stack does", v.Source)
		case !v.ReadOnly:
			shared(s.Name, "it may write to %s, which the copy shares", v.Source)
		}
	}
}

// externalWarning says how a copy lives in a network that it shares.
func externalWarning(key string, n types.NetworkConfig) string {
	return fmt.Sprintf("network %s (%s) is external: the copy shares it. Others do not find the copy's services there by their names; "+
		"in the copy, a service's name is the copy's own, and any other name is what lives on that network", key, n.Name)
}
