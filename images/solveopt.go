package images

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"github.com/moby/buildkit/util/staticfs"
	"github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// namedMount keeps the names of additional contexts apart from the mounts that
// every build has.
const namedMount = "named-"

// options are the recipe in the builder's terms. release closes what the
// builder reads from.
func (b *builder) options(r *recipe, names []string, opts Options) (opt client.SolveOpt, release func(), err error) {
	mounts, release, err := r.mounts()
	if err != nil {
		return client.SolveOpt{}, nil, err
	}
	attrs, err := r.attributes(opts, b.gateway)
	if err == nil {
		b.addProxies(attrs)
		opt.Session, err = b.attachables(r)
	}
	if err != nil {
		release()
		return client.SolveOpt{}, nil, err
	}
	opt.Frontend = "dockerfile.v0"
	opt.FrontendAttrs = attrs
	opt.LocalMounts = mounts
	opt.SharedKey = digest.FromString(r.context).Encoded()
	opt.Exports = []client.ExportEntry{{Type: "moby", Attrs: map[string]string{"name": strings.Join(names, ",")}}}
	opt.AllowedEntitlements = r.entitlements()
	if opt.CacheImports, err = cacheEntries(r.config.CacheFrom, "src"); err == nil {
		opt.CacheExports, err = cacheEntries(r.config.CacheTo, "dest")
	}
	if err != nil {
		release()
		return client.SolveOpt{}, nil, err
	}
	return opt, release, nil
}

// mounts are the directories that the builder may read: the context, the
// Dockerfile as it was when it was hashed, and the additional contexts.
func (r *recipe) mounts() (mounts map[string]fsutil.FS, release func(), err error) {
	mounts = map[string]fsutil.FS{}
	var open []*tree
	release = func() {
		for _, t := range open {
			_ = t.Close()
		}
	}
	add := func(name, dir string, excludes []string) error {
		t, err := openTree(dir, excludes)
		if err != nil {
			return err
		}
		open = append(open, t)
		mounts[name] = t
		return nil
	}
	if !isRemote(r.context) {
		mounts["dockerfile"] = r.dockerfileMount()
		err = add("context", r.context, r.excludes)
	}
	for name, named := range r.named {
		if named.dir != "" && err == nil {
			err = add(namedMount+name, named.dir, named.excludes)
		}
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return mounts, release, nil
}

// dockerfileMount holds the Dockerfile, and beside it the ignore file: the
// frontend looks for one named after the Dockerfile before any other.
func (r *recipe) dockerfileMount() fsutil.FS {
	out := staticfs.NewFS()
	out.Add(defaultDockerfile, &fstypes.Stat{Mode: 0o644}, r.file.content)
	if r.ignore != nil {
		out.Add(defaultDockerfile+ignoreFile, &fstypes.Stat{Mode: 0o644}, append([]byte("# of this build\n"), r.ignore...))
	}
	return out
}

// attributes are the frontend's parameters.
func (r *recipe) attributes(opts Options, gateway func() string) (map[string]string, error) {
	config := r.config
	out := map[string]string{"filename": defaultDockerfile}
	if isRemote(r.context) {
		out["context"] = r.context
		if config.Dockerfile != "" {
			out["filename"] = config.Dockerfile
		}
	}
	for name, value := range r.args {
		out["build-arg:"+name] = value
	}
	for name, value := range config.Labels {
		out["label:"+name] = value
	}
	for name, value := range r.parts.labels() {
		out["label:"+name] = value
	}
	set := func(name, value string) {
		if value != "" {
			out[name] = value
		}
	}
	set("target", config.Target)
	set("platform", r.platform)
	if config.Network == "host" || config.Network == "none" {
		set("force-network-mode", config.Network)
	}
	if config.ShmSize > 0 {
		set("shm-size", fmt.Sprint(int64(config.ShmSize)))
	}
	set("ulimit", ulimits(config.Ulimits))
	hosts, err := extraHosts(config.ExtraHosts, gateway)
	set("add-hosts", hosts)
	r.attestations(set)
	r.contextAttributes(set)
	r.cacheAttributes(out, opts)
	return out, err
}

// cacheAttributes say what the builder must not take from its cache.
func (r *recipe) cacheAttributes(out map[string]string, opts Options) {
	if filter := r.config.NoCacheFilter; len(filter) > 0 {
		out["no-cache"] = strings.Join(filter, ",")
	}
	if r.config.NoCache || opts.NoCache {
		out["no-cache"] = "" // every stage
	}
	if r.config.Pull || opts.Pull == PullAlways {
		out["image-resolve-mode"] = "pull"
	}
}

func (r *recipe) attestations(set func(name, value string)) {
	for name, value := range map[string]string{"provenance": r.config.Provenance, "sbom": r.config.SBOM} {
		switch {
		case !isWanted(value):
		case value == "true" || value == "1":
			set("attest:"+name, "disabled=false")
		default:
			set("attest:"+name, value)
		}
	}
}

func (r *recipe) contextAttributes(set func(name, value string)) {
	for name, named := range r.named {
		switch {
		case named.dir != "":
			set("context:"+name, "local:"+namedMount+name)
		case named.image != "":
			set("context:"+name, "docker-image://"+named.image)
		default:
			set("context:"+name, named.url)
		}
	}
}

func ulimits(limits map[string]*types.UlimitsConfig) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		soft, hard := limits[name].Soft, limits[name].Hard
		if limits[name].Single != 0 {
			soft, hard = limits[name].Single, limits[name].Single
		}
		out = append(out, fmt.Sprintf("%s=%d:%d", name, soft, hard))
	}
	return strings.Join(out, ",")
}

