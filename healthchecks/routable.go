package healthchecks

import (
	"net"
	"net/netip"
)

// Routable says whether this host has a way of its own to a container's
// address: whether one of its interfaces is in the address' network, as a
// bridge of a local engine is. It is false for an engine behind a virtual
// machine or on another host, where a dial would run into nothing.
func Routable(ip string) bool {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, one := range own {
		network, err := netip.ParsePrefix(one.String())
		if err == nil && network.Contains(address.WithZone("")) {
			return true
		}
	}
	return false
}

// OwnAddresses are this host's IPv4 addresses beyond its loopback, two at
// most: what listens in the host's network is reached at any of them.
func OwnAddresses() []string {
	own, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []string
	for _, one := range own {
		prefix, err := netip.ParsePrefix(one.String())
		if err == nil && prefix.Addr().Is4() && prefix.Addr().IsGlobalUnicast() && len(out) < 2 {
			out = append(out, prefix.Addr().String())
		}
	}
	return out
}
