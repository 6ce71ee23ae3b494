package compose

import (
	"fmt"
	"slices"
	"strings"
)

// Select returns the project restricted to the named services and what they
// need. No names mean all of it. The selection limits what is acted on and
// proven; what the file as a whole says is still known, see Whole. A name that is no enabled service is an
// error of class Config that lists those there are.
func (p *Project) Select(names ...string) (*Project, error) {
	if len(names) == 0 {
		return p, nil
	}
	wanted := map[string]bool{}
	var want func(name string)
	want = func(name string) {
		if wanted[name] {
			return
		}
		wanted[name] = true
		for _, dependency := range p.Dependencies(name) {
			want(dependency)
		}
	}
	for _, name := range names {
		if _, ok := p.Services[name]; !ok {
			return nil, configError(p.unknownService(name))
		}
		want(name)
	}
	return p.restrict(wanted), nil
}

func (p *Project) unknownService(name string) Problem {
	if slices.Contains(p.Disabled, name) {
		profiles := p.Source.DisabledServices[name].Profiles
		return Problem{Service: name, Message: fmt.Sprintf("service %s is not active: its profile %s is not", name, strings.Join(profiles, " or ")),
			Remedy: "add --profile " + profiles[0]}
	}
	return Problem{Message: fmt.Sprintf("no service %+q in the project", shorten(name, 80)),
		Remedy: "there are " + strings.Join(p.ServiceNames(), ", ")}
}

// restrict returns a copy with only the wanted services and what they use.
func (p *Project) restrict(wanted map[string]bool) *Project {
	out := *p
	out.whole = p.Whole()
	out.Services = make(map[string]*Service, len(wanted))
	source := *p.Source
	source.Services = make(map[string]serviceConfig, len(wanted))
	for name, service := range p.Services {
		if wanted[name] {
			out.Services[name] = service
			source.Services[name] = service.ServiceConfig
		}
	}
	pruned := source.WithoutUnnecessaryResources()
	out.Source = pruned
	out.Networks, out.Volumes = pruned.Networks, pruned.Volumes
	out.Secrets, out.Configs = pruned.Secrets, pruned.Configs
	out.Warnings = slices.DeleteFunc(slices.Clone(p.Warnings), func(w Warning) bool {
		return w.Service != "" && !wanted[w.Service]
	})
	return &out
}

// Whole returns the project with all enabled services of its files: the one
// that a selection was made from, else p itself. Whoever asks what the file
// says, and not what this run is about, asks it.
func (p *Project) Whole() *Project {
	if p.whole != nil {
		return p.whole
	}
	return p
}

// Declares says whether the files have a service of this name, whatever its
// profiles and whether or not it is selected.
func (p *Project) Declares(service string) bool {
	whole := p.Whole()
	return whole.Services[service] != nil || slices.Contains(whole.Disabled, service)
}

// Unselected are the enabled services of the files that p leaves out, sorted.
func (p *Project) Unselected() []string {
	return slices.DeleteFunc(p.Whole().ServiceNames(), func(name string) bool { return p.Services[name] != nil })
}
