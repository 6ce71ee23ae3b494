package fakeengine

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The words of the API for a container's life.
const (
	stateCreated    = "created"
	stateRunning    = "running"
	statePaused     = "paused"
	stateRestarting = "restarting"
	stateExited     = "exited"
	stateDead       = "dead"
)

// LabelService is the label that ties a container to its script.
const labelService = "com.docker.compose.service"

// zeroTime is what engines say of what never happened.
const zeroTime = "0001-01-01T00:00:00Z"

// container is one container, with what the engine knows beyond its report.
type container struct {
	id, name string
	made     time.Time
	image    *Image
	config   containerConfig
	host     hostConfig
	// networks are the endpoints by network name; addresses are there only
	// while it runs.
	networks map[string]*endpointSettings
	mounts   []mountPoint
	// files are those copied into it.
	files map[string][]byte
	log   []logLine

	state             string
	pid, code         int
	oom               bool
	failure           string
	started, finished time.Time
	restarts          int
	published         map[string][]portBinding
	health            *healthState
	// starts counts all starts, life all changes that void what was scheduled.
	starts, life int
	// monitor is the number of the running health monitor, 0 for none.
	monitor, monitors int
	probes, execs     int
	asked             map[uint16]int
	backoff           time.Duration
	// byHand says that it was stopped on purpose: no policy starts it again.
	byHand bool
	// haunted says that its health is left over for ever.
	haunted bool
	// revive says that the daemon starts it when it comes back.
	revive bool
}

// service is the Compose service, which names the script.
func (c *container) service() string { return c.config.Labels[labelService] }

func (e *Engine) script(c *container) Script { return e.scripts[c.service()] }

// find is the container with an ID or name.
func (e *Engine) find(ref string) *container {
	if c := e.containers[ref]; c != nil {
		return c
	}
	for _, c := range e.containers {
		if c.name == ref || len(ref) >= 12 && strings.HasPrefix(c.id, ref) {
			return c
		}
	}
	return nil
}

func noContainer(ref string) reply { return refusal(http.StatusNotFound, "No such container: "+ref) }

// createContainer is POST /containers/create.
func (e *Engine) createContainer(c Call) reply {
	var want createRequest
	if err := c.decode(&want); err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	name := c.Query.Get("name")
	if other := e.find(name); other != nil {
		return refusal(http.StatusConflict, e.kind.conflictText(name, other.id))
	}
	if e.making[name] {
		return refusal(http.StatusConflict, e.kind.conflictText(name, "0123456789ab"))
	}
	image := e.image(want.Image)
	if image == nil {
		return refusal(http.StatusNotFound, "No such image: "+want.Image)
	}
	if !e.kind.ManyNetworks && len(want.NetworkingConfig.EndpointsConfig) > 1 {
		return refusal(http.StatusBadRequest, "Container cannot be connected to network endpoints: "+
			strings.Join(slices.Sorted(maps.Keys(want.NetworkingConfig.EndpointsConfig)), ", "))
	}
	made := &container{
		id: e.newID(), name: name, made: e.now(), image: image, config: want.containerConfig, host: want.HostConfig,
		networks: map[string]*endpointSettings{}, files: map[string][]byte{}, state: stateCreated, asked: map[uint16]int{},
	}
	if made.host.LogConfig.Type == "" {
		made.host.LogConfig.Type = "json-file"
	}
	if e.kind.API == "1.41" && made.config.Healthcheck != nil {
		made.config.Healthcheck.StartInterval = 0
	}
	made.config.inherit(image)
	if problem := e.mount(made); problem != "" {
		return refusal(http.StatusBadRequest, problem)
	}
	e.attachAll(made, want.NetworkingConfig.EndpointsConfig)
	if made.checked() {
		made.health = &healthState{Status: "starting"}
	}
	e.containers[made.id] = made
	e.emit(made, "create", nil)
	return reply{status: http.StatusCreated, body: map[string]any{"Id": made.id, "Warnings": []string{}}}
}

// inherit takes from the image what the request leaves open.
func (c *containerConfig) inherit(image *Image) {
	c.Env = append(slices.Clone(image.Env), c.Env...)
	if len(c.Cmd) == 0 {
		c.Cmd = image.Cmd
	}
	if image.Check == nil {
		return
	}
	if c.Healthcheck == nil {
		c.Healthcheck = &Check{}
	}
	h, base := c.Healthcheck, image.Check
	if len(h.Test) == 0 {
		h.Test = base.Test
	}
	h.Interval = firstSet(h.Interval, base.Interval)
	h.Timeout = firstSet(h.Timeout, base.Timeout)
	h.StartPeriod = firstSet(h.StartPeriod, base.StartPeriod)
	if h.Retries == 0 {
		h.Retries = base.Retries
	}
}

func firstSet(values ...time.Duration) time.Duration {
	for _, v := range values {
		if v > 0 {
			return v
		}
	}
	return 0
}

// checked says whether it has a healthcheck.
func (c *container) checked() bool {
	h := c.config.Healthcheck
	return h != nil && len(h.Test) > 0 && h.Test[0] != "NONE"
}

// attachAll notes the networks that it is to be in; as engines before 25 do,
// without asking whether they are there.
func (e *Engine) attachAll(c *container, asked map[string]*endpointSettings) {
	for name, settings := range asked {
		if settings == nil {
			settings = &endpointSettings{}
		}
		c.networks[name] = settings
	}
	mode := c.host.NetworkMode
	if len(asked) == 0 && mode != "" && mode != "none" && mode != "host" && !strings.HasPrefix(mode, "container:") {
		c.networks[mode] = &endpointSettings{}
	}
	if mode == "" {
		c.networks["bridge"] = &endpointSettings{}
	}
}

