package compose

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestASecretInACommandOrALabelIsFound(t *testing.T) {
	for words, want := range map[string]string{
		`--password=secret-1`:                      "secret-1",
		`--password secret-2`:                      "secret-2",
		`--password "secret three"`:                "secret three",
		`PGPASSWORD='secret 4' psql -U app`:        "secret 4",
		`sh -c "API_TOKEN=secret-5; run"`:          "secret-5",
		`redis-server --requirepass secret-6`:      "secret-6",
		`curl http://me:secret-7@host/`:            "secret-7",
		`a --user x --db-password=secret-8 --quit`: "secret-8",
		`--password-file /run/secrets/pw`:          "",
		`--password-file=/run/secrets/pw`:          "",
		`--key=/etc/ssl/key.pem`:                   "",
		`--token=$TOKEN --password "$(cat /x)"`:    "",
		`--password --verbose`:                     "",
		`--with-token=true`:                        "",
		`--compass=north`:                          "",
		`echo password is good`:                    "",
	} {
		got := secretsInCommand([]string{words})
		if want == "" && len(got) > 0 || want != "" && !slices.Equal(got, []string{want}) {
			t.Errorf("%s has %q, want %q", words, got, want)
		}
	}
	if got := secretsInCommand([]string{"app", "--token", "secret with blanks", "--password=also with blanks"}); !slices.Equal(got, []string{"secret with blanks", "also with blanks"}) {
		t.Errorf("word by word: %q", got)
	}
}

func TestANameIsNeverASecret(t *testing.T) {
	const file = `
name: trading
services:
  postgres:
    image: registry.example/postgres:17
    environment: {POSTGRES_PASSWORD: postgres, POSTGRES_USER: appuser1, APP_PASSWORD: appuser1, PIN_SECRET: "1234", DB_PASSWORD: password}
    command: [--requirepass, postgres]
    networks: {backend: {aliases: [database]}}
  web:
    image: web
    environment: {ADMIN_PASSWORD: database, SESSION_SECRET: not-a-name-at-all, NETWORK_TOKEN: trading_backend, PASSWORD: trading}
networks: {backend: {}}
`
	dir := writeFiles(t, map[string]string{"compose.yaml": file})
	p, err := Load(t.Context(), Options{Files: []string{filepath.Join(dir, "compose.yaml")}})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.SecretValues(); !slices.Equal(got, []string{"not-a-name-at-all", "1234"}) {
		t.Errorf("secret are %q", got)
	}
	want := []string{"ADMIN_PASSWORD", "APP_PASSWORD", "DB_PASSWORD", "NETWORK_TOKEN", "PASSWORD", "PIN_SECRET", "POSTGRES_PASSWORD"}
	if got := p.SecretKeys(); !slices.Equal(got, want) {
		t.Errorf("keys are %q", got)
	}
	if got := lintNames(p); !strings.HasSuffix(got, ": postgres APP_PASSWORD, web ADMIN_PASSWORD, web NETWORK_TOKEN; choose another value") {
		t.Errorf("the warning is %q", got)
	}
	text, err := p.YAML(PrintOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "PASSWORD: postgres") || !strings.Contains(string(text), "  postgres:\n") || !strings.Contains(string(text), "registry.example/postgres:17") {
		t.Errorf("it is printed as\n%s", text)
	}
	if got := p.Services["postgres"].Fields()["image"]; got != "registry.example/postgres:17" {
		t.Errorf("the field says %q", got)
	}
}

func TestASecretOfTheServiceStandsInNoneOfItsFields(t *testing.T) {
	const file = `
name: x
services:
  a:
    image: a
    command: [run, --token=literal-secret-1]
    environment: {OTHER: "uses literal-secret-2", DB_PASSWORD: literal-secret-2}
    labels: {api.token: literal-secret-3, url: "http://u:literal-secret-4@h"}
    healthcheck: {test: "PGPASSWORD=literal-secret-5 psql"}
`
	dir := writeFiles(t, map[string]string{"compose.yaml": file})
	p, err := Load(t.Context(), Options{Files: []string{filepath.Join(dir, "compose.yaml")}})
	if err != nil {
		t.Fatal(err)
	}
	for field, value := range p.Services["a"].Fields() {
		if strings.Contains(value, "literal-secret") {
			t.Errorf("%s shows %q", field, value)
		}
	}
	other := strings.ReplaceAll(file, "literal-secret-1", "another-secret")
	dir = writeFiles(t, map[string]string{"compose.yaml": other})
	changed, err := Load(t.Context(), Options{Files: []string{filepath.Join(dir, "compose.yaml")}, Dir: p.Dir})
	if err != nil {
		t.Fatal(err)
	}
	if changed.Services["a"].Hash(changed) == p.Services["a"].Hash(p) {
		t.Error("another secret is no change")
	}
}

func TestNamesStayReadable(t *testing.T) {
	const file = `
name: mountain-stack
services:
  mountain-db:
    image: registry.example/mountaineers/mountain-db:1
    container_name: the-mountain-db
    environment:
      POSTGRES_PASSWORD: mountain
      PIN_SECRET: abc
      URL: "postgres://hiker:mountain@mountain-db/mountain?pw=mountain"
      mountain_of: x
    command: [run, --host=mountain-db, --password=mountain, --pin-secret, abc, "PIN_SECRET=abc sh"]
    labels: {about: abc, note: "mountain at mountain-db, mountainous"}
    volumes: ["mountain-data:/var/lib/mountain", "./mountain/files:/files"]
    networks: [mountain-net]
volumes: {mountain-data: {}}
networks: {mountain-net: {}}
x-more: {API_TOKEN: xyz, list: ["API_TOKEN=xyz"], note: xyz}
`
	dir := writeFiles(t, map[string]string{"compose.yaml": file})
	p, err := Load(t.Context(), Options{Files: []string{filepath.Join(dir, "compose.yaml")}, WithoutFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.YAML(PrintOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"name: mountain-stack\n", "  mountain-db:\n", "image: registry.example/mountaineers/mountain-db:1\n", "container_name: the-mountain-db\n",
		"source: mountain-data\n", "target: /var/lib/mountain\n", "source: " + dir + "/mountain/files\n", "mountain-net: null\n", "name: mountain-stack_mountain-net\n",
		"POSTGRES_PASSWORD: \"[redacted]\"\n", "PIN_SECRET: \"[redacted]\"\n", "mountain_of: x\n",
		"URL: postgres://hiker:[redacted]@mountain-db/[redacted]?pw=[redacted]\n",
		"- --host=mountain-db\n", "- --password=[redacted]\n", "- \"[redacted]\"\n", "- PIN_SECRET=[redacted] sh\n",
		"about: abc\n", "note: \"[redacted] at mountain-db, [redacted]ous\"\n",
		"API_TOKEN: \"[redacted]\"\n", "- API_TOKEN=[redacted]\n", "note: xyz\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	isFixedPoint(t, p)
	fields := p.Services["mountain-db"].Fields()
	if got := fields["image"]; got != "registry.example/mountaineers/mountain-db:1" {
		t.Errorf("the image's field is %q", got)
	}
	for _, field := range []string{"labels.note", "environment.URL", "environment.POSTGRES_PASSWORD"} {
		if rest := strings.ReplaceAll(fields[field], "mountain-db", ""); strings.Contains(rest, "mountain") {
			t.Errorf("%s shows %q", field, fields[field])
		}
	}
}
