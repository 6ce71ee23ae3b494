package fakeengine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
)

// DialOutside connects to what containers publish, as this host's network
// does. Ports that nobody publishes refuse.
func (e *Engine) DialOutside(ctx context.Context, _, address string) (net.Conn, error) {
	host, number, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return nil, err
	}
	app, direct, found := e.behind(host, uint16(port))
	switch {
	case !found, app.Manner == Refuses, direct && (app.Lonely || app.Manner == Closes):
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case app.Manner == Hangs:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ours, theirs := net.Pipe()
	e.mu.Lock()
	e.conns[theirs] = true
	e.mu.Unlock()
	e.served.Go(func() {
		defer theirs.Close()
		app.serve(theirs)
	})
	return ours, nil
}

// IsRoutable says whether this host has a way to a container's address.
func (e *Engine) IsRoutable(string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.routable
}

// Stranger lets a process of this host listen on a port.
func (e *Engine) Stranger(port uint16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.strangers[port] = true
}

// Ghost lets the engine believe that a port is taken, as by the proxy of a
// container that is no more.
func (e *Engine) Ghost(port uint16, taken bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ghosts[port] = taken
}

// IsTaken says whether a process of this host listens on a port.
func (e *Engine) IsTaken(port uint16) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.strangers[port]
}

// behind finds the app that is reached at an address, directly or through a
// published port.
func (e *Engine) behind(host string, port uint16) (app Port, direct, found bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.containers {
		if c.state != stateRunning && c.state != statePaused {
			continue
		}
		for _, at := range c.networks {
			if at.IPAddress == host {
				return e.app(c, port), true, true
			}
		}
		for key, bindings := range c.published {
			inside, proto := splitPort(key)
			for _, b := range bindings {
				if proto == "tcp" && b.HostPort == strconv.Itoa(int(port)) && (b.HostIP == host || b.HostIP == "0.0.0.0" || b.HostIP == "::") {
					return e.app(c, inside), false, true
				}
			}
		}
	}
	return Port{}, false, false
}

// app asks the script; a paused container answers nobody.
func (e *Engine) app(c *container, port uint16) Port {
	if c.state == statePaused {
		return Port{Manner: Silent}
	}
	c.asked[port]++
	if behave := e.script(c).Port; behave != nil {
		return behave(e.ask(c, c.asked[port]), port)
	}
	return Port{}
}

// serve is one conversation.
func (p Port) serve(conn net.Conn) {
	switch p.Manner {
	case Closes:
	case Silent:
		_, _ = conn.Read(make([]byte, 1)) // until somebody speaks or hangs up
		for {
			if _, err := conn.Read(make([]byte, 512)); err != nil {
				return
			}
		}
	case Banner:
		// A pipe holds nothing back, as a socket does: who speaks first is not
		// heard before it is read.
		heard := make(chan struct{})
		go func() {
			defer close(heard)
			_, _ = io.Copy(io.Discard, conn)
		}()
		_, _ = conn.Write([]byte(p.Body))
		<-heard // until the other side hangs up
	default:
		p.answer(conn)
	}
}

// answer is one exchange of HTTP.
func (p Port) answer(conn net.Conn) {
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	_ = request.Body.Close()
	status := firstCode(p.Status, http.StatusOK)
	var head strings.Builder
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\nConnection: close\r\n", status, http.StatusText(status), len(p.Body))
	for key, value := range p.Header {
		fmt.Fprintf(&head, "%s: %s\r\n", key, value)
	}
	_, _ = conn.Write([]byte(head.String() + "\r\n" + p.Body)) // a caller that is gone
}
