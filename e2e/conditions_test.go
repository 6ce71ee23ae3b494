package e2e

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Conditions of the engine that a project may meet, beyond what its keys say.

// one is a service that is proven by its healthcheck.
const one = `
services:
  app:
    image: IMAGE
    environment: {WORD: one}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
`

// only is the one container of a service.
func (s *stack) only(service string) seen {
	s.t.Helper()
	c, ok := containersOf(s.t, s.name)[service]
	if !ok {
		s.t.Fatalf("service %s has no container", service)
	}
	return c
}

func TestAnonymousVolumesSurviveARecreation(t *testing.T) {
	t.Parallel()
	file := strings.Replace(one, "    environment", "    volumes: [/data]\n    environment", 1)
	s := newStack(t, file)
	s.expect(0, nil, "up")
	before := s.only("app")
	s.write("docker-compose.yml", strings.Replace(file, "WORD: one", "WORD: two", 1))
	s.expect(0, []string{"WORD"}, "up")
	after := s.only("app")
	if after.ID == before.ID {
		t.Fatal("app was not recreated")
	}
	if len(before.Mounts) != 1 || len(after.Mounts) != 1 || before.Mounts[0].Name != after.Mounts[0].Name {
		t.Errorf("the anonymous volume was %+v and is %+v", before.Mounts, after.Mounts)
	}
	volume := after.Mounts[0].Name
	s.expect(0, nil, "down", "-v")
	if err := call(t.Context(), http.MethodGet, "/volumes/"+volume, nil, nil); err == nil {
		t.Errorf("the anonymous volume %s is left", volume)
	}
}

func TestOrphansAreNamedAndRemovedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	s := newStack(t, one+`
  former:
    image: IMAGE
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
`)
	s.expect(0, nil, "up")
	former := s.only("former")
	s.write("docker-compose.yml", one)
	s.expect(0, []string{"former", "--remove-orphans"}, "up")
	if s.only("former").ID != former.ID {
		t.Error("the orphan was touched")
	}
	s.expect(0, []string{"former"}, "plan", "--remove-orphans")
	s.expect(0, []string{"former"}, "up", "--remove-orphans")
	if now := containersOf(t, s.name); len(now) != 1 {
		t.Errorf("there are %d containers", len(now))
	}
}

func TestAChangedNetworkOrVolumeIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	file := one + "    volumes: ['data:/data']\nnetworks: {default: {labels: {a: NETWORK}}}\nvolumes: {data: {labels: {a: VOLUME}}}\n"
	s := newStack(t, file)
	s.expect(0, nil, "up")
	before := s.only("app")
	for label, remedy := range map[string]string{"NETWORK": "stackctl -p " + s.name + " down", "VOLUME": "docker volume rm " + s.name + "_data"} {
		s.write("docker-compose.yml", strings.Replace(file, label, "changed", 1))
		o := s.expect(10, []string{strings.ToLower(label), "changed"}, "up")
		if !strings.Contains(flowed(o.stderr), remedy) {
			t.Errorf("it does not say %q:\n%s", remedy, o.stderr)
		}
		if s.only("app").ID != before.ID {
			t.Error("the container was touched")
		}
	}
}

// composeLabels are those of an object that docker compose made.
func (s *stack) composeLabels(more string) string {
	return `"Labels":{"com.docker.compose.project":"` + s.name + `","com.docker.compose.version":"2.40.3",` + more + `}`
}

func TestAVolumeOfDockerComposeIsAdopted(t *testing.T) {
	t.Parallel()
	s := newStack(t, one+"    volumes: ['data:/data']\nvolumes: {data: {}}\n")
	engine(t, http.MethodPost, "/volumes/create", `{"Name":"`+s.name+`_data",`+s.composeLabels(`"com.docker.compose.volume":"data"`)+`}`)
	s.expect(0, nil, "up")
	if c := s.only("app"); len(c.Mounts) != 1 || c.Mounts[0].Name != s.name+"_data" {
		t.Errorf("app has the mounts %+v", c.Mounts)
	}
	s.expect(0, []string{"no changes"}, "plan")
}

