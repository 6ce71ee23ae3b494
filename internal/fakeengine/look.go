package fakeengine

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// View is a container as it truly is, beyond what the API tells.
type View struct {
	ID, Name, Service, State string
	ExitCode                 int
	Starts, Restarts         int
	Started                  time.Time
	Labels                   map[string]string
	Volumes                  []string
	Files                    map[string][]byte
	// Passes is what its check would answer now; true for one without.
	Passes bool
	// Answers maps each published container port to what is behind it now.
	Answers map[uint16]Port
}

// Containers are all containers, in the order of their names.
func (e *Engine) Containers() []View {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []View
	for _, id := range slices.Sorted(maps.Keys(e.containers)) {
		out = append(out, e.view(e.containers[id]))
	}
	slices.SortFunc(out, func(a, b View) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return 0
	})
	return out
}

func (e *Engine) view(c *container) View {
	v := View{
		ID: c.id, Name: c.name, Service: c.service(), State: c.state, ExitCode: c.code, Starts: c.starts, Restarts: c.restarts,
		Started: c.started, Labels: maps.Clone(c.config.Labels), Files: maps.Clone(c.files), Passes: true, Answers: map[uint16]Port{},
	}
	for _, m := range c.mounts {
		if m.Name != "" {
			v.Volumes = append(v.Volumes, m.Name)
		}
	}
	if probe := e.script(c).Probe; probe != nil && c.checked() && c.state == stateRunning {
		v.Passes = probe(e.ask(c, c.probes+1)).Exit == 0
	}
	for key := range c.published {
		port, _ := splitPort(key)
		v.Answers[port] = Port{}
		if behave := e.script(c).Port; behave != nil {
			v.Answers[port] = behave(e.ask(c, c.asked[port]+1), port)
		}
	}
	return v
}

// Networks are the names of all networks.
func (e *Engine) Networks() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, n := range e.networks {
		out = append(out, n.document.Name)
	}
	slices.Sort(out)
	return out
}

// Volumes are the names of all volumes.
func (e *Engine) Volumes() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.volumes))
}

// Write writes a file into a volume; Read reads it.
func (e *Engine) Write(volume, file, content string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	v := e.volumes[volume]
	if v == nil {
		return false
	}
	v.files[file] = content
	return true
}

// Read is the content of a file in a volume, "" when there is none.
func (e *Engine) Read(volume, file string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if v := e.volumes[volume]; v != nil {
		return v.files[file]
	}
	return ""
}

// Do makes a call as another client would, without latency, record or faults.
func (e *Engine) Do(method, target string, body any) (status int, message string) {
	request, err := http.NewRequest(method, target, nil) //nolint:noctx // never sent
	if err != nil {
		return 0, err.Error()
	}
	c := Call{Method: method, Path: request.URL.Path, Query: request.URL.Query(), At: time.Now()}
	if body != nil {
		c.Body = encode(body)
	}
	for _, one := range e.table {
		m := one.path.FindStringSubmatch(c.Path)
		if m == nil || one.method != method {
			continue
		}
		if len(m) > 1 {
			c.Target = m[1]
		}
		r := e.carryOut(c, "", one.answer)
		return r.status, r.message()
	}
	return http.StatusNotFound, "page not found"
}

// Kill ends a container's process from outside, or as the kernel does for want
// of memory.
func (e *Engine) Kill(name string, oom bool) bool {
	return e.with(name, func(c *container) {
		if oom {
			e.end(c, 137, true, false)
			return
		}
		e.kill(c, "SIGKILL")
	})
}

// Crash lets a container's process end by itself.
func (e *Engine) Crash(name string, code int) bool {
	return e.with(name, func(c *container) { e.end(c, code, false, false) })
}

// Force sets a container's state to one that no call leads to, "dead" for
// instance.
func (e *Engine) Force(name, state string) bool {
	return e.with(name, func(c *container) {
		c.life++
		c.monitor = 0
		c.state = state
		e.announce()
	})
}

// Freeze stops a container's health monitor and leaves its last word.
func (e *Engine) Freeze(name string) bool {
	return e.with(name, func(c *container) { c.monitor = 0 })
}

// Relabel changes a container's labels, which no call can.
func (e *Engine) Relabel(name, key, value string) bool {
	return e.with(name, func(c *container) {
		c.config.Labels = maps.Clone(c.config.Labels)
		c.config.Labels[key] = value
	})
}

func (e *Engine) with(name string, do func(*container)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.find(name)
	if c == nil {
		return false
	}
	do(c)
	return true
}

// Haunt lets a container keep the health of its present life, whatever becomes
// of it: its monitor never runs again.
func (e *Engine) Haunt(name string) bool {
	return e.with(name, func(c *container) { c.haunted = true })
}

// Unplug takes a running container out of its networks, as an engine does that
// has lost them.
func (e *Engine) Unplug(name string) bool { return e.with(name, e.disconnect) }

// Unpublish takes a running container's host ports away.
func (e *Engine) Unpublish(name string) bool {
	return e.with(name, func(c *container) { c.published = nil })
}

// Diagnose sets a container's health to a word that no probe leads to, and
// stops probing; "" takes the health away.
func (e *Engine) Diagnose(name, status string) bool {
	return e.with(name, func(c *container) {
		c.monitor = 0
		if c.health.Status = status; status == "" {
			c.health = nil
		}
	})
}

// Update changes the limit of memory and the restart policy of a container.
func (e *Engine) Update(name string, memory int64, restart string) bool {
	return e.with(name, func(c *container) { c.host.Memory, c.host.RestartPolicy.Name = memory, restart })
}

// Readdress gives a running container another address in all its networks.
func (e *Engine) Readdress(name, ip string) bool {
	return e.with(name, func(c *container) {
		for _, at := range c.networks {
			at.IPAddress = ip
		}
	})
}

// Unname leaves a container in its networks without the names by which others
// find it there, as a disconnect and a connect by hand do.
func (e *Engine) Unname(name string) bool {
	return e.with(name, func(c *container) {
		for _, at := range c.networks {
			at.Aliases = nil
		}
	})
}

// Move puts a running container from its network into the newest other one of
// the same name.
func (e *Engine) Move(name string) bool {
	return e.with(name, func(c *container) {
		for network, at := range c.networks {
			for _, n := range e.networksNamed(network) {
				if n.document.ID != at.NetworkID {
					at.NetworkID = n.document.ID
					break
				}
			}
		}
	})
}
