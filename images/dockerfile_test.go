package images

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestADockerfileNamesItsBaseImages(t *testing.T) {
	cases := map[string]struct {
		text     string
		args     map[string]string
		contexts []string
		platform string
		want     []string
	}{
		"scratch is none":      {text: "FROM scratch\nCOPY a /", want: nil},
		"stages are none":      {text: "FROM golang:1.26 AS Build\nFROM scratch\nCOPY --from=build /a /\nCOPY --from=0 /b /", want: []string{"golang:1.26"}},
		"a stage on a stage":   {text: "FROM a AS x\nFROM x AS y\nFROM y", want: []string{"a"}},
		"an image copied from": {text: "FROM scratch\nCOPY --from=busybox:1 /bin/sh /", want: []string{"busybox:1"}},
		"an image mounted":     {text: "FROM a\nRUN --mount=type=bind,from=tools:2,target=/t true", want: []string{"a", "tools:2"}},
		"an argument's default": {
			text: "ARG IMAGE=golang:1.26\nFROM ${IMAGE} AS build", want: []string{"golang:1.26"}},
		"an argument given": {
			text: "ARG IMAGE=golang:1.26\nFROM ${IMAGE} AS build",
			args: map[string]string{"IMAGE": "mine:1"}, want: []string{"mine:1"}},
		"a default made of another argument": {
			text: "ARG V=1.26\nARG IMAGE=golang:${V}\nFROM $IMAGE", args: map[string]string{"V": "1.27"}, want: []string{"golang:1.27"}},
		"a default in place":             {text: "FROM ${NOTHING:-alpine:3}", want: []string{"alpine:3"}},
		"an argument that is no global":  {text: "FROM a${X}", args: map[string]string{"X": "b"}, want: []string{"a"}},
		"the platform":                   {text: "FROM img-$TARGETARCH", platform: "linux/arm64", want: []string{"img-arm64"}},
		"a named context is none":        {text: "FROM base\nCOPY --from=assets / /", contexts: []string{"base", "assets"}, want: nil},
		"case and continuation and copy": {text: "from a \\\n  as b\nFROM b\n", want: []string{"a"}},
		"heredocs are not instructions":  {text: "FROM a\nRUN <<EOF\nFROM nothing\nEOF\n", want: []string{"a"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseDockerfile([]byte(c.text), c.args, c.contexts, c.platform)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.bases); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAWrongDockerfileIsRefusedWithItsLine(t *testing.T) {
	_, err := parseDockerfile([]byte("FROM a\nRUNN true\n"), nil, nil, "")
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
	if _, err := parseDockerfile(nil, nil, nil, ""); err == nil {
		t.Error("an empty Dockerfile is accepted")
	}
}

func TestAnotherFrontendReadsItsOwnLanguage(t *testing.T) {
	got, err := parseDockerfile([]byte("# syntax=example.org/other:1\nanything: goes\n"), nil, nil, "")
	if err != nil || got.syntax != "example.org/other:1" || len(got.bases) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, want := range map[string]bool{
		"docker/dockerfile:1": true, "docker.io/docker/dockerfile:1.7-labs": true,
		"docker/dockerfile@sha256:00": true, "docker/dockerfile-upstream:master": true,
		"evil/docker/dockerfile:1": false, "docker/dockerfileX": false,
	} {
		if officialFrontend(name) != want {
			t.Errorf("official %s: %v", name, !want)
		}
	}
}

func TestADockerfileIsReadOnlyFromWhereItIsSaidToBe(t *testing.T) {
	outside := writeFiles(t, map[string]string{"secret": "FROM secret", "web.Dockerfile": "FROM web"})
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM a", "sub/other": "FROM b"})
	symlink(t, "Dockerfile", dir+"/inside")
	symlink(t, outside+"/secret", dir+"/escaping")
	symlink(t, outside, dir+"/way")
	if err := os.Mkdir(dir+"/folder", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"": "FROM a", "Dockerfile": "FROM a", "sub/other": "FROM b", "inside": "FROM a",
		outside + "/web.Dockerfile": "FROM web",
		"escaping":                  "", "way/secret": "", "missing": "", "folder": "",
	} {
		got, err := readDockerfile(dir, name)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

func TestTheIgnoreFileNamedAfterTheDockerfileComesFirst(t *testing.T) {
	dir := writeFiles(t, map[string]string{".dockerignore": "general", "web.Dockerfile.dockerignore": "special"})
	for dockerfile, want := range map[string]string{"web.Dockerfile": "special", "Dockerfile": "general", "": "general"} {
		got, _, err := readIgnore(dir, dockerfile)
		if err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", dockerfile, got, err)
		}
	}
	if got, _, err := readIgnore(t.TempDir(), "Dockerfile"); got != nil || err != nil {
		t.Errorf("none: %q, %v", got, err)
	}
}

func TestOnlyAFullCommitPinsARemoteContext(t *testing.T) {
	commit := strings.Repeat("0123456789", 4)
	for context, want := range map[string]bool{
		"https://example.org/r.git#" + commit:           true,
		"https://example.org/r.git#" + commit + ":sub":  true,
		"https://example.org/r.git#main":                false,
		"https://example.org/r.git":                     false,
		"https://example.org/r.git#" + commit[1:] + "z": false,
	} {
		if isPinned(context) != want {
			t.Errorf("%s: %v", context, !want)
		}
	}
}
