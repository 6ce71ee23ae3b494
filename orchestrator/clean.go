package orchestrator

import (
	"context"

	"github.com/stackctl/stackctl/internal/sanitize"
)

// maxOutput bounds what one probe or start error may say, in bytes; the
// engine itself keeps 4,096 of a probe's output.
const maxOutput = 4096

// cleanEngine removes secrets and control bytes from what containers say,
// once, where it enters.
type cleanEngine struct {
	Engine
	redact *sanitize.Redactor
}

// Observe implements Observer.
func (e cleanEngine) Observe(ctx context.Context, scope Scope) (Observed, error) {
	o, err := e.Engine.Observe(ctx, scope)
	for i := range o.Containers {
		o.Containers[i] = e.clean(o.Containers[i])
	}
	return o, err
}

// Inspect implements Observer.
func (e cleanEngine) Inspect(ctx context.Context, id string) (Container, error) {
	c, err := e.Engine.Inspect(ctx, id)
	return e.clean(c), err
}

// Exec implements Inside.
func (e cleanEngine) Exec(ctx context.Context, id string, spec ExecSpec) (ExecResult, error) {
	r, err := e.Engine.Exec(ctx, id, spec)
	r.Output = e.text(r.Output)
	return r, err
}

func (e cleanEngine) clean(c Container) Container {
	c.StartError = sanitize.Line(e.redact.Redact(c.StartError), maxOutput)
	for i := range c.Health.Log {
		c.Health.Log[i].Output = e.text(c.Health.Log[i].Output)
	}
	return c
}

func (e cleanEngine) text(s string) string {
	return sanitize.Text(e.redact.Redact(s), 16*maxOutput)
}
