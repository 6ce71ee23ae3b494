package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// example is one directory of examples/ and what shows that it works.
type example struct {
	dir string
	// ports are the variables that choose its host ports.
	ports []string
	// flags stand before the command, as its first lines say.
	flags []string
	// core examples are brought up each time, the others with STACKCTL_E2E=all.
	core bool
	// works asks the running stack what it is there for.
	works func(e *running)
}

// running is an example's own copy, on ports of its own.
type running struct {
	*stack
	ports map[string]string
	flags []string
}

func examples() []example {
	return []example{
		{dir: "build-cache", ports: []string{"ENGLISH_PORT", "GERMAN_PORT"}, works: oneBuildServesBoth},
		{dir: "hardened", ports: []string{"WEB_PORT"}, works: nothingMoreThanNeeded},
		{dir: "include-extends", ports: []string{"WEB_PORT"}, works: thePartsAreOneStack},
		{dir: "jobs-migrations", core: true, ports: []string{"WEB_PORT"}, works: theReportShowsWhatTheJobsWrote},
		{dir: "multi-network", core: true, ports: []string{"GATEWAY_PORT"}, works: eachTierSeesItsNeighbourOnly},
		{dir: "no-healthcheck", core: true, ports: []string{"WEB_PORT"}, works: everythingIsProvenInItsOwnWay},
		{dir: "overrides", ports: []string{"WEB_PORT", "PRODUCTION_PORT"}, works: theOverrideDecides},
		{dir: "profiles", flags: []string{"--profile", "ops", "--profile", "debug"}, works: theProfilesDidTheirWork},
		{dir: "queue-workers", works: eachJobIsDoneOnce},
		{dir: "replicas", core: true, ports: []string{"BALANCER_PORT"}, works: everyReplicaAnswers},
		{dir: "reverse-proxy", ports: []string{"PROXY_PORT"}, works: bothBackendsAnswer},
		{dir: "secrets", core: true, ports: []string{"WEB_PORT"}, works: thePasswordsArriveAndNobodySeesThem},
		{dir: "sidecar", ports: []string{"WEB_PORT"}, works: theSidecarPrintsTheRequest},
		{dir: "web-cache-database", core: true, ports: []string{"WEB_PORT"}, works: theCacheAndTheDatabaseAgree},
	}
}

// start copies the example and prepares its environment; nothing runs yet.
func (x example) start(t *testing.T) *running {
	t.Helper()
	s := newStack(t, "")
	must(t, os.Remove(filepath.Join(s.dir, "docker-compose.yml")))
	must(t, os.CopyFS(s.dir, os.DirFS(filepath.Join("../examples", x.dir))))
	images, err := exampleImages()
	must(t, err)
	s.env = append(s.env, images...)
	e := &running{stack: s, ports: map[string]string{}, flags: x.flags}
	for _, variable := range x.ports {
		e.ports[variable] = freePort(t)
		s.env = append(s.env, variable+"="+e.ports[variable])
	}
	return e
}

// exampleImages are the variables that name the base images where the engine
// has stand-ins; once for all tests.
var exampleImages = sync.OnceValues(func() ([]string, error) {
	chosen, err := ensureImages("postgres:17", "golang:1.26", "redis:8", "nginx:1")
	return regexp.MustCompile(`(?m)^\w+=.*$`).FindAllString(chosen, -1), err
})

// does runs stackctl with the example's flags and expects success.
func (e *running) does(args ...string) outcome {
	e.t.Helper()
	return e.expect(0, nil, append(append([]string{}, e.flags...), args...)...)
}

// get asks the host port that a variable chose.
func (e *running) get(variable, path string) (status int, header http.Header, body string) {
	e.t.Helper()
	return e.send(http.MethodGet, variable, path, "")
}

