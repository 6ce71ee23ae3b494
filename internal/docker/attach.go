package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/stackctl/stackctl/internal/fault"
)

// RunStream starts a created container connected to streams and returns its
// exit code. The container must have been created with an open standard input
// where streams have one, and without a terminal where they have none. Its
// failure is not an error. When ctx ends the container runs on.
func (e *Engine) RunStream(ctx context.Context, id string, streams Streams) (int, error) {
	op := "run container " + short(id)
	attached, err := e.attachContainer(ctx, op, id, streams.Stdin != nil)
	if err != nil {
		return 0, err
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	ended, broken := e.cli.ContainerWait(waiting, id, container.WaitConditionNextExit)
	if err := e.StartContainer(ctx, id); err != nil {
		attached.Close()
		return 0, err
	}
	if err := e.converse(ctx, op, attached, streams, e.resizeContainer(id)); err != nil {
		return 0, err
	}
	select {
	case end := <-ended:
		if end.Error != nil {
			return 0, fault.New(fault.Engine, "%s: %s", op, end.Error.Message)
		}
		return int(end.StatusCode), nil
	case err := <-broken:
		return 0, e.fail(ctx, op, e.limits.answer, err)
	case <-ctx.Done():
		return 0, fmt.Errorf("%s: %w", op, context.Cause(ctx))
	}
}

// attachContainer connects to the streams of a container that has yet to
// start, so that nothing of what it says is missed.
func (e *Engine) attachContainer(ctx context.Context, op, id string, stdin bool) (types.HijackedResponse, error) {
	return e.hijack(ctx, op, func(ctx context.Context) (types.HijackedResponse, error) {
		return e.cli.ContainerAttach(ctx, id, container.AttachOptions{Stream: true, Stdin: stdin, Stdout: true, Stderr: true})
	})
}

func (e *Engine) resizeContainer(id string) resizer {
	return func(ctx context.Context, size container.ResizeOptions) error {
		return e.cli.ContainerResize(ctx, id, size)
	}
}
