package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
)

// buildSpecimens show what is built, and how.
func buildSpecimens() []specimen {
	return []specimen{
		{
			name: "a build with what it is made of",
			file: `
services:
  app:
    image: @NAME@-app:one
    command: [sleep]
    pull_policy: build
    build:
      context: ./context
      dockerfile: other.Dockerfile
      args: {COLOUR: green, FROM_HOST: }
      target: wanted
      labels: {com.example.build: kept}
      tags: ["@NAME@-app:two"]
      extra_hosts: ["fixed=10.9.8.7"]
      isolation: default
      platforms: [linux/amd64]
      provenance: "false"
      sbom: "false"
      pull: false
      cache_to: [type=inline]
      secrets: [plain, {source: from_env, target: named, uid: "1", gid: "1", mode: 0o400}]
      ssh: [key=./id]
  inline:
    command: [sleep]
    build: {context: ./context, dockerfile_inline: "FROM IMAGE\nCOPY present /inline\n"}
secrets:
  plain: {file: ./secret.txt}
  from_env: {environment: E2E_SECRET}
`,
			files: map[string]string{
				"context/present": "from the context\n",
				"secret.txt":      "file secret",
				"context/other.Dockerfile": `FROM IMAGE AS wanted
ARG COLOUR
ARG FROM_HOST
ENV GOT=$COLOUR-$FROM_HOST
COPY present /present
RUN --mount=type=secret,id=plain ["/testimage", "copy", "from=/run/secrets/plain", "to=/got-plain"]
RUN --mount=type=secret,id=named ["/testimage", "copy", "from=/run/secrets/named", "to=/got-named"]
RUN --mount=type=ssh,id=key ["/testimage", "report", "file=/got-ssh", "env=SSH_AUTH_SOCK"]
RUN ["/testimage", "copy", "from=/etc/hosts", "to=/got-hosts"]
FROM wanted AS beyond
ENV GOT=too-far
`,
			},
			env:    []string{"FROM_HOST=host", "E2E_SECRET=environment secret"},
			before: func(s *stack) { builds(s, "app:one", "app:two", "inline"); sshKey(s, "id") },
			sees: []sight{
				is("services.*.build services.*.build.context", "file:app:/present", "content", `"from the context\n"`),
				has("services.*.build.dockerfile services.*.build.args services.*.build.target", "image=@NAME@-app:one", "Config.Env", `"GOT=green-host"`),
				has("services.*.build.labels", "image=@NAME@-app:one", "Config.Labels", `{"com.example.build": "kept"}`),
				has("services.*.build.tags", "image=@NAME@-app:one", "RepoTags", `"@NAME@-app:two"`),
				has("services.*.build.extra_hosts", "file:app:/got-hosts", "content", `"10.9.8.7\tfixed"`),
				is("services.*.build.isolation services.*.build.platforms services.*.build.provenance services.*.build.sbom", "image=@NAME@-app:one", "Architecture", `"amd64"`),
				is("services.*.build.secrets services.*.build.secrets[].source", "file:app:/got-plain", "content", `"file secret"`),
				is("services.*.build.secrets[].target", "file:app:/got-named", "content", `"environment secret"`),
				has("services.*.build.ssh", "file:app:/got-ssh", "content", `"SSH_AUTH_SOCK=/run/buildkit/ssh_agent"`),
				has("services.*.build.cache_to", "layout=@NAME@-app:one", "", `"moby.buildkit.cache.v0"`),
				is("services.*.build.dockerfile_inline", "file:inline:/inline", "content", `"from the context\n"`),
			},
		},
		{
			name: "limits of a build", api: "1.42", old: "shm_size and ulimits", oldWarns: true,
			file:   builtService("shm_size: 5m, ulimits: {nproc: {soft: 3000, hard: 3333}, sigpending: 444}"),
			files:  map[string]string{"Dockerfile": "FROM IMAGE\n" + copyRun("/proc/self/limits") + copyRun("/proc/mounts")},
			before: func(s *stack) { builds(s, "app") },
			sees: []sight{
				has("services.*.build.ulimits services.*.build.ulimits.*.soft services.*.build.ulimits.*.hard", "file:app:/got-limits", "content",
					`"Max processes             3000                 3333"`),
				has("services.*.build.ulimits", "file:app:/got-limits", "content", `"Max pending signals       444                  444"`),
				has("services.*.build.shm_size", "file:app:/got-mounts", "content", `"size=5120k"`),
			},
		},
		{
			name: "further contexts of a build", api: "1.42", old: "additional_contexts", oldCode: 5,
			file:   builtService("additional_contexts: {extra: ./extra}"),
			files:  map[string]string{"Dockerfile": "FROM IMAGE\nCOPY --from=extra thing /thing\n", "extra/thing": "further\n"},
			before: func(s *stack) { builds(s, "app") },
			sees:   []sight{is("services.*.build.additional_contexts", "file:app:/thing", "content", `"further\n"`)},
		},
		{
			name:   "a build without a network",
			file:   builtService("network: none"),
			files:  map[string]string{"Dockerfile": "FROM IMAGE\n" + copyRun("/proc/net/dev")},
			before: func(s *stack) { builds(s, "app") },
			sees: []sight{
				has("services.*.build.network", "file:app:/got-dev", "content", `"lo:"`),
				lacks("services.*.build.network", "file:app:/got-dev", "content", `"eth0:"`),
			},
		},
		{
			name:   "a build in the host's network",
			file:   builtService("network: host"),
			files:  map[string]string{"Dockerfile": "FROM IMAGE\n" + copyRun("/proc/net/dev")},
			before: func(s *stack) { builds(s, "app") },
			sees:   []sight{has("services.*.build.network", "file:app:/got-dev", "content", `"docker0:"`)},
		},
		{
			name: "a step that is entitled to the host's network", api: "1.42", old: "network", oldCode: 5,
			file:   builtService("entitlements: [network.host]"),
			files:  map[string]string{"Dockerfile": "FROM IMAGE\nRUN --network=host [\"/testimage\", \"copy\", \"from=/proc/net/dev\", \"to=/got-dev\"]\n"},
			before: func(s *stack) { builds(s, "app") },
			sees:   []sight{has("services.*.build.entitlements", "file:app:/got-dev", "content", `"docker0:"`)},
		},
		{
			name: "a privileged build where the builder allows none", code: 5,
			file: builtService("privileged: true"), files: map[string]string{"Dockerfile": "FROM IMAGE\n"},
			says: []string{"security.insecure"}, shows: "services.*.build.privileged",
		},
		{
			name: "a cache to read that no builder knows",
			file: builtService("cache_from: ['type=nonsense,ref=x']"), files: map[string]string{"Dockerfile": "FROM IMAGE\n"},
			says: []string{"importing cache manifest from nonsense"}, shows: "services.*.build.cache_from",
			before: func(s *stack) { builds(s, "app") },
		},
		{
			name: "a base image that must be pulled", code: 5,
			file: builtService("pull: true"), files: map[string]string{"Dockerfile": "FROM IMAGE\n"},
			says: []string{image}, shows: "services.*.build.pull",
		},
		cacheSpecimen("every step is done anew", "no_cache: true", true, "services.*.build.no_cache"),
		cacheSpecimen("the steps of one stage are done anew", "no_cache_filter: [fresh]", true, "services.*.build.no_cache_filter"),
		cacheSpecimen("what is in the cache is taken from it", "no_cache: false", false, "services.*.build.no_cache"),
	}
}

