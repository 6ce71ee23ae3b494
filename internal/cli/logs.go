package cli

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/logs"
	"github.com/stackctl/stackctl/internal/fault"
)

// logsOptions are the flags of logs.
type logsOptions struct {
	follow, timestamps, noPrefix bool
	tail, since                  string
}

func (a *app) logsCommand() *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:   "logs [SERVICE...]",
		Short: "Show what the containers say, in the order in which they said it",
		Long: `Print the output of the project's containers, oldest first across all of them.
Control characters are shown escaped and secrets are left out.`,
		ValidArgsFunction: a.completeServices,
		RunE:              a.begun(func(cmd *cobra.Command, args []string) error { return a.showLogs(cmd.Context(), o, args) }),
	}
	f := cmd.Flags()
	f.Var(words{&a.global.files}, "file", fileUsage) // without -f, which means follow here
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with what is said from now on, through restarts, until interrupted")
	f.StringVarP(&o.tail, "tail", "n", "all", "only the last `N` lines of each container")
	f.StringVar(&o.since, "since", "", "only what was said since this `time`: 10m, or 2026-01-31T10:00:00Z")
	f.BoolVarP(&o.timestamps, "timestamps", "t", false, "begin each line with its time")
	f.BoolVar(&o.noPrefix, "no-log-prefix", false, "do not begin each line with its service")
	return cmd
}

func (a *app) showLogs(ctx context.Context, o logsOptions, services []string) error {
	tail, err := parseTail(o.tail)
	if err != nil {
		return err
	}
	p, err := a.loadForgiving(ctx)
	if err != nil {
		return err
	}
	if err := known(p, services); err != nil {
		return err
	}
	e, err := a.connect(ctx, 0)
	if err != nil {
		return err
	}
	defer e.Close()
	if p, err = a.claim(ctx, e, p); err != nil {
		return err
	}
	info, err := e.Info(ctx)
	if err != nil {
		return err
	}
	since, err := parseSince(o.since, engineTime(info))
	if err != nil {
		return err
	}
	return logs.Show(ctx, e, logs.Options{
		Out: a.out, Style: a.style(a.streams.OutTerminal), Redact: a.hide(p),
		Project: p.Name, Owns: p.Owns, Services: services, Order: inOrder(p),
		Note:   func(text string) { a.remark("note: " + text) },
		Follow: o.follow, Timestamps: o.timestamps, NoPrefix: o.noPrefix,
		Tail: tail, Since: since, Now: engineTime(info),
	})
}

// known says whether the project has the named services, active or not.
func known(p *compose.Project, services []string) error {
	for _, name := range services {
		if !slices.Contains(p.Disabled, name) && p.Services[name] == nil {
			_, err := p.Select(name)
			return err
		}
	}
	return nil
}

// parseTail reads the number of lines: logs.All for "all".
func parseTail(text string) (int, error) {
	if text == "all" {
		return logs.All, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Usage, "--tail takes a number or all, not %q", text)
	}
	return n, nil
}

// parseSince reads a moment, or a duration before now.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	if d, err := parseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, fault.New(fault.Usage, "--since takes a duration (10m) or a time (2026-01-31T10:00:00Z), not %q", text)
}
