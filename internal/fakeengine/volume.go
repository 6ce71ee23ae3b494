package fakeengine

import (
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// volume is one volume with what is written in it.
type volume struct {
	document  volumeDocument
	anonymous bool
	files     map[string]string
}

func (e *Engine) createVolume(c Call) reply {
	var want volumeDocument
	var request struct{ DriverOpts map[string]string }
	if err := c.decode(&want); err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	if err := c.decode(&request); err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	if v := e.volumes[want.Name]; v != nil {
		return reply{status: http.StatusCreated, body: v.document}
	}
	want.Options = request.DriverOpts
	v := e.makeVolume(want, want.Name == "")
	return reply{status: http.StatusCreated, body: v.document}
}

func (e *Engine) makeVolume(d volumeDocument, anonymous bool) *volume {
	if d.Name == "" {
		d.Name = e.newID()
	}
	if d.Driver == "" {
		d.Driver = "local"
	}
	d.CreatedAt = e.now().Format(time.RFC3339)
	v := &volume{document: d, anonymous: anonymous, files: map[string]string{}}
	e.volumes[d.Name] = v
	return v
}

func (e *Engine) listVolumes(Call) reply {
	out := []volumeDocument{}
	for _, name := range slices.Sorted(maps.Keys(e.volumes)) {
		out = append(out, e.volumes[name].document)
	}
	return ok(map[string]any{"Volumes": out, "Warnings": nil})
}

func (e *Engine) inspectVolume(c Call) reply {
	if v := e.volumes[c.Target]; v != nil {
		return ok(v.document)
	}
	return refusal(http.StatusNotFound, "get "+c.Target+": no such volume")
}

func (e *Engine) removeVolume(c Call) reply {
	if e.volumes[c.Target] == nil {
		return refusal(http.StatusNotFound, "get "+c.Target+": no such volume")
	}
	for _, one := range e.containers {
		if slices.ContainsFunc(one.mounts, func(m mountPoint) bool { return m.Name == c.Target }) {
			return refusal(http.StatusConflict, "remove "+c.Target+": volume is in use - ["+one.id+"]")
		}
	}
	delete(e.volumes, c.Target)
	return reply{status: http.StatusNoContent}
}

// mount makes the mounts of a new container, the anonymous volumes of its
// image included. The result says what is wrong, "" for nothing.
func (e *Engine) mount(c *container) string {
	taken := map[string]bool{}
	for _, m := range c.host.Mounts {
		taken[m.Target] = true
		switch m.Type {
		case "bind":
			if _, err := os.Stat(m.Source); err != nil {
				return `invalid mount config for type "bind": bind source path does not exist: ` + m.Source
			}
			c.mounts = append(c.mounts, mountPoint{Type: "bind", Source: m.Source, Destination: m.Target, RW: !m.ReadOnly})
		case "volume":
			c.mounts = append(c.mounts, e.mountVolume(m.Source, m.Target, !m.ReadOnly))
		}
	}
	for _, bind := range c.host.Binds {
		if parts := strings.Split(bind, ":"); len(parts) > 1 {
			taken[parts[1]] = true
			c.mounts = append(c.mounts, mountPoint{Type: "bind", Source: parts[0], Destination: parts[1], RW: true})
		}
	}
	for target := range c.host.Tmpfs {
		taken[target] = true
	}
	for _, target := range c.image.Volumes {
		if !taken[target] {
			c.mounts = append(c.mounts, e.mountVolume("", target, true))
		}
	}
	return ""
}

// mountVolume mounts a volume and makes it where it is not there yet.
func (e *Engine) mountVolume(name, target string, writable bool) mountPoint {
	v := e.volumes[name]
	if v == nil {
		v = e.makeVolume(volumeDocument{Name: name}, name == "")
	}
	return mountPoint{
		Type: "volume", Name: v.document.Name, Source: "/var/lib/docker/volumes/" + v.document.Name + "/_data",
		Destination: target, RW: writable,
	}
}
