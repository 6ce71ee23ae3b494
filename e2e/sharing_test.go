package e2e

import (
	"net/http"
	"testing"
	"time"
)

func TestWhoSharesTheNamespaceOfARestartedPeerIsNotProvenUntilItIsRestartedToo(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  gateway:
    image: IMAGE
    command: [serve, "listen=:9000"]
    ipc: shareable
    healthcheck: {test: [CMD, /testimage, check, "url=http://127.0.0.1:9000/"], interval: 500ms}
  app:
    image: CHECKEDIMAGE
    network_mode: service:gateway
  reader:
    image: CHECKEDIMAGE
    ipc: service:gateway
    volumes_from: [gateway]
`)
	s.expect(0, nil, "up")
	before := containersOf(t, s.name)
	engine(t, http.MethodPost, "/containers/"+before["gateway"].ID+"/restart?t=1", "")
	eventually(t, time.Minute, "status ends with 7 and names a sharer", func() bool {
		return s.run("status").code == 7
	})
	s.expect(7, []string{"app: ", "it has the network namespace that " + before["gateway"].Name + " had before it restarted",
		"reader: ", "it has the IPC namespace that "}, "status")
	s.expect(0, []string{"proven: 3 services"}, "up")
	now := containersOf(t, s.name)
	for service, c := range now {
		if c.ID != before[service].ID {
			t.Errorf("up replaced %s, a restart was enough", service)
		}
	}
	if code, output := inside(t, now["gateway"].ID, "/testimage", "check"); code != 0 {
		t.Errorf("in the network of gateway nobody finds app: %s", output)
	}
	s.expect(0, nil, "restart", "gateway")
	s.expect(0, nil, "status")
}
