package orchestrator

import (
	"sync"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

// servers are the database servers that were found to be those of their
// containers, so that who they are need not be read in the container each time:
// that takes the engine more than all the rest of the proof. A nil one knows
// none.
type servers struct {
	mu    sync.Mutex
	known map[string]knownServer
}

// knownServer is the server of one run of a container.
type knownServer struct {
	containerStarted time.Time
	identity         healthchecks.ServerIdentity
}

// of is the server of c in its present run, the zero value when it is not known.
func (s *servers) of(c Container) healthchecks.ServerIdentity {
	if s == nil {
		return healthchecks.ServerIdentity{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.known[c.ID]; known.containerStarted.Equal(c.StartedAt) {
		return known.identity
	}
	return healthchecks.ServerIdentity{}
}

// remember keeps the server of c, instead of that of an earlier run.
func (s *servers) remember(c Container, identity healthchecks.ServerIdentity) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]knownServer{}
	}
	s.known[c.ID] = knownServer{c.StartedAt, identity}
}
