package images

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/opencontainers/go-digest"
)

// recipe is a build with everything resolved that can be known before it runs.
type recipe struct {
	config *types.BuildConfig
	// context is an absolute directory, or an address the builder fetches.
	context string
	// excludes are the patterns of the ignore file, ignore its very text;
	// nil when there is none.
	excludes []string
	ignore   []byte
	file     dockerfile
	args     map[string]string
	named    map[string]namedContext
	secrets  []secretSource
	ssh      []sshSource
	platform string
	// later maps base images that this run makes or pulls to their needs.
	later map[string]string
	// parts are the inputs, those of base images added when they are known.
	parts    parts
	warnings []string
}

// isPredefined says whether an argument is one that every build has and that
// the builder keeps out of its results.
func isPredefined(name string) bool {
	switch strings.ToUpper(name) {
	case "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY":
		return name == strings.ToUpper(name) || name == strings.ToLower(name)
	default:
		return false
	}
}

// cookbook makes recipes and remembers the trees it has read, since services
// of one stack often share a context.
type cookbook struct {
	opts  Options
	scans map[string]scan
	// refs maps a service to the image it runs.
	refs map[string]string
}

// recipe resolves how a request is built. All that is wrong with it is
// reported at once.
func (c *cookbook) recipe(ctx context.Context, request Request) (*recipe, error) {
	config := request.Build
	r := &recipe{config: config, parts: parts{}}
	var err error
	var wrong []error
	note := func(err error) { wrong = append(wrong, err) }

	r.platform, err = buildPlatform(request.Platform, config.Platforms)
	note(err)
	r.args = resolveArgs(config.Args, c.opts.Environ)
	r.named, err = c.namedContexts(config.AdditionalContexts)
	note(err)
	r.secrets, err = secretSources(config.Secrets, c.opts.Secrets, c.opts.Environ)
	note(err)
	r.ssh = sshSources(config.SSH, c.opts.Environ)
	note(checkSettings(config))
	note(r.readContext(c.opts))
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	if err := c.addParts(ctx, r); err != nil {
		return nil, err
	}
	return r, nil
}

// checkSettings refuses what no builder of an engine can do.
func checkSettings(config *types.BuildConfig) error {
	var wrong []error
	switch config.Network {
	case "", "default", "host", "none":
	default:
		wrong = append(wrong, fmt.Errorf("build.network %q: a build can use default, host or none", config.Network))
	}
	if config.Isolation != "" && config.Isolation != "default" {
		wrong = append(wrong, fmt.Errorf("build.isolation %q: only Windows engines isolate builds", config.Isolation))
	}
	if config.DockerfileInline != "" && config.Dockerfile != "" {
		wrong = append(wrong, errors.New("build.dockerfile and build.dockerfile_inline exclude each other"))
	}
	return errors.Join(wrong...)
}

// readContext finds the Dockerfile, the ignore file and the base images.
func (r *recipe) readContext(opts Options) error {
	r.context = cmp.Or(r.config.Context, ".")
	if isRemote(r.context) {
		if r.config.DockerfileInline != "" {
			return errors.New("build.dockerfile_inline does not go with a remote context")
		}
		return nil
	}
	dir, err := filepath.Abs(r.context)
	if err != nil {
		return &keyError{[]string{"build", "context"}, err}
	}
	if info, err := os.Stat(dir); err != nil {
		return &keyError{[]string{"build", "context"}, err}
	} else if !info.IsDir() {
		return &keyError{[]string{"build", "context"}, fmt.Errorf("%s is not a directory", dir)}
	}
	r.context = dir
	content, err := r.dockerfileText()
	if err != nil {
		return &keyError{[]string{"build", "dockerfile"}, err}
	}
	target := cmp.Or(r.platform, opts.EnginePlatform)
	if r.file, err = parseDockerfile(content, r.args, slices.Collect(maps.Keys(r.named)), target); err != nil {
		return fmt.Errorf("%s: %w", r.dockerfileName(), safeError(err))
	}
	if syntax := r.file.syntax; syntax != "" && !officialFrontend(syntax) {
		r.warnings = append(r.warnings, fmt.Sprintf("%s is read by %s, which runs inside the builder: be sure to trust it", r.dockerfileName(), syntax))
	}
	return r.readExcludes()
}