// withoutIDs are endpoints as Podman shows them.
func withoutIDs(networks map[string]*endpointSettings) map[string]*endpointSettings {
	out := map[string]*endpointSettings{}
	for name, at := range networks {
		shown := *at
		shown.EndpointID = ""
		out[name] = &shown
	}
	return out
}

// inspect is the report of a container.
func (e *Engine) inspect(c *container) containerInspect {
	out := containerInspect{
		ID: c.id, Name: "/" + c.name, Created: c.made.Format(time.RFC3339Nano), Image: c.image.ID, RestartCount: c.restarts,
		Config: c.config, HostConfig: c.host, Mounts: c.mounts,
		State: containerState{
			Status: c.state, Running: c.state == stateRunning || c.state == statePaused || c.state == stateRestarting,
			Paused: c.state == statePaused, Restarting: c.state == stateRestarting, Dead: c.state == stateDead,
			OOMKilled: c.oom, Pid: c.pid, ExitCode: c.code, Error: c.failure,
			StartedAt: stamp(c.started), FinishedAt: stamp(c.finished),
		},
		NetworkSettings: networkSettings{Ports: c.published, Networks: c.networks},
	}
	if e.kind.Podman {
		out.NetworkSettings.Networks = withoutIDs(c.networks)
	}
	if c.health != nil {
		copied := *c.health
		copied.Log = slices.Clone(copied.Log)
		out.State.Health = &copied
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return zeroTime
	}
	return t.Format(time.RFC3339Nano)
}

func (e *Engine) inspectContainer(c Call) reply {
	found := e.find(c.Target)
	if found == nil {
		return noContainer(c.Target)
	}
	return ok(e.inspect(found))
}

// listedStatus is the sentence of a list about a container's life.
func (e *Engine) listedStatus(c *container) string {
	switch {
	case c.state != stateRunning:
		return c.state
	case c.health == nil:
		return "Up " + e.now().Sub(c.started).String()
	case c.health.Status == "starting":
		return "Up " + e.now().Sub(c.started).String() + " (health: starting)"
	}
	return "Up " + e.now().Sub(c.started).String() + " (" + c.health.Status + ")"
}

// hasLabels says whether it carries every one of "key=value".
func (c *container) hasLabels(wanted []string) bool {
	for _, label := range wanted {
		key, value, _ := strings.Cut(label, "=")
		if c.config.Labels[key] != value {
			return false
		}
	}
	return true
}

// listContainers is GET /containers/json, with the filters for volumes and
// labels.
func (e *Engine) listContainers(c Call) reply {
	using, labels := c.filter("volume"), c.filter("label")
	out := []containerSummary{}
	for _, id := range slices.Sorted(maps.Keys(e.containers)) {
		one := e.containers[id]
		if len(using) > 0 && !slices.ContainsFunc(one.mounts, func(m mountPoint) bool { return slices.Contains(using, m.Name) }) {
			continue
		}
		if !one.hasLabels(labels) {
			continue
		}
		summary := containerSummary{
			ID: id, Names: []string{"/" + one.name}, Image: one.config.Image, State: one.state, Status: e.listedStatus(one), Labels: one.config.Labels,
		}
		for key, bindings := range one.published {
			port, proto := splitPort(key)
			for _, b := range bindings {
				outside, _ := strconv.ParseUint(b.HostPort, 10, 16)
				summary.Ports = append(summary.Ports, listedPort{IP: b.HostIP, PrivatePort: port, PublicPort: uint16(outside), Type: proto})
			}
		}
		out = append(out, summary)
	}
	return ok(out)
}

// splitPort reads "80/tcp".
func splitPort(key string) (uint16, string) {
	number, proto, _ := strings.Cut(key, "/")
	n, _ := strconv.ParseUint(number, 10, 16)
	if proto == "" {
		proto = "tcp"
	}
	return uint16(n), proto
}

func (e *Engine) renameContainer(c Call) reply {
	found, name := e.find(c.Target), c.Query.Get("name")
	if found == nil {
		return noContainer(c.Target)
	}
	if other := e.find(name); other != nil {
		if other == found {
			return refusal(http.StatusBadRequest, "Renaming a container with the same name as its current name")
		}
		return refusal(http.StatusConflict, e.kind.conflictText(name, other.id))
	}
	found.name = name
	e.emit(found, "rename", nil)
	return reply{status: http.StatusNoContent}
}

// removeContainer is DELETE /containers/x.
func (e *Engine) removeContainer(c Call) reply {
	found := e.find(c.Target)
	if found == nil {
		return noContainer(c.Target)
	}
	running := found.state == stateRunning || found.state == statePaused || found.state == stateRestarting
	if running && c.Query.Get("force") != "1" {
		return refusal(http.StatusConflict, "You cannot remove a running container "+found.id+". Stop the container before attempting removal or force remove")
	}
	e.drop(found, c.Query.Get("v") == "1")
	return reply{status: http.StatusNoContent}
}

// drop removes a container whatever its state.
func (e *Engine) drop(c *container, anonymous bool) {
	if c.state == stateRunning || c.state == statePaused || c.state == stateRestarting {
		e.emit(c, "kill", map[string]string{"signal": "9"})
		c.byHand = true
		e.end(c, 137, false, true)
	}
	c.life++
	delete(e.containers, c.id)
	if anonymous {
		for _, m := range c.mounts {
			if v := e.volumes[m.Name]; v != nil && v.anonymous {
				delete(e.volumes, m.Name)
			}
		}
	}
	e.emit(c, "destroy", nil)
	e.announce()
}
