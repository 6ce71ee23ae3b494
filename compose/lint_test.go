package compose

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/healthchecks"
)

func TestHealthchecksThatProveNothingAreNamed(t *testing.T) {
	cases := []struct {
		test []string
		want []string
	}{
		{[]string{"CMD-SHELL", "curl -s http://127.0.0.1/"}, []string{"--fail"}},
		{[]string{"CMD", "curl", "http://localhost:80/"}, []string{"--fail", "localhost"}},
		{[]string{"CMD-SHELL", "wget -q localhost || exit 1"}, []string{"localhost"}},
		{[]string{"CMD-SHELL", "pg_isready -h localhost"}, []string{"localhost"}},
		{[]string{"CMD-SHELL", "curl -fsS http://127.0.0.1/ || exit 1"}, nil},
		{[]string{"CMD-SHELL", "curl --fail-with-body http://127.0.0.1/"}, nil},
		{[]string{"CMD", "curl", "-sSf", "http://127.0.0.1/"}, nil},
		{[]string{"CMD-SHELL", "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/ | grep 200"}, nil},
		{[]string{"CMD", "/probe", "--true"}, nil},
		{[]string{"CMD-SHELL", "test -f /ready || exit 1"}, nil},
		{[]string{"CMD", "my-localhost-probe"}, nil},
		{[]string{"CMD-SHELL", "cat /s 2>/dev/null | grep -q 'not running' && exit 1 || exit 0"}, nil},
		{nil, nil},
	}
	for _, c := range cases {
		got := lintCheck(healthchecks.Check{Test: c.test})
		if len(got) != len(c.want) {
			t.Errorf("%v: %v", c.test, got)
			continue
		}
		for i, part := range c.want {
			if !strings.Contains(got[i], part) {
				t.Errorf("%v: %q does not say %q", c.test, got[i], part)
			}
		}
	}
}

func TestACheckThatCannotFailIsNoAdvice(t *testing.T) {
	for test, never := range map[string]bool{
		"curl -f http://127.0.0.1/ || exit 0": true, "probe || true": true, "probe ; exit 0;": true, "[CMD, 'true']": true, "[CMD, /bin/true]": true,
		"exit 0": true, "echo ok": true, "[CMD, echo, ok]": true, "[CMD, sh, -c, 'probe || true']": true, "[CMD, bash, -c, probe, '|| true']": false,
		"[CMD, probe, '|| true']": false, "probe || exit 1": false, "grep -q down /s && exit 1 || exit 0": false,
	} {
		p := mustLoad(t, "services: {a: {image: x, healthcheck: {test: "+test+"}}}")
		found := slices.ContainsFunc(p.Warnings, func(w Warning) bool { return !w.Advice && strings.Contains(w.Message, "never fail") })
		if found != never {
			t.Errorf("%s: %v", test, p.Warnings)
		}
	}
}

func TestAdviceIsToldFromWhatTheFileLeavesOpen(t *testing.T) {
	p := mustLoad(t, `
services:
  db: {image: "postgres:17", restart: always, ports: ["5432:5432"], privileged: true, environment: {A: "${UNSET}"},
       deploy: {placement: {constraints: [a]}}, cap_add: [A, A], healthcheck: {test: "curl http://localhost/"}}
`)
	count := map[bool]int{}
	for _, w := range p.Warnings {
		count[w.Advice]++
	}
	if count[true] != 6 || count[false] != 3 {
		t.Errorf("%d pieces of advice and %d warnings: %v", count[true], count[false], p.Warnings)
	}
}

func TestACheckIsEvaluatedAsTheShellDoes(t *testing.T) {
	for command, want := range map[string]bool{
		"probe": true, "true": false, ":": false, "false": true, "exit 0": false, "exit 3": true, "exit 256": false, "exit $?": true,
		"probe || exit 0":                   false,
		"probe && exit 0":                   true,
		"probe && exit 1 || exit 0":         true,
		"probe && exit 0 || exit 1":         true,
		"probe && exit 0 || true":           false,
		"true && exit 0 || exit 1":          false,
		"false || exit 0":                   false,
		"false && exit 1 || exit 0":         false,
		"exit 1; exit 0":                    true,
		"probe || exit 1; exit 0":           true,
		"probe; true":                       false,
		"true; probe":                       true,
		"probe | true":                      false,
		"true | probe":                      true,
		"exit 1 | true":                     false,
		"probe || echo failed":              false,
		"probe || { echo failed; exit 1; }": true,
		"probe || (echo failed; exit 1)":    true,
		"(exit 1) || true":                  false,
		"(probe || exit 1); true":           false,
		"{ probe || exit 1; }; true":        true,
		"! true":                            true,
		"! false":                           false,
		"echo 'a || exit 1'":                false,
		"probe 2>&1 || true":                false,
		"probe & true":                      false,
		"probe &":                           false,
		"A=1 probe":                         true,
		"if probe; then exit 1; fi; true":   true,
		"set -e; probe; true":               true,
		"exec probe; true":                  true,
		"probe \\\n || true":                false,
		"test \"$(probe || true)\" = up":    true,
		"probe ||":                          true,
		"(probe":                            true,
		"":                                  false,
	} {
		if got := canFail(command); got != want {
			t.Errorf("%q: can fail %v, want %v", command, got, want)
		}
	}
}

