package orchestrator

import (
	"context"
	"errors"

	"github.com/stackctl/stackctl/compose"
)

// portTries is how often a container is started whose host ports are the
// engine's choice: that makes fifty ports in a row, see startOnFreePorts.
const portTries = 5

// startOnFreePorts starts a container of service s. Engines choose a port by
// what their own containers hold; where processes of the host have it and the
// next ones, Docker gives up after ten, and goes on from there when it is asked
// again. A fixed port that is taken stays taken.
func startOnFreePorts(ctx context.Context, engine Engine, id string, s *compose.Service) error {
	for try := 1; ; try++ {
		err := engine.StartContainer(ctx, id)
		if try == portTries || !choseTakenPort(err, s) {
			return err
		}
	}
}

// choseTakenPort says whether a start failed for a host port that the engine
// had chosen itself.
func choseTakenPort(err error, s *compose.Service) bool {
	var lacking interface{ PortTaken() bool }
	return errors.As(err, &lacking) && lacking.PortTaken() && len(fixedPorts(s)) == 0
}
