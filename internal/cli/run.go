package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// endGrace is how long a run may take to come to an end after it was
// interrupted; the promise is two seconds for all of it.
const endGrace = 1700 * time.Millisecond

// patience is how long a command may take that ends in order after a signal.
const patience = 10 * time.Minute

// Run is the whole program: it runs the command that args name (without the
// program's name) in the environment env and returns the exit code,
// docs/cli.md. ctx ends the run; when its cause carries a class, as that of
// WithSignals does, this is the exit code. Run returns within two seconds
// after that.
func Run(ctx context.Context, streams Streams, args, env []string, version string) int {
	return RunIn(ctx, Surroundings{}, streams, args, env, version)
}

// RunIn is Run in other surroundings than this host's.
func RunIn(ctx context.Context, around Surroundings, streams Streams, args, env []string, version string) int {
	a := newApp(streams, env, version, realOperations())
	a.around = around
	a.around.Outside.Agent = "stackctl/" + version + " (health probe)"
	return a.run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	ctx, a.cancel = context.WithCancelCause(ctx)
	defer a.cancel(nil)
	done := make(chan error, 1)
	go func() {
		done <- guarded(func() error { return a.execute(ctx, args) })
	}()
	err := a.await(ctx, done)
	a.closePrinter()
	code := a.conclude(ctx, err)
	a.out.close()
	a.err.close()
	return code
}

// await is the command's result, or the cause of ctx's end if the command
// does not come to an end by itself soon after.
func (a *app) await(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	within, unhurried := a.leave.terms()
	if unhurried {
		return <-done
	}
	grace := time.NewTimer(within)
	defer grace.Stop()
	select {
	case err := <-done:
		return err
	case <-a.streams.Hurry:
		return context.Cause(ctx)
	case <-grace.C:
		return context.Cause(ctx)
	}
}

// leave says how a run ends that was interrupted.
type leave struct {
	mu     sync.Mutex
	within time.Duration
	deaf   bool
}

// take lets the run have more time than usual before it is abandoned; a second
// signal still ends it at once.
func (l *leave) take(within time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.within = within
}

// refuse makes the run go on to its own end whatever the signals.
func (l *leave) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deaf = true
}

func (l *leave) terms() (within time.Duration, unhurried bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(l.within, endGrace), l.deaf
}

// execute parses the arguments and runs the command.
func (a *app) execute(ctx context.Context, args []string) error {
	root := a.rootCommand() //nolint:contextcheck // commands are given ctx when they run
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !a.started && fault.ClassOf(err) == fault.Failure {
		return fault.New(fault.Usage, "%w", err).WithHint("see %s --help", cmd.CommandPath())
	}
	return err
}

// conclude explains the error and returns the exit code.
func (a *app) conclude(ctx context.Context, err error) int {
	class := exitClass(ctx, err)
	if class == fault.None {
		if broken := a.out.broken(); broken != nil {
			class = fault.Failure
			err = fmt.Errorf("write the result: %w", broken)
		}
	}
	class, err = a.settle(class, err)
	if err != nil && !errors.Is(err, syscall.EPIPE) && !errors.As(err, new(exitedError)) {
		a.explain(err, class)
	}
	a.tellJob(err, class)
	return int(class)
}

// exitClass is the class of err; a run that a signal ended has the signal's,
// whatever error that led to.
func exitClass(ctx context.Context, err error) fault.Class {
	class := fault.ClassOf(err)
	if err == nil || class == fault.Internal {
		return class
	}
	if signalled := signalClass(ctx); signalled != fault.None {
		return signalled
	}
	if cause := context.Cause(ctx); cause != nil && fault.ClassOf(cause) == fault.Internal {
		return fault.Internal
	}
	return class
}