func TestAContainerOfDockerComposeIsAConflictWithTheWayToHandItOver(t *testing.T) {
	t.Parallel()
	s := newStack(t, one)
	engine(t, http.MethodPost, "/containers/create?name="+s.name+"-app-1", `{"Image":"`+image+`",`+
		s.composeLabels(`"com.docker.compose.service":"app","com.docker.compose.container-number":"1","com.docker.compose.oneoff":"False"`)+`}`)
	before := s.only("app")
	s.expect(10, []string{s.name + "-app-1", "docker compose -p " + s.name + " down"}, "up")
	s.expect(10, []string{"docker compose -p " + s.name + " down"}, "plan")
	if after := s.only("app"); after.ID != before.ID || after.State.Status != before.State.Status {
		t.Error("the container was touched")
	}
}

func TestTwoDirectoriesWithTheSameNameAreNeverConfused(t *testing.T) {
	t.Parallel()
	first, second := newStack(t, one), newStack(t, one)
	second.name = first.name
	first.expect(0, nil, "up")
	before := first.only("app")
	second.expect(10, []string{first.dir}, "up")
	second.expect(10, []string{first.dir}, "down")
	if after := first.only("app"); after.ID != before.ID || after.State.StartedAt != before.State.StartedAt {
		t.Error("the other directory's container was touched")
	}
	first.expect(0, nil, "status")
}

func TestARollbackBringsTheOldContainersBackAndStillFails(t *testing.T) {
	t.Parallel()
	file := strings.Replace(one, "    environment", "    command: [serve, status=200]\n    volumes: [/data]\n    environment", 1) + `
  web:
    image: IMAGE
    environment: {WORD: one}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
`
	s := newStack(t, file)
	s.expect(0, nil, "up")
	before := containersOf(t, s.name)
	broken := strings.ReplaceAll(strings.Replace(file, "status=200", "status=500", 1), "WORD: one", "WORD: two")
	broken = strings.Replace(broken, "interval: 1s}", "interval: 500ms, retries: 1}", 1)
	s.write("docker-compose.yml", broken)
	s.expect(7, []string{"app", "unhealthy"}, "up", "--rollback")
	after := containersOf(t, s.name)
	for service, was := range before {
		now := after[service]
		if now.ID != was.ID || now.Name != was.Name || now.State.Status != "running" {
			t.Errorf("%s was %s (%s) and is %s (%s), %s", service, was.Name, was.ID[:12], now.Name, now.ID[:12], now.State.Status)
		}
	}
	if len(ids(t, "containers", s.name)) != len(before) {
		t.Errorf("there are %d containers", len(ids(t, "containers", s.name)))
	}
	s.write("docker-compose.yml", file)
	eventually(t, time.Minute, "the old containers are proven again", func() bool { return s.run("status").code == 0 })
}

func TestARollbackUndoesWhatTheRunMadeAndSaysWhatItCannot(t *testing.T) {
	t.Parallel()
	file := `
services:
  app: {image: IMAGE, environment: {V: "1"}, @CHECK@}
  job: {image: IMAGE, command: [write, file=/data/log, say=v1], volumes: ["data:/data"], x-stackctl: {job: true}}
  gone: {image: IMAGE, @CHECK@}
  rested: {image: IMAGE, @CHECK@}
volumes: {data: {}}
`
	check := "healthcheck: {test: [CMD, /testimage, check], interval: 1s}"
	s := newStack(t, strings.ReplaceAll(file, "@CHECK@", check))
	s.expect(0, nil, "up", "--stable-for", "0")
	s.expect(0, nil, "stop", "rested")
	before := containersOf(t, s.name)
	second := strings.NewReplacer(
		`V: "1"}, @CHECK@`, `V: "2"}, scale: 2, depends_on: {job: {condition: service_completed_successfully}, new: {condition: service_healthy}, rested: {condition: service_healthy}}, healthcheck: {test: [CMD, /testimage, check, url=http://127.0.0.1:1/], interval: 500ms, retries: 2}`,
		"say=v1", "say=v2", "  gone: {image: IMAGE, @CHECK@}", "  new: {image: IMAGE, volumes: ['extra:/e', /data], networks: [extra], @CHECK@}",
		"volumes: {data: {}}", "volumes: {data: {}, extra: {}}\nnetworks: {extra: {}}",
	).Replace(file)
	s.write("docker-compose.yml", strings.ReplaceAll(second, "@CHECK@", check))
	o := s.expect(7, []string{"ran as the new version; what it wrote stays", "stopped again", "this run made it"}, "up", "--rollback", "--remove-orphans")
	for line := range strings.Lines(o.stderr) {
		if strings.Contains(line, " job ") && strings.Contains(line, "rolled back") {
			t.Errorf("a job that ran is called rolled back: %s", line)
		}
	}
	after := containersOf(t, s.name)
	for service, was := range before {
		if now := after[service]; now.ID != was.ID || now.Name != was.Name || now.State.Status != was.State.Status {
			t.Errorf("%s was %s (%s), %s, and is %s (%s), %s", service, was.Name, was.ID, was.State.Status, now.Name, now.ID, now.State.Status)
		}
	}
	containers, networks, volumes := ids(t, "containers", s.name), ids(t, "networks", s.name), ids(t, "volumes", s.name)
	if len(containers) != len(before) || len(networks) != 1 || len(volumes) != 1 {
		t.Errorf("there are %d containers, networks %v and volumes %v", len(containers), networks, volumes)
	}
}

