package cli

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/stackctl/stackctl/internal/fault"
)

// WithSignals returns a context that ends with the first SIGINT, SIGTERM or
// SIGHUP (unless the command takes that for itself), its cause carrying the exit code, and a channel that is closed with
// the second. Broken pipes become errors of the writes. stop gives the signals
// back to the system.
func WithSignals(parent context.Context) (ctx context.Context, hurry <-chan struct{}, stop func()) {
	hup := &hangups{rereads: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancelCause(context.WithValue(parent, hangupsKey{}, hup))
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	hurried := make(chan struct{})
	ended := make(chan struct{})
	go follow(signals, ended, cancel, hurried, hup)
	var once sync.Once
	return ctx, hurried, func() {
		once.Do(func() {
			signal.Stop(signals)
			close(ended)
			cancel(nil)
		})
	}
}

// hangups are what SIGHUP means to a command that takes it for the word to
// read its files again.
type hangups struct {
	taken   atomic.Bool
	rereads chan struct{}
}

type hangupsKey struct{}

// takeHangups makes SIGHUP a word on the channel instead of the end of ctx;
// nil where no signals are taken.
func takeHangups(ctx context.Context) <-chan struct{} {
	hup, ok := ctx.Value(hangupsKey{}).(*hangups)
	if !ok {
		return nil
	}
	hup.taken.Store(true)
	return hup.rereads
}

// reread passes the word on and says whether anybody takes it.
func (h *hangups) reread() bool {
	if !h.taken.Load() {
		return false
	}
	select {
	case h.rereads <- struct{}{}:
	default: // one is waiting already
	}
	return true
}

// follow turns signals into the end of the context and, if they go on, into
// hurry.
func follow(signals <-chan os.Signal, ended <-chan struct{}, cancel context.CancelCauseFunc, hurry chan<- struct{}, hup *hangups) {
	count := 0
	for {
		select {
		case <-ended:
			return
		case s := <-signals:
			if s == syscall.SIGPIPE || s == syscall.SIGHUP && hup.reread() {
				continue
			}
			count++
			cancel(signalled(s))
			if count == 2 {
				close(hurry)
			}
		}
	}
}

// signalled is the cause of a run's end by a signal.
func signalled(s os.Signal) error {
	switch s {
	case syscall.SIGTERM:
		return fault.New(fault.Terminated, "terminated (SIGTERM)")
	case syscall.SIGHUP:
		return fault.New(fault.HungUp, "the terminal is gone (SIGHUP)")
	default:
		return fault.New(fault.Interrupted, "interrupted")
	}
}

// signalClass is the exit code of the signal that ended ctx, None when none
// did.
func signalClass(ctx context.Context) fault.Class {
	if class := fault.ClassOf(context.Cause(ctx)); class.Signal() {
		return class
	}
	return fault.None
}
