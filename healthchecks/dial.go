package healthchecks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/stackctl/stackctl/internal/sanitize"
)

// DialFunc opens a connection, as net.Dialer.DialContext does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// probeTimeout bounds a single probe from outside where no time is given.
const probeTimeout = 5 * time.Second

// HostAddress returns the address at which a published port is reached.
// hostIP is the engine's binding, "0.0.0.0" and "::" included; engineHost is
// where the engine's ports are, 127.0.0.1 when it is "".
func HostAddress(hostIP string, port uint16, engineHost string) string {
	host := hostIP
	if engineHost == "" {
		engineHost = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(hostIP); err != nil || ip.IsUnspecified() {
		host = engineHost
		if err == nil && ip.Is6() && engineHost == "127.0.0.1" {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// observe runs one question within its own deadline and dates the answer. An
// answer that came after the caller's context ended proves nothing.
func observe(ctx context.Context, p Probe, timeout time.Duration, ask func(context.Context) Evidence) Evidence {
	if timeout <= 0 {
		timeout = probeTimeout
	}
	began := time.Now()
	own, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	e := ask(own)
	if ctx.Err() != nil && e.Passed {
		e = failure(CodeTimeout, "the answer came after the time was over")
	}
	e.Probe, e.At, e.Took = p.String(), began, time.Since(began)
	return e
}

func failure(code, format string, args ...any) Evidence {
	return Evidence{Code: code, Result: sanitize.Line(fmt.Sprintf(format, args...), outputLimit)}
}

func (e Evidence) hinted(format string, args ...any) Evidence {
	e.Hint = sanitize.Line(fmt.Sprintf(format, args...), outputLimit)
	return e
}

func (e Evidence) final() Evidence {
	e.Final = true
	return e
}

func dialer(given DialFunc) DialFunc {
	if given != nil {
		return given
	}
	return new(net.Dialer).DialContext
}

// redacted returns text without secrets; redact may be nil.
func redacted(redact func(string) string, text string) string {
	if redact == nil {
		return text
	}
	return redact(text)
}

// dialFailure says why no connection came about.
func dialFailure(address string, err error) Evidence {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return failure(CodeRefused, "connection refused: nothing listens at %s", address).
			hinted("see whether the port is published and the app listens on it")
	case isClosed(err):
		return closedFailure(address)
	case isTimeout(err):
		return failure(CodeTimeout, "no connection to %s in time", address)
	}
	return failure(CodeUnreachable, "connect to %s: %v", address, innermost(err))
}

// closedFailure is about a peer that accepts connections and closes them
// before it has said a byte, as the engine's port forwarding does when there
// is nobody behind it.
func closedFailure(address string) Evidence {
	return failure(CodeClosed, "%s accepts TCP but closes: the app probably listens on loopback only, or not at all", address).
		hinted("make the app listen on 0.0.0.0 inside its container, on the published port")
}

// isTimeout says that the time was over, or that the caller ended it.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// agentOr is what a probe calls itself.
func agentOr(agent string) string { return orElse(agent, "stackctl") }

// methodOr is the method of a question in HTTP.
func methodOr(method string) string { return orElse(method, http.MethodGet) }

// innermost returns the cause without the addresses that net puts before it.
func innermost(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}
