package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// stop stops a container after its service's pre_stop hooks. A hook that
// fails is told and does not keep the container running.
func (x *executor) stop(ctx context.Context, a Action) error {
	id := x.id(a)
	if s := x.project.Services[a.Service]; s != nil && len(s.PreStop) > 0 {
		if err := x.runHooks(ctx, id, a.Target, "pre_stop", s.PreStop); err != nil {
			x.listen.tell(Progress{Service: a.Service, Target: a.Target, Phase: PhaseWarning, Message: err.Error()})
		}
	}
	return x.engine.StopContainer(ctx, id, a.grace)
}

// afterStart runs the post_start hooks of a container; a hook that fails is
// the service's failure, and the container is stopped: one that goes on running
// would look to the next run as if the hooks had passed.
func (x *executor) afterStart(ctx context.Context, a Action, id string) error {
	s := x.project.Services[a.Service]
	if s == nil {
		return nil
	}
	err := x.runHooks(ctx, id, a.Target, "post_start", s.PostStart)
	if err != nil {
		late := context.WithoutCancel(ctx)
		err = errors.Join(err, x.engine.StopContainer(late, id, nil))
		x.world.look(late, []string{id})
	}
	return err
}

// runHooks runs hooks one after the other, to the first that fails.
func (x *executor) runHooks(ctx context.Context, id, target, kind string, hooks []types.ServiceHook) error {
	for i, h := range hooks {
		r, err := x.engine.Exec(ctx, id, ExecSpec{
			Cmd: h.Command, Env: hookEnv(h), User: h.User, WorkingDir: h.WorkingDir, Privileged: h.Privileged,
		})
		switch {
		case fault.ClassOf(err) == fault.Engine:
			return fmt.Errorf("%s[%d] of %s: %w", kind, i, target, err)
		case err != nil:
			return fault.New(fault.Service, "%s[%d] of %s: %w", kind, i, target, err)
		case r.ExitCode != 0:
			return fault.New(fault.Service, "%s[%d] of %s ended with code %d: %s", kind, i, target, r.ExitCode,
				sanitize.Line(strings.TrimSpace(r.Output), cardLineMax))
		}
	}
	return nil
}

// hookEnv is a hook's environment as KEY=value; a key without a value is left
// to the container.
func hookEnv(h types.ServiceHook) []string {
	var env []string
	for _, key := range sortedKeys(h.Environment) {
		if value := h.Environment[key]; value != nil {
			env = append(env, key+"="+*value)
		}
	}
	return env
}
