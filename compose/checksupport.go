package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// checkSupport reports every key of the merged model that is refused, and
// warns about those that are ignored, as the support table says. Services
// whose profile is not active, and what only they use, do not matter.
func (b *builder) checkSupport(model map[string]any, source *types.Project) {
	w := supportWalk{b: b, rows: supportByKey()}
	used := source.WithoutUnnecessaryResources()
	sections := map[string]func(key string) bool{
		"services": func(key string) bool { _, ok := used.Services[key]; return ok },
		"networks": func(key string) bool { _, ok := used.Networks[key]; return ok },
		"volumes":  func(key string) bool { _, ok := used.Volumes[key]; return ok },
		"secrets":  func(key string) bool { _, ok := used.Secrets[key]; return ok },
		"configs":  func(key string) bool { _, ok := used.Configs[key]; return ok },
	}
	if len(source.Jobs) == 0 {
		delete(model, "jobs")
	}
	if !modelsMatter(source) {
		delete(model, "models")
	}
	for _, key := range slices.Sorted(maps.Keys(model)) {
		matters, isSection := sections[key]
		if !isSection {
			w.key(model[key], path{key}, key)
			continue
		}
		entries, _ := model[key].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			if matters(name) {
				w.value(entries[name], path{key, name}, key+".*")
			}
		}
	}
	b.checkSupportedValues(used)
}

// modelsMatter says whether there is a model that is not only for services
// whose profile is not active. One that nobody uses does matter: what it asks
// for would be dropped without a word.
func modelsMatter(p *types.Project) bool {
	inactive := map[string]bool{}
	for _, s := range p.DisabledServices {
		for name := range s.Models {
			inactive[name] = true
		}
	}
	for _, s := range p.Services {
		for name := range s.Models {
			inactive[name] = false
		}
	}
	for name := range p.Models {
		if !inactive[name] {
			return true
		}
	}
	return false
}

type supportWalk struct {
	b    *builder
	rows map[string]Attribute
}

// value looks at what stands below a path; pattern is its key in the table.
func (w *supportWalk) value(value any, at path, pattern string) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if strings.HasPrefix(key, "x-") {
				continue
			}
			below := pattern + "." + key
			if _, ok := w.rows[below]; !ok {
				w.value(v[key], at.next(key), pattern+".*")
				continue
			}
			w.key(v[key], at.next(key), below)
		}
	case []any:
		for i, entry := range v {
			w.value(entry, at.next(item(i)), pattern+"[]")
		}
	}
}

// key judges one key by its row. A null is as if the key were not there.
func (w *supportWalk) key(value any, at path, pattern string) {
	row, ok := w.rows[pattern]
	if !ok || value == nil {
		return
	}
	switch row.Status {
	case Refused:
		w.b.ps.add(w.b.sources.problem(at, "not supported: "+row.Note, row.Remedy))
	case Ignored:
		if _, written := w.b.sources.exact(at, 0); written && !row.silent {
			w.b.warn(serviceName(at), fmt.Sprintf("%s has no effect: %s", at, row.Note))
		}
	default:
		if row.refuses != nil {
			if why := row.refuses(value); why != "" {
				w.b.report(row.later, w.b.sources.problem(at, why, row.Remedy))
			}
		}
		w.value(value, at, pattern)
	}
}

// report adds a problem; later says that it is none for who only looks.
func (b *builder) report(later bool, p Problem) {
	if later {
		b.ps.later(p)
		return
	}
	b.ps.add(p)
}

func serviceName(at path) string {
	if len(at) > 1 && at[0] == "services" {
		return at[1]
	}
	return ""
}

// checkSupportedValues reports what only several keys together make
// impossible.
func (b *builder) checkSupportedValues(p *types.Project) {
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		s := p.Services[name]
		at := path{"services", name}
		if s.Build != nil && len(s.Build.Platforms) > 1 && s.Platform == "" {
			b.ps.later(b.sources.problem(at.next("build").next("platforms"),
				fmt.Sprintf("%d platforms: an engine's image store holds one per name", len(s.Build.Platforms)),
				"say with platform: which one the container runs on"))
		}
		if s.Deploy == nil || s.Deploy.RestartPolicy == nil || s.Deploy.RestartPolicy.MaxAttempts == nil {
			continue
		}
		if policy := s.Deploy.RestartPolicy; *policy.MaxAttempts > 0 && policy.Condition != types.RestartPolicyOnFailure {
			b.ps.later(b.sources.problem(at.next("deploy").next("restart_policy").next("max_attempts"),
				"only a restart on failure can be bounded", "set condition: on-failure"))
		}
	}
}
