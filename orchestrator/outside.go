package orchestrator

import (
	"context"

	"github.com/stackctl/stackctl/healthchecks"
)

// Outside is how this host reaches what the engine's containers offer. The
// zero value is the host's own network.
type Outside struct {
	// Dial connects to published ports and to containers' own addresses; nil
	// connects as usual.
	Dial healthchecks.DialFunc
	// Routable says whether this host has a way to a container's own address;
	// nil looks at the host's interfaces.
	Routable func(ip string) bool
	// Taken says whether a process of this host listens where the engine is to
	// publish a port; nil tries to listen there.
	Taken func(ctx context.Context, port Port) bool
	// Own are this host's addresses beyond its loopback; nil asks its
	// interfaces.
	Own func() []string
	// Agent is what probes call themselves to servers of HTTP; "stackctl" when "".
	Agent string
}

// own is Own, or what the host's interfaces say.
func (o Outside) own() []string {
	if o.Own == nil {
		return healthchecks.OwnAddresses()
	}
	return o.Own()
}

// routable is Routable, or what the host's interfaces say.
func (o Outside) routable(ip string) bool {
	if o.Routable == nil {
		return healthchecks.Routable(ip)
	}
	return o.Routable(ip)
}

// taken says whether a process of this host holds a port that the engine is to
// publish. Where the engine's ports are not this host's, none does.
func (o Outside) taken(ctx context.Context, port Port) bool {
	if o.Taken != nil {
		return o.Taken(ctx, port)
	}
	return besideEngine() && taken(ctx, port)
}
