package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// maxExecOutput is how much of a command's output Exec keeps, from its
// beginning; the rest is read and dropped.
const maxExecOutput = 64 << 10

// Exec runs a command in a container to its end. When ctx ends first the
// command goes on in the container: the engine has no way to stop it.
func (e *Engine) Exec(ctx context.Context, id string, spec orchestrator.ExecSpec) (orchestrator.ExecResult, error) {
	output := &head{left: maxExecOutput}
	result := orchestrator.ExecResult{Start: time.Now()}
	code, err := e.ExecStream(ctx, id, spec, Streams{Stdout: output, Stderr: output})
	if err != nil {
		return orchestrator.ExecResult{}, err
	}
	result.ExitCode, result.Output, result.End = code, string(output.kept), time.Now()
	return result, nil
}

// head keeps the first bytes that are written to it.
type head struct {
	kept []byte
	left int
}

func (h *head) Write(p []byte) (int, error) {
	n := min(len(p), h.left)
	h.kept = append(h.kept, p[:n]...)
	h.left -= n
	return len(p), nil
}

// Streams connect a command in a container to its caller.
type Streams struct {
	// Stdin is nil for none.
	Stdin io.Reader
	// Stdout and Stderr must be set; with TTY all output goes to Stdout.
	Stdout, Stderr io.Writer
	// TTY gives the command a terminal.
	TTY bool
	// Resize carries the terminal's {height, width}, its first size
	// included; nil when it never changes.
	Resize <-chan [2]uint
}

// ExecStream runs a command in a container, connected to streams, and
// returns its exit code. The command's failure is not an error.
func (e *Engine) ExecStream(ctx context.Context, id string, spec orchestrator.ExecSpec, streams Streams) (int, error) {
	op := "run a command in container " + short(id)
	made, err := ask(ctx, e, op, func(ctx context.Context) (container.ExecCreateResponse, error) {
		return e.cli.ContainerExecCreate(ctx, id, container.ExecOptions{
			Cmd: spec.Cmd, Env: spec.Env, User: spec.User, WorkingDir: spec.WorkingDir, Privileged: spec.Privileged,
			Tty: streams.TTY, AttachStdin: streams.Stdin != nil, AttachStdout: true, AttachStderr: true,
		})
	})
	if errdefs.IsConflict(err) {
		// The container does not run, or is paused.
		return 0, &fault.Error{Class: fault.Service, Err: err}
	}
	if err != nil {
		return 0, err
	}
	attached, err := e.attachExec(ctx, op, made.ID, streams.TTY)
	if err != nil {
		return 0, err
	}
	resize := func(ctx context.Context, size container.ResizeOptions) error {
		return e.cli.ContainerExecResize(ctx, made.ID, size)
	}
	if err := e.converse(ctx, op, attached, streams, resize); err != nil {
		return 0, err
	}
	return e.execExit(ctx, op, made.ID)
}

// attachExec starts the command.
func (e *Engine) attachExec(ctx context.Context, op, exec string, tty bool) (types.HijackedResponse, error) {
	return e.hijack(ctx, op, func(ctx context.Context) (types.HijackedResponse, error) {
		return e.cli.ContainerExecAttach(ctx, exec, container.ExecAttachOptions{Tty: tty})
	})
}

// hijack makes a call whose answer is a connection. The library reads the
// answer without regard to ctx, so it is waited for here.
func (e *Engine) hijack(ctx context.Context, op string, call func(context.Context) (types.HijackedResponse, error)) (types.HijackedResponse, error) {
	bounded, cancel := context.WithTimeout(ctx, e.limits.answer)
	defer cancel()
	type answer struct {
		attached types.HijackedResponse
		err      error
	}
	answers := make(chan answer, 1)
	go func() {
		attached, err := call(bounded)
		answers <- answer{attached, err}
	}()
	select {
	case a := <-answers:
		return a.attached, e.fail(ctx, op, e.limits.answer, a.err)
	case <-bounded.Done():
		go func() {
			if a := <-answers; a.err == nil {
				a.attached.Close()
			}
		}()
		return types.HijackedResponse{}, e.fail(ctx, op, e.limits.answer, errNoAnswer)
	}
}

// resizer tells the engine the size of a terminal.
type resizer func(ctx context.Context, size container.ResizeOptions) error

// converse moves bytes until the command has closed its output.
func (e *Engine) converse(ctx context.Context, op string, attached types.HijackedResponse, streams Streams, resize resizer) error {
	defer attached.Close()
	stop := context.AfterFunc(ctx, attached.Close)
	defer stop()
	done := make(chan struct{})
	defer close(done)
	if streams.Stdin != nil {
		go func() {
			// What the command does not read is of no interest.
			_, _ = io.Copy(attached.Conn, streams.Stdin)
			_ = attached.CloseWrite()
		}()
	}
	go e.followSize(ctx, resize, streams.Resize, done)
	var err error
	if streams.TTY {
		_, err = io.Copy(streams.Stdout, attached.Reader)
	} else {
		err = demux(streams.Stdout, streams.Stderr, attached.Reader)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", op, ctx.Err())
	}
	if err != nil {
		return fault.New(fault.Engine, "%s: %w", op, err)
	}
	return nil
}

// followSize follows the caller's terminal. A size that cannot be set only
// makes the output look odd.
func (e *Engine) followSize(ctx context.Context, resize resizer, sizes <-chan [2]uint, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case size, ok := <-sizes:
			if !ok {
				return
			}
			if err := resize(ctx, container.ResizeOptions{Height: size[0], Width: size[1]}); err != nil {
				e.log.Debug().Err(err).Msg("terminal size not set")
			}
		}
	}
}

// errStillRunning says that a command has closed its output but not ended.
var errStillRunning = errors.New("the command has closed its output and still runs")

// execExit asks for the exit code. The engine learns of the end a moment
// after the output has closed.
func (e *Engine) execExit(ctx context.Context, op, exec string) (int, error) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	limit := time.NewTimer(e.limits.answer)
	defer limit.Stop()
	for {
		state, err := ask(ctx, e, op, func(ctx context.Context) (container.ExecInspect, error) {
			return e.cli.ContainerExecInspect(ctx, exec)
		})
		if err != nil || !state.Running {
			return state.ExitCode, err
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%s: %w", op, ctx.Err())
		case <-limit.C:
			return 0, fault.New(fault.Engine, "%s: %w", op, errStillRunning)
		case <-ticker.C:
		}
	}
}
