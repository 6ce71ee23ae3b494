package docker

import (
	"context"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// ExecDetached starts a command in a container and leaves it alone: what it
// says is kept nowhere, how it ends is nobody's business.
func (e *Engine) ExecDetached(ctx context.Context, id string, spec orchestrator.ExecSpec, tty bool) error {
	op := "run a command in container " + short(id)
	made, err := ask(ctx, e, op, func(ctx context.Context) (container.ExecCreateResponse, error) {
		return e.cli.ContainerExecCreate(ctx, id, container.ExecOptions{
			Cmd: spec.Cmd, Env: spec.Env, User: spec.User, WorkingDir: spec.WorkingDir, Privileged: spec.Privileged,
			Tty: tty,
		})
	})
	if errdefs.IsConflict(err) {
		return &fault.Error{Class: fault.Service, Err: err}
	}
	if err != nil {
		return err
	}
	return do(ctx, e, op, e.limits.answer, func(ctx context.Context) error {
		return e.cli.ContainerExecStart(ctx, made.ID, container.ExecStartOptions{Detach: true, Tty: tty})
	})
}
