package fakeengine

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The restart manager's figures (moby restartmanager).
const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = time.Minute
	// calm is how long a run must last for the back-off to begin anew.
	calm = 10 * time.Second
)

func (e *Engine) startContainer(c Call) reply {
	found := e.find(c.Target)
	switch {
	case found == nil:
		return noContainer(c.Target)
	case found.state == stateRunning:
		return reply{status: http.StatusNotModified}
	case found.state == statePaused:
		return refusal(http.StatusConflict, "cannot start a paused container, try unpause instead")
	case found.state == stateDead:
		return refusal(http.StatusConflict, "container is marked for removal and cannot be started")
	}
	found.restarts, found.backoff, found.byHand = 0, 0, false
	if problem := e.begin(found); problem != nil {
		return *problem
	}
	return reply{status: http.StatusNoContent}
}

// begin starts the process; the reply is the refusal, nil for success.
func (e *Engine) begin(c *container) *reply {
	c.life++
	if problem := e.connectAll(c); problem != nil {
		e.unstarted(c, problem.message(), 128)
		return problem
	}
	if problem := e.publish(c); problem != nil {
		e.disconnect(c)
		e.unstarted(c, problem.message(), 128)
		return problem
	}
	c.starts++
	life := Life{}
	if run := e.script(c).Run; run != nil {
		life = run(c.starts)
	}
	if life.StartError != "" {
		e.disconnect(c)
		c.starts--
		e.unstarted(c, life.StartError, firstCode(life.Code, 127))
		status := firstCode(life.StartStatus, http.StatusInternalServerError)
		problem := refusal(status, life.StartError)
		return &problem
	}
	c.state, c.code, c.failure, c.oom = stateRunning, 0, "", life.ChildOOM
	c.pid = 1000 + e.made + c.starts
	c.started, c.probes = e.now(), 0
	clear(c.asked)
	for _, line := range life.Says {
		c.say(e.now(), line)
	}
	e.emit(c, "start", nil)
	e.beginMonitor(c)
	if life.Exits > 0 {
		e.later(c, life.Exits, func() { e.end(c, life.Code, life.OOM, false) })
	}
	e.announce()
	return nil
}

func firstCode(code, other int) int {
	if code == 0 {
		return other
	}
	return code
}

// unstarted notes a start that failed: a container that never ran stays
// created.
func (e *Engine) unstarted(c *container, text string, code int) {
	c.failure, c.code, c.published = text, code, nil
	if c.state != stateCreated {
		c.state, c.finished = stateExited, e.now()
	}
	e.announce()
}

// end is the end of the process.
func (e *Engine) end(c *container, code int, oom, byHand bool) {
	ran := e.now().Sub(c.started)
	c.life++
	e.endMonitor(c)
	e.disconnect(c)
	c.published = nil
	c.code, c.oom, c.pid, c.finished = code, oom, 0, e.now()
	c.byHand = c.byHand || byHand
	c.state = stateExited
	again := e.restarts(c)
	if again {
		c.state = stateRestarting
		c.restarts++
	}
	if oom {
		e.emit(c, "oom", nil)
	}
	e.emit(c, "die", map[string]string{"exitCode": strconv.Itoa(code)})
	e.announce()
	if !again {
		return
	}
	switch {
	case ran > calm || c.backoff == 0:
		c.backoff = firstBackoff
	default:
		c.backoff = min(2*c.backoff, lastBackoff)
	}
	e.later(c, c.backoff, func() {
		if problem := e.begin(c); problem != nil {
			c.state = stateExited
			e.announce()
		}
	})
}

// restarts says whether the policy starts it again.
func (e *Engine) restarts(c *container) bool {
	if c.byHand || c.revive || e.down {
		return false
	}
	switch policy := c.host.RestartPolicy; policy.Name {
	case "always", "unless-stopped":
		return true
	case "on-failure":
		return c.code != 0 && (policy.MaximumRetryCount == 0 || c.restarts < policy.MaximumRetryCount)
	}
	return false
}

// say adds a line to its output.
func (c *container) say(at time.Time, line string) { c.log = append(c.log, logLine{at, line}) }

// connectAll gives the endpoints their addresses; the networks have to be
// there, each one once.
func (e *Engine) connectAll(c *container) *reply {
	for _, name := range slices.Sorted(maps.Keys(c.networks)) {
		named := e.networksNamed(name)
		switch {
		case len(named) == 0 && name != "bridge":
			problem := refusal(http.StatusNotFound, "network "+name+" not found")
			return &problem
		case len(named) > 1:
			problem := refusal(http.StatusBadRequest, fmt.Sprintf("network %s is ambiguous (%d matches found on name)", name, len(named)))
			return &problem
		}
	}
	for name, settings := range c.networks {
		for _, n := range e.networksNamed(name) {
			n.next++
			settings.NetworkID, settings.EndpointID = n.document.ID, e.newID()
			settings.IPAddress = fmt.Sprintf("10.%d.%d.%d", 200+n.number/250, n.number%250, n.next+1)
			if fixed := settings.IPAMConfig; fixed != nil && fixed.IPv4Address != "" {
				settings.IPAddress = fixed.IPv4Address
			}
		}
	}
	return nil
}

func (e *Engine) disconnect(c *container) {
	for _, settings := range c.networks {
		settings.EndpointID, settings.IPAddress, settings.GlobalIPv6Address = "", "", ""
	}
}

