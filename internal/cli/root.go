package cli

import (
	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/internal/fault"
)

// rootCommand is the tree of all commands.
func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "stackctl",
		Short: "Bring up a Compose stack, and say done only when it is proven",
		Long: `stackctl brings up the services of a Compose file on a container engine, waits
until they really work, and exits with 0 only when that is proven. Whatever is
not proven is explained.`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.command = cmd.CommandPath()
			if err := checkExclusive(cmd.Flags()); err != nil {
				return err
			}
			return fromEnvironment(cmd, a.env)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
	}
	root.SetIn(a.streams.In)
	root.SetOut(a.out)
	root.SetErr(a.err)
	// Flags before the command's name are parsed on their own, so that -f can
	// mean a file there and follow behind logs.
	root.TraverseChildren = true
	a.global.flags(root.PersistentFlags())
	root.LocalFlags() // makes the persistent flags known to the traversal
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fault.New(fault.Usage, "%w", err).WithHint("see %s --help", cmd.CommandPath())
	})
	root.AddCommand(
		a.upCommand(), a.statusCommand(), a.planCommand(), a.downCommand(),
		a.logsCommand(), a.configCommand(), a.versionCommand(),
		a.buildCommand(), a.pullCommand(), a.startCommand(), a.stopCommand(), a.restartCommand(),
		a.execCommand(), a.portCommand(), a.eventsCommand(), a.waitCommand(),
		a.superviseCommand(), a.doctorCommand(),
		a.testCommand(), a.endpointsCommand(), a.pruneCommand(), a.reapCommand(),
	)
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Short = "Print a completion script for a shell"
	}
	return root
}

// unknownCommand is what stackctl does without a command: it never counts as
// a success.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		root.SetOut(root.ErrOrStderr())
		if err := root.Help(); err != nil {
			return err
		}
		return fault.New(fault.Usage, "no command given")
	}
	err := fault.New(fault.Usage, "unknown command %q", args[0])
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		return err.WithHint("did you mean %s %s?", root.CommandPath(), near[0])
	}
	return err.WithHint("see %s --help", root.CommandPath())
}

// begun wraps a command's work: errors from here on are the work's.
func (a *app) begun(work func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.started = true
		return work(cmd, args)
	}
}

// completeServices offers the names of the project's services to the shell.
func (a *app) completeServices(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	p, err := a.load(cmd.Context(), nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return p.ServiceNames(), cobra.ShellCompDirectiveNoFileComp
}
