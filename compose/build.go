package compose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
)

// builder turns sources into a project. It runs on sources with problems too,
// to find what else is wrong; what compose-go itself has to say then is not
// reported, since it would be about the same mistakes.
type builder struct {
	ctx     context.Context
	options Options
	sources *sources
	scope   *scope
	ps      *problems
	blanks  []blank
	// whole is compose-go's project with what nobody uses.
	whole *types.Project
	// verdict is what compose-go's own checks say, nil for nothing, once
	// judged: a file without problems is bound and checked in one go.
	verdict error
	judged  bool
}

// build returns the project, or nil when it cannot be read at all. With any
// problem reported the project must not be used.
func (b *builder) build() *Project {
	before := len(b.ps.list)
	b.ps.settle()
	var model map[string]any
	var source *types.Project
	err := guard(func() (err error) {
		model, err = b.model(before > 0)
		if err != nil {
			return err
		}
		b.sources.merged = model
		b.keepOwnKeys(model)
		b.scale(model)
		if before == 0 && !b.unbounded() {
			source, b.verdict = b.bind(copyOf(model), false)
			b.judged = true
		}
		if source == nil {
			source, err = b.bind(copyOf(model), true)
		}
		return err
	})
	if err != nil {
		if before == 0 {
			b.addError(err)
		}
		return nil
	}
	b.checkSupport(model, source)
	p := b.project(model, source)
	b.check(p)
	if len(b.ps.list) == 0 {
		b.lastWord(model)
	}
	return p
}

// scale puts the wanted numbers of containers into the model, as if the file
// said them: whatever is checked is checked with them.
func (b *builder) scale(model map[string]any) {
	for name, n := range b.options.Scale {
		service, ok := child(model["services"], name).(map[string]any)
		if !ok {
			continue // who asked for it looks whether it takes part
		}
		service["scale"] = n
		if deploy, ok := service["deploy"].(map[string]any); ok && deploy["replicas"] != nil {
			deploy["replicas"] = n
		}
	}
}

// lastWord has compose-go check the project by its own rules, for whatever
// is not checked here.
func (b *builder) lastWord(model map[string]any) {
	if b.judged {
		if b.verdict != nil {
			b.addError(b.verdict)
		}
		return
	}
	err := guard(func() error {
		model := copyOf(model)
		if b.unbounded() {
			services, _ := model["services"].(map[string]any)
			for name := range services {
				if service, ok := services[name].(map[string]any); ok {
					delete(service, "container_name")
				}
			}
		}
		_, err := b.bind(model, false)
		return err
	})
	if err != nil {
		b.addError(err)
	}
}

// details names what compose-go reads. With salvage it gets the values as they
// were resolved here, without those that are known to be bad.
func (b *builder) details(salvage bool) types.ConfigDetails {
	details := types.ConfigDetails{WorkingDir: b.sources.at.dir, Environment: b.sources.at.env.Clone()}
	if salvage {
		for _, src := range b.sources.all[:b.sources.named] {
			details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: src.file, Config: src.salvage()})
		}
		return details
	}
	for i, file := range b.sources.at.files {
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: file, Content: b.sources.texts[i]})
	}
	return details
}

func (b *builder) loaderOptions(trusting bool) []func(*loader.Options) {
	at := b.sources.at
	return []func(*loader.Options){func(o *loader.Options) {
		o.SetProjectName(at.env["COMPOSE_PROJECT_NAME"], true)
		o.Profiles = slices.Concat(at.profiles, profilesOf(b.sources, b.options.Services))
		o.SkipValidation = trusting
		o.SkipConsistencyCheck = trusting
		o.SkipResolveEnvironment = true
		o.SkipResolveLabels = true
		o.MaxNodeVisits = maxNodes
		o.Interpolate.Substitute = substitute
		o.Interpolate.TypeCastMapping = b.sources.castsInUse(o.Interpolate.TypeCastMapping)
		o.ResourceLoaders = []loader.ResourceLoader{remoteRefusal{}}
		o.ConvertWindowsPaths = false
	}}
}

// substitute replaces variables as expand does; what is missing was reported
// with its place before.
func substitute(text string, lookup template.Mapping) (string, error) {
	e := expand(text, lookup)
	if e.invalid != "" {
		return "", fmt.Errorf("%q is not a variable expression", e.invalid)
	}
	if e.tooLarge {
		return "", errors.New("a value is too large with its variables replaced")
	}
	return e.value, nil
}

