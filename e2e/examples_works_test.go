package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func oneBuildServesBoth(e *running) {
	for variable, want := range map[string]string{
		"ENGLISH_PORT": "hello from version 1.0", "GERMAN_PORT": "guten Tag from version 1.0",
	} {
		if _, _, body := e.get(variable, "/"); body != want {
			e.t.Errorf("%s answers %q, want %q", variable, body, want)
		}
	}
	first := e.all()
	if first["english-1"].Image != first["german-1"].Image {
		e.t.Error("the same build made two images")
	}
	e.env = append(e.env, "VERSION=2.0")
	e.does("up")
	if _, _, body := e.get("GERMAN_PORT", "/"); body != "guten Tag from version 2.0" {
		e.t.Errorf("after a build argument changed, the answer is %q", body)
	}
}

func nothingMoreThanNeeded(e *running) {
	if status, header, _ := e.get("WEB_PORT", "/"); status != http.StatusOK || header.Get("Server") != "nginx" {
		e.t.Errorf("it answers %d from %q", status, header.Get("Server"))
	}
	if user := e.must("web-1", "id", "-u"); user != "101" {
		e.t.Errorf("it runs as user %s", user)
	}
	if code, _ := e.in("web-1", "touch", "/etc/nginx/new"); code == 0 {
		e.t.Error("its root file system can be written to")
	}
	if status := e.must("web-1", "cat", "/proc/self/status"); !strings.Contains(status, "CapBnd:\t0000000000000000") {
		e.t.Errorf("it may have capabilities:\n%s", status)
	}
}

func thePartsAreOneStack(e *running) {
	if _, _, body := e.get("WEB_PORT", "/"); body != "put together" {
		e.t.Errorf("the page says %q", body)
	}
	labels := e.all()["web-1"].Config.Labels
	if labels["team"] != "web" || labels["role"] != "front" {
		e.t.Errorf("the web server has the labels %v", labels)
	}
	if memory := e.must("store-1", "redis-cli", "CONFIG", "GET", "maxmemory"); !strings.Contains(memory, strconv.Itoa(32<<20)) {
		e.t.Errorf("the store's own .env was not read: %s", memory)
	}
	if zone := e.must("store-1", "printenv", "TZ"); zone != "UTC" {
		e.t.Errorf("the store's own env_file was not read: TZ=%s", zone)
	}
}

func theReportShowsWhatTheJobsWrote(e *running) {
	_, _, body := e.get("WEB_PORT", "/")
	for _, want := range []string{"Utrecht", "374000"} {
		if !strings.Contains(body, want) {
			e.t.Errorf("the report lacks %s:\n%s", want, body)
		}
	}
	for _, job := range []string{"migrate-1", "seed-1"} {
		if state := e.all()[job].State; state.Status != "exited" || state.ExitCode != 0 {
			e.t.Errorf("%s is %s with code %d", job, state.Status, state.ExitCode)
		}
	}
	e.must("database-1", "psql", "-U", "report", "-c", "INSERT INTO city VALUES ('Porto', 231800)")
	eventually(e.t, time.Minute, "a new row shows in the report", func() bool {
		_, _, body := e.get("WEB_PORT", "/")
		return strings.Contains(body, "Porto")
	})
}

func eachTierSeesItsNeighbourOnly(e *running) {
	_, header, body := e.get("GATEWAY_PORT", "/")
	if via := header.Values("X-Via"); body != "12 apples" || !slices.Equal(via, []string{"api", "gateway"}) {
		e.t.Errorf("the gateway answers %q by way of %v", body, via)
	}
	reaches := func(from, to string) bool {
		code, _ := e.in(from, "curl", "-s", "-m", "2", "-o", "/dev/null", "http://"+to+"/")
		return code == 0
	}
	if !reaches("gateway-1", "api") || !reaches("api-1", "inventory") {
		e.t.Error("a tier does not reach its neighbour")
	}
	if reaches("gateway-1", "inventory") {
		e.t.Error("the gateway reaches the inventory")
	}
	for _, network := range []string{"application", "data"} {
		var n struct{ Internal bool }
		must(e.t, call(e.t.Context(), http.MethodGet, "/networks/"+e.name+"_"+network, nil, &n))
		if !n.Internal {
			e.t.Errorf("the network %s leads outside", network)
		}
	}
}

