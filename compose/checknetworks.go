package compose

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
)

// checkSubnets reports two networks of the file that want the same addresses: an
// engine gives them to the first alone.
func (b *builder) checkSubnets(p *Project) {
	type claim struct {
		key    string
		subnet netip.Prefix
	}
	var claims []claim
	for _, key := range slices.Sorted(maps.Keys(p.Networks)) {
		n := p.Networks[key]
		if !ownsAddresses(n) || n.Ipam.Driver != "" && n.Ipam.Driver != "default" {
			continue
		}
		for i, pool := range n.Ipam.Config {
			subnet, ok := subnetOf(pool)
			if !ok {
				continue
			}
			at := path{"networks", key, "ipam", "config"}.next(item(i)).next("subnet")
			if j := slices.IndexFunc(claims, func(c claim) bool { return c.key != key && c.subnet.Overlaps(subnet) }); j >= 0 {
				b.ps.add(b.sources.problem(at, fmt.Sprintf("network %s: its subnet %s overlaps %s of network %s", p.NetworkName(key), subnet, claims[j].subnet, p.NetworkName(claims[j].key)),
					"give one of them another subnet, or leave the choice to the engine"))
				continue
			}
			claims = append(claims, claim{key, subnet})
		}
	}
}

// subnetOf is the subnet of a pool; one that cannot be read is reported elsewhere.
func subnetOf(pool *types.IPAMPool) (netip.Prefix, bool) {
	if pool == nil {
		return netip.Prefix{}, false
	}
	subnet, err := netip.ParsePrefix(pool.Subnet)
	return subnet, err == nil
}
