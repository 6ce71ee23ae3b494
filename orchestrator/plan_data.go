package orchestrator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// planData finds the volumes whose data the replacement of c, a container of s,
// leaves behind: the file mounts something else at their place, or nothing, and no
// service mounts them any more. The data stays on the engine, and the new container
// begins without it: that is an error unless Options.LeaveVolumes says that it is
// known, and then a note.
func (p *planner) planData(s *compose.Service, c Container) {
	for _, m := range c.Mounts {
		if m.Type != types.VolumeTypeVolume || !p.leavesBehind(s, m) {
			continue
		}
		what := fmt.Sprintf("volume %s", m.Name)
		if isAnonymous(m.Name) {
			what = fmt.Sprintf("unnamed volume %s", m.Name)
		}
		if p.Options.LeaveVolumes {
			p.plan.Notes = append(p.plan.Notes, fmt.Sprintf("%s keeps what %s had at %s; remove it with docker volume rm %s",
				what, s.Name, m.Destination, m.Name))
			continue
		}
		p.abandoned = append(p.abandoned, fault.New(fault.Conflict, "service %s: %s holds what is at %s, and the file %s: the data would stay behind",
			s.Name, what, m.Destination, p.insteadOf(s, m.Destination)).WithHint("%s", p.copyHint(s, m)))
	}
}

// heldForData says whether c, a container of s, stays for the sake of its data.
func (p *planner) heldForData(s *compose.Service, c Container) bool {
	return p.Options.KeepData && slices.ContainsFunc(c.Mounts, func(m Mount) bool {
		return m.Type == types.VolumeTypeVolume && p.leavesBehind(s, m)
	})
}

// leavesBehind says whether a mount of a container of s is in no container of the
// new configuration. A volume that is not the project's, and a named one that the
// file still mounts anywhere, is not lost.
func (p *planner) leavesBehind(s *compose.Service, m Mount) bool {
	if isAnonymous(m.Name) {
		at := mountAt(s, m.Destination)
		return at != nil && !(at.Type == types.VolumeTypeVolume && at.Source == "")
	}
	v := p.volume(m.Name)
	if v == nil || ownerOf(v.Labels, p.Project) != ownedByUs {
		return false
	}
	for _, other := range wholeFile(p.Project) {
		if slices.ContainsFunc(other.Volumes, func(at types.ServiceVolumeConfig) bool {
			return at.Type == types.VolumeTypeVolume && p.volumeName(at.Source) == m.Name
		}) {
			return false
		}
	}
	return true
}

// wholeFile are the services of the file, those that are not selected or not
// enabled included.
func wholeFile(p *compose.Project) []types.ServiceConfig {
	var all []types.ServiceConfig
	for _, s := range p.Services {
		all = append(all, s.ServiceConfig)
	}
	if p.Source != nil {
		for _, s := range p.Source.AllServices() {
			all = append(all, s)
		}
	}
	return all
}

// mountAt is what the file mounts at a path of s; nil for nothing.
func mountAt(s *compose.Service, path string) *types.ServiceVolumeConfig {
	for i := range slices.Backward(s.Volumes) { // a later entry overrides
		if s.Volumes[i].Target == path {
			return &s.Volumes[i]
		}
	}
	for _, entry := range s.Tmpfs {
		if target, _, _ := strings.Cut(entry, ":"); target == path {
			return &types.ServiceVolumeConfig{Type: types.VolumeTypeTmpfs, Target: path}
		}
	}
	return nil
}

// insteadOf says what the file has at a path of s.
func (p *planner) insteadOf(s *compose.Service, path string) string {
	at := mountAt(s, path)
	switch {
	case at == nil:
		return "mounts nothing there"
	case at.Type == types.VolumeTypeVolume && at.Source != "":
		return "mounts volume " + p.volumeName(at.Source) + " there"
	case at.Source != "":
		return "mounts " + at.Source + " there"
	default:
		return "mounts a " + at.Type + " there"
	}
}

func (p *planner) volumeName(key string) string {
	if v, ok := p.Project.Volumes[key]; ok && v.Name != "" {
		return v.Name
	}
	if p.Project.Source != nil && p.Project.Source.Volumes[key].Name != "" {
		return p.Project.Source.Volumes[key].Name // no selected service has it
	}
	return p.Project.Name + "_" + key
}

// copyHint is how to take the data along, where there is a place to take it to, and
// how to go on without it.
func (p *planner) copyHint(s *compose.Service, m Mount) string {
	const goOn = "stackctl up --leave-volumes"
	at := mountAt(s, m.Destination)
	if at == nil || at.Source == "" {
		return "to go on and leave the data in that volume: " + goOn
	}
	target := at.Source
	lines := []string{"copy the data first:", "  stackctl stop " + s.Name}
	if at.Type == types.VolumeTypeVolume {
		target = p.volumeName(at.Source)
		if p.volume(target) == nil {
			lines = append(lines, fmt.Sprintf("  docker volume create --label %s=%s %s", LabelProject, p.Project.Name, target))
		}
	}
	return strings.Join(append(lines,
		fmt.Sprintf("  docker run --rm -v %s:/from:ro -v %s:/to busybox cp -a /from/. /to", m.Name, target),
		"then, or to go on without it: "+goOn), "\n")
}

// withoutData is the error of a plan that leaves data behind without being told.
func (p *planner) withoutData() error { return errors.Join(p.abandoned...) }