// send makes a request with a body; path may begin with user:password@.
func (e *running) send(method, variable, path, content string) (status int, header http.Header, body string) {
	e.t.Helper()
	login, rest, hasLogin := strings.Cut(path, "@")
	if !hasLogin {
		login, rest = "", path
	}
	req, err := http.NewRequestWithContext(e.t.Context(), method, "http://127.0.0.1:"+e.ports[variable]+rest, strings.NewReader(content))
	must(e.t, err)
	if hasLogin {
		user, password, _ := strings.Cut(login, ":")
		req.SetBasicAuth(user, password)
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	must(e.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(e.t, err)
	return resp.StatusCode, resp.Header, strings.TrimSpace(string(answer))
}

// all are the project's containers, by name.
func (e *running) all() map[string]seen {
	e.t.Helper()
	out := map[string]seen{}
	for _, id := range ids(e.t, "containers", e.name) {
		c := inspect(e.t, id)
		out[strings.TrimPrefix(c.Name, e.name+"-")] = c
	}
	return out
}

// in runs a command in a container, web-1 for instance, and returns what it
// printed.
func (e *running) in(name string, cmd ...string) (code int, output string) {
	e.t.Helper()
	code, output = inside(e.t, e.name+"-"+name, cmd...)
	return code, strings.TrimSpace(output)
}

// must runs a command in a container and returns what it printed.
func (e *running) must(name string, cmd ...string) string {
	e.t.Helper()
	code, output := e.in(name, cmd...)
	if code != 0 {
		e.t.Errorf("%s: %q ends with %d: %s", name, cmd, code, output)
	}
	return output
}

func TestEveryExampleLoadsAndHasAPlan(t *testing.T) {
	t.Parallel()
	listed := map[string]example{}
	for _, x := range examples() {
		listed[x.dir] = x
	}
	entries, err := os.ReadDir("../examples")
	must(t, err)
	for _, entry := range entries {
		_, err := os.Stat(filepath.Join("../examples", entry.Name(), "docker-compose.yml"))
		if !entry.IsDir() || errors.Is(err, os.ErrNotExist) {
			continue // recipes and tests, which are run elsewhere
		}
		x, ok := listed[entry.Name()]
		t.Run(entry.Name(), func(t *testing.T) {
			t.Parallel()
			if !ok {
				t.Fatal("no test says what shows that it works: add it to examples()")
			}
			e := x.start(t)
			e.does("config", "-q")
			if o := e.does("plan"); !strings.Contains(o.stdout, "changes") {
				t.Errorf("the plan of a stack that is not there says\n%s", o.stdout)
			}
			nothingLeft(t, e.name)
		})
		delete(listed, entry.Name())
	}
	for dir := range listed {
		t.Errorf("examples/%s is gone", dir)
	}
}

func TestEveryExampleWorksAndLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, x := range examples() {
		if !x.core && !everything() {
			continue
		}
		t.Run(x.dir, func(t *testing.T) {
			t.Parallel()
			e := x.start(t)
			e.does("up")
			e.does("status")
			before := e.all()
			if o := e.does("plan", "--exit-code"); !strings.Contains(o.stdout, "no changes") {
				t.Errorf("right after up, the plan says\n%s", o.stdout)
			}
			e.does("up")
			unchanged(t, before, e.all())
			x.works(e)
			e.does("down", "-v", "--rmi", "local")
			nothingLeft(t, e.name)
		})
	}
}

// unchanged fails the test unless the same containers run since the same time.
func unchanged(t *testing.T, before, now map[string]seen) {
	t.Helper()
	if len(before) == 0 || len(before) != len(now) {
		t.Errorf("there were %d containers, and after a second up there are %d", len(before), len(now))
	}
	for name, was := range before {
		if is := now[name]; is.ID != was.ID || is.State.StartedAt != was.State.StartedAt {
			t.Errorf("a second up made %s anew: %s since %q, was %s since %q", name, is.ID, is.State.StartedAt, was.ID, was.State.StartedAt)
		}
	}
}

// documented are the yaml blocks of a page that are compose files.
var documented = regexp.MustCompile("(?ms)^```ya?ml\n((?:#[^\n]*\n|name:[^\n]*\n)*services:\n.*?)^```")

func TestTheComposeFilesInTheDocumentationLoad(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../docs/*.md")
	must(t, err)
	found := 0
	for _, page := range append(pages, "../README.md", "../examples/README.md") {
		text, err := os.ReadFile(page)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		must(t, err)
		for i, block := range documented.FindAllSubmatch(text, -1) {
			found++
			t.Run(fmt.Sprintf("%s %d", filepath.Base(page), i+1), func(t *testing.T) {
				newStack(t, string(block[1])).expect(0, nil, "config", "-q")
			})
		}
	}
	if found == 0 {
		t.Error("no page has a compose file")
	}
}
