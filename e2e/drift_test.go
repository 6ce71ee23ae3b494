package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatSomebodyChangedInAContainerIsADifferenceAndRepaired(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  web:
    image: CHECKEDIMAGE
    restart: unless-stopped
    mem_limit: 64m
    cpus: 0.5
    pids_limit: 100
  whole:
    image: CHECKEDIMAGE
    deploy:
      restart_policy: {condition: on-failure, max_attempts: 3}
      resources: {limits: {memory: 64M, cpus: "0.25"}, reservations: {memory: 32M}}
`)
	s.expect(0, nil, "up")
	s.expect(0, nil, "status") // the engine's own words for what was asked are no difference
	before := containersOf(t, s.name)
	engine(t, http.MethodPost, "/containers/"+before["web"].ID+"/update", `{"RestartPolicy": {"Name": "no"}, "Memory": 33554432, "MemorySwap": 33554432}`)
	words := []string{"web", "mem_limit is 32 MiB, the file says 64 MiB", "restart is no, the file says unless-stopped"}
	s.expect(11, words, "status")
	s.expect(11, words, "plan", "--exit-code")
	s.expect(0, []string{"proven"}, "up")
	s.expect(0, nil, "status")
	now := containersOf(t, s.name)
	if now["web"].HostConfig.RestartPolicy.Name != "unless-stopped" || now["whole"].ID != before["whole"].ID {
		t.Errorf("after up web restarts %q, and whole was replaced: %t", now["web"].HostConfig.RestartPolicy.Name, now["whole"].ID != before["whole"].ID)
	}
}

func TestAFileThatWasReplacedOnThisHostIsADifferenceAndARestartMendsIt(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  web:
    image: CHECKEDIMAGE
    volumes: ["./app.conf:/etc/app.conf:ro", "./dist:/www:ro"]
    secrets: [key]
secrets: {key: {file: ./key}}
`)
	s.write("app.conf", "v1")
	s.write("dist/index.html", "one")
	s.write("key", "secret-one")
	o := s.expect(0, nil, "up")
	if strings.Contains(o.stdout+o.stderr, "could not be seen from here") {
		if os.Getenv("DOCKER_HOST") == "" {
			t.Fatal("the files of this host's own engine cannot be compared")
		}
		return // another engine's processes are not this host's
	}
	before := containersOf(t, s.name)["web"]
	s.write("dist/index.html", "two")
	s.write("dist/more.html", "three")
	s.write("app.conf", "v2") // in its place
	s.expect(0, nil, "status")
	s.write("app.conf.new", "v3")
	must(t, os.Rename(filepath.Join(s.dir, "app.conf.new"), filepath.Join(s.dir, "app.conf")))
	must(t, os.RemoveAll(filepath.Join(s.dir, "dist")))
	s.write("dist/index.html", "four")
	s.expect(11, []string{"web: ./app.conf, ./dist were replaced on this host since it started"}, "status")
	s.expect(0, []string{"proven"}, "up")
	s.expect(0, nil, "status")
	now := containersOf(t, s.name)["web"]
	if now.ID != before.ID {
		t.Error("the container was replaced, a restart was enough")
	}
	for path, want := range map[string]string{"/etc/app.conf": "v3", "/www/index.html": "four"} {
		if _, got := inside(t, now.ID, "/testimage", "cat", path); !strings.Contains(got, want) {
			t.Errorf("the container has %q at %s, not %q", got, path, want)
		}
	}
}

func TestDataThatAnEditWouldLeaveBehindIsNamedAndNothingIsTouched(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  db:
    image: CHECKEDIMAGE
    command: [serve, "id=/data/id"]
    volumes: [/data]
`)
	s.expect(0, nil, "up")
	before := containersOf(t, s.name)["db"]
	unnamed := before.Mounts[0].Name
	s.write("docker-compose.yml", `
services:
  db:
    image: CHECKEDIMAGE
    command: [serve, "id=/data/id"]
    volumes: ["named:/data"]
volumes: {named: {}}
`)
	words := []string{"unnamed volume " + unnamed, "/data", "cp -a /from/. /to", "--leave-volumes"}
	s.expect(10, words, "plan")
	s.expect(10, words, "up")
	if now := containersOf(t, s.name)["db"]; now.ID != before.ID || now.State.StartedAt != before.State.StartedAt {
		t.Error("db was touched")
	}
	s.expect(0, []string{"unnamed volume " + unnamed + " keeps what db had at /data"}, "up", "--leave-volumes")
	engine(t, http.MethodGet, "/volumes/"+unnamed, "") // is still there
	engine(t, http.MethodDelete, "/volumes/"+unnamed, "")
	s.expect(0, nil, "down", "-v")
}
