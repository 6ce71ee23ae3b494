// Package logs shows what the containers of a project say: merged by time,
// sanitised, redacted, and followed through restarts.
package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// All is the Tail that leaves nothing out.
const All = -1

// maxLine bounds a line, in bytes. The engine splits longer ones.
const maxLine = 16 << 10

// Engine is what reading logs needs of a container engine.
type Engine interface {
	Observe(ctx context.Context, scope orchestrator.Scope) (orchestrator.Observed, error)
	Events(ctx context.Context, project string, since time.Time) (<-chan orchestrator.Event, <-chan error)
	Logs(ctx context.Context, id string, opts orchestrator.LogOptions, stdout, stderr io.Writer) error
}

// Options select what is shown and how.
type Options struct {
	Out    io.Writer
	Style  console.Style
	Redact *sanitize.Redactor
	// Project and Owns identify the project's containers; Services restricts
	// them, none means all. Order is the services' order, for their colours.
	Project         string
	Owns            func(identity string) bool
	Services, Order []string
	Follow          bool
	Timestamps      bool
	NoPrefix        bool
	// Tail is the number of last lines of each container, or All.
	Tail int
	// Note is told of a container whose output cannot be read.
	Note func(string)
	// Since is the earliest line shown, engine time; zero for all. Now is the
	// engine's time.
	Since, Now time.Time
}

// Show writes the logs. With Follow it returns when ctx ends, with its cause.
// That nothing of the project exists is an error of class Service.
func Show(ctx context.Context, e Engine, o Options) error {
	observed, err := e.Observe(ctx, orchestrator.Scope{Project: o.Project})
	if err != nil {
		return err
	}
	containers := o.choose(observed.Containers)
	if len(containers) == 0 && !o.Follow {
		return fault.New(fault.Service, "%s has no containers to read", o.what()).WithHint("stackctl up")
	}
	p := newPrinter(o, containers)
	if o.Follow {
		return follow(ctx, e, o, p, containers)
	}
	if o.Tail == 0 {
		return nil
	}
	return merge(ctx, e, o, p, containers)
}

func (o Options) what() string {
	if len(o.Services) == 0 {
		return o.Project
	}
	return strings.Join(o.Services, ", ") + " of " + o.Project
}

// choose are the containers that are meant, in the services' order.
func (o Options) choose(all []orchestrator.Container) []orchestrator.Container {
	var out []orchestrator.Container
	for _, c := range all {
		if o.wants(c) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b orchestrator.Container) int {
		if a.Service != b.Service {
			return o.rank(a.Service) - o.rank(b.Service)
		}
		return a.Number - b.Number
	})
	return out
}

// wants says whether a container is the project's and of a wanted service.
// What another tool made under the project's name is read too; what another
// directory made is not.
func (o Options) wants(c orchestrator.Container) bool {
	owner := c.Labels[orchestrator.LabelOwner]
	mine := c.Project == o.Project && (owner == "" || o.Owns(owner))
	return mine && !c.OneOff && (len(o.Services) == 0 || slices.Contains(o.Services, c.Service))
}

// rank is the place of a service, behind all others when the file has none.
func (o Options) rank(service string) int {
	if i := slices.Index(o.Order, service); i >= 0 {
		return i
	}
	return len(o.Order)
}

// unread tells of a container whose output cannot be read, and returns the error
// to end with once those of all others are shown: nil where there is none to be
// had.
func (o Options) unread(c orchestrator.Container, err error) error {
	switch {
	case errdefs.IsNotFound(err):
		return nil // it went meanwhile
	case errors.Is(err, orchestrator.ErrNoLog):
		o.Note("logs of " + c.Name + ": " + orchestrator.ErrNoLog.Error())
		return nil
	default:
		return fmt.Errorf("logs of %s: %w", c.Name, err)
	}
}

// options are for the engine; since replaces the user's when it is not zero.
func (o Options) options(since time.Time) orchestrator.LogOptions {
	out := orchestrator.LogOptions{Follow: o.Follow, Timestamps: o.Timestamps || !o.Follow, Since: o.Since}
	switch {
	case !since.IsZero():
		out.Since = since
	case o.Tail == 0:
		out.Since = o.Now
	case o.Tail > 0:
		out.Tail = o.Tail
	}
	return out
}
