package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// check reports everything about the merged project that cannot work.
func (b *builder) check(p *Project) {
	b.checkAny(p)
	b.checkDependencies(p)
	b.checkReferences(p)
	b.checkNames(p)
	b.checkFiles(p)
	b.checkJobs(p)
	b.checkPorts(p)
	b.checkBlanks(p)
	b.lint(p)
}

// checkAny reports a project without any service: there would be nothing to
// prove.
func (b *builder) checkAny(p *Project) {
	if len(p.Services) > 0 {
		return
	}
	if len(p.Disabled) == 0 {
		b.ps.later(b.sources.problem(path{"services"}, "there is no service", "declare one under services:"))
		return
	}
	var profiles []string
	for _, s := range p.Source.DisabledServices {
		profiles = append(profiles, s.Profiles...)
	}
	slices.Sort(profiles)
	profiles = slices.DeleteFunc(slices.Compact(profiles), func(profile string) bool { return profile == "" })
	b.ps.later(b.sources.problem(path{"services"}, "no service is active: all belong to profiles",
		"add --profile with one of "+strings.Join(profiles, ", ")))
}

// checkDependencies reports dependencies that are not there and cycles.
func (b *builder) checkDependencies(p *Project) {
	depends := map[string][]string{}
	for _, name := range p.ServiceNames() {
		for _, dependency := range slices.Sorted(maps.Keys(p.Services[name].DependsOn)) {
			if _, ok := p.Services[dependency]; ok {
				depends[name] = append(depends[name], dependency)
				continue
			}
			b.missingDependency(p, name, dependency)
		}
	}
	if cycle := findCycle(depends); cycle != nil {
		var keys []string
		for i, name := range cycle[:len(cycle)-1] {
			keys = append(keys, dependencyKey(p.Services[name], cycle[i+1])+" of "+name)
		}
		b.ps.add(b.sources.problem(path{"services", cycle[0], dependencyKey(p.Services[cycle[0]], cycle[1])},
			"services wait for each other: "+strings.Join(cycle, " → "),
			"it is a cycle: remove one of these dependencies ("+strings.Join(keys, ", ")+")"))
	}
}

// dependencyKey is the key of a service that makes it wait for another one.
func dependencyKey(s *Service, other string) string {
	from := func(entry string) bool { name, _, _ := strings.Cut(entry, ":"); return name == other }
	switch {
	case s.NetworkMode == types.ServicePrefix+other:
		return "network_mode"
	case s.Ipc == types.ServicePrefix+other:
		return "ipc"
	case s.Pid == types.ServicePrefix+other:
		return "pid"
	case slices.ContainsFunc(s.VolumesFrom, from):
		return "volumes_from"
	case slices.ContainsFunc(s.Links, from):
		return "links"
	}
	return "depends_on"
}

func (b *builder) missingDependency(p *Project, name, dependency string) {
	at := path{"services", name, "depends_on", dependency}
	if _, written := b.sources.exact(path{"services", name, "depends_on"}, 0); !written {
		at = path{"services", name}
	}
	if slices.Contains(p.Disabled, dependency) {
		profiles := p.Source.DisabledServices[dependency].Profiles
		b.ps.add(b.sources.problem(at, fmt.Sprintf("%s needs %s, whose profile %s is not active", name, dependency, strings.Join(profiles, " or ")),
			fmt.Sprintf("add --profile %s, or set required: false", profiles[0])))
		return
	}
	remedy := "there are " + strings.Join(p.ServiceNames(), ", ")
	if close := closest(dependency, p.ServiceNames()); close != "" {
		remedy = "did you mean " + close + "?"
	}
	b.ps.add(b.sources.problem(at, fmt.Sprintf("%s needs %s, which is no service of the project", name, dependency), remedy))
}

// checkReferences reports names of networks, volumes, secrets and configs
// that are declared nowhere.
func (b *builder) checkReferences(p *Project) {
	declared := b.declared()
	for _, name := range p.ServiceNames() {
		b.checkService(p.Services[name])
		for _, ref := range references(p.Services[name]) {
			if !slices.Contains(declared[ref.section], ref.key) {
				b.undeclared(ref, declared[ref.section])
			}
		}
	}
}

// nameRef is a name of another section that a service refers to.
type nameRef struct {
	section, key string
	at           path
}

