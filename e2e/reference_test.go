package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// reference is a clone of what a new user needs of this repository. Its stack
// has a name, ports and an image of its own, so that it runs beside the real one.
type reference struct {
	*stack
	ports map[string]string
}

// services of the reference stack that run, beside the database.
var tradingServices = []string{
	"active_trade_supervisor", "auto_entry_supervisor", "cascading_failure_detector", "kalshi_account_sync",
	"kalshi_api_watchdog", "main_app", "system_monitor", "trade_executor", "trade_manager", "unified_production_coordinator",
}

// newReference is a reference stack of the test's own. Such a test runs beside no
// others: twelve containers are asked every five seconds, and each question is a
// process that the engine starts. On two cores the stack needs all of the machine,
// and misses its own bounds (a second for the database's answer, three for a
// probe) when it has to share.
func newReference(t *testing.T) *reference {
	t.Helper()
	file, err := os.ReadFile("../docker-compose.yml")
	must(t, err)
	s := newStack(t, "")
	image := "stackctl/trading:" + s.name
	s.write("docker-compose.yml", strings.ReplaceAll(string(file), "stackctl/trading:local", image))
	t.Cleanup(func() { _ = call(context.Background(), http.MethodDelete, "/images/"+image+"?force=1", nil, nil) })
	s.baseImages()
	s.longest = 15 * time.Minute // its image is built: with empty caches, on a busy machine
	s.clone()
	r := &reference{stack: s, ports: map[string]string{}}
	for service, variable := range map[string]string{
		"main_app": "MAIN_APP_PORT", "trade_manager": "TRADE_MANAGER_PORT", "trade_executor": "TRADE_EXECUTOR_PORT",
		"active_trade_supervisor": "ACTIVE_TRADE_SUPERVISOR_PORT", "auto_entry_supervisor": "AUTO_ENTRY_SUPERVISOR_PORT",
	} {
		r.ports[service] = freePort(t)
		s.env = append(s.env, variable+"="+r.ports[service])
	}
	// With these figures every market is cheap enough, and no trade stays open for long.
	s.env = append(s.env, "COMPOSE_PROJECT_NAME="+s.name, "MAX_TRADE_AGE=3s", "ENTRY_BELOW_CENTS=99")
	return r
}

// clone copies what make up is made of.
func (s *stack) clone() {
	s.t.Helper()
	for _, dir := range []string{"cmd", "compose", "healthchecks", "images", "internal", "orchestrator", "scripts"} {
		must(s.t, os.CopyFS(filepath.Join(s.dir, dir), os.DirFS(filepath.Join("..", dir))))
	}
	for _, file := range []string{"Makefile", "go.mod", "go.sum"} {
		copyFile(s.t, filepath.Join("..", file), filepath.Join(s.dir, file))
	}
}

// make runs make as a new user does, and not as a part of the make that runs
// this test.
func (r *reference) make(target string, words ...string) outcome {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.t.Context()), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "make", target)
	cmd.Dir = r.dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains([]string{"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ARGS", "MODULES", "VERSION"}, name)
	}), r.env...)
	o := r.finish(cmd)
	if o.code != 0 && (target != "down" || !lostCount(r.t, r.name)) {
		r.t.Fatalf("make %s ended with %d\n%s\n%s", target, o.code, o.stdout, o.stderr)
	}
	for _, word := range words {
		if !strings.Contains(o.stdout, word) {
			r.t.Errorf("make %s does not say %q\n%s", target, word, o.stdout)
		}
	}
	return o
}

// addresses are where the services listen: a published port, else the
// container's own address.
func (r *reference) addresses() map[string]string {
	r.t.Helper()
	now := containersOf(r.t, r.name)
	addresses := map[string]string{}
	for _, service := range tradingServices {
		addresses[service] = "127.0.0.1:" + r.ports[service]
		if r.ports[service] == "" {
			for _, n := range now[service].NetworkSettings.Networks {
				addresses[service] = n.IPAddress + ":8080"
			}
		}
	}
	return addresses
}

