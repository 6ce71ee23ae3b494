package compose

import (
	"slices"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
)

// scope is what of a project counts: the services whose profile is active,
// and what they use.
type scope struct {
	active []string
	// bases are, by source, the services that active ones extend.
	bases map[*source]map[string]bool
	// uses are the networks, volumes, secrets and configs by section.
	uses map[string]map[string]bool
}

// scopeOf decides what counts from the files alone, so that it can be known
// even when they cannot be loaded. named are services that are active
// whatever their profiles.
func scopeOf(s *sources, profiles, named []string) *scope {
	sc := &scope{bases: map[*source]map[string]bool{}, uses: map[string]map[string]bool{}}
	active := slices.Concat(profiles, profilesOf(s, named))
	for _, src := range s.all {
		services, _ := src.tree["services"].(map[string]any)
		for name := range services {
			if src.bases == nil && !slices.Contains(sc.active, name) && isActive(s.profiles(name), active) {
				sc.active = append(sc.active, name)
			}
		}
	}
	slices.Sort(sc.active)
	for _, src := range s.all {
		for _, name := range sc.active {
			if src.bases == nil {
				sc.reach(s, src, name)
			}
		}
	}
	return sc
}

func profilesOf(s *sources, services []string) []string {
	var out []string
	for _, name := range services {
		out = append(out, s.profiles(name)...)
	}
	return out
}

// profiles are those that a service declares in any of the files, or inherits.
func (s *sources) profiles(service string) []string {
	var out []string
	for _, src := range s.all {
		if src.bases == nil {
			out = append(out, s.inheritedProfiles(src, service, 0)...)
		}
	}
	return out
}

func (s *sources) inheritedProfiles(src *source, service string, depth int) []string {
	out := stringsOf(child(child(src.tree["services"], service), "profiles"))
	if base, ref := s.base(src, service); base != nil && depth < maxDepth {
		out = append(out, s.inheritedProfiles(base, ref, depth+1)...)
	}
	return out
}

// base is the file and service that a service of src extends, or nil.
func (s *sources) base(src *source, service string) (*source, string) {
	ref, ok := extendsOf(src, service)
	if !ok {
		return nil, ""
	}
	if ref.file == "" {
		return src, ref.service
	}
	return s.extended(src, service), ref.service
}

func isActive(declared, active []string) bool {
	if len(declared) == 0 || slices.Contains(active, "*") {
		return true
	}
	return slices.ContainsFunc(declared, func(p string) bool { return slices.Contains(active, p) })
}

// reach marks a service of src, what it uses, and what it extends.
func (sc *scope) reach(s *sources, src *source, service string) {
	reached := sc.bases[src]
	if reached == nil {
		reached = map[string]bool{}
		sc.bases[src] = reached
	}
	if reached[service] {
		return
	}
	reached[service] = true
	definition := child(src.tree["services"], service)
	sc.use("networks", namesIn(child(definition, "networks")))
	sc.use("networks", []string{"default"})
	sc.use("volumes", volumesIn(child(definition, "volumes")))
	sc.use("secrets", sourcesIn(child(definition, "secrets")))
	sc.use("secrets", sourcesIn(child(child(definition, "build"), "secrets")))
	sc.use("configs", sourcesIn(child(definition, "configs")))
	if base, ref := s.base(src, service); base != nil {
		sc.reach(s, base, ref)
	}
}

func (sc *scope) use(section string, names []string) {
	if sc.uses[section] == nil {
		sc.uses[section] = map[string]bool{}
	}
	for _, name := range names {
		sc.uses[section][name] = true
	}
}

// counts says whether a value of src matters for what is active.
func (sc *scope) counts(src *source, at path) bool {
	if len(at) == 0 {
		return true
	}
	switch at[0] {
	case "services":
		return len(at) < 2 || sc.bases[src][at[1]]
	case "networks", "volumes", "secrets", "configs":
		return src.bases == nil && (len(at) < 2 || sc.uses[at[0]][at[1]])
	case "name", "include", "x-stackctl":
		return src.bases == nil
	}
	return false
}

// namesIn are the names of a list or the keys of a mapping.
func namesIn(value any) []string {
	out := stringsOf(value)
	if mapping, ok := value.(map[string]any); ok {
		for name := range mapping {
			out = append(out, name)
		}
	}
	return out
}

// sourcesIn are the names that a list of secrets or configs refers to.
func sourcesIn(value any) []string {
	var out []string
	for _, entry := range asList(value) {
		switch e := entry.(type) {
		case string:
			out = append(out, e)
		case map[string]any:
			if name, ok := e["source"].(string); ok {
				out = append(out, name)
			}
		}
	}
	return out
}

// volumesIn are the names of named volumes in a list of mounts.
func volumesIn(value any) []string {
	var out []string
	for _, entry := range asList(value) {
		switch e := entry.(type) {
		case string:
			if mount, err := format.ParseVolume(e); err == nil && mount.Type == types.VolumeTypeVolume {
				out = append(out, mount.Source)
			}
		case map[string]any:
			if name, ok := e["source"].(string); ok {
				out = append(out, name)
			}
		}
	}
	return out
}
