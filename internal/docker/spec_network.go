package docker

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// interfaceName is the driver option that names an interface.
const interfaceName = "com.docker.network.endpoint.ifname"

// networks is how a container is to be attached.
type networks struct {
	mode   container.NetworkMode
	config *network.NetworkingConfig
	// later are attachments for engines that take one network at creation.
	later []attachment
	links []string
	// mac is the container-wide address for engines before API 1.44.
	mac string
}

// planNetworks maps networks and network_mode. The network of the highest
// priority is the one that the engine attaches first.
func planNetworks(spec orchestrator.ContainerSpec, t target) (networks, error) {
	s := spec.Service
	if err := checkMAC(spec); err != nil {
		return networks{}, err
	}
	links := planLinks(spec, t)
	if s.NetworkMode != "" {
		return planMode(spec, t, links)
	}
	keys := s.NetworksByPriority()
	if len(keys) == 0 {
		return networks{mode: network.NetworkNone}, nil
	}
	var all []attachment
	for i, key := range keys {
		name := spec.Project.Networks[key].Name
		if name == "" {
			return networks{}, fault.New(fault.Config, "%s.networks: %s is not declared", s.Name, key)
		}
		at := endpointSettings(spec, key, name, links)
		if i == 0 {
			at.MacAddress = firstOf(at.MacAddress, s.MacAddress)
		}
		all = append(all, attachment{network: name, endpoint: at})
	}
	plan := networks{mode: container.NetworkMode(all[0].network), links: links}
	now := len(all)
	if !t.api.atLeast("1.44") {
		now = 1
		plan.mac, all[0].endpoint.MacAddress = all[0].endpoint.MacAddress, ""
	}
	plan.config = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{}}
	for _, a := range all[:now] {
		plan.config.EndpointsConfig[a.network] = a.endpoint
	}
	plan.later = all[now:]
	return plan, nil
}

// planMode maps network_mode, with which there is no choice of networks.
func planMode(spec orchestrator.ContainerSpec, t target, links []string) (networks, error) {
	mode, err := joined(spec, "network_mode", spec.Service.NetworkMode)
	if err != nil {
		return networks{}, err
	}
	plan := networks{mode: container.NetworkMode(mode), links: links, mac: spec.Service.MacAddress}
	if plan.mac != "" && t.api.atLeast("1.44") {
		plan.config = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
			mode: {MacAddress: plan.mac},
		}}
		plan.mac = ""
	}
	return plan, nil
}

// endpointSettings is a service's place in one network.
func endpointSettings(spec orchestrator.ContainerSpec, key, name string, links []string) *network.EndpointSettings {
	config := spec.Service.Networks[key]
	at := &network.EndpointSettings{Links: links}
	if isUserDefined(name) {
		at.Aliases = aliases(spec, config)
	}
	if config == nil {
		return at
	}
	if config.Ipv4Address != "" || config.Ipv6Address != "" || len(config.LinkLocalIPs) > 0 {
		at.IPAMConfig = &network.EndpointIPAMConfig{
			IPv4Address: config.Ipv4Address, IPv6Address: config.Ipv6Address, LinkLocalIPs: config.LinkLocalIPs,
		}
	}
	at.MacAddress = config.MacAddress
	at.GwPriority = config.GatewayPriority
	at.DriverOpts = maps.Clone(config.DriverOpts)
	if config.InterfaceName != "" {
		if at.DriverOpts == nil {
			at.DriverOpts = map[string]string{}
		}
		at.DriverOpts[interfaceName] = config.InterfaceName
	}
	return at
}

// isUserDefined says whether a network takes aliases: the engine's own ones
// do not.
func isUserDefined(name string) bool {
	return name != network.NetworkBridge && name != network.NetworkHost && name != network.NetworkNone
}

// aliases are the names of the container in a network.
func aliases(spec orchestrator.ContainerSpec, config *types.ServiceNetworkConfig) []string {
	names := []string{spec.Name}
	if config.ServiceNameAliasEnabled() {
		names = append(names, spec.Service.Name)
	}
	if config != nil {
		names = append(names, config.Aliases...)
	}
	var unique []string
	for _, name := range names {
		if !slices.Contains(unique, name) {
			unique = append(unique, name)
		}
	}
	return unique
}

// planLinks maps links and external_links to container:alias.
func planLinks(spec orchestrator.ContainerSpec, t target) []string {
	var links []string
	for _, link := range spec.Service.Links {
		service, alias, ok := strings.Cut(link, ":")
		if !ok {
			alias = service
		}
		for number := 1; number <= scaleOf(spec, service); number++ {
			name := containerName(spec, service, number)
			short := strings.TrimPrefix(name, spec.Project.Name+"-")
			for _, as := range slices.Compact([]string{alias, short, name}) {
				links = append(links, name+":"+as)
			}
		}
	}
	for _, link := range spec.Service.ExternalLinks {
		name, alias, ok := strings.Cut(link, ":")
		if t.noLinks && spec.Project.Labels != nil && strings.HasSuffix(name, "."+spec.Project.Name) {
			continue // of a copy's own making
		}
		if !ok {
			alias = name
		}
		links = append(links, name+":"+alias)
	}
	return links
}

func scaleOf(spec orchestrator.ContainerSpec, service string) int {
	if s, ok := spec.Project.Services[service]; ok {
		return s.GetScale()
	}
	return 1
}

// checkMAC refuses addresses that contradict each other.
func checkMAC(spec orchestrator.ContainerSpec) error {
	s := spec.Service
	for i, key := range s.NetworksByPriority() {
		config := s.Networks[key]
		switch {
		case config == nil || config.MacAddress == "":
		case i == 0 && s.MacAddress != "" && s.MacAddress != config.MacAddress:
			return fault.New(fault.Config, "%s.mac_address and %s.networks.%s.mac_address differ", s.Name, s.Name, key)
		}
	}
	return nil
}