// model merges all files into one tree. Its text for people goes nowhere:
// what matters of it is said here, with its place.
func (b *builder) model(trusting bool) (map[string]any, error) {
	logrus.SetOutput(io.Discard)
	salvage := trusting && len(b.sources.all) == b.sources.named
	options := b.loaderOptions(trusting)
	if salvage {
		options = append(options, func(o *loader.Options) { o.SkipInterpolation = true })
	}
	return loader.LoadModelWithContext(b.ctx, b.details(salvage), options...)
}

func (b *builder) bind(model map[string]any, trusting bool) (*types.Project, error) {
	details := b.details(false)
	return loader.ModelToProject(model, loader.ToOptions(&details, b.loaderOptions(trusting)), details)
}

// remoteRefusal is asked by compose-go for every file that is not local.
type remoteRefusal struct{}

func (remoteRefusal) Accept(ref string) bool { return isRemote(ref) }

func (remoteRefusal) Load(_ context.Context, ref string) (string, error) {
	return "", fmt.Errorf("%s would be fetched from elsewhere", ref)
}

func (remoteRefusal) Dir(string) string { return "" }

// copyOf is a copy that shares nothing with the tree it is of.
func copyOf(tree map[string]any) map[string]any {
	out := make(map[string]any, len(tree))
	for key, entry := range tree {
		out[key] = deepCopy(entry)
	}
	return out
}

func deepCopy(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return copyOf(v)
	case []any:
		out := make([]any, len(v))
		for i, entry := range v {
			out[i] = deepCopy(entry)
		}
		return out
	}
	return value
}

// project binds compose-go's project to ours, restricted to what is used.
func (b *builder) project(model map[string]any, source *types.Project) *Project {
	at := b.sources.at
	b.whole = source
	source = source.WithoutUnnecessaryResources()
	source.ComposeFiles = b.sources.fileNames()
	dir, err := filepath.EvalSymlinks(at.dir)
	if err != nil {
		dir = at.dir
	}
	p := &Project{
		Name: source.Name, Dir: dir, NamedDir: at.dir, Files: source.ComposeFiles, Given: b.sources.given(), Services: map[string]*Service{},
		Disabled: source.DisabledServiceNames(), Networks: source.Networks, Volumes: source.Volumes,
		Secrets: source.Secrets, Configs: source.Configs, Environment: at.env, Source: source,
		sources: b.sources, known: newKnown(),
	}
	p.Settings = b.settings(model["x-stackctl"])
	for _, name := range slices.Sorted(maps.Keys(source.Services)) {
		config := source.Services[name]
		b.resolveEnvironment(&config, at.env)
		b.resolveLabels(&config)
		b.keepExplicitBinds(&config)
		maps.DeleteFunc(config.DependsOn, func(dependency string, d types.ServiceDependency) bool {
			return !d.Required && slices.Contains(p.Disabled, dependency)
		})
		plainPorts(config.Ports)
		source.Services[name] = config
		place := b.sources.find(path{"services", name})
		service := &Service{ServiceConfig: config, File: place.file, Line: place.line}
		_, written := b.sources.exact(path{"services", name, "mem_swappiness"}, 0)
		service.ZeroSwappiness = written && config.MemSwappiness == 0
		service.Settings = b.serviceSettings(service, child(child(child(model, "services"), name), "x-stackctl"))
		p.Services[name] = service
	}
	for _, secret := range source.Secrets {
		b.options.read(secret.File)
	}
	for _, config := range source.Configs {
		b.options.read(config.File)
	}
	p.readContents(hiddenVariables(b.sources.used, at.env))
	return p
}

// fileNames are the absolute paths of all files that were read.
func (s *sources) fileNames() []string {
	var out []string
	for _, src := range s.all {
		if !slices.Contains(out, src.file) {
			out = append(out, src.file)
		}
	}
	return out
}

// plainPorts writes protocols and addresses of ports as engines do: TCP is
// tcp, and [0:0::1] is ::1.
func plainPorts(ports []types.ServicePortConfig) {
	for i := range ports {
		ports[i].Protocol = strings.ToLower(ports[i].Protocol)
		if ip, err := netip.ParseAddr(strings.Trim(ports[i].HostIP, "[]")); err == nil {
			ports[i].HostIP = ip.String()
		}
	}
}
