package compose

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

const diamond = `
services:
  db: {image: x, volumes: ["data:/d"]}
  cache: {image: x, networks: [only]}
  migrate: {image: x, depends_on: [db]}
  api: {image: x, depends_on: {migrate: {condition: service_completed_successfully}, cache: {condition: service_healthy}}}
  web: {image: x, links: [api], scale: 3}
  side: {image: x, network_mode: "service:web", volumes_from: [db]}
volumes: {data: {}}
networks: {only: {}}
`

func TestServicesAreOrderedByDependency(t *testing.T) {
	p := mustLoad(t, diamond)
	want := [][]string{{"cache", "db"}, {"migrate"}, {"api"}, {"web"}, {"side"}}
	if diff := cmp.Diff(want, p.Order()); diff != "" {
		t.Error(diff)
	}
	if got := p.Dependencies("side"); !slices.Equal(got, []string{"db", "web"}) {
		t.Errorf("dependencies %v", got)
	}
	if got := p.Dependents("db"); !slices.Equal(got, []string{"migrate", "side"}) {
		t.Errorf("dependents %v", got)
	}
	if got := p.Dependencies("nobody"); got != nil {
		t.Errorf("dependencies of nobody %v", got)
	}
}

func TestACycleIsPrintedInFull(t *testing.T) {
	_, err := loadText(t, "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [c]}, c: {image: x, depends_on: [a]}, d: {image: x, depends_on: [a]}}")
	if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), "a → b → c → a") || len(ProblemsOf(err)) != 1 {
		t.Error(err)
	}
	_, err = loadText(t, "services: {a: {image: x, depends_on: [a]}}")
	if err == nil || !strings.Contains(err.Error(), "a → a") {
		t.Error(err)
	}
	_, err = loadText(t, "services: {a: {image: x, network_mode: \"service:b\"}, b: {image: x, pid: \"service:a\"}}")
	if err == nil || !strings.Contains(err.Error(), "a → b → a") {
		t.Error(err)
	}
}

func TestSelectingServicesKeepsWhatTheyNeed(t *testing.T) {
	p := mustLoad(t, diamond)
	got, err := p.Select("migrate")
	if err != nil {
		t.Fatal(err)
	}
	if names := got.ServiceNames(); !slices.Equal(names, []string{"db", "migrate"}) || len(got.Networks) != 1 || len(got.Volumes) != 1 {
		t.Errorf("services %v, networks %v, volumes %v", names, got.Networks, got.Volumes)
	}
	if len(p.Services) != 6 || len(p.Networks) != 2 {
		t.Error("the project itself changed")
	}
	if all, err := p.Select(); err != nil || all != p {
		t.Errorf("no names: %v %v", all, err)
	}
	if _, err := p.Select("db", "wbe\x1b"); fault.ClassOf(err) != fault.Config ||
		!strings.Contains(err.Error(), `no service "wbe\x1b" in the project; there are api, cache, db, migrate, side, web`) {
		t.Errorf("unknown: %v", err)
	}
	p = mustLoad(t, "services: {a: {image: x}, off: {image: x, profiles: [debug]}}")
	if _, err := p.Select("off"); fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), "--profile debug") {
		t.Errorf("inactive: %v", err)
	}
}

