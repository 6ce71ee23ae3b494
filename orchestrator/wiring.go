package orchestrator

import (
	"fmt"
	"slices"

	"github.com/stackctl/stackctl/compose"
)

// lostName says which name a container does not have in a network of the file
// by which the others look for it, "" for none: one that was disconnected and
// connected again by hand has an address and nobody finds it.
func lostName(s *compose.Service, key string, e Endpoint) string {
	if !takesNames(e.Network) {
		return ""
	}
	config := s.Networks[key]
	var wanted []string
	if config.ServiceNameAliasEnabled() {
		wanted = append(wanted, s.Name)
	}
	if config != nil {
		wanted = append(wanted, config.Aliases...)
	}
	i := slices.IndexFunc(wanted, func(name string) bool { return !slices.Contains(e.Aliases, name) })
	if i < 0 {
		return ""
	}
	return fmt.Sprintf("others do not find it as %s in network %s: it was connected by another client", wanted[i], e.Network)
}

// takesNames says whether a network knows containers by name: the engine's own
// ones do not.
func takesNames(network string) bool {
	return network != "bridge" && network != "host" && network != "none"
}

// otherNetwork says that an endpoint is in another network than the file's
// under the same name, "" when it is not: older engines have several of one
// name, and who is in one of them does not reach the others.
func (f *Facts) otherNetwork(key string, e Endpoint) string {
	config := f.Project.Networks[key]
	var ours *Network
	for i, n := range f.Observed.Networks {
		if n.Name != config.Name || !bool(config.External) && ownerOf(n.Labels, f.Project) != ownedByUs {
			continue
		}
		if ours == nil || n.ID < ours.ID {
			ours = &f.Observed.Networks[i]
		}
	}
	if ours == nil || e.NetworkID == "" || e.NetworkID == ours.ID {
		return ""
	}
	return fmt.Sprintf("is in network %s, which is another one than the %s of this project (%s)", shortID(e.NetworkID), config.Name, shortID(ours.ID))
}
