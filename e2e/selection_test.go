package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// three services, one of them of a profile that is not active by itself, and a
// job that only another service's wait makes one.
const three = `
services:
  a: &service
    image: IMAGE
    command: [serve]
    networks: [front]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  b:
    <<: *service
    networks: [back]
    volumes: ["data:/data"]
    depends_on: {mig: {condition: service_completed_successfully}}
  mig: {image: IMAGE, command: [write, file=/tmp/done], restart: on-failure, network_mode: none}
  dbg:
    <<: *service
    profiles: [debug]
networks: {front: {}, back: {}}
volumes: {data: {}}
`

func TestASelectionLimitsWhatIsDoneAndNotWhatIsKnown(t *testing.T) {
	t.Parallel()
	s := newStack(t, three)
	s.expect(7, []string{"a of " + s.name + ": not up", "up a"}, "status", "a")
	s.expect(0, []string{"1 job completed"}, "up", "mig", "--stable-for", "0")
	s.expect(0, nil, "--profile", "debug", "up", "--stable-for", "0")
	before := containersOf(t, s.name)
	if len(before) != 4 {
		t.Fatalf("there are %d containers", len(before))
	}
	s.env = []string{"STACKCTL_REMOVE_ORPHANS=true"}
	for _, args := range [][]string{
		{"up", "a", "--stable-for", "0"}, {"plan", "a"}, {"up", "--stable-for", "0"}, {"start", "a", "--stable-for", "0"},
		{"restart", "a", "--stable-for", "0"}, {"status", "a"}, {"--profile", "debug", "up", "dbg", "--stable-for", "0"},
		{"restart", "dbg", "--stable-for", "0"}, {"stop", "dbg"}, {"start", "dbg", "--stable-for", "0"},
	} {
		o := s.expect(0, nil, args...)
		for _, word := range []string{"orphan", "no longer"} {
			if strings.Contains(o.stdout+o.stderr, word) {
				t.Errorf("%v says %q\nstdout:\n%s\nstderr:\n%s", args, word, o.stdout, o.stderr)
			}
		}
	}
	for service, c := range containersOf(t, s.name) {
		if c.ID != before[service].ID || c.State.Status != before[service].State.Status {
			t.Errorf("%s was %s, %s, and is %s, %s", service, before[service].ID, before[service].State.Status, c.ID, c.State.Status)
		}
	}
	if now := containersOf(t, s.name); len(now) != len(before) {
		t.Errorf("%d of %d containers are left", len(now), len(before))
	}
	var report struct{ Unselected []string }
	must(t, json.Unmarshal([]byte(s.expect(0, nil, "status", "-o", "json", "a").stdout), &report))
	if len(report.Unselected) != 2 {
		t.Errorf("the report leaves out %v", report.Unselected)
	}
	s.expect(0, nil, "down", "-v")
	nothingLeft(t, s.name)
}
