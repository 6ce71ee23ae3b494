// Package reaper makes sure that a throw-away copy of a stack is removed when
// its owner is gone, however that ended: a watcher reads from its owner, and
// the end of what it reads means that the owner is dead.
package reaper

import (
	"context"
	"errors"
	"io"

	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/orchestrator"
)

// Command is the hidden command of stackctl that watches.
const Command = "__reap"

// What an owner says. The end of the stream without a word is its death.
const (
	// wordDone: the copy is gone, and the watcher goes as well.
	wordDone = "done"
	// wordKeep: the copy stays until it expires.
	wordKeep = "keep"
	// wordReady is what the watcher says when it watches.
	wordReady = "ready"
)

// Engine is what the owner needs of the engine to start a watcher on it.
type Engine interface {
	Info(ctx context.Context) (orchestrator.EngineInfo, error)
	Socket() string
	HasReaper(ctx context.Context, digest string) bool
	MakeReaper(ctx context.Context, spec docker.ReaperSpec) error
	StartReaper(ctx context.Context, spec docker.ReaperSpec) (*docker.Reaper, error)
	UnusedReapers(ctx context.Context, digest string) ([]string, error)
	RemoveImage(ctx context.Context, ref string) error
}

var _ Engine = (*docker.Engine)(nil)

// Options say what is to be watched over, and from where.
type Options struct {
	Copy orchestrator.Copy
	// Program is this very program, see Program().
	Program string
	// EngineArgs are the global flags that name the engine.
	EngineArgs []string
	// Env is the environment of a watcher that is a process.
	Env []string
	// LockDir is where lock files are; "" is nowhere.
	LockDir string
	// Note is told why the watcher is not the usual one; nil tells nobody.
	Note func(string)
}

// Guard is a watcher at work, as its owner sees it. Exactly one of its methods
// is to be called, or the owner has to die.
type Guard struct {
	links []*link
	// Where says what watches: "container" or "process".
	Where string
}

// Start starts the watcher and returns when it watches. A process of this host
// is there first, since it starts at once; it hands over to a container on the
// engine, which outlives this host's processes. Where there can be no container
// the process stays.
func Start(ctx context.Context, e Engine, o Options) (*Guard, error) {
	info, err := e.Info(ctx)
	if err != nil {
		return nil, err
	}
	var process *link
	pipe, processErr := startProcess(ctx, o, info)
	if processErr == nil {
		process = keepAlive(pipe)
	}
	container, err := startContainer(ctx, e, o, info)
	switch {
	case err == nil:
		if process != nil {
			process.end(wordDone)
		}
		return &Guard{links: []*link{keepAlive(container)}, Where: "container"}, nil
	case processErr != nil:
		return nil, errors.Join(processErr, err)
	}
	if ctx.Err() != nil { // the process has seen nothing of the copy yet
		process.end(wordDone)
		return nil, context.Cause(ctx)
	}
	if o.Note != nil {
		o.Note("the copy is watched over by a process of this host: " + err.Error())
	}
	return &Guard{links: []*link{process}, Where: "process"}, nil
}

// Done lets the watcher go: the copy is removed.
func (g *Guard) Done() { g.tell(wordDone) }

// Keep leaves the copy to the watcher until it expires.
func (g *Guard) Keep() { g.tell(wordKeep) }

// Abandon has the watcher remove the copy now.
func (g *Guard) Abandon() { g.tell("") }

func (g *Guard) tell(word string) {
	for _, l := range g.links {
		l.end(word)
	}
	g.links = nil
}

// say ends the conversation with a word. A watcher that cannot be told hears
// the end of it, and removes what is left of the copy.
func say(link io.WriteCloser, word string) {
	if word != "" {
		_, _ = io.WriteString(link, word+"\n")
	}
	_ = link.Close()
}