func TestReplicasAreScaleElseDeployElseOne(t *testing.T) {
	p := mustLoad(t, "services: {a: {image: x}, b: {image: x, scale: 0}, c: {image: x, deploy: {replicas: 4}}, d: {image: x, scale: 2, deploy: {replicas: 2}}}")
	for name, want := range map[string]int{"a": 1, "b": 0, "c": 4, "d": 2} {
		if got := p.Services[name].Replicas(); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if p.ContainerName("c", 3) != "app-c-3" {
		t.Error(p.ContainerName("c", 3))
	}
}

func TestAJobIsWhatSaysSoOrIsWaitedForToEnd(t *testing.T) {
	p := mustLoad(t, `
services:
  migrate: {image: x}
  once: {image: x, x-stackctl: {job: true}}
  api: {image: x, container_name: my-api, depends_on: {migrate: {condition: service_completed_successfully}}}
`)
	for name, want := range map[string]bool{"migrate": true, "once": true, "api": false} {
		if got := p.Services[name].IsJob(p); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if p.ContainerName("api", 1) != "my-api" {
		t.Error(p.ContainerName("api", 1))
	}
}

func TestTheHealthcheckOfTheFileInEveryForm(t *testing.T) {
	cases := []struct {
		text     string
		want     *healthchecks.Check
		disabled bool
	}{
		{"", nil, false},
		{"healthcheck: {test: curl -f x}", &healthchecks.Check{Test: []string{"CMD-SHELL", "curl -f x"}}, false},
		{"healthcheck: {test: [CMD, a, b]}", &healthchecks.Check{Test: []string{"CMD", "a", "b"}}, false},
		{"healthcheck: {test: [CMD-SHELL, a b]}", &healthchecks.Check{Test: []string{"CMD-SHELL", "a b"}}, false},
		{"healthcheck: {test: [NONE]}", &healthchecks.Check{Test: []string{"NONE"}}, true},
		{"healthcheck: {disable: true}", &healthchecks.Check{Test: []string{"NONE"}}, true},
		{"healthcheck: {interval: 5s, timeout: 1m30s, retries: 7, start_period: 2m, start_interval: 500ms}", &healthchecks.Check{
			Interval: 5 * time.Second, Timeout: 90 * time.Second, Retries: 7, StartPeriod: 2 * time.Minute, StartInterval: 500 * time.Millisecond}, false},
	}
	for _, c := range cases {
		t.Run(c.text, func(t *testing.T) {
			p := mustLoad(t, "services:\n  a:\n    image: x\n    "+c.text)
			got, disabled := p.Services["a"].FileCheck()
			if diff := cmp.Diff(c.want, got); diff != "" || disabled != c.disabled {
				t.Errorf("disabled %v: %s", disabled, diff)
			}
		})
	}
}

func TestSettingsAreDecoded(t *testing.T) {
	p := mustLoad(t, `
x-stackctl: {timeout: 90, stable_for: "0", allow_unverified: true, supervise: {budget: 5, window: 10m, backoff: 1.5}}
services:
  a:
    image: x
    ports: ["8080:80", "443"]
    x-stackctl:
      allow_unverified: true
      verify:
        - http: {port: 80}
        - http: {port: "${P}", path: /h, status: 204, body: ok, header: {x-a: 1}, tls: {server_name: s, insecure: true}}
        - http: {port: 443, tls: true}
        - tcp: {port: 80}
        - postgres:
        - postgres: {user: u, database: d}
      critical_logs: [FATAL, {pattern: "x{2}", fail: true}]
`, "P=443")
	zero := time.Duration(0)
	want := Settings{Timeout: 90 * time.Second, StableFor: &zero, AllowUnverified: true, Supervise: SuperviseSettings{Budget: 5, Window: 10 * time.Minute, Backoff: 1500 * time.Millisecond}}
	if diff := cmp.Diff(want, p.Settings); diff != "" {
		t.Error(diff)
	}
	got := p.Services["a"].Settings
	for i := range got.CriticalLogs {
		if got.CriticalLogs[i].Regexp == nil {
			t.Errorf("critical_logs[%d] is not compiled", i)
		}
		got.CriticalLogs[i].Regexp = nil
	}
	wantService := ServiceSettings{
		AllowUnverified: true,
		Verify: []Verify{
			{HTTP: &VerifyHTTP{Port: 80, Path: "/"}},
			{HTTP: &VerifyHTTP{Port: 443, Path: "/h", Status: []int{204}, Body: "ok", Header: map[string]string{"X-A": "1"}, TLS: &VerifyTLS{ServerName: "s", Insecure: true}}},
			{HTTP: &VerifyHTTP{Port: 443, Path: "/", TLS: &VerifyTLS{}}},
			{TCP: &VerifyTCP{Port: 80}},
			{Postgres: &VerifyPostgres{}},
			{Postgres: &VerifyPostgres{User: "u", Database: "d"}},
		},
		CriticalLogs: []CriticalLog{{Pattern: "FATAL"}, {Pattern: "x{2}", Fail: true}},
	}
	if diff := cmp.Diff(wantService, got); diff != "" {
		t.Error(diff)
	}
}

func TestFilesOfSettingsAreFoundFromTheDirectory(t *testing.T) {
	p, err := loadDir(t, map[string]string{
		"compose.yaml": "services: {a: {image: x, ports: [\"443\"], x-stackctl: {verify: [{http: {port: 443, tls: {ca_file: ca.pem}}}, {postgres: {password_file: ./pw}}]}}}",
		"ca.pem":       "x", "pw": "secret",
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	verify := p.Services["a"].Settings.Verify
	if verify[0].HTTP.TLS.CAFile != p.Dir+"/ca.pem" || verify[1].Postgres.PasswordFile != p.Dir+"/pw" {
		t.Errorf("%+v %+v", verify[0].HTTP.TLS, verify[1].Postgres)
	}
}

func TestTheEngineMakesABindSourceOnlyWhereTheLongFormAsks(t *testing.T) {
	text := func(mount string) string { return fmt.Sprintf("services: {a: {image: x, volumes: [%s]}}", mount) }
	for mount, never := range map[string]bool{`"./no:/x"`: false, `{type: bind, source: ./no, target: /x}`: false,
		`{type: bind, source: ./no, target: /x, bind: {create_host_path: false}}`: true} {
		sources := mustLoad(t, text(mount)).BindSources()
		if len(sources) != 1 || sources[0].Create || sources[0].NeverCreate != never || sources[0].Place.Line != 1 || sources[0].Place.Column != 36 {
			t.Errorf("%s: %+v", mount, sources)
		}
	}
	p := mustLoad(t, text(`{type: bind, source: ./no, target: /x/, bind: {create_host_path: true}}`))
	if !bool(p.Services["a"].Volumes[0].Bind.CreateHostPath) {
		t.Error("create_host_path is lost")
	}
	p = mustLoad(t, text(`".:/x"`))
	if bool(p.Services["a"].Volumes[0].Bind.CreateHostPath) {
		t.Error("create_host_path is set without being asked for")
	}
}

func TestNamesOfTheAuthorsOwnMayBeginLikeExtensions(t *testing.T) {
	p := mustLoad(t, `
services:
  a:
    image: x
    labels: {x-team: core, plain: "1"}
    environment: {x-mode: "on", PLAIN: 1, x-unset: }
    annotations: {x-a: "1"}
    x-extension: {y: 1}
networks: {default: {labels: {x-net: "1"}}}
`)
	a := p.Services["a"]
	if a.Labels["x-team"] != "core" || a.Labels["plain"] != "1" || len(a.Labels) != 2 || a.Annotations["x-a"] != "1" {
		t.Errorf("labels %v, annotations %v", a.Labels, a.Annotations)
	}
	if len(a.Environment) != 3 || *a.Environment["x-mode"] != "on" || *a.Environment["PLAIN"] != "1" || a.Environment["x-unset"] != nil {
		t.Errorf("environment %v", a.Environment)
	}
	if p.Networks["default"].Labels["x-net"] != "1" {
		t.Errorf("labels %v", p.Networks["default"].Labels)
	}
	if fields := a.Fields(); fields["labels.x-team"] != "core" || fields["environment.x-mode"] != "on" || fields["x-extension.y"] != "" {
		t.Errorf("fields %v", fields)
	}
	_, err := loadText(t, "services: {a: {image: x, logging: {options: {x-a: b}}}}")
	if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), "services.a.logging.options.x-a") {
		t.Error(err)
	}
}

func TestWhatLooksLikeAFile(t *testing.T) {
	for path, want := range map[string]bool{
		"data": false, "./conf.d": false, "pg-data": false, "/var/lib/x": false, ".ssh": false, "app.conf": true, "conf.yml": true, "Caddyfile": true,
		"/etc/localtime": true, "/var/run/docker.sock": true, ".env": true, ".htpasswd": true, "init.sql": true, "Dockerfile": true,
	} {
		if got := (BindSource{Source: path}).LooksLikeFile(); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}

func TestOneCommandPutsMissingSourcesInPlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app.example.conf"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := &Project{Dir: dir}
	got := p.CreateCommand([]string{dir + "/data", "/srv/x y"}, []string{dir + "/app.conf", dir + "/etc/site.yml"})
	want := "mkdir -p '/srv/x y' ./data ./etc && cp ./app.example.conf ./app.conf && cp PATH/TO/site.yml ./etc/site.yml"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
