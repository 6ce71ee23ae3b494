// Package cli is the command line: commands, flags, output and exit codes. It
// is the only place that wires the other packages together and that prints.
package cli

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/progress"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/lock"
	"github.com/stackctl/stackctl/internal/reaper"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// engine is a connected container engine.
type engine interface {
	orchestrator.FullEngine
	commander
	copyist
	examined
	originator
	io.Closer
}

// originator says where what has a project's name comes from.
type originator interface {
	Origins(ctx context.Context, project string) ([]orchestrator.Origin, error)
	Containers(ctx context.Context) ([]orchestrator.ProjectContainer, error)
}

// copyist does for throw-away copies what nothing else needs of an engine.
type copyist interface {
	Traces(ctx context.Context, run string) ([]orchestrator.Trace, error)
	FreeNetworks(ctx context.Context) (free int, known bool, err error)
	RunStream(ctx context.Context, id string, streams docker.Streams) (code int, err error)
	Describe(ctx context.Context, id string) ([]byte, error)
	Socket() string
	HasReaper(ctx context.Context, digest string) bool
	MakeReaper(ctx context.Context, spec docker.ReaperSpec) error
	StartReaper(ctx context.Context, spec docker.ReaperSpec) (*docker.Reaper, error)
	UnusedReapers(ctx context.Context, digest string) ([]string, error)
}

var _ copyist = (*docker.Engine)(nil)

// operations are what the commands set in motion; a test puts its own in
// their places.
type operations struct {
	connect func(context.Context, docker.Options) (engine, error)
	up      func(context.Context, orchestrator.FullEngine, *compose.Project, orchestrator.Options) (orchestrator.Report, error)
	look    func(context.Context, orchestrator.Engine, *compose.Project, orchestrator.Options) (orchestrator.Report, error)
	preview func(context.Context, orchestrator.FullEngine, *compose.Project, orchestrator.Options) (orchestrator.Preview, error)
	down    func(context.Context, orchestrator.Engine, *compose.Project, orchestrator.DownOptions) error
	// start and restart are for the named services; build and pull too.
	start, restart func(context.Context, orchestrator.FullEngine, *compose.Project, []string, orchestrator.Options) (orchestrator.Report, error)
	stop           func(context.Context, orchestrator.Engine, *compose.Project, []string, *time.Duration, orchestrator.Listener) error
	build, pull    func(context.Context, orchestrator.FullEngine, *compose.Project, []string, orchestrator.Options) ([]orchestrator.Provision, error)
	// images, guard and reach are for throw-away copies.
	images func(context.Context, orchestrator.FullEngine, *compose.Project, orchestrator.Options) error
	guard  func(context.Context, reaper.Engine, reaper.Options) (*reaper.Guard, error)
	reach  func(context.Context, orchestrator.Engine, *compose.Project, orchestrator.ReachOptions) (orchestrator.Access, error)
}

// realOperations work on a real engine.
func realOperations() operations {
	return operations{
		connect: func(ctx context.Context, o docker.Options) (engine, error) {
			e, err := docker.Connect(ctx, o)
			if err != nil {
				return nil, err // not a nil *docker.Engine in an interface
			}
			return e, nil
		},
		up:      orchestrator.Up,
		look:    orchestrator.Look,
		preview: orchestrator.MakePreview,
		down:    orchestrator.Down,
		start:   orchestrator.Start,
		restart: orchestrator.Restart,
		stop:    orchestrator.Stop,
		build:   orchestrator.Build,
		pull:    orchestrator.Pull,
		images:  orchestrator.MakeImages,
		guard:   reaper.Start,
		reach:   orchestrator.Reach,
	}
}

// app is one run of the program.
type app struct {
	streams  Streams
	out, err *output
	// logs is where log lines go: through the progress while there is one.
	logs    *logWriter
	env     environment
	version string
	begin   time.Time
	ops     operations
	around  Surroundings
	global  globalOptions
	// pipes are the contents of files that can be read only once.
	pipes map[string][]byte
	// started says that a command's own work has begun: errors before that
	// are the user's.
	started bool
	// command is what the user called, e.g. "stackctl up".
	command string
	cancel  context.CancelCauseFunc
	leave   leave

	dues dues
	// held is the project's lock, nil before it is taken and where there is none.
	held *lock.Lock

	mu      sync.Mutex
	printer *progress.Printer
	redact  *sanitize.Redactor
	// section is the name of the part of a CI job's log that is open.
	section string
}

func newApp(streams Streams, env []string, version string, ops operations) *app {
	a := &app{
		streams: streams, out: &output{w: streams.Out}, err: &output{w: streams.Err},
		env: env, version: version, begin: time.Now(), ops: ops, command: "stackctl", pipes: map[string][]byte{},
	}
	a.logs = &logWriter{app: a}
	a.guard()
	return a
}

// logWriter sends log lines above the live picture, where there is one.
type logWriter struct{ app *app }

func (w *logWriter) Write(p []byte) (int, error) {
	w.app.mu.Lock()
	printer, redact := w.app.printer, w.app.redact
	w.app.mu.Unlock()
	text := []byte(redact.Redact(string(p)))
	if printer != nil {
		_, _ = printer.Write(text) // never fails
		return len(p), nil
	}
	if _, err := w.app.err.Write(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// showProgress begins to show what a run over the project does; the result
// ends it and gives the report, which may be nil, the last word.
func (a *app) showProgress(title string, p *compose.Project) (tell orchestrator.Listener, end func(*orchestrator.Report)) {
	if a.progressMode() == progress.Plain {
		a.openSection(title, title+" "+p.Name, false)
	}
	printer := progress.Start(progress.Options{
		Mode: a.progressMode(), Out: a.err, Style: a.style(a.streams.ErrTerminal), Size: a.streams.size,
		Title: title + " " + p.Name, Services: inOrder(p), Begin: a.begin,
		Broken: func(panicked any) { a.cancel(defect(panicked, nil)) },
	})
	a.setPrinter(printer)
	tell = func(event orchestrator.Progress) {
		event.Message, event.Target = a.redacted(event.Message), a.redacted(event.Target)
		printer.Tell(event)
	}
	return tell, func(r *orchestrator.Report) {
		a.setPrinter(nil)
		printer.Close(r)
		a.closeSection()
	}
}

func (a *app) setPrinter(p *progress.Printer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.printer = p
}

// closePrinter ends the progress of a run that was abandoned, so that the
// terminal is as it was.
func (a *app) closePrinter() {
	a.mu.Lock()
	printer := a.printer
	a.printer = nil
	a.mu.Unlock()
	if printer != nil {
		printer.Close(nil)
	}
	a.closeSection()
}

// hide makes sure that the project's secrets are shown nowhere.
func (a *app) hide(p *compose.Project) *sanitize.Redactor {
	p = p.Whole() // what runs may say the secrets of services that are not selected
	r := sanitize.NewRedactor(p.SecretValues(), p.SecretKeys(), p.PublicNames()...)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.redact = r
	return r
}

// redacted is text without the secrets that are known so far.
func (a *app) redacted(text string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.redact.Redact(text)
}

// inOrder are the services in the order in which they start.
func inOrder(p *compose.Project) []string {
	var names []string
	for _, level := range p.Order() {
		names = append(names, level...)
	}
	return names
}