// builtService is a project of one service that is built in its directory.
func builtService(keys string) string {
	return "services: {app: {command: [sleep], build: {context: ., " + keys + "}}}"
}

// copyRun is a step that keeps a file of the build's own surroundings in the
// image.
func copyRun(path string) string {
	return `RUN ["/testimage", "copy", "from=` + path + `", "to=/got-` + filepath.Base(path) + "\"]\n"
}

// cacheSpecimen builds twice and looks whether the same image comes out. Its
// step is its own: another one's fresh result would be taken from the cache.
func cacheSpecimen(name, key string, anew bool, shows string) specimen {
	return specimen{
		name: name, shows: shows,
		file:   builtService(key),
		files:  map[string]string{"Dockerfile": "FROM IMAGE AS fresh\nRUN [\"/testimage\", \"write\", \"file=/stamp\", \"say=" + name + "\"]\n"},
		before: func(s *stack) { builds(s, "app") },
		after: func(s *stack) {
			before := s.imageOf("app")
			s.expect(0, nil, append([]string{"up", "--build"}, cheap[:]...)...)
			if now := s.imageOf("app"); (now != before) != anew {
				s.t.Errorf("the image was %s and is %s", before, now)
			}
		},
	}
}

// imageOf is the ID of the image that a service's container runs.
func (s *stack) imageOf(service string) string {
	s.t.Helper()
	id, err := s.container(service)
	must(s.t, err)
	return inspect(s.t, id).Image
}

// builds says which images a specimen makes: @NAME@-app, so that they are
// removed at the end.
func builds(s *stack, names ...string) {
	s.t.Cleanup(func() {
		s.cleanUp()
		for _, name := range names {
			_ = call(context.Background(), http.MethodDelete, "/images/"+s.name+"-"+name+"?force=1", nil, nil) // it may not have been built
		}
	})
}

// sshKey writes a new private key.
func sshKey(s *stack, name string) {
	s.t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(s.t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(s.t, err)
	must(s.t, os.WriteFile(filepath.Join(s.dir, name), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
}
