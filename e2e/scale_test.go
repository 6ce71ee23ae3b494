package e2e

import (
	"strings"
	"testing"
)

func TestTheNumberOfContainersIsTheFlagsBeforeTheFileIsChecked(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := newStack(t, strings.ReplaceAll(`
services:
  web: {image: IMAGE, deploy: {replicas: 2}, ports: ["127.0.0.1:PORT:8080"], healthcheck: {test: [CMD, /testimage, check], interval: 1s}}
`, "PORT", port))
	s.expect(3, []string{"2 replicas cannot hold one host port"}, "up")
	s.expect(0, nil, "up", "--scale", "web=1", "--stable-for", "0")
	if n := len(ids(t, "containers", s.name)); n != 1 {
		t.Errorf("there are %d containers", n)
	}
	s.expect(0, []string{"proven"}, "status", "--scale", "web=1")
	s.expect(0, nil, "exec", "-T", "web", "/testimage", "check")
	s.expect(0, nil, "stop")
	s.expect(0, nil, "down")                                    // without the flag
	s.expect(0, nil, "test", "--stable-for", "0", "--", "true") // its ports are the engine's choice
}
