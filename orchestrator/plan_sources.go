package orchestrator

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// CreateBinds says which missing sources of bind mounts are made as directories.
type CreateBinds string

// The choices: those that do not look like files, all, none.
const (
	CreateBindsAuto   CreateBinds = "auto"
	CreateBindsAlways CreateBinds = "always"
	CreateBindsNever  CreateBinds = "never"
)

// absentSources are the sources of the project's bind mounts that this host does
// not have, by path; nil where the engine's files cannot be seen from here.
func absentSources(p *compose.Project, engine EngineInfo) map[string]bool {
	if !seesFiles(engine) {
		return nil
	}
	absent := map[string]bool{}
	for _, s := range p.Services {
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(v.Source); errors.Is(err, os.ErrNotExist) {
				absent[v.Source] = true
			}
		}
	}
	return absent
}

// seesFiles says whether this process sees the files of the engine's host.
func seesFiles(engine EngineInfo) bool { return engine.Local && engine.HostSource == "" }

// makeSource makes the source of a bind mount, with the ids of this process.
func makeSource(path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil { //nolint:gosec // as a shell's mkdir makes it
		return fault.New(fault.Config, "the source of a bind mount cannot be made: %w", err).
			WithHint("make it yourself (mkdir -p %s), or correct the path", path)
	}
	return nil
}

// planSources makes the missing sources of what this plan creates or starts, and
// refuses the plan for those that are not made.
func (p *planner) planSources() {
	if p.Absent == nil {
		p.noteUnseen()
		return
	}
	if len(p.Absent) == 0 {
		return
	}
	var refused []compose.BindSource
	made := map[string]string{}
	for _, b := range p.Project.BindSources() {
		if !p.Absent[b.Source] || !p.starts(b.Service) {
			continue
		}
		if !p.creates(b) {
			refused = append(refused, b)
			continue
		}
		if made[b.Source] == "" {
			made[b.Source] = p.plan.add(Action{ID: "directory/" + b.Source, Kind: CreateDirectory, Target: relativeTo(p.Project.Dir, b.Source),
				path: b.Source, Cause: "bind source of " + b.Service + ", missing"})
			p.noteReadOnly(b)
		}
		for i, a := range p.plan.Actions {
			if a.Service == b.Service && (a.Kind == CreateContainer || a.Kind == StartContainer) {
				p.plan.Actions[i].DependsOn = append(slices.Clone(a.DependsOn), made[b.Source])
			}
		}
	}
	p.plan.refuse(p.missingSources(refused))
}

// noteUnseen says that bind mounts of what this plan creates could not be looked at.
func (p *planner) noteUnseen() {
	var services []string
	for _, b := range p.Project.BindSources() {
		if p.starts(b.Service) {
			services = append(services, b.Service)
		}
	}
	if len(services) > 0 && p.Observed.Engine.APIVersion != "" {
		p.plan.Notes = append(p.plan.Notes, fmt.Sprintf(
			"whether the engine's host has the files that %s mounts could not be looked at from here; nothing is made there", listed(compact(services))))
	}
}

// starts says whether this plan creates or starts a container of a service.
func (p *planner) starts(service string) bool {
	return slices.ContainsFunc(p.plan.Actions, func(a Action) bool {
		return a.Service == service && (a.Kind == CreateContainer || a.Kind == StartContainer)
	})
}

// creates says whether a missing source is made as a directory.
func (p *planner) creates(b compose.BindSource) bool {
	switch {
	case b.NeverCreate, p.Options.CreateBinds == CreateBindsNever:
		return false
	case b.Create, p.Options.CreateBinds == CreateBindsAlways:
		return true
	}
	return !b.LooksLikeFile()
}

// noteReadOnly asks about an empty directory that nothing will ever be put in.
func (p *planner) noteReadOnly(b compose.BindSource) {
	if b.ReadOnly {
		p.plan.Notes = append(p.plan.Notes, fmt.Sprintf("%s is made as an empty directory and %s mounts it read-only: was it meant to hold something?",
			relativeTo(p.Project.Dir, b.Source), b.Service))
	}
}

// missingSources is the error about sources that are not made, nil for none.
func (p *planner) missingSources(refused []compose.BindSource) error {
	var problems []compose.Problem
	var directories, files []string
	for _, b := range refused {
		problem := b.Place
		problem.Message = "the bind source " + relativeTo(p.Project.Dir, b.Source) + " does not exist"
		switch {
		case b.NeverCreate:
			problem.Message += ", and create_host_path: false forbids to make it"
		case b.LooksLikeFile():
			problem.Message += ", and looks like a file"
		}
		problems = append(problems, problem)
		if b.LooksLikeFile() {
			files = append(files, b.Source)
		} else {
			directories = append(directories, b.Source)
		}
	}
	hint := p.Project.CreateCommand(compact(directories), compact(files))
	if p.Options.CreateBinds != CreateBindsAlways && p.Options.CreateBinds != CreateBindsNever && len(files) > 0 && !slices.ContainsFunc(refused, func(b compose.BindSource) bool { return b.NeverCreate }) {
		hint += "\nor, if they are directories: --create-binds always"
	}
	return compose.NewProblems(problems, hint)
}
