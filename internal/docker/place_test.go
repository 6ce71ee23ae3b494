package docker

import (
	"net/netip"
	"testing"
)

func TestPublishedPortsAreAskedWhereTheyAre(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr
	bridges := []bridge{
		{name: "bridge", gateway: addr("172.17.0.1"), subnet: netip.MustParsePrefix("172.17.0.0/16"), members: []netip.Addr{addr("172.17.0.9")}},
		{name: "ci", gateway: addr("172.20.0.1"), subnet: netip.MustParsePrefix("172.20.0.0/16"), members: []netip.Addr{addr("172.20.0.4")}},
	}
	for _, x := range []struct {
		name        string
		s           surroundings
		bridges     []bridge
		host        string
		same, knows bool
	}{
		{name: "the engine is in our network", s: surroundings{engine: networkOurs}, host: loopback, same: true, knows: true},
		{name: "the kernel does not tell, and the engine's bridge is ours", s: surroundings{own: []netip.Addr{addr("10.0.0.2"), addr("172.17.0.1")}}, bridges: bridges,
			host: loopback, same: true, knows: true},
		{name: "in a container that has the host's network", s: surroundings{container: true, own: []netip.Addr{addr("172.17.0.1")}}, bridges: bridges,
			host: loopback, same: true, knows: true},
		{name: "behind a virtual machine", s: surroundings{own: []netip.Addr{addr("192.168.1.3")}}, bridges: bridges, host: loopback, same: true, knows: true},
		{name: "a rootless engine has a network of its own and publishes here", s: surroundings{engine: networkOther, rootless: true}, host: loopback, same: true, knows: true},
		{name: "in a container of the default network", s: surroundings{container: true, own: []netip.Addr{addr("172.17.0.9")}, gateway: addr("172.17.0.1")}, bridges: bridges,
			host: "172.17.0.1", knows: true},
		{name: "in a container of another network", s: surroundings{container: true, own: []netip.Addr{addr("172.20.0.4")}, gateway: addr("172.20.0.1")}, bridges: bridges,
			host: "172.20.0.1", knows: true},
		{name: "in a container of another engine", s: surroundings{container: true, own: []netip.Addr{addr("10.88.0.3")}, gateway: addr("10.88.0.1")}, bridges: bridges,
			host: "10.88.0.1", knows: true},
		{name: "in a container that forwards the engine's socket itself", s: surroundings{engine: networkOurs, container: true, own: []netip.Addr{addr("172.17.0.9")}},
			bridges: bridges, host: "172.17.0.1", knows: true},
		{name: "in a container without a way out", s: surroundings{container: true}, bridges: bridges, host: loopback},
		{name: "the engine is in a container of this host", s: surroundings{engine: networkOther, own: []netip.Addr{addr("172.17.0.1")},
			engineAddresses: []netip.Addr{addr("10.77.0.1"), addr("172.17.0.5")}}, host: "172.17.0.5", knows: true},
		{name: "the engine is in a container of this host and has a bridge like ours", s: surroundings{engine: networkOther, own: []netip.Addr{addr("172.17.0.1")},
			engineAddresses: []netip.Addr{addr("172.17.0.1"), addr("172.17.0.5")}}, bridges: bridges, host: "172.17.0.5", knows: true},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			got := findPlace(x.s, x.bridges)
			if got.host != x.host || got.same != x.same || (got.unreachable == "") != x.knows {
				t.Errorf("%+v, want host %s, same %t, known %t", got, x.host, x.same, x.knows)
			}
			if !got.same && got.how == "" && got.unreachable == "" {
				t.Error("it does not say where that is from")
			}
		})
	}
}
