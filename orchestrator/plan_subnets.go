package orchestrator

import (
	"net/netip"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/internal/fault"
)

// overlappingSubnets are errors about networks that this run would make and that
// want addresses of another network of the file: an engine gives them to one alone.
func (p *planner) overlappingSubnets() []error {
	type claim struct {
		name   string
		subnet netip.Prefix
		there  bool
	}
	var claims []claim
	var errs []error
	for _, key := range sortedKeys(p.Project.Networks) {
		n := p.Project.Networks[key]
		if !p.uses(key) || bool(n.External) || n.Driver != "" && n.Driver != "bridge" || n.Ipam.Driver != "" && n.Ipam.Driver != "default" {
			continue
		}
		there := p.network(n.Name) != nil
		for _, pool := range n.Ipam.Config {
			subnet, ok := subnetOf(pool)
			if !ok {
				continue
			}
			j := slices.IndexFunc(claims, func(c claim) bool {
				return c.name != n.Name && c.subnet.Overlaps(subnet) && !(c.there && there)
			})
			if j >= 0 {
				errs = append(errs, fault.New(fault.Config, "network %s: its subnet %s overlaps %s of network %s, which the file has too",
					n.Name, subnet, claims[j].subnet, claims[j].name).WithHint("give one of them another subnet, or leave the choice to the engine"))
			}
			claims = append(claims, claim{n.Name, subnet, there})
		}
	}
	return errs
}

// uses says whether a service of this run is in a network.
func (p *planner) uses(key string) bool {
	for _, s := range p.Project.Services {
		if _, ok := s.Networks[key]; ok {
			return true
		}
	}
	return false
}

// subnetOf is the subnet of a pool; one that cannot be read is the loader's to tell.
func subnetOf(pool *types.IPAMPool) (netip.Prefix, bool) {
	if pool == nil {
		return netip.Prefix{}, false
	}
	subnet, err := netip.ParsePrefix(pool.Subnet)
	return subnet, err == nil
}
