package compose

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestLoadingTellsEachFileThatTheProjectDependsOn(t *testing.T) {
	files := map[string]string{
		"compose.yaml": `
include: [{path: sub/inc.yaml, env_file: sub/inc.env}]
services:
  a:
    extends: {file: base.yaml, service: base}
    env_file: [a.env, {path: missing.env, required: false}]
    label_file: labels.env
    secrets: [s]
    configs: [c]
    ports: ["80:80"]
    x-stackctl: {verify: [{http: {port: 80, tls: {ca_file: ca.pem}}}]}
secrets: {s: {file: secret.txt}}
configs: {c: {file: config.txt}}
`,
		"base.yaml": "services: {base: {image: x}}", "sub/inc.yaml": "services: {b: {image: $B}}", "sub/inc.env": "B=x",
		"a.env": "A=1", "labels.env": "l=1", "secret.txt": "s", "config.txt": "c", "ca.pem": "ca", ".env": "C=1",
	}
	want := []string{"compose.yaml", "base.yaml", "sub/inc.yaml", "sub/inc.env", "a.env", "missing.env", "labels.env", "secret.txt", "config.txt", "ca.pem", ".env", "compose.override.yaml"}
	read := func(files map[string]string) (seen []string, err error) {
		dir := writeFiles(t, files)
		_, err = Load(t.Context(), Options{WorkingDir: dir, Reading: func(file string) {
			if !filepath.IsAbs(file) {
				t.Errorf("%s is not absolute", file)
			}
			name, _ := filepath.Rel(dir, file)
			seen = append(seen, name)
		}})
		return seen, err
	}
	seen, err := read(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range want {
		if !slices.Contains(seen, name) {
			t.Errorf("%s is not told; told are %q", name, seen)
		}
	}
	files["sub/inc.env"] = "no assignment !"
	seen, err = read(files)
	if err == nil {
		t.Fatal("a broken env file is accepted")
	}
	for _, name := range []string{"compose.yaml", "sub/inc.env"} {
		if !slices.Contains(seen, name) {
			t.Errorf("of a project that is invalid, %s is not told; told are %q", name, seen)
		}
	}
}
