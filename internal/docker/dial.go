package docker

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// observers bounds how many calls of one snapshot run at once, and with it
// the idle connections worth keeping.
const observers = 8

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// dialer opens connections and remembers why the last attempt failed, since
// the client library replaces the cause by a remark of its own.
type dialer struct {
	dial   dialFunc
	failed atomic.Pointer[dialError]
	// outage is when an attempt last failed; nil for never.
	outage atomic.Pointer[time.Time]
}

// dialError is why the engine could not even be dialled: nothing was sent.
type dialError struct{ err error }

func (d *dialError) Error() string { return d.err.Error() }
func (d *dialError) Unwrap() error { return d.err }

// DialContext dials and keeps the outcome.
func (d *dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := d.dial(ctx, network, addr)
	if err != nil {
		if ctx.Err() == nil {
			now := time.Now()
			d.failed.Store(&dialError{err})
			if isAway(err) {
				d.outage.Store(&now)
			}
		}
		return nil, err
	}
	d.failed.Store(nil)
	return conn, nil
}

// lastError returns why the last attempt failed, nil when it succeeded.
func (d *dialer) lastError() error {
	if failed := d.failed.Load(); failed != nil {
		return failed
	}
	return nil
}

// Outage is when the engine could last not be dialled; zero for never.
func (e *Engine) Outage() time.Time {
	if at := e.dial.outage.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// isAway says that nobody listens: one that is busy, or lets no more in, is there.
func isAway(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, os.ErrNotExist)
}
