package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// pair is a web service that waits for a backend; PORT is its host port.
const pair = `
services:
  backend:
    image: IMAGE
    command: [serve, "after=1s"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 10}
  web:
    image: IMAGE
    command: [serve, "name=web"]
    ports: ["127.0.0.1:PORT:8080"]
    depends_on: {backend: {condition: service_healthy}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 10}
`

func newPair(t *testing.T) (*stack, string) {
	t.Helper()
	port := freePort(t)
	return newStack(t, strings.ReplaceAll(pair, "PORT", port)), port
}

func TestUpSaysDoneOnlyWhenEverythingReallyWorks(t *testing.T) {
	t.Parallel()
	s, port := newPair(t)
	s.expect(0, []string{"web", "backend", "healthy", "proven", "http://127.0.0.1:" + port}, "up")
	resp, err := http.Get("http://127.0.0.1:" + port + "/")
	must(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Service") != "web" {
		t.Errorf("the web port answers %s from %q", resp.Status, resp.Header.Get("X-Service"))
	}
	for service, c := range containersOf(t, s.name) {
		if c.State.Status != "running" || c.State.Health == nil || c.State.Health.Status != "healthy" {
			t.Errorf("%s is %+v although up ended with 0", service, c.State)
		}
	}
	s.expect(0, []string{"proven"}, "status")
}

func TestAnUnchangedUpRecreatesNothing(t *testing.T) {
	t.Parallel()
	s, _ := newPair(t)
	s.expect(0, nil, "up")
	before := containersOf(t, s.name)
	s.expect(0, []string{"no changes"}, "plan")
	s.expect(0, nil, "plan", "--exit-code")
	s.expect(0, []string{"proven"}, "up")
	for service, c := range containersOf(t, s.name) {
		if was := before[service]; was.ID != c.ID || was.State.StartedAt != c.State.StartedAt {
			t.Errorf("%s was %s since %s and is %s since %s", service, was.ID, was.State.StartedAt, c.ID, c.State.StartedAt)
		}
	}
}

func TestAnEditedServiceAloneIsReplacedAndThePlanNamesTheField(t *testing.T) {
	t.Parallel()
	s, port := newPair(t)
	s.expect(0, nil, "up")
	before := containersOf(t, s.name)
	edited := strings.ReplaceAll(pair, "PORT", port)
	s.write("docker-compose.yml", strings.Replace(edited, `"name=web"]`, `"name=web"]
    environment: {COLOUR: green}`, 1))
	s.expect(11, []string{"web", "COLOUR"}, "status")
	s.expect(11, []string{"web", "environment.COLOUR", "green"}, "plan", "--exit-code")
	s.expect(0, []string{"environment.COLOUR"}, "up", "--dry-run")
	if now := containersOf(t, s.name); now["web"].ID != before["web"].ID {
		t.Fatal("--dry-run replaced a container")
	}
	s.expect(0, nil, "up")
	now := containersOf(t, s.name)
	if now["web"].ID == before["web"].ID {
		t.Error("web was not replaced")
	}
	if now["backend"].ID != before["backend"].ID {
		t.Error("backend was replaced for nothing")
	}
	if now["web"].Name != s.name+"-web-1" {
		t.Errorf("the replacement is called %s", now["web"].Name)
	}
}

func TestARemovedContainerIsMissedAndComesBack(t *testing.T) {
	t.Parallel()
	s, _ := newPair(t)
	s.expect(0, nil, "up")
	before := containersOf(t, s.name)
	engine(t, http.MethodDelete, "/containers/"+before["web"].ID+"?force=1", "")
	s.expect(7, []string{"web"}, "status")
	s.expect(0, nil, "up")
	now := containersOf(t, s.name)
	if len(now) != 2 || now["backend"].ID != before["backend"].ID {
		t.Errorf("after the repair there are %d containers, backend %s was %s", len(now), now["backend"].ID, before["backend"].ID)
	}
}

func TestAKilledServiceMakesStatusFailAndNameIt(t *testing.T) {
	t.Parallel()
	s, _ := newPair(t)
	s.expect(7, []string{"not up"}, "status")
	s.expect(0, nil, "up")
	for _, service := range []string{"backend", "web"} {
		c := containersOf(t, s.name)[service]
		engine(t, http.MethodPost, "/containers/"+c.ID+"/kill", "")
		s.expect(7, []string{service, "exited(137)"}, "status")
		s.expect(0, nil, "up")
	}
}

