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
	text, err := p.YAML(YAMLOptions{})
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
