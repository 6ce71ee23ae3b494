package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/lock"
	"github.com/stackctl/stackctl/internal/reaper"
	"github.com/stackctl/stackctl/orchestrator"
)

// defaultTTL is how long a copy may live: longer than any CI job.
const defaultTTL = 24 * time.Hour

// copyFlags are the flags that say what copy is made.
type copyFlags struct {
	prefix string
	ttl    time.Duration
}

func (o *copyFlags) ttlFlag(cmd *cobra.Command) {
	o.ttl = defaultTTL
	cmd.Flags().Var(durationVar(&o.ttl), "ttl", "how long the copy may live; after that it is removed")
}

// check finds what is wrong with the flags before anything is read.
func (o *copyFlags) check() error {
	if o.ttl <= 0 {
		return fault.New(fault.Usage, "--ttl: a copy has to have some time, 2h for example")
	}
	if o.prefix != "" && !compose.FitsName(o.prefix) {
		return fault.New(fault.Usage, "--name: %q cannot begin a project's name; use a-z, 0-9, - and _, beginning with a letter or digit", o.prefix)
	}
	return nil
}

// throwaway is a copy at work.
type throwaway struct {
	orchestrator.Copy
	project *compose.Project
	engine  engine
	guard   *reaper.Guard
	// events are those of the copy's containers.
	events *eventRecord
	// folder is where the evidence of its failure goes; nil until there is any.
	folder *evidenceFolder
}

// makeCopy loads the project as a throw-away copy, and starts the watcher that
// removes it; nothing else is made yet. The caller closes the engine.
func (a *app) makeCopy(ctx context.Context, o copyFlags, plan planFlags, services []string) (*throwaway, error) {
	t := &throwaway{Copy: orchestrator.Copy{Maker: maker()}}
	renamed, err := a.loadRenamed(ctx, o, plan, services, &t.Copy)
	if err != nil {
		return nil, err
	}
	if t.engine, err = a.connect(ctx, bridge); err != nil {
		return nil, err
	}
	if err = a.prepareCopy(ctx, t, renamed, o); err != nil {
		t.engine.Close()
		return nil, err
	}
	return t, nil
}

// loadRenamed loads the project under the copy's name. The files are read
// twice, since that name may stand in them; the standard input can be only once.
func (a *app) loadRenamed(ctx context.Context, o copyFlags, plan planFlags, services []string, c *orchestrator.Copy) (*compose.Project, error) {
	replicas, err := plan.replicas()
	if err != nil {
		return nil, err
	}
	var stdin bytes.Buffer
	options := a.loadOptions(services)
	options.Stdin, options.Scale, options.Private = io.TeeReader(a.streams.In, &stdin), replicas, true
	own, err := a.loadWith(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := a.takesPart(own, replicas); err != nil {
		return nil, err
	}
	if c.Run, err = newRun(); err != nil {
		return nil, err
	}
	prefix := own.Name
	if o.prefix != "" {
		prefix = o.prefix
	}
	c.Base, c.Project = own.Name, prefix[:min(len(prefix), maxPrefix)]+"-"+c.Run
	options.Name, options.Stdin = c.Project, &stdin
	return a.loadWith(ctx, options)
}

// prepareCopy makes the project private, by the engine's clock, and has it
// watched over.
func (a *app) prepareCopy(ctx context.Context, t *throwaway, renamed *compose.Project, o copyFlags) error {
	info, err := t.engine.Info(ctx)
	if err != nil {
		return err
	}
	t.Expires = engineTime(info).Add(o.ttl)
	t.project = renamed.Private(t.Base, t.Labels())
	if err := roomFor(ctx, t.engine, t.project); err != nil {
		return err
	}
	t.guard, err = a.watchOver(ctx, t)
	return err
}

// maxPrefix leaves room in names that are bounded by 63 bytes elsewhere.
const maxPrefix = 40

// newRun is an identity that no two copies share.
func newRun() (string, error) {
	id := make([]byte, 5)
	if _, err := rand.Read(id); err != nil {
		return "", err
	}
	return hex.EncodeToString(id), nil
}

// maker says who makes a copy.
func maker() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s pid %d", host, os.Getpid())
}