func everythingIsProvenInItsOwnWay(e *running) {
	if status, _, _ := e.get("WEB_PORT", "/"); status != http.StatusOK {
		e.t.Errorf("the web server answers %d", status)
	}
	if ready := e.must("store-1", "redis-cli", "GET", "ready"); !strings.Contains(ready, "yes") {
		e.t.Errorf("the job left %q", ready)
	}
	o := e.does("status")
	for service, proof := range map[string]string{"web": "port", "store": "built-in", "setup": "job", "ticker": "waived"} {
		if line := lineOf(o.stdout, service); !strings.Contains(line, proof) {
			e.t.Errorf("status says of %s %q, which does not name %s", service, line, proof)
		}
	}
	if strings.Contains(lineOf(o.stdout, "ticker"), "healthy") {
		e.t.Error("a waived service is called healthy")
	}
}

// lineOf is the first line that begins with the word.
func lineOf(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, word+" ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func theOverrideDecides(e *running) {
	_, header, body := e.get("WEB_PORT", "/")
	if body != "work in progress" || header.Get("X-Stage") != "development" {
		e.t.Errorf("for the developer it answers %q from stage %q", body, header.Get("X-Stage"))
	}
	e.flags = []string{"-f", "docker-compose.yml", "-f", "production.yml"}
	e.does("up")
	_, header, body = e.get("PRODUCTION_PORT", "/")
	if body != "the real thing" || header.Get("X-Stage") != "production" {
		e.t.Errorf("on the server it answers %q from stage %q", body, header.Get("X-Stage"))
	}
	c := e.all()["web-1"]
	if ports := c.NetworkSettings.Ports["80/tcp"]; len(ports) != 1 || ports[0].HostPort != e.ports["PRODUCTION_PORT"] {
		e.t.Errorf("on the server it publishes %v", ports)
	}
	if policy := c.HostConfig.RestartPolicy.Name; policy != "unless-stopped" {
		e.t.Errorf("on the server its restart policy is %s", policy)
	}
}

func theProfilesDidTheirWork(e *running) {
	now := e.all()
	if state := now["backup-1"].State; state.Status != "exited" || state.ExitCode != 0 {
		e.t.Errorf("the backup is %s with code %d", state.Status, state.ExitCode)
	}
	dump, err := e.fileIn("backup", "/backups/dump.rdb")
	must(e.t, err)
	if content, err := walk(dump, "content"); err != nil || !strings.HasPrefix(fmt.Sprint(content), "REDIS") {
		e.t.Errorf("the backup is no copy of the store: %q, %v", content, err)
	}
	if status := now["monitor-1"].State.Status; status != "running" {
		e.t.Errorf("the monitor is %s", status)
	}
	e.must("store-1", "redis-cli", "SET", "colour", "green")
	eventually(e.t, time.Minute, "the monitor prints what the store is asked", func() bool {
		return strings.Contains(e.does("logs", "monitor").stdout, "colour")
	})
	alone := example{dir: "profiles"}.start(e.t)
	alone.does("up")
	if n := len(alone.all()); n != 1 {
		e.t.Errorf("without a profile there are %d containers", n)
	}
	alone.does("down", "-v")
}

func eachJobIsDoneOnce(e *running) {
	jobs := make([]string, 20)
	for i := range jobs {
		jobs[i] = "job-" + strconv.Itoa(i)
	}
	e.must("queue-1", append([]string{"redis-cli", "LPUSH", "jobs"}, jobs...)...)
	eventually(e.t, time.Minute, "all jobs are done", func() bool {
		return strings.HasSuffix(e.must("queue-1", "redis-cli", "HLEN", "results"), strconv.Itoa(len(jobs)))
	})
	done := e.must("queue-1", "redis-cli", "--raw", "HGET", "results", jobs[7])
	if sum := sha256.Sum256([]byte(jobs[7])); done != hex.EncodeToString(sum[:]) {
		e.t.Errorf("%s was done with the result %q", jobs[7], done)
	}
	eventually(e.t, time.Minute, "nothing is left in the workers' lists", func() bool {
		return e.must("queue-1", "redis-cli", "--raw", "KEYS", "working:*") == ""
	})
	if now := e.all(); len(now) != 3 {
		e.t.Errorf("there are %d containers, want the queue and two workers", len(now))
	}
}

