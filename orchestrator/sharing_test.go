package orchestrator

import (
	"strings"
	"testing"

	"github.com/stackctl/stackctl/compose"
)

func TestWhatIsSharedIsStaleOnceThePeerHasBegunAnew(t *testing.T) {
	t.Parallel()
	peerID, otherID := strings.Repeat("a", 64), strings.Repeat("b", 64)
	peer := Container{ID: peerID, Name: "p-peer-1", Service: "peer", State: StateRunning, Created: epoch(), StartedAt: epoch()}
	sharer := Container{ID: strings.Repeat("c", 64), Name: "p-app-1", Service: "app", State: StateRunning,
		Created: epoch(), StartedAt: epoch().Add(time10s)}
	restarted, created := peer, peer
	restarted.StartedAt = sharer.StartedAt.Add(time10s)
	created.Created = sharer.Created.Add(time10s)
	created.Mounts = []Mount{{Type: "volume", Name: "p_other", Destination: "/d"}}
	same := created
	same.Mounts = []Mount{{Type: "volume", Name: "p_data", Destination: "/d"}}
	stopped := restarted
	stopped.State = StateExited
	for _, x := range []struct {
		name            string
		service         func(*compose.Service)
		mode            func(*Container)
		peer            Container
		stale, replaced bool
	}{
		{name: "the network of a peer as it was", service: func(s *compose.Service) { s.NetworkMode = "service:peer" }, peer: peer},
		{name: "the network of a peer that restarted", service: func(s *compose.Service) { s.NetworkMode = "service:peer" }, peer: restarted, stale: true},
		{name: "IPC", service: func(s *compose.Service) { s.Ipc = "service:peer" }, peer: restarted, stale: true},
		{name: "PID", service: func(s *compose.Service) { s.Pid = "service:peer" }, peer: restarted, stale: true},
		{name: "a container outside of the file, by name", service: func(s *compose.Service) { s.NetworkMode = "container:p-peer-1" }, peer: restarted, stale: true},
		{name: "a container outside of the file, by ID", service: func(s *compose.Service) { s.NetworkMode = "container:" + peerID[:12] }, peer: restarted, stale: true},
		{name: "a peer that does not run is its own failure", service: func(s *compose.Service) { s.NetworkMode = "service:peer" }, peer: stopped},
		{name: "volumes outlive a restart of the peer", service: func(s *compose.Service) { s.VolumesFrom = []string{"peer:ro"} }, peer: restarted},
		{name: "the volumes of a peer that was replaced and has the same ones", service: func(s *compose.Service) { s.VolumesFrom = []string{"peer"} }, peer: same,
			mode: func(c *Container) { c.Mounts = same.Mounts }},
		{name: "volumes of a peer that was replaced", service: func(s *compose.Service) { s.VolumesFrom = []string{"peer"} }, peer: created, stale: true, replaced: true},
		{name: "the network of another container than the peer", service: func(s *compose.Service) { s.NetworkMode = "service:peer" }, peer: peer,
			mode: func(c *Container) { c.NetworkMode = "container:" + otherID }, stale: true, replaced: true},
		{name: "an engine that has the name for the ID", service: func(s *compose.Service) { s.NetworkMode = "service:peer" }, peer: peer,
			mode: func(c *Container) { c.NetworkMode = "container:p-peer-1" }},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c := sharer
			if x.mode != nil {
				x.mode(&c)
			}
			service := &compose.Service{}
			x.service(service)
			peers := []Container{x.peer}
			got, stale := staleShareOf(service, c, func(string) []Container { return peers }, peers)
			if stale != x.stale || got.replaced != x.replaced {
				t.Errorf("stale %t, replaced %t; want %t, %t", stale, got.replaced, x.stale, x.replaced)
			}
		})
	}
}
