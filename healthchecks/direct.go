package healthchecks

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// directTimeout bounds a dial to a container's own address, which is on this
// host or not reachable at all.
const directTimeout = 500 * time.Millisecond

// reach is what a dial to a container's own address tells.
type reach int

const (
	// reachUnknown: the address is not routable from here.
	reachUnknown reach = iota
	// reachOpen: something accepts connections there.
	reachOpen
	// reachRefused: nothing does.
	reachRefused
	// reachSilent: it is routable and does not answer.
	reachSilent
)

// reachOf dials a container's own address. routable says whether this host has
// a way to it; nil looks at this host's interfaces.
func reachOf(ctx context.Context, dial DialFunc, address string, routable func(ip string) bool) reach {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return reachUnknown
	}
	if routable == nil {
		routable = Routable
	}
	if !routable(host) {
		return reachUnknown
	}
	own, cancel := context.WithTimeout(ctx, directTimeout)
	defer cancel()
	conn, err := dialer(dial)(own, "tcp", address)
	switch {
	case err == nil:
		_ = conn.Close()
		return reachOpen
	case ctx.Err() != nil:
		return reachUnknown
	case errors.Is(err, syscall.ECONNREFUSED):
		return reachRefused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), !isTimeout(err):
		return reachUnknown
	}
	return reachSilent
}

// blame adds to a failure from outside what a dial to the container's own
// address tells about its cause.
func blame(ctx context.Context, e Evidence, dial DialFunc, direct string, routable func(string) bool) Evidence {
	if direct == "" {
		return e
	}
	switch reachOf(ctx, dial, direct, routable) {
	case reachRefused:
		return e.hinted("nothing listens at the container's own address %s: the app listens on loopback only, on IPv6 only, on another port, or not at all; make it listen on 0.0.0.0", direct)
	case reachOpen:
		if e.Code == CodeClosed {
			e.Result = "the connection was accepted and closed without an answer"
		}
		return e.hinted("the container accepts connections at its own address %s: the engine's port forwarding is at fault, or the app closes them", direct)
	case reachSilent:
		return e.hinted("the container's own address %s does not answer either: a firewall, or the container has lost its network", direct)
	}
	return e
}