func everyReplicaAnswers(e *running) {
	answers := e.answers("BALANCER_PORT", 30)
	if len(answers) != 3 {
		e.t.Errorf("of three replicas answer %v", answers)
	}
	for name, c := range e.all() {
		if strings.HasPrefix(name, "web-") && !answers[c.ID[:12]] {
			e.t.Errorf("%s never answers", name)
		}
	}
	e.does("up", "--scale", "web=2")
	eventually(e.t, time.Minute, "scaled to two replicas, two answer", func() bool {
		return len(e.answers("BALANCER_PORT", 10)) == 2
	})
}

// answers are the different bodies that come back.
func (e *running) answers(variable string, times int) map[string]bool {
	e.t.Helper()
	out := map[string]bool{}
	for range times {
		status, _, body := e.get(variable, "/")
		if status == http.StatusOK {
			out[body] = true
		} else {
			out[strconv.Itoa(status)] = true
		}
	}
	return out
}

func bothBackendsAnswer(e *running) {
	answers := e.answers("PROXY_PORT", 10)
	if len(answers) != 2 || !answers["blue of "+e.name] || !answers["green of "+e.name] {
		e.t.Errorf("through the proxy come %v", answers)
	}
}

func thePasswordsArriveAndNobodySeesThem(e *running) {
	if status, _, _ := e.get("WEB_PORT", "/"); status != http.StatusUnauthorized {
		e.t.Errorf("without a password the answer is %d", status)
	}
	if status, _, body := e.get("WEB_PORT", "reader:reading@/"); status != http.StatusOK || body != "welcome, reader" {
		e.t.Errorf("with the password the answer is %d %q", status, body)
	}
	if out := e.must("store-1", "redis-cli", "ping"); !strings.Contains(out, "NOAUTH") {
		e.t.Errorf("without a password the store says %q", out)
	}
	const password = "change-me-soon"
	if out := e.must("store-1", "redis-cli", "--no-auth-warning", "-a", password, "ping"); out != "PONG" {
		e.t.Errorf("with the password the store says %q", out)
	}
	for _, id := range ids(e.t, "containers", e.name) {
		c, err := e.object("containers", id)
		must(e.t, err)
		text, err := json.Marshal(c)
		must(e.t, err)
		if strings.Contains(string(text), password) {
			e.t.Error("the password stands in the container's configuration")
		}
	}
	for _, args := range [][]string{{"config"}, {"plan"}, {"status", "-o", "json"}} {
		if o := e.does(args...); strings.Contains(o.stdout+o.stderr, password) {
			e.t.Errorf("stackctl %v shows the password", args)
		}
	}
}

func theSidecarPrintsTheRequest(e *running) {
	e.get("WEB_PORT", "/some/page")
	eventually(e.t, time.Minute, "the sidecar prints the request", func() bool {
		path := "/containers/" + e.name + "-requests-1/logs?stdout=1&stderr=1"
		logs, err := ask(context.WithoutCancel(e.t.Context()), http.MethodGet, path, nil)
		must(e.t, err)
		return strings.Contains(string(logs), "GET /some/page 200")
	})
}

func theCacheAndTheDatabaseAgree(e *running) {
	list := func(cached, want string) {
		e.t.Helper()
		_, header, body := e.get("WEB_PORT", "/notes")
		if body != want || header.Get("X-Cache") != cached {
			e.t.Errorf("the list is %s (%s), want %s (%s)", body, header.Get("X-Cache"), want, cached)
		}
	}
	if status, _, body := e.send(http.MethodPost, "WEB_PORT", "/notes", "hello"); status != http.StatusCreated {
		e.t.Fatalf("a note is answered with %d %s", status, body)
	}
	list("miss", `["hello"]`)
	list("hit", `["hello"]`)
	e.send(http.MethodPost, "WEB_PORT", "/notes", "again")
	list("miss", `["hello","again"]`)
	if rows := e.must("database-1", "psql", "-U", "notes", "-Atc", "SELECT text FROM note ORDER BY id"); strings.Fields(rows)[1] != "again" {
		e.t.Errorf("the database holds %q", rows)
	}
	engine(e.t, http.MethodPost, "/containers/"+e.name+"-cache-1/stop", "")
	list("miss", `["hello","again"]`)
	e.does("up")
	e.send(http.MethodPost, "WEB_PORT", "/notes", "after")
	list("miss", `["hello","again","after"]`)
	list("hit", `["hello","again","after"]`)
}
