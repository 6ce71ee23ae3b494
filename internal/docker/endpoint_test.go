package docker

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/docker/cli/cli/context"
	"github.com/docker/cli/cli/context/store"
	"github.com/stackctl/stackctl/internal/fault"
)

func writePEM(t *testing.T, path string, certificate []byte) {
	t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	must(t, os.WriteFile(path, block, 0o600))
}

// withContext makes a docker configuration with one context.
func withContext(t *testing.T, name, host string) string {
	t.Helper()
	dir := t.TempDir()
	contexts := store.New(filepath.Join(dir, "contexts"), store.NewConfig(func() any { return &map[string]any{} }))
	must(t, contexts.CreateOrUpdate(store.Metadata{
		Name: name, Metadata: map[string]any{},
		Endpoints: map[string]any{dockerEndpoint: context.EndpointMetaBase{Host: host}},
	}))
	return dir
}

func TestTheEndpointIsFoundAsTheDockerCommandLineFindsIt(t *testing.T) {
	dir := withContext(t, "far", "ssh://me@far.example")
	current := withContext(t, "near", "unix:///near.sock")
	must(t, os.WriteFile(filepath.Join(current, "config.json"), []byte(`{"currentContext":"near"}`), 0o600))
	for name, one := range map[string]struct {
		host, context string
		env           map[string]string
		want          string
		class         fault.Class
	}{
		"nothing said":                  {want: "unix:///var/run/docker.sock"},
		"the flag host":                 {host: "tcp://h:1", env: map[string]string{"DOCKER_HOST": "tcp://other:1"}, want: "tcp://h:1"},
		"the flag context":              {context: "far", env: map[string]string{"DOCKER_CONFIG": dir, "DOCKER_HOST": "tcp://other:1"}, want: "ssh://me@far.example"},
		"both flags":                    {host: "tcp://h:1", context: "far", class: fault.Usage},
		"DOCKER_HOST over a context":    {env: map[string]string{"DOCKER_HOST": "tcp://h:1", "DOCKER_CONTEXT": "far", "DOCKER_CONFIG": dir}, want: "tcp://h:1"},
		"DOCKER_CONTEXT":                {env: map[string]string{"DOCKER_CONTEXT": "far", "DOCKER_CONFIG": dir}, want: "ssh://me@far.example"},
		"the current context":           {env: map[string]string{"DOCKER_CONFIG": current}, want: "unix:///near.sock"},
		"the context called default":    {context: "default", env: map[string]string{"DOCKER_HOST": "tcp://h:1"}, want: "tcp://h:1"},
		"a context that is not there":   {context: "gone", env: map[string]string{"DOCKER_CONFIG": dir}, class: fault.Usage},
		"a host without scheme or port": {host: "engine.example", want: "tcp://engine.example:2375"},
		"a host to speak TLS with":      {host: "tcp://engine.example", env: map[string]string{"DOCKER_TLS_VERIFY": "1"}, want: "tcp://engine.example:2376"},
		"a scheme that nobody knows":    {host: "gopher://h", class: fault.Usage},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"HOME": t.TempDir()}
			for k, v := range one.env {
				env[k] = v
			}
			config, err := loadConfig(env)
			must(t, err)
			at, err := resolveEndpoint(one.host, one.context, env, config)
			if fault.ClassOf(err) != one.class || at.host != one.want {
				t.Errorf("%q, %v (class %v)", at.host, err, fault.ClassOf(err))
			}
		})
	}
}

func TestPublishedPortsAreAtTheEnginesHost(t *testing.T) {
	for host, want := range map[string]struct {
		local bool
		host  string
	}{
		"unix:///var/run/docker.sock": {true, "127.0.0.1"},
		"npipe:////./pipe/engine":     {true, "127.0.0.1"},
		"tcp://127.0.0.1:2375":        {true, "127.0.0.1"},
		"tcp://[::1]:2375":            {true, "127.0.0.1"},
		"ssh://me@localhost":          {true, "127.0.0.1"},
		"tcp://10.0.0.9:2375":         {false, "10.0.0.9"},
		"ssh://me@build.example:22":   {false, "build.example"},
	} {
		at := endpoint{host: host}
		if at.local() != want.local || at.publishedHost() != want.host {
			t.Errorf("%s: %v, %s", host, at.local(), at.publishedHost())
		}
	}
}