// health is the status of the /health at an address, 0 for no answer.
func health(ctx context.Context, address string) int {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/health", nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// unlike lists the services whose /health does not answer with want. All are
// asked at the same time, since one after the other they could have changed.
func (r *reference) unlike(want int) []string {
	r.t.Helper()
	var mu sync.Mutex
	var others []string
	var asking sync.WaitGroup
	for service, address := range r.addresses() {
		asking.Go(func() {
			if got := health(r.t.Context(), address); got != want {
				mu.Lock()
				defer mu.Unlock()
				others = append(others, fmt.Sprintf("%s: %d", service, got))
			}
		})
	}
	asking.Wait()
	return others
}

// ask makes a request to a published port and returns status and body.
func (r *reference) ask(method, service, path, body string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://127.0.0.1:"+r.ports[service]+path, strings.NewReader(body))
	must(r.t, err)
	resp, err := http.DefaultClient.Do(req)
	must(r.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(r.t, err)
	return resp.StatusCode, string(answer)
}

func TestTheReferenceStackDoesItsWorkAndTellsTheTruth(t *testing.T) {
	r := newReference(t)
	words := append([]string{"postgres:17: ", "golang:1.26: ", "secrets/postgres_password: made", "postgres", "migrate", "11 services",
		"http://127.0.0.1:" + r.ports["main_app"]}, tradingServices...)
	r.make("up", words...)
	r.secret()
	now := containersOf(t, r.name)
	if len(now) != len(tradingServices)+2 {
		t.Errorf("there are %d containers", len(now))
	}
	for _, service := range append([]string{"postgres"}, tradingServices...) {
		if s := now[service].State; s.Status != "running" || s.Health == nil || s.Health.Status != "healthy" {
			t.Errorf("%s is %+v although up ended with 0", service, s)
		}
	}
	if s := now["migrate"].State; s.Status != "exited" || s.ExitCode != 0 {
		t.Errorf("migrate is %+v", s)
	}
	t.Run("every service does its work", func(t *testing.T) { r.on(t).work() })
	t.Run("a trade is filled, closed and shown", func(t *testing.T) { r.on(t).trade() })
	t.Run("every health tells of a database that is away", func(t *testing.T) { r.on(t).databaseAway() })
	t.Run("two that fall silent together are an incident", func(t *testing.T) { r.on(t).incident() })
	t.Run("status names any service that is killed", func(t *testing.T) { r.on(t).killEach() })
	r.make("status", "11 services")
	r.make("down")
	nothingLeft(t, r.name)
}

// on is the same stack for a part of the test.
func (r *reference) on(t *testing.T) *reference {
	part := *r.stack
	part.t = t
	return &reference{stack: &part, ports: r.ports}
}

// secret looks at the password that make up has made: closed to others of this
// host, and open to the containers' own users. A second make up keeps it.
func (r *reference) secret() {
	r.t.Helper()
	path := filepath.Join(r.dir, "secrets", "postgres_password")
	for of, want := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o644} {
		info, err := os.Stat(of)
		must(r.t, err)
		if info.Mode().Perm() != want {
			r.t.Errorf("%s has the mode %o, want %o", of, info.Mode().Perm(), want)
		}
	}
	made, err := os.ReadFile(path)
	must(r.t, err)
	if len(made) != 48 {
		r.t.Errorf("the password has %d characters", len(made))
	}
	r.make("secrets")
	if kept, err := os.ReadFile(path); err != nil || !bytes.Equal(kept, made) {
		r.t.Errorf("the password was made again: %v", err)
	}
}

// state is what the page of main_app shows, as JSON.
type state struct {
	Services  []struct{ Name, State, Problem string }
	Trades    []struct{ Source string }
	Markets   []struct{ Ticker string }
	Accounts  []struct{ User string }
	Incidents []struct {
		Services []string
		EndedAt  *time.Time `json:"ended_at"`
	}
	Exchange struct{ Available bool }
	Host     struct {
		MemoryTotal int64 `json:"memory_total_bytes"`
	}
	Pipeline struct{ Status string }
}

func (r *reference) state() state {
	r.t.Helper()
	var s state
	if code, body := r.ask(http.MethodGet, "main_app", "/api/state", ""); code == http.StatusOK {
		must(r.t, json.Unmarshal([]byte(body), &s))
	}
	return s
}

// undone says what of the services' work is not to be seen yet.
func (s state) undone() (missing []string) {
	for _, name := range tradingServices {
		if !slices.ContainsFunc(s.Services, func(x struct{ Name, State, Problem string }) bool {
			return x.Name == name && x.State == "alive" && x.Problem == ""
		}) {
			missing = append(missing, "heartbeat of "+name)
		}
	}
	for what, there := range map[string]bool{
		"a trade of auto_entry_supervisor":         slices.ContainsFunc(s.Trades, func(t struct{ Source string }) bool { return t.Source == "automatic" }),
		"an account of kalshi_account_sync":        len(s.Accounts) > 0,
		"a look of kalshi_api_watchdog":            s.Exchange.Available,
		"a sample of system_monitor":               s.Host.MemoryTotal > 0,
		"a run of unified_production_coordinator":  s.Pipeline.Status == "succeeded",
		"prices of unified_production_coordinator": len(s.Markets) > 0,
	} {
		if !there {
			missing = append(missing, what)
		}
	}
	return missing
}

// work waits until each service has done its one job on the tables, and the
// user's directory in the volume that services share.
func (r *reference) work() {
	var missing []string
	eventually(r.t, time.Minute, "every service has done its work", func() bool {
		missing = r.state().undone()
		code, body := r.ask(http.MethodGet, "main_app", "/api/users/demo", "")
		if code != http.StatusOK || !strings.Contains(body, `"balance_cents"`) {
			missing = append(missing, "the directory of demo")
		}
		return len(missing) == 0
	}, func() string { return strings.Join(missing, ", ") })
}

// trade posts a trade and follows it to its end on the page.
func (r *reference) trade() {
	code, body := r.ask(http.MethodPost, "trade_manager", "/trades", `{"user":"demo","ticker":"PAPER-COIN","side":"yes","contracts":10}`)
	if code != http.StatusCreated {
		r.t.Fatalf("posting a trade gave %d: %s", code, body)
	}
	var trade struct {
		ID     int64
		Status string
		Filled time.Time `json:"filled_at"`
		Closed time.Time `json:"closed_at"`
		Profit *int64    `json:"profit_cents"`
	}
	must(r.t, json.Unmarshal([]byte(body), &trade))
	var seen []string
	eventually(r.t, time.Minute, "the trade is closed", func() bool {
		_, body := r.ask(http.MethodGet, "trade_manager", fmt.Sprintf("/trades/%d", trade.ID), "")
		must(r.t, json.Unmarshal([]byte(body), &trade))
		seen = append(seen, trade.Status)
		return trade.Status == "closed"
	})
	if !slices.Contains(seen, "open") {
		r.t.Errorf("the trade was never seen open: %v", slices.Compact(seen))
	}
	if trade.Filled.IsZero() || !trade.Closed.After(trade.Filled) || trade.Profit == nil {
		r.t.Errorf("the closed trade is %+v", trade)
	}
	_, page := r.ask(http.MethodGet, "main_app", "/", "")
	_, row, ok := strings.Cut(page, fmt.Sprintf(`id="trade-%d"`, trade.ID))
	row, _, _ = strings.Cut(row, "</tr>")
	if !ok || !strings.Contains(row, "closed") {
		r.t.Errorf("the page shows the trade as %q", row)
	}
}

// healthIsTrue is the longest time until every /health tells of a database
// that is away.
const healthIsTrue = 5 * time.Second

// databaseAway stops Postgres and starts it again.
func (r *reference) databaseAway() {
	db := containersOf(r.t, r.name)["postgres"]
	promptly(r.t, healthIsTrue, "every /health is 503 once the database is away", func() time.Duration {
		eventually(r.t, time.Minute, "every /health is 200", func() bool { return len(r.unlike(http.StatusOK)) == 0 })
		engine(r.t, http.MethodPost, "/containers/"+db.ID+"/stop?t=5", "")
		stopped := time.Now()
		eventually(r.t, time.Minute, "every /health is 503", func() bool { return len(r.unlike(http.StatusServiceUnavailable)) == 0 })
		took := time.Since(stopped)
		r.expect(7, []string{"postgres"}, "status")
		if others := r.unlike(http.StatusServiceUnavailable); len(others) > 0 {
			r.t.Errorf("the database is still away, and of the services %v", others)
		}
		engine(r.t, http.MethodPost, "/containers/"+db.ID+"/start", "")
		return took
	})
	eventually(r.t, time.Minute, "every /health is 200 again", func() bool { return len(r.unlike(http.StatusOK)) == 0 })
	if o := r.expect(0, nil, "up"); strings.Contains(o.stdout, "logged") {
		r.t.Errorf("what the services say of the database's end is told as a critical line of theirs:\n%s", o.stdout)
	}
}

// incident kills two services at once, and starts them again when
// cascading_failure_detector has told of them.
func (r *reference) incident() {
	lost := []string{"system_monitor", "trade_manager"}
	if early := r.state().Incidents; len(early) > 0 {
		r.t.Errorf("nothing was lost, and there are the incidents %+v", early)
	}
	now := containersOf(r.t, r.name)
	for _, service := range lost {
		engine(r.t, http.MethodPost, "/containers/"+now[service].ID+"/kill", "")
	}
	eventually(r.t, time.Minute, "an incident names both", func() bool {
		incidents := r.state().Incidents
		return len(incidents) > 0 && incidents[0].EndedAt == nil &&
			slices.Contains(incidents[0].Services, lost[0]) && slices.Contains(incidents[0].Services, lost[1])
	})
	r.expect(0, nil, "up")
	eventually(r.t, time.Minute, "the incident is over", func() bool {
		incidents := r.state().Incidents
		return len(incidents) > 0 && incidents[0].EndedAt != nil
	})
}

// killEach kills one service after the other.
func (r *reference) killEach() {
	for _, service := range append([]string{"postgres"}, tradingServices...) {
		c := containersOf(r.t, r.name)[service]
		engine(r.t, http.MethodPost, "/containers/"+c.ID+"/kill", "")
		o := r.run("status")
		first, _, _ := strings.Cut(o.stderr, "\n")
		if o.code == 0 || !strings.Contains(first, service) {
			r.t.Errorf("%s was killed, and status ended with %d and %q", service, o.code, first)
		}
		engine(r.t, http.MethodPost, "/containers/"+c.ID+"/start", "")
	}
	r.expect(0, nil, "up")
}
