package orchestrator

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

// reasonStaleBind is the reason of a condition that fails for a bind mount whose
// source was replaced.
const reasonStaleBind = "StaleBind"

// staleBinds are the sources of c's bind mounts that were replaced on this host
// since it started, as the file has them: relative to its directory where they are
// below it.
func staleBinds(p *compose.Project, c Container) []string {
	var sources []string
	for _, m := range c.Mounts {
		if m.SourceState == SourceReplaced || m.SourceState == SourceOtherKind {
			sources = append(sources, relativeTo(p.Dir, m.Source))
		}
	}
	return compact(sources)
}

// relativeTo is a path as ./REST where it is below dir, else as it is.
func relativeTo(dir, path string) string {
	rest, err := filepath.Rel(dir, path)
	if err != nil || rest == ".." || strings.HasPrefix(rest, ".."+string(filepath.Separator)) {
		return path
	}
	return "." + string(filepath.Separator) + rest
}

// staleBindsText says what a restart is for.
func staleBindsText(sources []string) string {
	verb := "was"
	if len(sources) > 1 {
		verb = "were"
	}
	return fmt.Sprintf("%s %s replaced on this host since it started", listed(sources), verb)
}

// unbound is the condition of a container that has former files of this host; one
// without a type when it has the present ones.
func (s subject) unbound(c Sight) Condition {
	sources := staleBinds(s.Project, c.Container)
	if len(sources) == 0 {
		return Condition{}
	}
	cond := fails(GateWired, fault.Differs, reasonStaleBind, "%s: %s", c.Name, staleBindsText(sources))
	cond.Final = true
	cond.Evidence = []healthchecks.Evidence{s.looked(c.Name+": Mounts beside the files of this host", false, sources...)}
	return withHint(cond, "stackctl up restarts it with the present ones", c.At)
}

// bindNotes name the services whose bind mounts could not be compared with the
// files of the engine's host, once for all.
func bindNotes(f Facts) []string {
	var services []string
	for _, c := range f.Observed.Containers {
		unknown := slices.ContainsFunc(c.Mounts, func(m Mount) bool { return m.Type == "bind" && m.SourceState == SourceUnknown })
		if unknown && c.State == StateRunning && !c.OneOff && f.Project.Services[c.Service] != nil && ownerOf(c.Labels, f.Project) == ownedByUs {
			services = append(services, c.Service)
		}
	}
	if len(services) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("whether %s still has the files that it mounts could not be seen from here",
		strings.Join(compact(services), ", "))}
}

// changedKinds are errors about bind mounts of containers that this run would
// restart, and could not start again: what was a file is a directory now, or the
// other way round.
func (p *planner) changedKinds() []error {
	var errs []error
	for _, c := range p.Observed.Containers {
		if p.Project.Services[c.Service] == nil || ownerOf(c.Labels, p.Project) != ownedByUs {
			continue
		}
		for _, m := range c.Mounts {
			if m.SourceState == SourceOtherKind {
				errs = append(errs, fault.New(fault.Config, "service %s: %s was a file when %s started and is a directory now, or the other way round: it cannot be mounted at %s",
					c.Service, relativeTo(p.Project.Dir, m.Source), c.Name, m.Destination).
					WithHint("put back what belongs there; the container runs on with what it has"))
			}
		}
	}
	return errs
}
