package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// commander runs commands in containers for a person.
type commander interface {
	ExecStream(ctx context.Context, id string, spec orchestrator.ExecSpec, streams docker.Streams) (code int, err error)
	ExecDetached(ctx context.Context, id string, spec orchestrator.ExecSpec, tty bool) error
}

var _ commander = (*docker.Engine)(nil)

// exitedError is the code of the user's own command: what there is to say, the
// command has said.
type exitedError int

func (e exitedError) Error() string { return fmt.Sprintf("the command ended with code %d", int(e)) }

// exited is the error that makes code the exit code, nil for 0.
func exited(code int) error {
	if code == 0 {
		return nil
	}
	return &fault.Error{Class: fault.Class(code), Err: exitedError(code)}
}

// execOptions are the flags of exec.
type execOptions struct {
	noTTY, tty, interactive, detach, privileged bool

	env           []string
	user, workdir string
	index         int
}

func (a *app) execCommand() *cobra.Command {
	var o execOptions
	cmd := &cobra.Command{
		Use:   "exec SERVICE COMMAND [ARG...]",
		Short: "Run a command in a running container",
		Long: `Run a command in the container of a service, with a terminal where there is one
here. The exit code is the command's own.`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: a.completeService,
		RunE: a.begun(func(cmd *cobra.Command, args []string) error {
			return a.exec(cmd.Context(), o, args[0], args[1:])
		}),
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // what follows SERVICE is the command's
	f.BoolVarP(&o.noTTY, "no-tty", "T", false, "no terminal for the command")
	f.BoolVarP(&o.tty, "tty", "t", false, "a terminal for the command even where there is none here")
	f.BoolVarP(&o.interactive, "interactive", "i", true, "give the command the standard input")
	f.BoolVarP(&o.detach, "detach", "d", false, "start the command and leave it alone")
	f.VarP(words{&o.env}, "env", "e", "variable for the command, `KEY=VALUE` or KEY; may be repeated")
	f.StringVarP(&o.user, "user", "u", "", "run it as this `user`")
	f.StringVarP(&o.workdir, "workdir", "w", "", "run it in this `directory`")
	f.IntVar(&o.index, "index", 0, "`number` of the container; 0 is the first that runs")
	f.BoolVar(&o.privileged, "privileged", false, "give the command all privileges")
	exclusive(cmd, "no-tty", "tty")
	return cmd
}

func (a *app) exec(ctx context.Context, o execOptions, service string, command []string) error {
	e, c, err := a.runningReplica(ctx, service, o.index)
	if err != nil {
		return err
	}
	defer e.Close()
	spec := orchestrator.ExecSpec{
		Cmd: command, Env: a.variables(o.env), User: o.user, WorkingDir: o.workdir, Privileged: o.privileged,
	}
	if o.detach {
		return e.ExecDetached(ctx, c.ID, spec, o.tty)
	}
	return a.converse(ctx, e, c.ID, spec, o)
}

// variables are those of -e; one without a value has the user's own, and is
// left out where the user has none.
func (a *app) variables(wishes []string) []string {
	var out []string
	for _, wish := range wishes {
		if strings.Contains(wish, "=") {
			out = append(out, wish)
		} else if value := a.env.get(wish); value != "" {
			out = append(out, wish+"="+value)
		}
	}
	return out
}

// converse runs the command with the user's own streams, and with the user's
// terminal where that is one.
func (a *app) converse(ctx context.Context, e commander, id string, spec orchestrator.ExecSpec, o execOptions) error {
	terminal := a.streams.Raw != nil && a.streams.OutTerminal
	streams := docker.Streams{Stdout: a.out.asIs(), Stderr: a.err.asIs(), TTY: o.tty || terminal && !o.noTTY}
	if o.interactive {
		streams.Stdin = a.streams.In
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if streams.TTY && a.streams.Size != nil {
		streams.Resize = windowSizes(ctx, a.streams.Size)
	}
	if streams.TTY && o.interactive && a.streams.Raw != nil {
		restore, err := a.raw(ctx)
		if err != nil {
			return err
		}
		defer restore()
	}
	code, err := e.ExecStream(ctx, id, spec, streams)
	if broken := a.out.broken(); broken != nil {
		return fmt.Errorf("write the command's output: %w", broken)
	}
	if err != nil {
		return err
	}
	return exited(code)
}

// completeService offers the shell a service for the first argument.
func (a *app) completeService(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return a.completeServices(cmd, args, word)
}
