package orchestrator

import (
	"time"

	"github.com/rs/zerolog"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// The defaults of the command line, docs/cli.md.
const (
	DefaultWaitTimeout = 5 * time.Minute
	DefaultStableFor   = 2 * time.Second
)

// Options are the wishes for a run of Up.
type Options struct {
	Plan PlanOptions
	// Images says how images are built and pulled.
	Images images.Options
	// WaitTimeout bounds everything from the first container created;
	// 0 is the file's, else DefaultWaitTimeout.
	WaitTimeout time.Duration
	// Deadline bounds the whole run, images too; 0 is without bound.
	Deadline time.Duration
	// StableFor is the stability window; nil is the file's, else
	// DefaultStableFor.
	StableFor *time.Duration
	// Listen is told what happens.
	Listen Listener
	// Late is for how long nothing new may have come before a run begins, where
	// calls of an earlier run may still be on their way in the engine; 0 for none.
	Late time.Duration
	// Unfinished is called when the end of a call is unknown as the run ends; nil
	// for nobody.
	Unfinished func()
	// Outside replaces this host's network for probes; the zero value is it.
	Outside Outside
	// Log gets what a developer of stackctl wants to know.
	Log zerolog.Logger
	// Redact removes secrets from what containers say; nil keeps all.
	Redact *sanitize.Redactor
}

// waitTimeout is the ceiling in force.
func (o Options) waitTimeout(p *compose.Project) time.Duration {
	switch {
	case o.WaitTimeout > 0:
		return o.WaitTimeout
	case p.Settings.Timeout > 0:
		return p.Settings.Timeout
	default:
		return DefaultWaitTimeout
	}
}

// stableFor is the stability window in force.
func (o Options) stableFor(p *compose.Project) time.Duration {
	switch {
	case o.StableFor != nil:
		return *o.StableFor
	case p.Settings.StableFor != nil:
		return *p.Settings.StableFor
	default:
		return DefaultStableFor
	}
}
