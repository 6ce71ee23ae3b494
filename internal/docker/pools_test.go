package docker

import (
	"testing"

	"github.com/docker/docker/api/types/system"
)

func TestTheNetworksThatFitAreCounted(t *testing.T) {
	for _, c := range []struct {
		what  string
		pools []system.NetworkAddressPool
		used  []string
		free  int
		known bool
	}{
		{"an engine that was told nothing", nil, nil, 31, true},
		{"its own bridge is one of them", nil, []string{"172.17.0.0/16"}, 30, true},
		{"a large network takes several", nil, []string{"192.168.0.0/17"}, 23, true},
		{"addresses of other ranges take none", nil, []string{"10.0.0.0/8", "fd00::/64", "nonsense"}, 31, true},
		{"pools of its own", []system.NetworkAddressPool{{Base: "10.160.0.0/16", Size: 24}}, []string{"10.160.3.0/24", "10.160.4.0/25"}, 254, true},
		{"all is used", []system.NetworkAddressPool{{Base: "10.1.2.0/24", Size: 24}}, []string{"10.1.2.0/24"}, 0, true},
		{"pools of IPv6 beside them", []system.NetworkAddressPool{{Base: "fd00::/48", Size: 64}, {Base: "10.1.0.0/16", Size: 16}}, nil, 1, true},
		{"pools that make no sense", []system.NetworkAddressPool{{Base: "10.1.0.0/16", Size: 8}}, nil, 0, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			pools, known := poolsOf(c.pools)
			if known != c.known {
				t.Fatalf("known: %t", known)
			}
			if free := pools.free(c.used); free != c.free {
				t.Errorf("%d are free, want %d", free, c.free)
			}
		})
	}
}
