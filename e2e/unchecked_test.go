package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAnUncheckedServiceIsUpAndTheRunEndsWithItsOwnCode(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  web: {image: IMAGE, depends_on: {worker: {condition: service_started}}, healthcheck: {test: [CMD, /testimage, check], interval: 1s}}
  worker: {image: IMAGE, command: [sleep], restart: always}
`)
	o := s.expect(0, []string{"unchecked: worker", "add a healthcheck"}, "plan")
	if !strings.Contains(o.stdout, "5 changes") {
		t.Errorf("the plan is not whole: %s", o.stdout)
	}
	o = s.expect(12, []string{"worker is unchecked", "healthcheck:", "exit 12 (unchecked)"}, "up", "--report", "report.xml", "--rollback")
	if warned, built := strings.Index(o.stderr, "warning: unchecked: worker"), strings.Index(o.stderr, "created"); warned < 0 || built < warned {
		t.Errorf("it is not said before anything is made: %s", o.stderr)
	}
	if text := contents(t, s.dir+"/report.xml"); !strings.Contains(text, "<skipped") || strings.Contains(text, "<failure") || strings.Contains(text, "<error") {
		t.Errorf("the report is %s", text)
	}
	o = s.expect(12, nil, "status", "-o", "json")
	var document struct {
		Proven    bool
		Unchecked []string
	}
	if err := json.Unmarshal([]byte(o.stdout), &document); err != nil || document.Proven || len(document.Unchecked) != 1 {
		t.Errorf("%v: %+v", err, document)
	}
	s.expect(7, []string{"worker"}, "status", "--strict")
	s.expect(0, []string{"waived"}, "status", "--allow-unverified")
	s.expect(12, nil, "restart", "-t", "0", "worker")
	s.expect(2, nil, "up", "--strict", "--allow-unverified")
	s.write("docker-compose.yml", contents(t, s.dir+"/docker-compose.yml")+"x-stackctl: {allow_unverified: true}\n")
	s.expect(0, []string{"waived, so not proven: worker"}, "up")
}

func TestTheHealthOfAnUncheckedServiceCannotBeWaitedFor(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  web:
    image: IMAGE
    depends_on:
      worker: {condition: service_healthy}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  worker: {image: IMAGE, command: [sleep], restart: always}
`)
	s.expect(0, nil, "config", "-q")
	s.expect(0, []string{"web waits for worker to be healthy"}, "plan")
	s.expect(3, []string{"docker-compose.yml:6:7", "web waits for worker to be healthy", "service_started"}, "up")
	nothingLeft(t, s.name)
	s.write("docker-compose.yml", strings.Replace(contents(t, s.dir+"/docker-compose.yml"), "worker: {image: "+image+", command: [sleep]", "worker: {image: CHECKEDIMAGE", 1))
	s.expect(0, nil, "up")
}

func TestACommandRunsAgainstACopyWithUncheckedServices(t *testing.T) {
	t.Parallel()
	s := newStack(t, "services: {worker: {image: IMAGE, command: [sleep], restart: always}}")
	s.expect(5, []string{"unchecked"}, "test", "--report", "report.json", "--", "sh", "-c", "exit 5")
	if text := contents(t, s.dir+"/report.json"); !strings.Contains(text, `"unchecked": [`) {
		t.Errorf("the report does not list it: %s", text)
	}
	s.expect(125, []string{"worker is unchecked"}, "test", "--strict", "--", "true")
}

func TestMissingBindSourcesAreMadeByTheCallerOrRefusedTogether(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  web:
    image: IMAGE
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
    volumes:
      - ./data:/data
      - ./site.d:/site:ro
      - ./app.conf:/app.conf:ro
`)
	absent := func(names ...string) {
		t.Helper()
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(s.dir, name)); err == nil {
				t.Errorf("%s was made", name)
			}
		}
	}
	s.expect(0, nil, "config", "-q")
	s.expect(7, nil, "status")
	s.expect(0, nil, "down")
	o := s.expect(3, []string{"docker-compose.yml:9:9", "cp PATH/TO/app.conf ./app.conf"}, "plan")
	if !strings.Contains(o.stdout, "create directory  ./data") {
		t.Errorf("the plan is %s", o.stdout)
	}
	s.expect(3, []string{"docker-compose.yml:9:9"}, "up")
	s.expect(3, []string{":7:9", ":8:9", ":9:9", "mkdir -p ./data ./site.d && cp PATH/TO/app.conf ./app.conf"}, "up", "--create-binds", "never")
	absent("data", "site.d", "app.conf")
	s.write("app.conf", "x")
	s.expect(0, []string{"./data", "./site.d", "mounts it read-only"}, "up")
	info, err := os.Stat(filepath.Join(s.dir, "data"))
	must(t, err)
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Getuid() {
		t.Errorf("the directory belongs to %d", owner)
	}
	s.expect(0, nil, "stop", "-t", "0")
	must(t, os.Remove(filepath.Join(s.dir, "data")))
	s.expect(3, []string{"mkdir -p ./data"}, "start", "--create-binds", "never")
	s.expect(0, []string{"./data"}, "start")
	s.expect(0, nil, "down")
}

// contents are those of a file.
func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}
