package orchestrator

import (
	"context"
	"net"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

// faraway is the probe of a port that an engine on another host binds to its
// own loopback. From here the same address is this host's, and whatever
// answers there proves nothing.
type faraway string

// String names the probe.
func (f faraway) String() string { return "tcp://" + string(f) }

// Run never passes.
func (f faraway) Run(context.Context) healthchecks.Evidence {
	return healthchecks.Evidence{
		Probe: f.String(), At: time.Now(), Code: "elsewhere", Final: true,
		Result: "it is bound to the loopback of the engine's host, which this host cannot reach",
		Hint:   "publish it on an address that reaches further, or run stackctl on the engine's host",
	}
}

// isFaraway says whether a binding is on the loopback of another host.
func (p prober) isFaraway(b Port) bool {
	ip := net.ParseIP(b.HostIP)
	return !p.info.Local && ip != nil && ip.IsLoopback() && p.info.Host != b.HostIP
}