// extraHosts lists host=address pairs; "host-gateway" becomes the address the
// engine's builder says it stands for.
func extraHosts(hosts types.HostsList, gateway func() string) (string, error) {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		for _, address := range hosts[name] {
			if address == "host-gateway" {
				if address = gateway(); address == "" {
					return "", fmt.Errorf("build.extra_hosts.%s: this engine's builder does not know host-gateway: write the address", name)
				}
			}
			out = append(out, name+"="+strings.Trim(address, "[]"))
		}
	}
	return strings.Join(out, ","), nil
}

// entitlements are what the build may do beyond the ordinary.
func (r *recipe) entitlements() []string {
	out := slices.Clone(r.config.Entitlements)
	if r.config.Network == "host" {
		out = append(out, "network.host")
	}
	if r.config.Privileged {
		out = append(out, "security.insecure")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// cacheEntries reads cache_from and cache_to: "type=x,key=value", or the name
// of an image. Relative directories are the caller's.
func cacheEntries(list []string, dirKey string) ([]client.CacheOptionsEntry, error) {
	var out []client.CacheOptionsEntry
	for _, text := range list {
		entry := client.CacheOptionsEntry{Type: "registry", Attrs: map[string]string{}}
		if !strings.Contains(text, "=") {
			entry.Attrs["ref"] = text
			out = append(out, entry)
			continue
		}
		for _, field := range strings.Split(text, ",") {
			key, value, ok := strings.Cut(field, "=")
			if !ok {
				return nil, fmt.Errorf("cache entry %q: %q is not key=value", text, field)
			}
			if key == "type" {
				entry.Type = value
			} else {
				entry.Attrs[key] = value
			}
		}
		if dir := entry.Attrs[dirKey]; entry.Type == "local" && dir != "" {
			abs, err := filepath.Abs(dir)
			if err != nil {
				return nil, err
			}
			entry.Attrs[dirKey] = abs
		}
		out = append(out, entry)
	}
	return out, nil
}

// attachables are what the builder may ask this side for.
func (b *builder) attachables(r *recipe) ([]session.Attachable, error) {
	out := []session.Attachable{authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
		AuthConfigProvider: authprovider.LoadAuthConfig(b.auth),
	})}
	if len(r.secrets) > 0 {
		out = append(out, secretsprovider.NewSecretProvider(secretStore(r.secrets)))
	}
	if len(r.ssh) == 0 {
		return out, nil
	}
	var agents []sshprovider.AgentConfig
	for _, key := range r.ssh {
		if key.path == "" {
			return nil, fmt.Errorf("build.ssh: %s: there is no SSH agent (SSH_AUTH_SOCK is not set)", key.id)
		}
		if _, err := os.Stat(key.path); err != nil {
			return nil, fmt.Errorf("build.ssh: %s: %w", key.id, err)
		}
		agents = append(agents, sshprovider.AgentConfig{ID: key.id, Paths: []string{key.path}})
	}
	provider, err := sshprovider.NewSSHAgentProvider(agents)
	if err != nil {
		return nil, fmt.Errorf("build.ssh: %w", err)
	}
	return append(out, provider), nil
}

// addProxies adds the proxies of the user's configuration, as every build with
// the engine's own client has them.
func (b *builder) addProxies(attrs map[string]string) {
	for name, value := range b.auth.ParseProxyConfig("default", nil) {
		if _, given := attrs["build-arg:"+name]; !given && value != nil {
			attrs["build-arg:"+name] = *value
		}
	}
}