// publish binds the host ports that were asked for.
func (e *Engine) publish(c *container) *reply {
	out := map[string][]portBinding{}
	for _, key := range slices.Sorted(maps.Keys(c.host.PortBindings)) {
		for _, b := range c.host.PortBindings[key] {
			bound, problem := e.bind(c, b, key)
			if problem != nil {
				return problem
			}
			out[key] = append(out[key], bound)
		}
	}
	c.published = out
	return nil
}

// bind takes one host port, the next free one when none is named.
func (e *Engine) bind(c *container, b portBinding, key string) (portBinding, *reply) {
	if b.HostIP == "" {
		b.HostIP = "0.0.0.0"
	}
	if first, _, ranged := strings.Cut(b.HostPort, "-"); ranged {
		b.HostPort = first
	}
	_, proto := splitPort(key)
	number, _ := strconv.ParseUint(b.HostPort, 10, 16)
	if number == 0 {
		number = e.nextPort(proto)
		b.HostPort = strconv.FormatUint(number, 10)
	}
	stranger := e.strangers[uint16(number)]
	if e.holder(uint16(number), proto) != nil || stranger || e.ghosts[uint16(number)] {
		problem := refusal(http.StatusInternalServerError, e.kind.portText(c.name, c.id, b.HostPort, stranger))
		return b, &problem
	}
	return b, nil
}

// nextPort is the engine's choice: what it goes by are its own containers, and
// it does not try the same port again soon.
func (e *Engine) nextPort(proto string) uint64 {
	for {
		e.lastPort++
		if e.holder(firstPort+e.lastPort-1, proto) == nil {
			return uint64(firstPort + e.lastPort - 1)
		}
	}
}

// firstPort is the first that the engine chooses where none is asked for.
const firstPort uint16 = 32768

// holder is the running container that publishes a host port.
func (e *Engine) holder(port uint16, proto string) *container {
	for _, c := range e.containers {
		for key, bindings := range c.published {
			_, has := splitPort(key)
			for _, b := range bindings {
				if b.HostPort == strconv.Itoa(int(port)) && has == proto {
					return c
				}
			}
		}
	}
	return nil
}

// stopContainer is POST /containers/x/stop.
func (e *Engine) stopContainer(c Call) reply {
	found := e.find(c.Target)
	switch {
	case found == nil:
		return noContainer(c.Target)
	case found.state == stateRestarting:
		found.byHand = true
		found.life++
		found.state = stateExited
		e.emit(found, "stop", nil)
		e.announce()
		return reply{status: http.StatusNoContent}
	case found.state != stateRunning && found.state != statePaused:
		return reply{status: http.StatusNotModified}
	}
	found.byHand = true
	e.emit(found, "kill", map[string]string{"signal": "15"})
	grace := 10 * time.Second
	if found.config.StopTimeout != nil {
		grace = time.Duration(*found.config.StopTimeout) * time.Second
	}
	if seconds, err := strconv.Atoi(c.Query.Get("t")); err == nil {
		grace = time.Duration(seconds) * time.Second
	}
	if !e.script(found).Stubborn {
		e.end(found, 143, false, true)
		e.emit(found, "stop", nil)
		return reply{status: http.StatusNoContent}
	}
	life := found.life
	return reply{status: http.StatusNoContent, wait: grace, then: func() {
		if found.life == life {
			e.emit(found, "kill", map[string]string{"signal": "9"})
			e.end(found, 137, false, true)
			e.emit(found, "stop", nil)
		}
	}}
}

func (e *Engine) killContainer(c Call) reply {
	found := e.find(c.Target)
	switch {
	case found == nil:
		return noContainer(c.Target)
	case found.state != stateRunning && found.state != statePaused:
		return refusal(http.StatusConflict, "Cannot kill container: "+c.Target+": Container "+found.id+" is not running")
	}
	e.kill(found, c.Query.Get("signal"))
	return reply{status: http.StatusNoContent}
}

// kill is a signal from outside; any but SIGKILL is taken for a wish to end.
func (e *Engine) kill(c *container, signal string) {
	code := 137
	if signal != "" && signal != "SIGKILL" && signal != "KILL" && signal != "9" {
		code = 143
	}
	c.byHand = true
	e.emit(c, "kill", map[string]string{"signal": strconv.Itoa(code - 128)})
	e.end(c, code, false, true)
}

func (e *Engine) pauseContainer(c Call) reply {
	found := e.find(c.Target)
	if found == nil {
		return noContainer(c.Target)
	}
	if found.state != stateRunning {
		return refusal(http.StatusConflict, "Container "+found.id+" is not running")
	}
	e.pause(found)
	return reply{status: http.StatusNoContent}
}

func (e *Engine) pause(c *container) {
	c.state = statePaused
	e.endMonitor(c)
	e.emit(c, "pause", nil)
	e.announce()
}

func (e *Engine) unpauseContainer(c Call) reply {
	found := e.find(c.Target)
	if found == nil {
		return noContainer(c.Target)
	}
	if found.state != statePaused {
		return refusal(http.StatusConflict, "Container "+found.id+" is not paused")
	}
	found.state = stateRunning
	e.resumeMonitor(found)
	e.emit(found, "unpause", nil)
	e.announce()
	return reply{status: http.StatusNoContent}
}

// restartContainer is POST /containers/x/restart: no policy is involved.
func (e *Engine) restartContainer(c Call) reply {
	found := e.find(c.Target)
	if found == nil {
		return noContainer(c.Target)
	}
	if found.state == stateRunning {
		found.byHand = true
		e.end(found, 143, false, true)
	}
	found.restarts, found.byHand = 0, false
	if problem := e.begin(found); problem != nil {
		return *problem
	}
	e.emit(found, "restart", nil)
	return reply{status: http.StatusNoContent}
}
