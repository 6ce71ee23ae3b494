package orchestrator

import (
	"fmt"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
)

// staleEnd says why the success of a job that ended at a time no longer stands,
// or "": what it depends on, or a volume of either, is newer. containers are
// those of a service that count, volume finds one by the engine's name.
func staleEnd(p *compose.Project, s *compose.Service, end time.Time, containers func(service string) []Container, volume func(name string) *Volume) string {
	for _, dep := range sortedKeys(s.DependsOn) {
		for _, d := range containers(dep) {
			if newer(d.Created, end) {
				return fmt.Sprintf("%s, which the job depends on, is newer than its end", d.Name)
			}
		}
		if v := newerVolume(p, p.Services[dep], end, volume); v != "" {
			return fmt.Sprintf("volume %s of %s is newer than the job's end", v, dep)
		}
	}
	if v := newerVolume(p, s, end, volume); v != "" {
		return fmt.Sprintf("volume %s is newer than the job's end", v)
	}
	return ""
}

// newerFile names a file that s mounts read-only and that was changed after its job
// ended. What a job may write itself says nothing, and secrets and configs are known
// by their content.
func newerFile(p *compose.Project, s *compose.Service, c Container) string {
	for _, v := range s.Volumes {
		if v.Type != types.VolumeTypeBind || !v.ReadOnly {
			continue
		}
		for _, m := range c.Mounts {
			if m.Destination == v.Target && newer(m.SourceChanged, c.FinishedAt) {
				return fmt.Sprintf("%s was changed after the job's end", relativeTo(p.Dir, m.Source))
			}
		}
	}
	return ""
}

// newerVolume names a volume of s that is missing or newer than end.
func newerVolume(p *compose.Project, s *compose.Service, end time.Time, volume func(name string) *Volume) string {
	if s == nil {
		return ""
	}
	for _, m := range s.Volumes {
		config, ok := p.Volumes[m.Source]
		if m.Type != types.VolumeTypeVolume || !ok {
			continue
		}
		if v := volume(config.Name); v == nil || newer(v.Created, end) {
			return config.Name
		}
	}
	return ""
}

// newer compares engine times; one that is not known is not newer.
func newer(t, end time.Time) bool {
	return !t.IsZero() && t.After(end)
}

// stale says why the success of a job's container no longer stands, or "".
func (s subject) stale(c Sight) string {
	return firstText(newerFile(s.Project, s.service, c.Container), staleEnd(s.Project, s.service, c.FinishedAt, s.containersOf, s.volume))
}

// containersOf are the containers of a service that count in this look.
func (f *Facts) containersOf(service string) []Container {
	var out []Container
	for _, c := range f.Observed.Containers {
		if c.Service == service && !c.OneOff && !leftover(c.Name) && ownerOf(c.Labels, f.Project) == ownedByUs {
			out = append(out, c)
		}
	}
	return out
}

func (f *Facts) volume(name string) *Volume {
	for i := range f.Observed.Volumes {
		if f.Observed.Volumes[i].Name == name {
			return &f.Observed.Volumes[i]
		}
	}
	return nil
}
