package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// placed has what a change of place must not lose: data in volumes with and without
// a name, a secret and a network.
const placed = `
services:
  app:
    image: IMAGE
    command: [serve]
    volumes: ["data:/data", /tmp]
    secrets: [key]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
volumes: {data: {}}
secrets: {key: {environment: KEY}}
`

// at lets the stack be run from a directory below its own, which gets the files.
func (s *stack) at(name string) *stack {
	s.t.Helper()
	below := *s
	below.dir = filepath.Join(s.dir, name)
	below.write("compose.yaml", placed)
	return &below
}

func newKept(t *testing.T) *stack {
	t.Helper()
	s := newStack(t, placed)
	must(t, os.Remove(filepath.Join(s.dir, "docker-compose.yml")))
	s.env = []string{"KEY=very-secret"}
	return s
}

func (s *stack) hasKept(id string) {
	s.t.Helper()
	if now := s.only("app").ID; now != id {
		s.t.Errorf("the container was %s and is %s", id, now)
	}
	s.expect(0, []string{"precious"}, "exec", "-T", "app", "/testimage", "cat", "/data/kept")
}

func TestAMovedDirectoryGoesOnWithItsStack(t *testing.T) {
	t.Parallel()
	s := newKept(t)
	old := s.at("old")
	old.expect(0, nil, "up", "--stable-for", "0")
	id := old.only("app").ID
	old.expect(0, nil, "exec", "-T", "app", "/testimage", "write", "file=/data/kept", "say=precious")

	copied := s.at("copy") // another checkout, while the first is there
	for _, args := range [][]string{{"up"}, {"status"}, {"down"}, {"logs"}, {"plan"}, {"stop"}} {
		o := copied.expect(10, []string{"belongs to another directory, " + old.dir, "--adopt " + args[0]}, args...)
		if strings.Contains(o.stderr, "not up") {
			t.Errorf("%v says of what runs that it is not up:\n%s", args, o.stderr)
		}
	}

	moved := *old
	moved.dir = filepath.Join(s.dir, "new")
	must(t, os.Rename(old.dir, moved.dir))
	moved.expect(0, []string{"proven"}, "status")
	moved.expect(0, nil, "plan", "--exit-code")
	moved.expect(0, []string{"is taken over", old.dir + ", which no longer exists"}, "up", "--stable-for", "0")
	moved.hasKept(id)
	moved.expect(0, nil, "logs")
	moved.expect(0, []string{"proven"}, "restart", "--stable-for", "0")
	moved.expect(0, nil, "down")
	moved.expect(0, nil, "up", "--stable-for", "0") // has the volume, which it took over before
	id = moved.only("app").ID
	moved.hasKept(id)
	moved.expect(0, nil, "up", "--stable-for", "0")
	moved.hasKept(id)

	again := s.at("old") // who is at the old place now does not have it
	again.expect(10, []string{"belongs to another directory, " + moved.dir}, "up")
	again.expect(0, []string{"is taken over from " + moved.dir}, "--adopt", "down", "-v")
	nothingLeft(t, s.name)
}

func TestALinkToAReleaseIsOneProject(t *testing.T) {
	t.Parallel()
	s := newKept(t)
	first, second := s.at("releases/1"), s.at("releases/2")
	link := filepath.Join(s.dir, "current")
	current := *s
	current.dir, current.env = link, append(current.env, "PWD="+link)
	must(t, os.Symlink(first.dir, link))
	current.expect(0, nil, "up", "--stable-for", "0")
	id := current.only("app").ID
	first.expect(0, []string{"proven"}, "status") // the same directory
	current.expect(0, nil, "exec", "-T", "app", "/testimage", "write", "file=/data/kept", "say=precious")
	must(t, os.Remove(link))
	must(t, os.Symlink(second.dir, link))
	second.expect(10, []string{first.dir}, "status")
	current.expect(0, []string{"proven"}, "status")
	o := current.expect(0, []string{"is taken over: " + link}, "up", "--stable-for", "0")
	if strings.Contains(o.stderr, "no longer exists") {
		t.Error(o.stderr)
	}
	current.hasKept(id)
	s.global = []string{"--project-directory", link}
	s.expect(0, nil, "down", "-v")
	nothingLeft(t, s.name)
}

func TestAFileOfAProcessSubstitutionIsOfTheWorkingDirectory(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	s := newStack(t, one)
	for _, c := range []struct {
		command, says string
	}{{"up --stable-for 0", "proven"}, {"up --stable-for 0", "proven"}, {"status", "proven"}, {"test -- true", "proven"}, {"down", "is down"}} {
		cmd := s.command(t.Context())
		cmd.Path, cmd.Args = bash, []string{"bash", "-c", program + " -p " + s.name + " -f <(cat docker-compose.yml) " + c.command}
		if o := s.finish(cmd); o.code != 0 || !strings.Contains(o.stdout+o.stderr, c.says) {
			t.Fatalf("%s ended with %d\n%s\n%s", c.command, o.code, o.stdout, o.stderr)
		}
	}
	nothingLeft(t, s.name)
}
