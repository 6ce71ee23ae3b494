package e2e

import (
	"net"
	"testing"
)

func TestTheDoctorSeesWhatAnUpWouldMeet(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := newStack(t, `
services:
  web:
    image: IMAGE
    command: [serve]
    ports: ["127.0.0.1:`+port+`:8080"]
`)
	s.expect(0, []string{"compose file", "engine", "clock", "disk", "limits", "networks", "nothing has to be pulled"}, "doctor")
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	must(t, err)
	s.expect(6, []string{"✖ ports", "port " + port + " on the host is taken by process", "→ see what it is", "not fit: ports"}, "doctor")
	must(t, l.Close())
	s.expect(0, []string{`"fit": true`, `"name": "ports"`}, "doctor", "-o", "json")
	if found := ids(t, "containers", s.name); len(found) > 0 {
		t.Errorf("it made %v", found)
	}
	s.env = []string{"DOCKER_HOST=unix:///nonexistent.sock"}
	s.expect(4, []string{"✖ engine", "not fit: engine"}, "doctor")
}
