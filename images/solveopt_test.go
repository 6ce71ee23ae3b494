package images

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
)

func TestTheRecipeIsTranslatedForTheBuilder(t *testing.T) {
	r := &recipe{
		context: "/app",
		args:    map[string]string{"V": "1"},
		named:   map[string]namedContext{"a": {dir: "/a"}, "b": {image: "base:1"}, "c": {url: "https://example.org/c.git"}},
		parts:   someParts("Dockerfile", "1"), platform: "linux/arm64",
		config: &types.BuildConfig{
			Target: "run", Network: "host", Privileged: true, Pull: true, ShmSize: 1024, Provenance: "mode=max", SBOM: "false",
			NoCacheFilter: types.StringList{"one", "two"}, Labels: types.Labels{"x": "y", InputsLabel: "forged"},
			ExtraHosts: types.HostsList{"db": {"10.0.0.1"}, "host": {"host-gateway"}, "six": {"[::1]"}},
			Ulimits:    map[string]*types.UlimitsConfig{"nofile": {Soft: 1, Hard: 2}, "core": {Single: 0}, "nproc": {Single: 5}},
		},
	}
	got, err := r.attributes(Options{}, func() string { return "172.17.0.1" })
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"filename": "Dockerfile", "build-arg:V": "1", "label:x": "y", "target": "run", "platform": "linux/arm64",
		"force-network-mode": "host", "image-resolve-mode": "pull", "shm-size": "1024", "attest:provenance": "mode=max",
		"no-cache": "one,two", "add-hosts": "db=10.0.0.1,host=172.17.0.1,six=::1", "ulimit": "core=0:0,nofile=1:2,nproc=5:5",
		"context:a": "local:named-a", "context:b": "docker-image://base:1", "context:c": "https://example.org/c.git",
		"label:" + InputsLabel: r.parts.digest(), "label:" + PartsLabel: r.parts.labels()[PartsLabel],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"network.host", "security.insecure"}, r.entitlements()); diff != "" {
		t.Error(diff)
	}
	got, err = r.attributes(Options{NoCache: true}, func() string { return "1.1.1.1" })
	if value, set := got["no-cache"]; err != nil || !set || value != "" {
		t.Errorf("--no-cache: %q, %v", value, err)
	}
	if _, err := r.attributes(Options{}, func() string { return "" }); err == nil {
		t.Error("host-gateway is left out where the builder does not know it")
	}
}

func TestCacheEntriesAreReadAsComposeWritesThem(t *testing.T) {
	got, err := cacheEntries([]string{"example.org/cache:1", "type=local,src=/tmp/c", "type=inline"}, "src")
	if err != nil {
		t.Fatal(err)
	}
	want := []client.CacheOptionsEntry{
		{Type: "registry", Attrs: map[string]string{"ref": "example.org/cache:1"}},
		{Type: "local", Attrs: map[string]string{"src": "/tmp/c"}},
		{Type: "inline", Attrs: map[string]string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := cacheEntries([]string{"type=local,broken"}, "src"); err == nil {
		t.Error("a broken entry is accepted")
	}
}

func TestTheUsersProxiesAreGivenToABuildUnlessTheFileSaysOtherwise(t *testing.T) {
	b := &builder{auth: &configfile.ConfigFile{Proxies: map[string]configfile.ProxyConfig{"default": {HTTPProxy: "http://p", NoProxy: "a"}}}}
	attrs := map[string]string{"build-arg:NO_PROXY": "mine"}
	b.addProxies(attrs)
	want := map[string]string{
		"build-arg:HTTP_PROXY": "http://p", "build-arg:http_proxy": "http://p", "build-arg:NO_PROXY": "mine", "build-arg:no_proxy": "a",
	}
	if diff := cmp.Diff(want, attrs); diff != "" {
		t.Error(diff)
	}
}

func TestTheIDIsReadFromEitherAnswer(t *testing.T) {
	for _, key := range []string{"containerimage.digest", "containerimage.config.digest"} {
		if got, err := imageID(&client.SolveResponse{ExporterResponse: map[string]string{key: "sha256:1"}}); got != "sha256:1" || err != nil {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
	if _, err := imageID(&client.SolveResponse{}); err == nil {
		t.Error("an answer without an ID is accepted")
	}
}
