package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/cli/progress"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/orchestrator"
)

// buildOptions are the flags of build.
type buildOptions struct {
	noCache, pull, quiet bool
}

func (a *app) buildCommand() *cobra.Command {
	var o buildOptions
	cmd := &cobra.Command{
		Use:   "build [SERVICE...]",
		Short: "Build images and touch no container",
		Long: `Build the images of the services that have a build section, and those that they
are built from. The builder's cache is used, so that what did not change takes no
time and comes out the same.`,
		ValidArgsFunction: a.completeServices,
		RunE:              a.begun(func(cmd *cobra.Command, args []string) error { return a.build(cmd.Context(), o, args) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.noCache, "no-cache", false, "build every step anew")
	f.BoolVar(&o.pull, "pull", false, "look for newer base images")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show neither progress nor result")
	return cmd
}

func (a *app) build(ctx context.Context, o buildOptions, services []string) error {
	whole, err := a.loadWhole(ctx, services)
	if err != nil {
		return err
	}
	p, err := selectSources(whole, services)
	if err != nil {
		return err
	}
	if !builds(p, services) {
		return a.print("nothing to build: no service that is meant has a build section\n")
	}
	wishes := images.Options{NoCache: o.noCache}
	if o.pull {
		wishes.Pull = images.PullAlways
	}
	return a.provision(ctx, "build", p, services, wishes, o.quiet, a.ops.build)
}

// selectSources is the project with the named services alone and what they
// are built from or depend on.
func selectSources(p *compose.Project, services []string) (*compose.Project, error) {
	if len(services) == 0 {
		return p, nil
	}
	if _, err := p.Select(services...); err != nil {
		return nil, err
	}
	return p.Select(orchestrator.Sources(p, services)...)
}

// builds says whether any of the services, all when there are none, has a
// build section.
func builds(p *compose.Project, services []string) bool {
	for name, s := range p.Services {
		if s.Build != nil && (len(services) == 0 || slices.Contains(services, name)) {
			return true
		}
	}
	return false
}

// pullOptions are the flags of pull.
type pullOptions struct {
	ignoreBuildable, quiet bool
	policy                 string
}

func (a *app) pullCommand() *cobra.Command {
	var o pullOptions
	cmd := &cobra.Command{
		Use:   "pull [SERVICE...]",
		Short: "Pull images and touch no container",
		Long: `Pull the newest images of the services. Those with the pull_policy never or build
are left alone, and so are those with missing that are there. That an image which
could be built is not to be had is a warning.`,
		ValidArgsFunction: a.completeServices,
		RunE:              a.begun(func(cmd *cobra.Command, args []string) error { return a.pull(cmd.Context(), o, args) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.ignoreBuildable, "ignore-buildable", false, "leave out images that can be built")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show neither progress nor result")
	f.Var(optionalChoice(&o.policy, "always", "missing"), "policy", "when to pull, instead of what the file says")
	return cmd
}

func (a *app) pull(ctx context.Context, o pullOptions, services []string) error {
	p, err := a.loadWhole(ctx, services)
	if err != nil {
		return err
	}
	if _, err := p.Select(services...); err != nil {
		return err
	}
	names := pulls(p, services, o.ignoreBuildable)
	if len(names) == 0 {
		return a.print("nothing to pull: no service that is meant has an image from elsewhere\n")
	}
	return a.provision(ctx, "pull", p, names, images.Options{Pull: images.PullMode(o.policy)}, o.quiet, a.ops.pull)
}

// pulls are the services, of those named or of all, that name an image which
// is not only built.
func pulls(p *compose.Project, services []string, ignoreBuildable bool) []string {
	return slices.DeleteFunc(p.ServiceNames(), func(name string) bool {
		s := p.Services[name]
		named := len(services) == 0 || slices.Contains(services, name)
		return !named || s.Image == "" || s.Build != nil && ignoreBuildable
	})
}

// provision makes images and says what came of each.
func (a *app) provision(
	ctx context.Context, verb string, p *compose.Project, services []string, wishes images.Options, quiet bool,
	work func(context.Context, orchestrator.FullEngine, *compose.Project, []string, orchestrator.Options) ([]orchestrator.Provision, error),
) error {
	if quiet {
		a.global.progress = string(progress.Quiet)
	}
	e, err := a.connect(ctx, bridge)
	if err != nil {
		return err
	}
	defer e.Close()
	// Only images are worked on: no row for each service.
	tell, end := a.showProgress(verb, &compose.Project{Name: p.Name})
	done, err := work(ctx, e, p, services, orchestrator.Options{Images: wishes, Listen: tell, Log: a.logger(), Redact: a.hide(p)})
	end(nil)
	if err != nil {
		return err
	}
	for _, d := range done {
		if d.Err != nil {
			a.remark("warning: " + d.Err.Error())
		}
	}
	if quiet {
		return nil
	}
	if len(done) == 0 {
		return a.print("nothing to " + verb + ": the pull_policy of what is meant forbids it\n")
	}
	return a.print(show.Provisions(a.showOptions(a.streams.OutTerminal, a.begin), done))
}
