package compose

import (
	"maps"
	"slices"
)

// Order returns the services by level: each depends only on services of
// earlier levels. Names within a level are sorted.
func (p *Project) Order() [][]string {
	level := map[string]int{}
	var depth func(name string) int
	depth = func(name string) int {
		if d, ok := level[name]; ok {
			return d
		}
		level[name] = 0
		d := 0
		for _, dependency := range p.Dependencies(name) {
			d = max(d, depth(dependency)+1)
		}
		level[name] = d
		return d
	}
	var levels [][]string
	for _, name := range p.ServiceNames() {
		d := depth(name)
		for len(levels) <= d {
			levels = append(levels, nil)
		}
		levels[d] = append(levels[d], name)
	}
	return levels
}

// ServiceNames returns the names of the enabled services, sorted.
func (p *Project) ServiceNames() []string {
	return slices.Sorted(maps.Keys(p.Services))
}

// Dependencies returns the services that name directly depends on, sorted:
// depends_on, links, shared namespaces and volumes_from.
func (p *Project) Dependencies(name string) []string {
	service, ok := p.Services[name]
	if !ok {
		return nil
	}
	var out []string
	for dependency := range service.DependsOn {
		if _, ok := p.Services[dependency]; ok {
			out = append(out, dependency)
		}
	}
	slices.Sort(out)
	return out
}

// Dependents returns the services that directly depend on name, sorted.
func (p *Project) Dependents(name string) []string {
	var out []string
	for _, other := range p.ServiceNames() {
		if slices.Contains(p.Dependencies(other), name) {
			out = append(out, other)
		}
	}
	return out
}

// findCycle returns one cycle of dependencies with its first service repeated
// at the end, or nil. depends maps a service to what it depends on.
func findCycle(depends map[string][]string) []string {
	const (
		open   = 1
		closed = 2
	)
	state := map[string]int{}
	var stack []string
	var visit func(name string) []string
	visit = func(name string) []string {
		switch state[name] {
		case open:
			from := slices.Index(stack, name)
			return append(slices.Clone(stack[from:]), name)
		case closed:
			return nil
		}
		state[name] = open
		stack = append(stack, name)
		for _, dependency := range depends[name] {
			if cycle := visit(dependency); cycle != nil {
				return cycle
			}
		}
		stack = stack[:len(stack)-1]
		state[name] = closed
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(depends)) {
		if cycle := visit(name); cycle != nil {
			return cycle
		}
	}
	return nil
}
