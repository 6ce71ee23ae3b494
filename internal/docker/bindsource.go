package docker

import (
	"os"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/stackctl/stackctl/orchestrator"
)

// compareBinds compares the source of each bind mount of a running container with
// what the container has there: a file that was replaced by a rename, or a directory
// that was made anew, is another one than the container's. It reads this host's own
// files, so that it tells nothing about an engine elsewhere.
func (e *Engine) compareBinds(c *orchestrator.Container, said container.InspectResponse) {
	switch {
	case !e.at.local():
		return
	case c.State == orchestrator.StateExited:
		e.dateSources(c)
		return
	case c.State != orchestrator.StateRunning || c.Pid <= 0:
		return
	}
	var view *processView
	for i := range c.Mounts {
		m := &c.Mounts[i]
		if m.Type != "bind" {
			continue
		}
		if view == nil {
			opened := openProcess(c.Pid, c.ID, map[string]string{
				"/etc/hosts": said.HostsPath, "/etc/resolv.conf": said.ResolvConfPath, "/etc/hostname": said.HostnamePath,
			})
			defer opened.close()
			view = &opened
		}
		m.SourceState = view.compare(m.Source, m.Destination, c.StartedAt)
	}
}

// dateSources says when the files were changed that a container which has ended
// mounts read-only.
func (e *Engine) dateSources(c *orchestrator.Container) {
	for i := range c.Mounts {
		m := &c.Mounts[i]
		if m.Type != "bind" || m.Writable {
			continue
		}
		if info, err := os.Stat(m.Source); err == nil && info.Mode().IsRegular() {
			m.SourceChanged = changedAt(m.Source, info)
		}
	}
}

// fileTimes are those of a file that tell how it came to its place.
type fileTimes struct {
	// born is zero where the file system does not keep it.
	born, changed, modified time.Time
}

// byTimes compares a source with the start of a container that mounted it, for
// those who may not look into the container. A file that is younger than the start
// cannot be what was mounted. One that was changed since by anything but a write
// may have been moved to its place.
func (t fileTimes) byTimes(started time.Time) orchestrator.SourceState {
	switch {
	case started.IsZero():
		return orchestrator.SourceUnknown
	case t.born.After(started):
		return orchestrator.SourceReplaced
	case !t.changed.After(started), t.changed.Equal(t.modified):
		return orchestrator.SourceSame
	default:
		return orchestrator.SourceUnknown
	}
}
