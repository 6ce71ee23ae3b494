package orchestrator

import (
	"context"
	"net"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

// faraway is the probe of a port that cannot be asked from here: one that the
// engine binds to the loopback of another host, or any port when there is no way to
// that host. From here the same address is this host's, and whatever answers there
// proves nothing.
type faraway struct{ address, why, hint string }

// String names the probe.
func (f faraway) String() string { return "tcp://" + f.address }

// Run never passes.
func (f faraway) Run(context.Context) healthchecks.Evidence {
	return healthchecks.Evidence{Probe: f.String(), At: time.Now(), Code: "elsewhere", Final: true, Result: f.why, Hint: f.hint}
}

const portsHostHint = "say where they are: --ports-host ADDRESS (or STACKCTL_PORTS_HOST)"

// faraway is the probe of a binding that cannot be asked from here; ok is false when
// it can.
func (p prober) faraway(b Port) (probe faraway, ok bool) {
	address := p.address(b)
	if p.info.Unreachable != "" {
		return faraway{address, p.info.Unreachable, portsHostHint}, true
	}
	ip := net.ParseIP(b.HostIP)
	if p.info.Local || ip == nil || !ip.IsLoopback() || p.info.Host == b.HostIP {
		return faraway{}, false
	}
	if p.info.HostSource != "" {
		return faraway{address, "it is bound to the loopback of the engine's host, and stackctl is not in the network of that host",
			"publish it on an address that reaches further, or run stackctl in the host's network (--network host for its container)"}, true
	}
	return faraway{address, "it is bound to the loopback of the engine's host, which this host cannot reach",
		"publish it on an address that reaches further, or run stackctl on the engine's host"}, true
}

// placedProbe is a probe of a port at an address that was found out: where it fails,
// that is said.
type placedProbe struct {
	repeatable
	source string
}

// Run implements healthchecks.Probe.
func (e placedProbe) Run(ctx context.Context) healthchecks.Evidence {
	v := e.repeatable.Run(ctx)
	if !v.Passed {
		v.Result += "; asked there since " + e.source
		if v.Hint == "" {
			v.Hint = "if the ports are elsewhere, " + portsHostHint
		}
	}
	return v
}

// placed makes a probe say where its address is from, if that is not obvious.
func (p prober) placed(probe repeatable) healthchecks.Probe {
	if p.info.HostSource == "" {
		return probe
	}
	return placedProbe{probe, p.info.HostSource}
}
