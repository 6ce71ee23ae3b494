package docker

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errhttp"
	"github.com/docker/docker/client"
)

// limits are the longest that calls may take. Streams have none.
type limits struct {
	// answer bounds calls that only look, and small changes.
	answer time.Duration
	// work bounds calls that move data: create copies an image's volume
	// content, start runs the container's own set-up, remove deletes it.
	work time.Duration
}

func newLimits(answer time.Duration) limits {
	if answer <= 0 {
		answer = 30 * time.Second
	}
	return limits{answer: answer, work: 10 * answer}
}

// attempts is how often a call is made when the engine stumbles (5xx) or the
// connection breaks in its middle.
const attempts = 3

// ask makes a quick call, reading or small.
func ask[T any](ctx context.Context, e *Engine, op string, call func(context.Context) (T, error)) (T, error) {
	return run(ctx, e, op, e.limits.answer, call)
}

// do is ask for a call without a result.
func do(ctx context.Context, e *Engine, op string, limit time.Duration, call func(context.Context) error) error {
	_, err := run(ctx, e, op, limit, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, call(ctx)
	})
	return err
}

// run makes an idempotent call within limit, and again when that can help.
// Its errors are classified; op is what was tried, as a reader knows it.
func run[T any](ctx context.Context, e *Engine, op string, limit time.Duration, call func(context.Context) (T, error)) (T, error) {
	began := time.Now()
	var first error
	for try := 1; ; try++ {
		tried := time.Now()
		value, err := within(ctx, limit, call)
		if limit <= e.limits.answer {
			e.answers.note(time.Since(tried))
		}
		if err == nil {
			return value, nil
		}
		if isLost(err) {
			e.known.doubt()
		}
		wait, again := retry(e.cause(err), try, time.Since(began), e.retryFor)
		if !again || ctx.Err() != nil {
			return value, e.fail(ctx, op, limit, besideFirst(first, err))
		}
		if first == nil && !isLost(err) {
			first = err
		}
		e.log.Debug().Str("call", op).Int("try", try).Dur("wait", wait).Err(err).Msg("engine call is tried again")
		select {
		case <-ctx.Done():
			return value, e.fail(ctx, op, limit, besideFirst(first, err))
		case <-time.After(wait):
		}
	}
}

// besideFirst keeps the first answer of a call that was made again beside the last:
// what a repetition meets may be the consequence of the first.
func besideFirst(first, last error) error {
	if first == nil || first.Error() == last.Error() {
		return last
	}
	return &repeatedError{last: last, first: first}
}

// repeatedError is the last answer of a call, with the first one.
type repeatedError struct{ last, first error }

func (e *repeatedError) Error() string {
	return e.first.Error() + " (tried again, and then: " + e.last.Error() + ")"
}

func (e *repeatedError) Unwrap() []error { return []error{e.first, e.last} }

// isBusy says that the engine ran out of time, or the kernel was still at work on
// what the container had before: nothing is wrong with the container.
func isBusy(err error) bool {
	text := err.Error()
	return strings.Contains(text, syscall.EBUSY.Error()) || strings.Contains(text, context.DeadlineExceeded.Error())
}

// once makes a call again only where it did not reach the engine, its answer was
// lost, or the engine was busy: another answer stands. A start that failed may have
// left something behind that makes the next one fail otherwise: Podman keeps the
// socket of a published port open.
func once(ctx context.Context, e *Engine, op string, limit time.Duration, call func(context.Context) error) error {
	var answer error
	err := do(ctx, e, op, limit, func(ctx context.Context) error {
		answer = nil
		err := call(ctx)
		if errdefs.IsInternal(err) && !isLost(err) && !isBusy(err) {
			answer = err
			return nil
		}
		return err
	})
	if answer != nil {
		return e.fail(ctx, op, limit, answer)
	}
	return err
}

// within makes one call. That its own time is over is told apart from the
// caller's context by errNoAnswer.
func within[T any](ctx context.Context, limit time.Duration, call func(context.Context) (T, error)) (T, error) {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	value, err := call(bounded)
	if err != nil && ctx.Err() == nil && errors.Is(bounded.Err(), context.DeadlineExceeded) {
		err = errNoAnswer
	}
	return value, err
}

// opening makes a call whose answer is a stream: limit bounds the wait for
// its beginning only, ctx all of it. Closing the stream ends the call.
func opening(ctx context.Context, limit time.Duration, open func(context.Context) (io.ReadCloser, error)) (io.ReadCloser, error) {
	bounded, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { cancel(errNoAnswer) })
	body, err := open(bounded)
	timer.Stop()
	if err == nil {
		return &stream{body, func() { cancel(nil) }}, nil
	}
	if errors.Is(context.Cause(bounded), errNoAnswer) {
		err = errNoAnswer
	}
	cancel(nil)
	return nil, err
}

// stream is an open answer; closing it lets go of its call.
type stream struct {
	io.ReadCloser
	end func()
}

func (s *stream) Close() error {
	err := s.ReadCloser.Close()
	s.end()
	return err
}

// retry decides whether a failed call is made again, and when. since is the
// time since the first try, patience how long an engine that cannot be
// reached is waited for.
func retry(err error, try int, since, patience time.Duration) (wait time.Duration, again bool) {
	wait = min(100*time.Millisecond<<min(try-1, 5), 2*time.Second)
	var dial *dialError
	switch {
	case errors.As(err, &dial):
		return wait, since+wait <= patience
	case isCertificate(err):
		return 0, false
	case isLost(err):
		return wait, try < attempts || since+wait <= patience
	case isStumble(err):
		return wait, try < attempts && explainResource(err) == nil
	default:
		return 0, false
	}
}

// cause puts back why the engine could not be dialled, which the client
// library leaves out.
func (e *Engine) cause(err error) error {
	if client.IsErrConnectionFailed(err) {
		if dial := e.dial.lastError(); dial != nil {
			return dial
		}
	}
	return err
}

// isLost says that the connection broke after the call was sent: whether it
// took effect is unknown.
func isLost(err error) bool {
	return client.IsErrConnectionFailed(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// isStumble says that the engine, or a proxy in front of it, answered with a
// failure of its own.
func isStumble(err error) bool {
	return errdefs.IsInternal(err) || errdefs.IsUnavailable(err) || errdefs.IsUnknown(err) ||
		errors.Is(err, errhttp.ToNative(http.StatusBadGateway)) || errors.Is(err, errhttp.ToNative(http.StatusGatewayTimeout))
}