// watchOver starts the watcher over a copy.
func (a *app) watchOver(ctx context.Context, t *throwaway) (*reaper.Guard, error) {
	program, err := reaper.Program()
	if err != nil {
		return nil, err
	}
	dir, err := lock.Dir(a.env.get("XDG_RUNTIME_DIR"), os.TempDir())
	if err != nil {
		dir = "" // then nothing is locked, which costs an image at most
	}
	log := a.logger()
	return a.ops.guard(ctx, t.engine, reaper.Options{
		Copy: t.Copy, Program: program, EngineArgs: a.engineArgs(), Env: a.env, LockDir: dir,
		Note: func(text string) { log.Info().Msg(text) },
	})
}

// engineArgs are the global flags that say which engine is meant.
func (a *app) engineArgs() []string {
	var out []string
	if a.global.host != "" {
		out = append(out, "--host", a.global.host)
	}
	if a.global.context != "" {
		out = append(out, "--context", a.global.context)
	}
	return out
}

// roomFor refuses a copy that the engine certainly has no addresses for.
func roomFor(ctx context.Context, e engine, p *compose.Project) error {
	wanted := 0
	for _, n := range p.Networks {
		if !bool(n.External) && len(n.Ipam.Config) == 0 && (n.Driver == "" || n.Driver == "bridge") {
			wanted++
		}
	}
	free, known, err := e.FreeNetworks(ctx)
	if err != nil || !known || free >= wanted {
		return err
	}
	return fault.New(fault.Resource, "%s needs %d more networks, and the engine's address pools have room for %d", p.Name, wanted, free).
		WithHint("remove what was left over: stackctl prune --expired, docker network prune; or set default-address-pools in the engine's configuration")
}

// imagesOnce makes the images that the copy builds, one run at a time: others
// that want the same ones find them.
func (a *app) imagesOnce(ctx context.Context, e engine, p *compose.Project, o orchestrator.Options) error {
	var refs []string
	for _, name := range p.ServiceNames() {
		if s := p.Services[name]; s.Build != nil {
			refs = append(refs, s.Image)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	release, err := a.holdImages(ctx, e, refs)
	if err != nil {
		return err
	}
	defer release()
	return a.ops.images(ctx, e, p, o)
}

// holdImages takes the locks of the images' names, in their order, so that no
// two runs wait for each other.
func (a *app) holdImages(ctx context.Context, e engine, refs []string) (release func(), err error) {
	info, err := e.Info(ctx)
	if err != nil {
		return nil, err
	}
	var held []*lock.Lock
	release = func() {
		for _, l := range held {
			_ = l.Release() // the end of the process does it too
		}
	}
	dir, err := lock.Dir(a.env.get("XDG_RUNTIME_DIR"), os.TempDir())
	if err != nil {
		return release, nil //nolint:nilerr // then an image may be built twice, which harms nobody
	}
	slices.Sort(refs)
	for _, ref := range slices.Compact(refs) {
		l, err := lock.Acquire(ctx, lock.Options{
			Dir: dir, Project: "image", Identity: []string{ref, info.Endpoint}, Command: a.command, Wait: true,
			Waiting: func(h lock.Holder) { a.remark("waiting for image " + ref + ": " + h.String()) },
		})
		if err != nil {
			release()
			return nil, err
		}
		held = append(held, l)
	}
	return release, nil
}

// removeCopy removes the copy now, and lets the watcher go; where that fails
// the watcher goes on with it.
func (a *app) removeCopy(ctx context.Context, t *throwaway) {
	quiet := time.Duration(0)
	if ctx.Err() != nil {
		quiet = time.Second // calls were cut off: the engine may still be at them
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), orchestrator.Patience(t.engine, removeWithin))
	defer cancel()
	err := orchestrator.Reap(ctx, t.engine, t.Run, orchestrator.ReapOptions{Quiet: quiet})
	if err == nil {
		t.guard.Done()
		// The watcher goes by itself; what is waited for is that it has gone.
		err = orchestrator.Reap(ctx, t.engine, t.Run, orchestrator.ReapOptions{Reapers: true})
	} else {
		t.guard.Abandon()
	}
	if err == nil {
		return
	}
	a.remark("warning: " + t.Project + " is not removed yet, its watcher goes on: " + strings.ReplaceAll(err.Error(), "\n", "; "))
}

// removeWithin bounds the removal of a copy by its owner.
const removeWithin = 30 * time.Second