func references(s *Service) []nameRef {
	var out []nameRef
	at := path{"services", s.Name}
	list := func(section string, at path, i int, key string) {
		out = append(out, nameRef{section, key, at.next(section).next(item(i))})
	}
	if s.NetworkMode == "" {
		for _, key := range slices.Sorted(maps.Keys(s.Networks)) {
			out = append(out, nameRef{"networks", key, at.next("networks").next(key)})
		}
	}
	for i, v := range s.Volumes {
		if v.Type == types.VolumeTypeVolume && v.Source != "" {
			list("volumes", at, i, v.Source)
		}
	}
	for i, ref := range s.Secrets {
		list("secrets", at, i, ref.Source)
	}
	for i, ref := range s.Configs {
		list("configs", at, i, ref.Source)
	}
	if s.Build != nil {
		for i, ref := range s.Build.Secrets {
			list("secrets", at.next("build"), i, ref.Source)
		}
	}
	return out
}

func (b *builder) undeclared(ref nameRef, declared []string) {
	remedy := fmt.Sprintf("declare it under %s:", ref.section)
	if close := closest(ref.key, declared); close != "" {
		remedy = "did you mean " + close + "?"
	}
	singular := strings.TrimSuffix(ref.section, "s")
	b.ps.add(b.sources.problem(ref.at, fmt.Sprintf("no %s %+q is declared", singular, shorten(ref.key, 80)), remedy))
}

// declared are the names of every section, used or not.
func (b *builder) declared() map[string][]string {
	return map[string][]string{
		"networks": slices.Sorted(maps.Keys(b.whole.Networks)),
		"volumes":  slices.Sorted(maps.Keys(b.whole.Volumes)),
		"secrets":  slices.Sorted(maps.Keys(b.whole.Secrets)),
		"configs":  slices.Sorted(maps.Keys(b.whole.Configs)),
	}
}

// checkNames reports container names that cannot be had.
func (b *builder) checkNames(p *Project) {
	owner := map[string]string{}
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		at := path{"services", name}
		if s.ContainerName != "" && s.Replicas() > 1 && !b.unbounded() {
			b.ps.add(b.sources.problem(at.next("container_name"),
				fmt.Sprintf("%d replicas cannot have one name", s.Replicas()), "remove container_name"))
		}
		for n := 1; n <= min(s.Replicas(), 1000); n++ {
			container := p.ContainerName(name, n)
			if other, taken := owner[container]; taken && other != name {
				b.report(s.ContainerName == "" || p.Services[other].ContainerName == "", b.sources.problem(at.next("container_name"),
					fmt.Sprintf("container name %s is also that of service %s", container, other), "choose another one"))
			}
			owner[container] = name
		}
	}
}

// unbounded says that fixed names and ports do not bound the number of
// containers: a copy has none, and who looks at what is there, or removes it, did
// not make it from this file alone.
func (b *builder) unbounded() bool { return b.options.Private || b.options.WithoutFiles }

// checkJobs reports jobs that never end.
func (b *builder) checkJobs(p *Project) {
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		at := path{"services", name, "restart"}
		if s.Deploy != nil && s.Deploy.RestartPolicy != nil {
			at = path{"services", name, "deploy", "restart_policy"}
		}
		policy, _, err := s.RestartPolicy()
		if err == nil && s.IsJob(p) && (policy == types.RestartPolicyAlways || policy == types.RestartPolicyUnlessStopped) {
			b.ps.later(b.sources.problem(at, fmt.Sprintf("the job is started again for ever by %q", policy), `use restart: "no" or on-failure`))
		}
	}
}

// checkPorts reports host ports that several replicas would have to hold, and
// warns about those of several services.
func (b *builder) checkPorts(p *Project) {
	holders := map[string]string{}
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		for i, port := range s.Ports {
			at := path{"services", name, "ports", item(i)}
			if port.Published == "" || strings.Contains(port.Published, "-") || s.Replicas() == 0 || b.unbounded() {
				continue
			}
			if s.Replicas() > 1 {
				b.ps.later(b.sources.problem(at, fmt.Sprintf("%d replicas cannot hold one host port %s", s.Replicas(), port.Published),
					"publish a range, or no host port"))
				continue
			}
			key := strings.TrimPrefix(portString(types.ServicePortConfig{HostIP: port.HostIP, Published: port.Published, Protocol: port.Protocol}), "0.0.0.0:")
			// The two may be meant to run one at a time: up names services.
			if other, taken := holders[key]; taken && other != name {
				b.warn(name, fmt.Sprintf("host port %s is also that of service %s: they cannot run together", port.Published, other))
			}
			holders[key] = name
		}
	}
}
