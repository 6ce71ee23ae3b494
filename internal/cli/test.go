package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/cli/progress"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// testOptions are the flags of test.
type testOptions struct {
	copyFlags
	up                  upOptions
	keep, keepOnFailure bool
	artifacts, in       string
}

func (a *app) testCommand() *cobra.Command {
	var o testOptions
	cmd := &cobra.Command{
		Use:   "test [flags] [SERVICE...] -- COMMAND [ARG...]",
		Short: "Run a command against a private copy of the stack, and remove it",
		Long: `Bring up a private copy of the project, prove it, run COMMAND with the copy's
addresses in its environment, and remove everything. The exit code is the
command's own, or 125 when the copy was not proven.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeServices,
		RunE: a.begun(func(cmd *cobra.Command, args []string) error {
			at := cmd.ArgsLenAtDash()
			if at < 0 || at == len(args) {
				return fault.New(fault.Usage, "the command to run stands behind --").WithHint("%s -- go test ./...", cmd.CommandPath())
			}
			if err := cmp.Or(o.up.check(), o.check()); err != nil {
				return err
			}
			return a.test(cmd.Context(), o, args[:at], args[at:])
		}),
	}
	f := cmd.Flags()
	o.up.declareForCopy(cmd)
	o.ttlFlag(cmd)
	f.StringVar(&o.prefix, "name", "", "`prefix` of the copy's name (default: the project's name)")
	f.BoolVar(&o.keep, "keep", false, "leave the copy in place")
	f.BoolVar(&o.keepOnFailure, "keep-on-failure", false, "leave the copy in place when it is not proven or the command fails")
	f.StringVar(&o.artifacts, "artifacts", "", "keep the evidence of a failure in this `directory` (default on CI: stackctl-artifacts)")
	f.StringVar(&o.in, "in", "", "run the command inside of the copy's networks: in the container of a `service`, or in one of an image")
	exclusive(cmd, "keep", "keep-on-failure")
	return cmd
}

// testTakes is how long a run of test may take to end after it was interrupted:
// the command gets its time, then the evidence is kept and the copy removed.
const testTakes = commandGrace + evidenceWithin + removeWithin

func (a *app) test(ctx context.Context, o testOptions, services, command []string) error {
	a.leave.take(testTakes)
	if err := a.owe(o.up.report, true); err != nil {
		return err
	}
	if o.in == "" {
		if _, err := exec.LookPath(command[0]); err != nil {
			return notRun(err)
		}
	}
	t, err := a.makeCopy(ctx, o.copyFlags, o.up.planFlags, services)
	if err != nil {
		err = unproven(ctx, err)
		a.keepEvidence(ctx, nil, o, err)
		return err
	}
	defer t.engine.Close()
	t.events = recordEvents(ctx, t.engine, t.Project)
	defer t.events.stop()
	a.dues.about(t.project)
	ctx, cancel := context.WithTimeoutCause(ctx, o.ttl, fault.New(fault.Timeout, "the copy's time of %s is over (--ttl)", o.ttl))
	defer cancel()
	err = a.testIn(ctx, t, o, command)
	if err != nil {
		a.keepEvidence(ctx, t, o, err)
	}
	if o.keep || o.keepOnFailure && err != nil {
		t.guard.Keep()
		a.remark(t.Project + " stays until " + t.Expires.Local().Format(time.DateTime) + "; look with " + a.programFor(t.Project) + " logs, remove it with: stackctl prune --run " + t.Run)
		return err
	}
	a.removeCopy(ctx, t)
	return err
}

// testIn proves the copy and runs the command against it.
func (a *app) testIn(ctx context.Context, t *throwaway, o testOptions, command []string) error {
	report, err := a.bringUpCopy(ctx, t, o.up)
	report.Cards = a.nextOf(ctx, report.Cards, t, o)
	a.dues.found(report, o.keep || o.keepOnFailure)
	if err != nil && fault.ClassOf(err) != fault.Unchecked {
		return unproven(ctx, &stackError{err: err, report: report})
	}
	a.tellReady(report, o.up.timings)
	access, err := a.ops.reach(ctx, t.engine, t.project, orchestrator.ReachOptions{Known: report.Endpoints, Redact: a.hide(t.project), Outside: a.around.Outside})
	if err != nil {
		return unproven(ctx, err)
	}
	err = a.runAgainst(ctx, t, o, access, command)
	if err != nil {
		a.dues.found(a.lookAgain(ctx, t, o, report), o.keep || o.keepOnFailure)
	}
	return err
}

// bringUpCopy makes the images, one run at a time, and then the copy.
func (a *app) bringUpCopy(ctx context.Context, t *throwaway, o upOptions) (orchestrator.Report, error) {
	tell, end := a.showProgress("test", t.project)
	options := a.orchestratorOptions(t.project, o.planFlags, tell)
	options.WaitTimeout, options.Deadline, options.StableFor = o.waitTimeout, o.deadline, o.stableFor
	if err := a.imagesOnce(ctx, t.engine, t.project, options); err != nil {
		end(nil)
		return orchestrator.Report{Project: t.Project, Dir: t.project.Dir, Class: fault.ClassOf(err)}, err
	}
	if options.Images.Build == images.BuildAlways {
		options.Images.Build = images.BuildAuto // that is done
	}
	report, err := a.ops.up(ctx, t.engine, t.project, options)
	end(&report)
	return report, err
}

// tellReady says that the copy is proven: beside the command's own output,
// which alone is the result.
func (a *app) tellReady(r orchestrator.Report, timings bool) {
	switch {
	case a.jsonLines():
		a.tellSettled(r)
	case a.progressMode() != progress.Quiet:
		o := a.showOptions(a.streams.ErrTerminal, engineTime(r.Engine))
		text := show.Proven(o, r)
		if timings {
			text += "\n" + show.Timings(o, r)
		}
		_, _ = io.WriteString(a.err, a.redacted(text)) // there is nowhere else to say it
	}
}

// unproven is the error of a run whose command was never run; a signal keeps
// its own code.
func unproven(ctx context.Context, err error) error {
	if signalClass(ctx) != fault.None || fault.ClassOf(err) == fault.Internal {
		return err
	}
	return &fault.Error{Class: fault.Unproven, Err: err}
}

// lookAgain is what is true of the copy after its command has failed: a service
// that died meanwhile is the likely cause.
func (a *app) lookAgain(ctx context.Context, t *throwaway, o testOptions, before orchestrator.Report) orchestrator.Report {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), orchestrator.Patience(t.engine, evidenceWithin))
	defer cancel()
	now, err := a.ops.look(look, t.engine, t.project, a.orchestratorOptions(t.project, o.up.planFlags, nil))
	now.Cards = a.nextOf(ctx, now.Cards, t, o)
	if err != nil && (look.Err() != nil || len(now.Services) == 0) {
		a.remark("warning: whether the copy was still well after the command had failed could not be found out: " + strings.ReplaceAll(err.Error(), "\n", "; "))
		return before
	}
	if err == nil {
		return before
	}
	if signalClass(ctx) == fault.None {
		a.remark("after the command had failed, the copy was not well either:")
		options := a.showOptions(a.streams.ErrTerminal, engineTime(now.Engine))
		_, _ = io.WriteString(a.err, a.redacted(show.Failure{Err: err, Report: now}.Text(options)))
	}
	return now
}

// nextOf lets cards say what the reader can look at next: the copy under its own
// name where it stays, else what is kept of it.
func (a *app) nextOf(ctx context.Context, cards []orchestrator.Card, t *throwaway, o testOptions) []orchestrator.Card {
	dir := a.evidenceDir(o)
	if dir != "" && len(cards) > 0 {
		if folder, err := a.claimEvidence(context.WithoutCancel(ctx), t, dir); err == nil {
			dir = folder.dir
		}
	}
	out := slices.Clone(cards)
	for i, card := range out {
		rest, ours := strings.CutPrefix(card.Next, "stackctl ")
		switch {
		case (o.keep || o.keepOnFailure) && ours:
			out[i].Next = a.programFor(t.Project) + " " + rest
		case o.keep || o.keepOnFailure:
		case dir == "":
			out[i].Next = "the same with --keep-on-failure, which leaves the copy for a look"
		case card.Container == "":
			out[i].Next = ""
		default:
			log := strings.TrimPrefix(card.Container, t.Project+"-") + ".log"
			out[i].Next = "less " + sanitize.ShellWord(filepath.Join(dir, "logs", log))
		}
	}
	return out
}

// The codes that shells have for a command that cannot be run, and for one that
// is not there.
const (
	cannotRun = fault.Class(126)
	noCommand = fault.Class(127)
)

// notRun is the error of a command that cannot be run, with the code that
// shells have for it.
func notRun(err error) error {
	code := cannotRun
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = noCommand
	}
	return &fault.Error{Class: code, Err: err}
}
