package compose

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const secretive = `
services:
  a:
    image: x
    command: ["run", "--db=postgres://u:p%40ssw0rd@db/x", "--key=${API_KEY}"]
    environment:
      PORT: "8080"
      API_TOKEN: "tok3n-value"
      DSN: "postgres://user:hunter2hunter2@db/app"
      POSTGRES_PASSWORD_FILE: /run/secrets/db
      EMPTY: ""
      NONE:
    ports: ["8080:80", "127.0.0.1:53:53/udp", "9"]
    secrets: [db]
    configs: [site]
    volumes: ["data:/data"]
    depends_on: [b]
    profiles: []
    pull_policy: always
    deploy: {replicas: 1, placement: {constraints: [x==y]}, resources: {limits: {memory: 64m}}}
    x-own: 1
    x-stackctl: {allow_unverified: true}
  b: {image: x}
secrets: {db: {file: ./pw}}
configs: {site: {content: "hello"}}
volumes: {data: {}}
`

func loadSecretive(t *testing.T, edit ...string) *Project {
	t.Helper()
	dir := writeFiles(t, map[string]string{"compose.yaml": strings.NewReplacer(edit...).Replace(secretive), "pw": "file-secret-1\n"})
	p, err := Load(t.Context(), Options{WorkingDir: dir, Name: "app", Environ: []string{"API_KEY=abcdefgh-key"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var markerForm = regexp.MustCompile(`sha256:[0-9a-f]{8}`)

func TestFieldsAreFlatAndHoldNoSecret(t *testing.T) {
	p := loadSecretive(t)
	got := p.Services["a"].Fields()
	for key, value := range got {
		for _, secret := range p.SecretValues() {
			if strings.Contains(value, secret) {
				t.Errorf("%s shows a secret: %s", key, value)
			}
		}
		got[key] = markerForm.ReplaceAllString(value, "#")
	}
	want := map[string]string{
		"image": "x", "command": `["run" "--db=postgres://u:#@db/x" "--key=#"]`,
		"environment.PORT": "8080", "environment.API_TOKEN": "#", "environment.DSN": "postgres://user:#@db/app",
		"environment.POSTGRES_PASSWORD_FILE": "/run/secrets/db", "environment.EMPTY": "", "environment.NONE": "(none)",
		"ports[0]": "8080:80/tcp", "ports[1]": "127.0.0.1:53:53/udp", "ports[2]": "9/tcp",
		"secrets[0].source": "db", "secrets[0].target": "/run/secrets/db", "secrets.db.content": "#",
		"configs[0].source": "site", "configs.site.content": "#",
		"volumes[0].type": "volume", "volumes[0].source": "data", "volumes[0].target": "/data",
		"deploy.resources.limits.memory": "67108864", "networks.default": "(none)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatChangesAContainerChangesItsHashAndWhatDoesNotDoesNot(t *testing.T) {
	base := loadSecretive(t)
	hash := func(p *Project) string { return p.Services["a"].Hash(p) }
	same := map[string][]string{
		"pull_policy":  {"pull_policy: always", "pull_policy: missing"},
		"replicas":     {"replicas: 1", "replicas: 0"},
		"placement":    {"x==y", "y==x"},
		"depends_on":   {"depends_on: [b]", "depends_on: []"},
		"x-stackctl":   {"allow_unverified: true", "allow_unverified: false"},
		"an extension": {"x-own: 1", "x-own: 2"},
	}
	different := map[string][]string{
		"environment":     {`"8080"`, `"8081"`},
		"a secret value":  {"tok3n-value", "tok3n-other"},
		"unset and empty": {"NONE:", `NONE: ""`},
		"a port":          {"8080:80", "8081:80"},
		"a limit":         {"64m", "65m"},
		"a config":        {"hello", "bye"},
		"a volume":        {"volumes: {data: {}}", "volumes: {data: {driver: other}}"},
		"command":         {`"run", `, `"run ", `},
	}
	// Another directory is another project with another salt: all are loaded
	// from one.
	dir := base.Dir
	load := func(edit []string) *Project {
		writeFile(t, filepath.Join(dir, "compose.yaml"), strings.NewReplacer(edit...).Replace(secretive))
		p, err := Load(t.Context(), Options{WorkingDir: dir, Name: "app", Environ: []string{"API_KEY=abcdefgh-key"}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for name, edit := range same {
		if got := load(edit); hash(got) != hash(base) || cmp.Diff(got.Services["a"].Fields(), base.Services["a"].Fields()) != "" {
			t.Errorf("%s changes the container", name)
		}
	}
	for name, edit := range different {
		if got := load(edit); hash(got) == hash(base) {
			t.Errorf("%s does not change the container", name)
		}
	}
	writeFile(t, filepath.Join(dir, "pw"), "file-secret-2\n")
	changed := load(nil)
	if hash(changed) == hash(base) || changed.Services["a"].Fields()["secrets.db.content"] == base.Services["a"].Fields()["secrets.db.content"] {
		t.Error("the content of a secret does not change the container")
	}
	if changed.Services["b"].Hash(changed) != base.Services["b"].Hash(base) {
		t.Error("a service without the secret changes")
	}
}

func TestNoSwappinessIsNotTheSameAsNoneAskedFor(t *testing.T) {
	unset := mustLoad(t, "services: {a: {image: x}}")
	zero := mustLoad(t, "services: {a: {image: x, mem_swappiness: 0}}")
	if unset.Services["a"].ZeroSwappiness || !zero.Services["a"].ZeroSwappiness || zero.Services["a"].Fields()["mem_swappiness"] != "0" {
		t.Errorf("unset %v, zero %v", unset.Services["a"].ZeroSwappiness, zero.Services["a"].Fields())
	}
	if inherited := mustLoad(t, "services: {b: {extends: a}, a: {image: x, mem_swappiness: 0}}"); !inherited.Services["b"].ZeroSwappiness {
		t.Error("what is inherited does not count")
	}
	if unset.Services["a"].Hash(unset) == zero.Services["a"].Hash(zero) {
		t.Error("the hash is the same")
	}
}

func TestSecretValuesAreContentsSecretLookingVariablesAndPasswordsInURLs(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"compose.yaml": secretive,
		"pw":           "-----BEGIN KEY-----\nline-one-of-key\nline-two-of-key\n-----END KEY-----\n",
	})
	p, err := Load(t.Context(), Options{WorkingDir: dir, Environ: []string{"API_KEY=abcdefgh-key", "OTHER_PASSWORD=unused"}})
	if err != nil {
		t.Fatal(err)
	}
	got := p.SecretValues()
	want := []string{
		"-----BEGIN KEY-----\nline-one-of-key\nline-two-of-key\n-----END KEY-----",
		"line-one-of-key", "line-two-of-key", "hunter2hunter2", "abcdefgh-key", "tok3n-value", "p%40ssw0rd", "p@ssw0rd",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNamesThatLookSecret(t *testing.T) {
	for name, want := range map[string]bool{
		"POSTGRES_PASSWORD": true, "password": true, "DB_PASS": true, "API_KEY": true, "AWS_SECRET_ACCESS_KEY": true, "GITHUB_TOKEN": true,
		"DB_PWD": true, "X_CREDENTIALS": true, "APIKEY": true, "BASIC_AUTH": true, "my-api-key": true,
		"POSTGRES_PASSWORD_FILE": false, "PWD": false, "KEYBOARD": false, "MONKEY": false, "PASSAGE": false, "SSH_PUBLIC_KEY": false, "PORT": false, "COMPASS": false,
	} {
		if LooksSecret(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestThePrintedFileHidesSecretsUnlessAsked(t *testing.T) {
	p := loadSecretive(t)
	hidden, err := p.YAML(PrintOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range p.SecretValues() {
		if strings.Contains(string(hidden), secret) {
			t.Errorf("%q is shown in\n%s", secret, hidden)
		}
	}
	shown, err := p.YAML(PrintOptions{ShowSecrets: true})
	if err != nil || !strings.Contains(string(shown), "tok3n-value") || !strings.Contains(string(shown), "hunter2hunter2") {
		t.Errorf("%v\n%s", err, shown)
	}
}

func TestThePrintedFileIsTheSameProject(t *testing.T) {
	for _, file := range testFiles(t, "valid-*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			o := Options{Files: []string{file}, Name: "same", Environ: []string{"SET=set", "EMPTY=", "FROM_OUTSIDE=outside", "HOME_DIR=/home"}}
			first, err := Load(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			printed, err := first.YAML(PrintOptions{ShowSecrets: true})
			if err != nil {
				t.Fatal(err)
			}
			again := filepath.Join(t.TempDir(), "printed.yaml")
			if err := os.WriteFile(again, printed, 0o600); err != nil {
				t.Fatal(err)
			}
			o.Dir, o.Files = filepath.Dir(file), []string{again}
			second, err := Load(t.Context(), o)
			if err != nil {
				t.Fatalf("%v\n%s", err, printed)
			}
			if diff := cmp.Diff(first.Order(), second.Order()); diff != "" {
				t.Error(diff)
			}
			for name, s := range first.Services {
				if diff := cmp.Diff(s.Fields(), second.Services[name].Fields()); diff != "" || s.Hash(first) != second.Services[name].Hash(second) {
					t.Errorf("%s: %s", name, diff)
				}
			}
		})
	}
}
