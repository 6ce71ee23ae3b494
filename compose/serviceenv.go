package compose

import (
	"fmt"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
)

// resolveEnvironment makes the environment of a service and its hooks
// complete: names without a value are taken from env, then the env files are
// read, whose values the file's own override.
func (b *builder) resolveEnvironment(service *types.ServiceConfig, env types.Mapping) {
	at := path{"services", service.Name}
	b.resolveContainer(&service.ContainerSpec, at, env)
	for i := range service.PreStart {
		b.resolveContainer(&service.PreStart[i].ContainerSpec, at.next("pre_start").next(item(i)), env)
	}
	for _, hooks := range [][]types.ServiceHook{service.PostStart, service.PreStop} {
		for i := range hooks {
			hooks[i].Environment = hooks[i].Environment.Resolve(env.Resolve)
		}
	}
}

func (b *builder) resolveContainer(spec *types.ContainerSpec, at path, env types.Mapping) {
	spec.Environment = spec.Environment.Resolve(env.Resolve)
	lookup := func(name string) (string, bool) {
		if value, ok := env[name]; ok {
			return value, true
		}
		if value := spec.Environment[name]; value != nil {
			return *value, true
		}
		return "", false
	}
	merged := types.MappingWithEquals{}
	for i, file := range spec.EnvFiles {
		parsed := b.envFile(file, at.next("env_file").next(item(i)), lookup)
		for name, value := range parsed.values {
			merged[name] = &value
		}
	}
	spec.EnvFiles = nil
	if len(merged) > 0 {
		spec.Environment = merged.OverrideBy(spec.Environment)
	}
}

// envFile reads one env_file; what is wrong with it is reported.
func (b *builder) envFile(file types.EnvFile, at path, lookup func(string) (string, bool)) *envFile {
	text, ok := b.readReferenced(file.Path, "env file", bool(file.Required), at)
	if !ok {
		return &envFile{}
	}
	parsed, err := b.parseAs(file.Format, text, lookup)
	if err != nil {
		p := envProblem(file.Path, err)
		p.Service = at[1]
		b.ps.add(p)
		return &envFile{}
	}
	b.reportEnvFile(file.Path, parsed, at[1])
	return parsed
}

func (b *builder) parseAs(format, text string, lookup func(string) (string, bool)) (*envFile, error) {
	switch format {
	case "", ".env", "dotenv":
		return parseEnvFile(text, lookup)
	case "raw":
		return parseRawEnvFile(text, lookup)
	}
	return nil, fmt.Errorf("format %q is not known", format)
}

// reportEnvFile lists the unset variables that values of an env file need.
func (b *builder) reportEnvFile(file string, parsed *envFile, service string) {
	for name, missing := range parsed.missing {
		for _, m := range missing {
			p := Problem{File: file, Line: parsed.lines[name], Service: service, Key: name, Message: m.message(),
				Remedy: "set it, or put the value in single quotes if the dollar sign is meant"}
			if b.options.StrictEnv || m.required {
				b.ps.add(p)
				continue
			}
			b.blanks = append(b.blanks, blank{Blank: Blank{Variable: m.name, File: b.ps.show(file), Line: parsed.lines[name],
				Service: service, Key: "services." + service + ".environment." + name}, name: name, value: parsed.values[name]})
		}
	}
}

func (b *builder) warn(service, message string) {
	b.ps.warn(Warning{Service: service, Message: message})
}

// resolveLabels adds the labels of label files; the file's own override.
func (b *builder) resolveLabels(service *types.ServiceConfig) {
	at := path{"services", service.Name, "label_file"}
	merged := types.Labels{}
	for i, file := range service.LabelFiles {
		text, ok := b.readReferenced(file, "label file", true, at.next(item(i)))
		if !ok {
			continue
		}
		parsed, err := parseEnvFile(text, func(name string) (string, bool) { value, ok := merged[name]; return value, ok })
		if err != nil {
			b.ps.add(envProblem(file, err))
			continue
		}
		for name, value := range parsed.values {
			merged[name] = value
		}
	}
	service.LabelFiles = nil
	if len(merged) == 0 {
		return
	}
	for name, value := range service.Labels {
		merged[name] = value
	}
	service.Labels = merged
}

// readReferenced reads a small file that the compose file names at a key.
func (b *builder) readReferenced(file, what string, required bool, at path) (string, bool) {
	if file == "" && required {
		list := at[:len(at)-1].String() // where one file stands for a list of it, its variable was refused there
		if !slices.ContainsFunc(b.ps.list, func(p Problem) bool { return p.Key == list }) {
			b.ps.add(b.sources.problem(at, fmt.Sprintf("the path of the %s is empty", what), "name a file, or remove the key"))
		}
		return "", false
	}
	if to, leaves := leavesTree(b.sources.at.dir, file); leaves {
		b.ps.add(b.sources.problem(at, fmt.Sprintf("%s is a symbolic link to %s, out of the directory it is named in", b.ps.show(file), to),
			"name that path itself"))
		return "", false
	}
	b.options.read(file)
	text, err := readBounded(file)
	if err != nil {
		if (required || !isMissing(err)) && !b.options.WithoutFiles {
			b.ps.add(b.sources.problem(at, fmt.Sprintf("%s: %s", b.ps.show(file), fileFault(what, err)), "create it, or remove the key"))
		}
		return "", false
	}
	return string(text), true
}
