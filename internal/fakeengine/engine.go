// Package fakeengine is a scripted container engine that speaks the Docker
// API as far as stackctl uses it. Containers live the lives of a script, the
// health monitor and the restart manager are those of Moby, and every call can
// be made to fail before or after it took effect.
//
// It is an http.Handler. Dial serves it over net.Pipe, so that it works under
// the virtual time of testing/synctest, where a real socket would stop the
// clock; Serve serves it on any listener, for black-box tests.
package fakeengine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/stackctl/stackctl/internal/testkit"
)

// Engine is one scripted engine. Its methods may be called from several
// goroutines. Functions of a Script are called under its lock: they must not
// call it.
type Engine struct {
	kind  Personality
	table []route

	mu         sync.Mutex
	skew       time.Duration
	containers map[string]*container
	networks   map[string]*network
	volumes    map[string]*volume
	images     map[string]*Image
	remote     map[string]Remote
	scripts    map[string]Script
	execs      map[string]*execution
	made       int
	// making are the names of containers that are still being made.
	making    map[string]bool
	changed   chan struct{}
	events    []event
	streams   map[*subscription]bool
	strangers map[uint16]bool
	// lastPort counts the ports that were the engine's choice.
	lastPort uint16
	ghosts   map[uint16]bool
	routable bool
	omit     func(action string) int
	pools    int
	identity string

	calls  []Call
	before func(Call) *Fault
	after  func(Call) *Fault
	stale  map[string][]byte

	conns  map[net.Conn]bool
	server *http.Server
	pipes  *testkit.Pipes
	served sync.WaitGroup
	// refuse keeps everybody from connecting; down says that the daemon itself
	// is not there.
	refuse, down bool
}

var _ http.Handler = (*Engine)(nil)

// New returns an engine without any objects. Close ends what it runs.
func New(kind Personality) *Engine {
	e := &Engine{
		kind: kind, table: routes(), identity: "FAKE:" + kind.Name,
		containers: map[string]*container{}, networks: map[string]*network{}, volumes: map[string]*volume{},
		images: map[string]*Image{}, remote: map[string]Remote{}, scripts: map[string]Script{}, making: map[string]bool{},
		execs: map[string]*execution{}, changed: make(chan struct{}), streams: map[*subscription]bool{},
		strangers: map[uint16]bool{}, ghosts: map[uint16]bool{}, stale: map[string][]byte{}, conns: map[net.Conn]bool{}, pipes: testkit.NewPipes(),
	}
	e.server = &http.Server{Handler: e, ReadHeaderTimeout: time.Hour}
	e.served.Go(func() { _ = e.server.Serve(e.pipes) })
	return e
}

// Close ends the engine: its connections, timers and streams.
func (e *Engine) Close() {
	e.mu.Lock()
	e.refuse = true
	for _, c := range e.containers {
		c.life++ // whatever is scheduled is void
	}
	e.mu.Unlock()
	_ = e.server.Close()
	e.hangUp()
	e.served.Wait()
}

// Serve answers on a listener until it is closed.
func (e *Engine) Serve(l net.Listener) error {
	return fmt.Errorf("serve: %w", e.server.Serve(l))
}

// Dial connects to the engine's API.
func (e *Engine) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	e.mu.Lock()
	refuse := e.refuse
	e.mu.Unlock()
	if refuse {
		return nil, refused()
	}
	conn, err := e.pipes.Dial(ctx)
	if errors.Is(err, net.ErrClosed) {
		return nil, refused()
	}
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse {
		_ = conn.Close()
		return nil, refused()
	}
	e.conns[conn] = true
	return conn, nil
}

// refused is what dialling a port or socket without a listener gives.
func refused() error { return &net.OpError{Op: "dial", Net: "unix", Err: syscall.ECONNREFUSED} }

// hangUp breaks every connection that is open.
func (e *Engine) hangUp() {
	e.mu.Lock()
	conns := e.conns
	e.conns = map[net.Conn]bool{}
	e.mu.Unlock()
	for conn := range conns {
		_ = conn.Close()
	}
}

// Cut breaks every connection and refuses new ones until Mend: to whoever
// called, it is as if it had been killed.
func (e *Engine) Cut() {
	e.mu.Lock()
	e.refuse = true
	e.mu.Unlock()
	e.hangUp()
}

// Mend lets the engine be reached again.
func (e *Engine) Mend() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refuse = false
}

// Restart is a restart of the daemon: connections break and are refused for
// away. With live the containers run on; otherwise they are stopped, and those
// whose policy says so start again when it is back.
func (e *Engine) Restart(away time.Duration, live bool) {
	e.mu.Lock()
	e.refuse, e.down = true, true
	for _, c := range e.containers {
		if c.state != stateRunning && c.state != stateRestarting {
			continue
		}
		if live {
			c.monitor = 0 // its last word stays
			continue
		}
		c.revive = c.host.RestartPolicy.Name == "always" || c.host.RestartPolicy.Name == "unless-stopped"
		e.end(c, 143, false, false)
	}
	e.mu.Unlock()
	e.hangUp()
	time.AfterFunc(away, func() { e.back(live) })
}

// back is the end of a daemon's restart.
func (e *Engine) back(live bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refuse, e.down = false, false
	for _, c := range e.containers {
		switch {
		case live && c.state == stateRunning && e.kind.RestoresHealth:
			e.beginMonitor(c)
		case c.revive:
			c.revive = false
			_ = e.begin(c)
		}
	}
}

// Skew sets the engine's clock ahead of this host's.
func (e *Engine) Skew(by time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.skew = by
}

// Script sets what the containers of a Compose service do from their next
// start on; probes and ports at once.
func (e *Engine) Script(service string, s Script) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.scripts[service] = s
}

// Become exchanges the engine behind the endpoint for another one.
func (e *Engine) Become(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.identity = id
}

// Routable says that containers' own addresses can be dialled from this host.
func (e *Engine) Routable() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.routable = true
}

// Pools bounds how many networks there can be; 0 is without bound.
func (e *Engine) Pools(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pools = n
}

// Omit decides how often an event is sent: 1 as usual, 0 not at all.
func (e *Engine) Omit(times func(action string) int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.omit = times
}

// BreakStreams ends every event stream in the middle.
func (e *Engine) BreakStreams() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for s := range e.streams {
		s.end()
	}
}

// now is the engine's time; the caller holds the lock.
func (e *Engine) now() time.Time { return time.Now().Add(e.skew).UTC().Round(0) }

// later calls do under the lock after d, unless the container's life is
// another one by then.
func (e *Engine) later(c *container, d time.Duration, do func()) {
	life := c.life
	time.AfterFunc(d, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if c.life == life {
			do()
		}
	})
}

// announce wakes whoever waits for a change; the caller holds the lock.
func (e *Engine) announce() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// newID is the next ID, 64 digits as engines give them.
func (e *Engine) newID() string {
	e.made++
	return fmt.Sprintf("%064x", 0xfa0e0000+e.made)
}
