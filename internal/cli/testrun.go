package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// commandGrace is how long a command may take to end after it was told to.
const commandGrace = 10 * time.Second

// runAgainst runs the command with the copy's addresses in its environment.
func (a *app) runAgainst(ctx context.Context, t *throwaway, o testOptions, access orchestrator.Access, command []string) error {
	if o.in != "" {
		return a.runInside(ctx, t, o.in, access, command)
	}
	env := slices.Clone(a.env)
	for _, v := range clientEnv(access, false, true) {
		env = append(env, v.name+"="+v.value)
	}
	code, err := a.runHere(ctx, command, env)
	if ended := context.Cause(ctx); ended != nil {
		return unproven(ctx, ended)
	}
	if err != nil {
		return notRun(err)
	}
	return exited(code)
}

// runHere runs a command on this host, with our own streams, and passes on
// what ends ctx. The result is its exit code as shells have it.
func (a *app) runHere(ctx context.Context, command, env []string) (int, error) {
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec,noctx // the user's own command, which is told to end, not killed
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, a.streams.In, a.streams.Out, a.streams.Err
	cmd.SysProcAttr = dieWithParent()
	cmd.WaitDelay = commandGrace
	signals, stop := takeOtherSignals()
	defer stop()
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		// Its parent, in the eyes of the system, is this thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return 0, err
	}
	return exitCode(endOf(ctx, attendant{
		ended: ended, signals: signals, told: a.streams.Raw != nil,
		tell: func(sig syscall.Signal) { _ = cmd.Process.Signal(sig) },
		kill: func() { _ = cmd.Process.Kill() },
	}))
}

// attendant is a command at work, as it is told what signals we get.
type attendant struct {
	ended   <-chan error
	signals <-chan os.Signal
	tell    func(syscall.Signal)
	kill    func()
	// told says that the terminal tells it what it tells us.
	told bool
}

// takeOtherSignals takes the signals that mean nothing to us, so that they can be
// passed on. It is called before the command begins, which may ask for one with
// the first thing it says.
func takeOtherSignals() (signals <-chan os.Signal, stop func()) {
	taken := make(chan os.Signal, 8)
	signal.Notify(taken, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGQUIT)
	return taken, func() { signal.Stop(taken) }
}

// endOf waits for the command, passes on what signals are taken for it, and tells
// it to end when ctx does.
func endOf(ctx context.Context, c attendant) error {
	for waiting := true; waiting; {
		select {
		case err := <-c.ended:
			return err
		case s := <-c.signals:
			if sig, ok := s.(syscall.Signal); ok && (sig != syscall.SIGQUIT || !c.told) {
				c.tell(sig)
			}
		case <-ctx.Done():
			waiting = false
		}
	}
	if sig := signalFor(ctx); sig != syscall.SIGINT || !c.told {
		c.tell(sig)
	}
	grace := time.NewTimer(commandGrace)
	defer grace.Stop()
	select {
	case err := <-c.ended:
		return err
	case <-grace.C:
		c.kill()
		return <-c.ended
	}
}

// signalFor is the signal that ended ctx, as it is passed on.
func signalFor(ctx context.Context) syscall.Signal {
	switch signalClass(ctx) {
	case fault.Interrupted:
		return syscall.SIGINT
	case fault.HungUp:
		return syscall.SIGHUP
	default:
		return syscall.SIGTERM
	}
}

// exitCode is how a command ended as shells say it.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}
