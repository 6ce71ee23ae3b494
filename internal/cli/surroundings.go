package cli

import (
	"context"
	"net"

	"github.com/stackctl/stackctl/orchestrator"
)

// Surroundings are what a run finds around it. The zero value is this host; a
// test's engine and network stand in for it without a socket.
type Surroundings struct {
	// Engine connects to the engine; nil dials its endpoint.
	Engine func(ctx context.Context, network, address string) (net.Conn, error)
	// Outside is how published ports are reached.
	Outside orchestrator.Outside
}
