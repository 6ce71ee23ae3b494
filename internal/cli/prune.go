package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/reaper"
	"github.com/stackctl/stackctl/orchestrator"
)

// pruneOptions are the flags of prune.
type pruneOptions struct {
	expired, dryRun bool
	runs            []string
}

func (a *app) pruneCommand() *cobra.Command {
	var o pruneOptions
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove throw-away copies that were left over",
		Long: `Remove throw-away copies, made by test or up --ephemeral: those whose time is
over, or the named ones. Nothing else is touched.`,
		Args: cobra.NoArgs,
		RunE: a.begun(func(cmd *cobra.Command, _ []string) error {
			if !o.expired && len(o.runs) == 0 {
				return fault.New(fault.Usage, "say what is to go: --expired, or --run ID")
			}
			return a.prune(cmd.Context(), o)
		}),
	}
	f := cmd.Flags()
	f.BoolVar(&o.expired, "expired", false, "the copies whose time is over, and what reapers left of themselves")
	f.Var(words{&o.runs}, "run", "the copy with this `identity`, expired or not; may be repeated")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be removed and do nothing")
	return cmd
}

// found is what there is of one copy.
type found struct {
	orchestrator.Copy
	objects []orchestrator.Trace
}

func (a *app) prune(ctx context.Context, o pruneOptions) error {
	e, err := a.connect(ctx, bridge)
	if err != nil {
		return err
	}
	defer e.Close()
	info, err := e.Info(ctx)
	if err != nil {
		return err
	}
	traces, err := e.Traces(ctx, "")
	if err != nil {
		return err
	}
	copies := copiesIn(traces)
	for _, run := range o.runs {
		if !slices.ContainsFunc(copies, func(c found) bool { return c.Run == run }) {
			return fault.New(fault.Failure, "there is no copy %s", run)
		}
	}
	now := engineTime(info)
	copies = slices.DeleteFunc(copies, func(c found) bool {
		return !slices.Contains(o.runs, c.Run) && (!o.expired || !c.Expired(now))
	})
	for _, c := range copies {
		if err := a.pruneCopy(ctx, e, c, o.dryRun); err != nil {
			return err
		}
	}
	if len(copies) == 0 {
		err = a.print("nothing to remove\n")
	}
	if o.expired && !o.dryRun {
		a.pruneReapers(ctx, e)
	}
	return err
}

// pruneReapers removes the images of other programs' reapers; a failure is no
// harm.
func (a *app) pruneReapers(ctx context.Context, e engine) {
	if digest, err := reaper.Digest(); err == nil {
		reaper.RemoveUnused(ctx, e, digest)
	}
}

// pruneCopy removes one copy.
func (a *app) pruneCopy(ctx context.Context, e engine, c found, dryRun bool) error {
	what := fmt.Sprintf("copy %s (%s, made by %s, expires %s): %s", c.Run, c.Project, c.Maker,
		c.Expires.UTC().Format(time.RFC3339), console.Count(len(c.objects), "object"))
	if dryRun {
		return a.print(what + " would be removed\n" + objectLines(c.objects))
	}
	ctx, cancel := context.WithTimeout(ctx, pruneWithin)
	defer cancel()
	if err := orchestrator.Reap(ctx, e, c.Run, orchestrator.ReapOptions{Reapers: true}); err != nil {
		return err
	}
	return a.print(what + " removed\n")
}

// pruneWithin bounds the removal of one copy.
const pruneWithin = 5 * time.Minute

func objectLines(traces []orchestrator.Trace) string {
	var b strings.Builder
	for _, t := range traces {
		fmt.Fprintf(&b, "  %s %s\n", t.Kind, t.Name)
	}
	return b.String()
}

// copiesIn groups what was found by copy, the oldest first.
func copiesIn(traces []orchestrator.Trace) []found {
	var out []found
	for _, t := range traces {
		i := slices.IndexFunc(out, func(c found) bool { return c.Run == t.Run })
		if i < 0 {
			i = len(out)
			out = append(out, found{Copy: t.Copy})
		}
		if out[i].Project == "" {
			out[i].Project = t.Project // a reaper does not say
		}
		out[i].objects = append(out[i].objects, t)
	}
	slices.SortStableFunc(out, func(a, b found) int { return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.Run, b.Run)) })
	return out
}
