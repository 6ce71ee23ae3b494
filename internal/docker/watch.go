package docker

import (
	"context"
	"errors"
	"io"
	"time"
)

// watch ends a stream on which nothing comes in for too long.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	limit  time.Duration
	timer  *time.Timer
}

// newWatch returns a context that ends with ctx, or when nothing was read
// for limit.
func newWatch(ctx context.Context, limit time.Duration) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{ctx: ctx, cancel: cancel, limit: limit}
	w.timer = time.AfterFunc(limit, func() { cancel(ErrStalled) })
	return ctx, w
}

// reader passes r on and takes note of each byte.
func (w *watch) reader(r io.Reader) io.Reader { return &watched{w, r} }

// stop ends the watch.
func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// verdict replaces an error that the watch itself has caused.
func (w *watch) verdict(err error) error {
	if err != nil && errors.Is(context.Cause(w.ctx), ErrStalled) {
		return ErrStalled
	}
	return err
}

type watched struct {
	*watch
	r io.Reader
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.timer.Reset(w.limit)
	}
	return n, err
}
