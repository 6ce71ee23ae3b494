package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/lock"
	"github.com/stackctl/stackctl/orchestrator"
)

// load reads the project and restricts it to the named services and what they
// need. From here on its secrets are hidden.
func (a *app) load(ctx context.Context, services []string) (*compose.Project, error) {
	return a.loadWith(ctx, a.loadOptions(services))
}

// leisurely is how many percent the heap grows before garbage is collected
// while files are read: they leave much once, in a process that holds little.
const leisurely = 400

// loadWhole reads the project with all services; those that are named are
// active whatever their profiles.
func (a *app) loadWhole(ctx context.Context, named []string) (*compose.Project, error) {
	return a.read(ctx, a.loadOptions(named))
}

func (a *app) loadWith(ctx context.Context, o compose.Options) (*compose.Project, error) {
	p, err := a.read(ctx, o)
	if err != nil {
		return nil, err
	}
	return p.Select(o.Services...)
}

// read reads the project and hides its secrets.
func (a *app) read(ctx context.Context, o compose.Options) (*compose.Project, error) {
	before := debug.SetGCPercent(leisurely)
	p, err := compose.Load(ctx, o)
	debug.SetGCPercent(before)
	if err != nil {
		return nil, err
	}
	a.hide(p)
	return p, nil
}

// loadForgiving reads the project for commands that only look at what is there
// or remove it: a variable that is not set, or a secret's file that is gone,
// must not keep anybody from that. All services are in it; those that are named
// are active whatever their profiles.
func (a *app) loadForgiving(ctx context.Context, named ...string) (*compose.Project, error) {
	o := a.loadOptions(named)
	o.StrictEnv, o.WithoutFiles = false, true
	return a.read(ctx, o)
}

// takesPart says of services whose number was given with --scale that they are
// none of the project's, an error, or that this run is not about them.
func (a *app) takesPart(p *compose.Project, scale map[string]int) error {
	for _, name := range slices.Sorted(maps.Keys(scale)) {
		switch {
		case p.Services[name] != nil:
		case p.Declares(name):
			a.remark(fmt.Sprintf("note: --scale %s=%d: this run is not about %s and leaves it as it is", name, scale[name], name))
		default:
			_, err := p.Whole().Select(name) // says which services there are
			return fault.New(fault.Usage, "--scale: %w", err)
		}
	}
	return nil
}

// connect reaches the engine. retryFor is how long later calls bridge a
// restart of it.
func (a *app) connect(ctx context.Context, retryFor time.Duration) (engine, error) {
	return a.ops.connect(ctx, docker.Options{
		Host: a.global.host, Context: a.global.context, Environ: a.env, Logger: a.logger(), RetryFor: retryFor,
		Dial: a.around.Engine, PortsHost: a.global.portsHost,
	})
}

// hold takes the project's lock for this run: one at a time changes a project
// on this host.
func (a *app) hold(ctx context.Context, e engine, p *compose.Project, wait bool) (release func(), err error) {
	info, err := e.Info(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := lock.Dir(a.env.get("XDG_RUNTIME_DIR"), os.TempDir())
	var held *lock.Lock
	if err == nil {
		held, err = lock.Acquire(ctx, lock.Options{
			Dir: dir, Project: p.Name, Identity: []string{p.ID(), info.Endpoint}, Command: a.command, Wait: wait,
			Waiting: func(h lock.Holder) { a.remark("waiting for " + h.String()) },
		})
	}
	if errors.Is(err, lock.ErrUnusable) {
		a.remark("warning: this run does not keep others away: " + err.Error())
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	a.held = held
	return func() {
		if err := held.Release(); err != nil {
			a.remark("warning: give up the lock: " + err.Error())
		}
	}, nil
}

// engaged is an engine that a run has reached, and the project that it holds
// there.
type engaged struct {
	engine
	project *compose.Project
	// done lets go of both.
	done func()
}

// engage reaches the engine and takes the project's lock: how every run begins
// that changes something.
func (a *app) engage(ctx context.Context, p *compose.Project, waitLock bool) (*engaged, error) {
	e, err := a.connect(ctx, bridge)
	if err != nil {
		return nil, err
	}
	if p, err = a.takeOver(ctx, e, p); err != nil {
		_ = e.Close() // nothing was changed
		return nil, err
	}
	release, err := a.hold(ctx, e, p, waitLock)
	if err != nil {
		_ = e.Close() // nothing was asked of it
		return nil, err
	}
	return &engaged{engine: e, project: p, done: func() {
		release()
		_ = e.Close() // all answers are there
	}}, nil
}

// engineTime is now by the engine's clock.
func engineTime(info orchestrator.EngineInfo) time.Time { return time.Now().Add(info.ClockAhead) }

// late is how long a run looks for what an earlier one may have left under way.
func (a *app) late() time.Duration {
	switch {
	case a.held.Pending():
		return orchestrator.LateAfterUnknown
	case a.held.Interrupted():
		return orchestrator.LateAfterKill
	default:
		return 0
	}
}