func (r *recipe) dockerfileText() ([]byte, error) {
	if r.config.DockerfileInline != "" {
		return []byte(r.config.DockerfileInline), nil
	}
	return readDockerfile(r.context, r.config.Dockerfile)
}

// dockerfileName is how messages call the Dockerfile.
func (r *recipe) dockerfileName() string {
	if r.config.DockerfileInline != "" {
		return "build.dockerfile_inline"
	}
	name := cmp.Or(r.config.Dockerfile, defaultDockerfile)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.context, name)
}

func (r *recipe) readExcludes() error {
	name := ""
	if r.config.DockerfileInline == "" {
		name = cmp.Or(r.config.Dockerfile, defaultDockerfile)
	}
	content, found, err := readIgnore(r.context, name)
	if err != nil {
		return err
	}
	r.ignore = content
	r.excludes, err = parseIgnore(content, found)
	return err
}

// resolveArgs gives arguments without a value that of the environment, and
// leaves out those that nobody gives one.
func resolveArgs(args types.MappingWithEquals, environ map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range args {
		if value != nil {
			out[name] = *value
		} else if given, ok := environ[name]; ok {
			out[name] = given
		}
	}
	return out
}

// addParts digests every input but the base images.
func (c *cookbook) addParts(ctx context.Context, r *recipe) error {
	p := r.parts
	p.set("Dockerfile", string(r.file.content))
	if isRemote(r.context) {
		p.set("context", r.context)
		p.set("Dockerfile", r.config.Dockerfile)
	} else {
		found, err := c.scan(ctx, r.context, r.excludes)
		if err != nil {
			return err
		}
		p["context"] = found.digest
		for name, value := range found.named {
			p[contextPart+name] = value
		}
		r.warnings = append(r.warnings, found.warnings...)
	}
	for name, value := range r.args {
		if !isPredefined(name) {
			p["args."+name] = digest.FromString(value)
		}
	}
	for name, value := range r.config.Labels {
		p["labels."+name] = digest.FromString(value)
	}
	r.addSettings()
	return c.addNamed(ctx, r)
}

// addSettings digests the settings that can change what a build makes.
func (r *recipe) addSettings() {
	p, config := r.parts, r.config
	p.set("target", config.Target)
	p.set("platform", normalPlatform(r.platform))
	if config.Network != "default" {
		p.set("network", config.Network)
	}
	p.set("provenance", config.Provenance)
	p.set("sbom", config.SBOM)
	p.set("extra_hosts", strings.Join(sorted(config.ExtraHosts.AsList("=")), " "))
	p.set("entitlements", strings.Join(sorted(config.Entitlements), " "))
	if config.Privileged {
		p.set("privileged", "true")
	}
	if config.ShmSize > 0 {
		p.set("shm_size", fmt.Sprint(int64(config.ShmSize)))
	}
	if len(config.Ulimits) > 0 {
		p.set("ulimits", asJSON(config.Ulimits))
	}
	var ids []string
	for _, secret := range r.secrets {
		ids = append(ids, secret.id+"="+secret.name)
	}
	p.set("secrets", strings.Join(sorted(ids), " "))
	ids = nil
	for _, key := range r.ssh {
		ids = append(ids, key.id)
	}
	p.set("ssh", strings.Join(sorted(ids), " "))
}

// scan reads a tree once.
func (c *cookbook) scan(ctx context.Context, dir string, excludes []string) (scan, error) {
	key := dir + "\x00" + strings.Join(excludes, "\x00")
	if found, ok := c.scans[key]; ok {
		return found, nil
	}
	t, err := openTree(dir, excludes)
	if err != nil {
		return scan{}, err
	}
	defer func() { _ = t.Close() }()
	found, err := scanTree(ctx, t, c.opts.hasher())
	if err == nil {
		c.scans[key] = found
	}
	return found, err
}

func sorted(list []string) []string {
	return slices.Sorted(slices.Values(list))
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