func TestWithoutARollbackAFailedUpIsLeftForALook(t *testing.T) {
	t.Parallel()
	s := newStack(t, one)
	s.expect(0, nil, "up")
	s.write("docker-compose.yml", strings.Replace(one, "environment", "command: [exit, \"3\"]\n    environment", 1))
	s.expect(7, []string{"app", "exited(3)", "left in place"}, "up")
	if c := s.only("app"); c.State.ExitCode != 3 || c.Name != s.name+"-app-1" {
		t.Errorf("what is left is %s, which ended with %d", c.Name, c.State.ExitCode)
	}
	s.write("docker-compose.yml", one)
	s.expect(0, nil, "up")
	if all := ids(t, "containers", s.name); len(all) != 1 {
		t.Errorf("there are %d containers", len(all))
	}
}

func TestASecondRunWaitsForTheFirstWhenAskedTo(t *testing.T) {
	t.Parallel()
	slow := strings.Replace(one, "    environment", "    command: [serve, after=8s]\n    environment", 1)
	s := newStack(t, strings.Replace(slow, "interval: 1s", "interval: 1s, retries: 20", 1))
	first := s.command(t.Context(), "up")
	var said bytes.Buffer
	first.Stdout, first.Stderr = &said, &said
	must(t, first.Start())
	eventually(t, time.Minute, "the first run has made its container", func() bool { return len(ids(t, "containers", s.name)) == 1 })
	s.expect(10, []string{"up"}, "up")
	s.expect(0, nil, "up", "--wait-lock")
	if err := first.Wait(); err != nil {
		t.Fatalf("the first run: %v\n%s", err, said.String())
	}
	s.expect(0, nil, "status")
}

func TestTheNumberOfContainersFollowsTheFileAndTheFlag(t *testing.T) {
	t.Parallel()
	file := strings.Replace(one, "    environment", "    scale: 3\n    environment", 1)
	s := newStack(t, file)
	numbers := func() []string {
		var out []string
		for _, id := range ids(t, "containers", s.name) {
			out = append(out, inspect(t, id).Config.Labels["com.docker.compose.container-number"])
		}
		return out
	}
	s.expect(0, nil, "up")
	kept, err := s.container("app#1")
	must(t, err)
	s.write("docker-compose.yml", strings.Replace(file, "scale: 3", "scale: 1", 1))
	s.expect(0, nil, "up")
	if now := numbers(); len(now) != 1 || now[0] != "1" {
		t.Errorf("after scale: 1 there are %v", now)
	}
	s.expect(0, nil, "up", "--scale", "app=2")
	if again, err := s.container("app#1"); err != nil || again != kept || len(numbers()) != 2 {
		t.Errorf("after --scale there are %v, the first is %s and was %s", numbers(), again, kept)
	}
}

func TestTheStopSignalAndGracePeriodAreUsed(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  polite:
    image: IMAGE
    stop_signal: SIGINT
    stop_grace_period: 1m
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  deaf: {image: IMAGE, command: [deaf], stop_grace_period: 1s, x-stackctl: {allow_unverified: true}}
`)
	s.expect(0, nil, "up")
	if o := s.expect(0, nil, "down"); o.took > 50*time.Second {
		t.Errorf("it took %s to stop", o.took)
	}
	nothingLeft(t, s.name)
}