func TestAPausedServiceMakesStatusFailAndUpGoesOnWithIt(t *testing.T) {
	t.Parallel()
	s := newStack(t, withoutCheck)
	s.expect(0, nil, "up")
	engine(t, http.MethodPost, "/containers/"+s.only("app").ID+"/pause", "")
	s.expect(7, []string{"app", "paused"}, "status")
	s.expect(0, nil, "up")
}

func TestDownLeavesNothingOfOursAndTouchesNothingElse(t *testing.T) {
	t.Parallel()
	other, _ := newPair(t)
	other.expect(0, nil, "up")
	s := newStack(t, `
services:
  store:
    image: IMAGE
    command: [sleep]
    healthcheck: {test: [CMD, /testimage, write, file=/data/beat], interval: 1s}
    volumes: ["data:/data"]
volumes: {data: {}}
`)
	s.expect(0, nil, "up")
	if volumes := ids(t, "volumes", s.name); len(volumes) != 1 {
		t.Fatalf("the project has the volumes %v", volumes)
	}
	s.expect(0, nil, "down")
	if volumes := ids(t, "volumes", s.name); len(volumes) != 1 {
		t.Fatalf("down without -v left the volumes %v", volumes)
	}
	s.expect(0, nil, "up")
	s.expect(0, nil, "down", "-v")
	nothingLeft(t, s.name)
	s.expect(0, nil, "down", "-v")
	other.expect(0, nil, "status")
}

func TestAJobRunsOnceAndAgainWhenItsConfigurationChanges(t *testing.T) {
	t.Parallel()
	file := `
services:
  migrate:
    image: IMAGE
    command: [write, file=/data/log, say=WORD]
    volumes: ["data:/data"]
  app:
    image: IMAGE
    command: [serve]
    depends_on: {migrate: {condition: service_completed_successfully}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
volumes: {data: {}}
`
	s := newStack(t, strings.Replace(file, "WORD", "one", 1))
	s.expect(0, []string{"completed"}, "up")
	first := containersOf(t, s.name)["migrate"]
	s.expect(0, []string{"completed"}, "up")
	if again := containersOf(t, s.name)["migrate"]; again.State.StartedAt != first.State.StartedAt {
		t.Error("the job ran again although nothing changed")
	}
	s.write("docker-compose.yml", strings.Replace(file, "WORD", "two", 1))
	s.expect(0, []string{"completed"}, "up")
	if again := containersOf(t, s.name)["migrate"]; again.ID == first.ID {
		t.Error("the job did not run again although its command changed")
	}
}

func TestAServiceThatCrashesOnceAndComesGoodIsASuccessWithANote(t *testing.T) {
	t.Parallel()
	// The first incarnation leaves a file and dies; the second finds it.
	s := newStack(t, `
services:
  flaky:
    image: IMAGE
    command: [serve, "dies=1500ms", "once=/data/been"]
    restart: on-failure
    volumes: ["data:/data"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 20}
volumes: {data: {}}
`)
	s.expect(0, []string{"restarted"}, "up", "--stable-for", "3s")
}

func TestAWaivedServiceIsNeverCalledHealthy(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  silent:
    image: IMAGE
    command: [sleep]
    restart: always
    x-stackctl: {allow_unverified: true}
`)
	o := s.expect(0, []string{"waived"}, "up")
	if strings.Contains(o.stdout, "healthy") {
		t.Errorf("a waived service is called healthy:\n%s", o.stdout)
	}
}

func TestASelectedServiceComesUpWithWhatItDependsOn(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  base: &service
    image: IMAGE
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  api:
    <<: *service
    depends_on: {base: {condition: service_healthy}}
  other: *service
`)
	s.expect(0, nil, "up", "api")
	now := containersOf(t, s.name)
	if len(now) != 2 || now["other"].ID != "" {
		t.Errorf("up api made %d containers", len(now))
	}
}

func TestUpReturnsSoonWhenNothingHasToBeDone(t *testing.T) {
	t.Parallel()
	s, _ := newPair(t)
	s.expect(0, nil, "up", "--stable-for", "0")
	eventually(t, time.Minute, "up sees in the engine's record that all is stable, and does not watch", func() bool {
		o := s.expect(0, nil, "up", "--stable-for", "3s", "--progress", "plain")
		return !strings.Contains(o.stderr, "watching")
	})
}