func FuzzAnyCommandIsEvaluated(f *testing.F) {
	f.Add("a && (b || { exit 1; }) | c; d")
	f.Fuzz(func(_ *testing.T, command string) { canFail(command) })
}

func TestPortsOpenToTheNetworkAreOneWarning(t *testing.T) {
	p := mustLoad(t, `
services:
  web: {image: x, ports: ["80:80", "0.0.0.0:443:443", "127.0.0.1:1:1", "[::1]:2:2"]}
  dns: {image: x, ports: ["53:53/udp", "9000"]}
  none: {image: x}
`)
	if len(p.Warnings) != 1 || p.Warnings[0].Service != "" ||
		!strings.Contains(p.Warnings[0].Message, "dns 53/udp, dns a free port for 9000, web 80, web 443;") {
		t.Errorf("%v", p.Warnings)
	}
}

func TestLogsThatGrowWithoutBoundAreOneWarning(t *testing.T) {
	p := mustLoad(t, `
services:
  b: {image: x, restart: unless-stopped}
  a: {image: x, restart: always}
  bounded: {image: x, restart: always, logging: {options: {max-size: 1m}}}
  elsewhere: {image: x, restart: always, logging: {driver: journald}}
  short: {image: x, restart: on-failure}
`)
	if len(p.Warnings) != 1 || p.Warnings[0].Service != "" || !strings.Contains(p.Warnings[0].Message, "the logs of a, b grow") {
		t.Errorf("%v", p.Warnings)
	}
}

func TestADatabaseThatLosesItsDataIsNamed(t *testing.T) {
	cases := []struct{ text, want string }{
		{"image: postgres:17", "in no named volume"},
		{"image: postgres:17, volumes: [/var/lib/postgresql/data]", "in no named volume"},
		{"image: postgres:17, volumes: [\"data:/var/lib/postgresql/data\"]", ""},
		{"image: postgres:17, volumes: [\".:/var/lib/postgresql/data\"]", ""},
		{"image: postgres:17, tmpfs: [\"/var/lib/postgresql/data:size=1g\"]", ""},
		{"image: \"postgres:18\", volumes: [\"data:/var/lib/postgresql/data\"]", "postgres 18 keeps its data in /var/lib/postgresql/18/docker"},
		{"image: \"postgres:18.1-alpine\", volumes: [\"data:/var/lib/postgresql\"]", ""},
		{"image: \"postgres:18\", environment: {PGDATA: /var/lib/postgresql/data/x}, volumes: [\"data:/var/lib/postgresql/data\"]", ""},
		{"image: \"registry.example:5000/mirror/postgres:18@sha256:0123456789012345678901234567890123456789012345678901234567890123\"", "in no named volume"},
		{"image: \"postgis/postgis:16-3.4\", volumes: [\"data:/var/lib/postgresql/data\"]", ""},
		{"image: postgres, volumes: [\"data:/var/lib/postgresql/data\"]", ""},
		{"image: postgres-exporter:1", ""},
	}
	for _, c := range cases {
		p := mustLoad(t, "services: {a: {"+c.text+"}}\nvolumes: {data: {}}")
		switch {
		case c.want == "" && len(p.Warnings) > 0:
			t.Errorf("%s: %v", c.text, p.Warnings)
		case c.want != "" && (len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0].Message, c.want)):
			t.Errorf("%s: %v, want %s", c.text, p.Warnings, c.want)
		}
	}
}

func TestASecretThatEverybodyCanReadIsAWarning(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"compose.yaml": "services: {a: {image: x, secrets: [{source: s, mode: 0400, uid: \"1\"}]}}\nsecrets: {s: {file: ./secrets/s}}",
		"secrets/s":    "x",
	})
	open := func(file string, mode os.FileMode) {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	warnings := func() string {
		p, err := Load(t.Context(), Options{WorkingDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, w := range p.Warnings {
			all = append(all, w.Message)
		}
		return strings.Join(all, "\n")
	}
	// The directories that testing makes are closed to others.
	for above := dir; above != filepath.Dir(above); above = filepath.Dir(above) {
		if info, err := os.Stat(above); err == nil && info.Mode().Perm()&1 == 0 {
			open(above, 0o755)
		}
	}
	open(filepath.Join(dir, "secrets/s"), 0o644)
	if got := warnings(); !strings.Contains(got, "every user of this host can read secret s") || !strings.Contains(got, "uid and mode of secret s has no effect") {
		t.Errorf("open: %s", got)
	}
	open(filepath.Join(dir, "secrets"), 0o700)
	if got := warnings(); strings.Contains(got, "every user") {
		t.Errorf("closed directory: %s", got)
	}
	open(filepath.Join(dir, "secrets"), 0o755)
	open(filepath.Join(dir, "secrets/s"), 0o400)
	if got := warnings(); strings.Contains(got, "every user") || strings.Contains(got, "mode") {
		t.Errorf("closed file: %s", got)
	}
}

func TestAHostPortOfTwoServicesIsAWarning(t *testing.T) {
	p := mustLoad(t, "services: {a: {image: x, ports: [\"127.0.0.1:80:80\"]}, b: {image: x, ports: [\"127.0.0.1:80:1\"]}, c: {image: x, ports: [\"127.0.0.1:80:80/udp\"]}}")
	if len(p.Warnings) != 1 || p.Warnings[0].Service != "b" || !strings.Contains(p.Warnings[0].Message, "host port 80 is also that of service a") {
		t.Errorf("%v", p.Warnings)
	}
}
