package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// Logs writes a container's output as it was written, stdout and stderr
// apart; a container with a terminal has only stdout. The caller bounds the
// length of lines. When ctx ends the error is ctx's.
func (e *Engine) Logs(ctx context.Context, id string, opts orchestrator.LogOptions, stdout, stderr io.Writer) error {
	op := "read logs of container " + short(id)
	if opts.Of == nil {
		c, err := e.Inspect(ctx, id)
		if err != nil {
			return err
		}
		opts.Of = &c
	}
	body, err := opening(ctx, e.limits.answer, func(ctx context.Context) (io.ReadCloser, error) {
		return e.cli.ContainerLogs(ctx, id, logOptions(opts))
	})
	if hasNoLog(err) {
		return fmt.Errorf("%s: %w (%w)", op, orchestrator.ErrNoLog, &engineError{err})
	}
	if err != nil {
		return e.fail(ctx, op, e.limits.answer, err)
	}
	defer body.Close() //nolint:errcheck // a stream that was read to its end
	if opts.Of.TTY {
		_, err = io.Copy(stdout, body)
	} else {
		err = demux(stdout, stderr, body)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errBrokenFrame) && ctx.Err() == nil:
		return fault.New(fault.Engine, "%s: %w", op, err)
	default:
		return e.fail(ctx, op, e.limits.answer, err)
	}
}

// hasNoLog says whether the engine's answer is that a container's logging driver
// cannot be read. Podman has no status of its own for it.
func hasNoLog(err error) bool {
	return errdefs.IsNotImplemented(err) || err != nil && strings.Contains(err.Error(), "log driver, cannot read logs")
}

func logOptions(opts orchestrator.LogOptions) container.LogsOptions {
	options := container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: opts.Follow, Timestamps: opts.Timestamps,
		Since: logTime(opts.Since), Until: logTime(opts.Until), Tail: "all",
	}
	if opts.Tail > 0 {
		options.Tail = strconv.Itoa(opts.Tail)
	}
	return options
}

func logTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return unixNano(t)
}

// errNoProcess says that a container has no main process to look at.
var errNoProcess = errors.New("the container has no main process")

// PID1 returns the command line of a container's main process.
func (e *Engine) PID1(ctx context.Context, id string) (string, error) {
	op := "list processes of container " + short(id)
	c, err := e.Inspect(ctx, id)
	if err != nil {
		return "", err
	}
	top, err := ask(ctx, e, op, func(ctx context.Context) (container.TopResponse, error) {
		return e.cli.ContainerTop(ctx, id, []string{"-eo", "pid,args"})
	})
	if err != nil {
		return "", err
	}
	command := processOf(top, c.Pid)
	if command == "" {
		return "", fault.New(fault.Engine, "%s: %w", op, errNoProcess)
	}
	return command, nil
}

// processOf finds the command line of a process in a table whose columns the
// titles name.
func processOf(top container.TopResponse, pid int) string {
	column := -1
	for i, title := range top.Titles {
		if title == "PID" {
			column = i
		}
	}
	for _, row := range top.Processes {
		if column >= 0 && column < len(row) && strings.TrimSpace(row[column]) == strconv.Itoa(pid) {
			return strings.TrimSpace(row[len(row)-1])
		}
	}
	return ""
}
