package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// configOptions are the flags of config.
type configOptions struct {
	services, images, quiet, noRedact bool
	hash, format                      string
}

func (a *app) configCommand() *cobra.Command {
	var o configOptions
	cmd := &cobra.Command{
		Use:   "config [SERVICE...]",
		Short: "Check the file and print it as it is understood",
		Long: `Read the compose files as up does and print the one file they amount to:
variables replaced, files merged, defaults written out. Secrets are not shown.
No engine is needed.`,
		ValidArgsFunction: a.completeServices,
		RunE:              a.begun(func(cmd *cobra.Command, args []string) error { return a.config(cmd.Context(), o, args) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.services, "services", false, "only the names of the services")
	f.BoolVar(&o.images, "images", false, "only the images that are used")
	f.StringVar(&o.hash, "hash", "", "only the configuration digest of this `service`, * for all")
	f.Var(newChoice(&o.format, outputYAML, outputJSON), "format", "form of the file")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "only check the file")
	f.BoolVar(&o.noRedact, "no-redact", false, "print secrets too")
	exclusive(cmd, "services", "images", "hash", "quiet")
	return cmd
}

func (a *app) config(ctx context.Context, o configOptions, services []string) error {
	options := a.loadOptions(services)
	options.AsWritten = true
	p, err := a.loadWith(ctx, options)
	if err != nil {
		return err
	}
	for _, w := range p.Warnings {
		if !w.Advice {
			a.remark("warning: " + warningText(w))
		}
	}
	switch {
	case o.quiet:
		return nil
	case o.services:
		return a.print(lines(p.ServiceNames()))
	case o.images:
		return a.print(lines(imagesOf(p)))
	case o.hash != "":
		text, err := hashes(p, o.hash)
		if err != nil {
			return err
		}
		return a.print(text)
	}
	printed := p.YAML
	if o.format == outputJSON {
		printed = p.JSON
	}
	text, err := printed(compose.PrintOptions{ShowSecrets: o.noRedact})
	if err != nil {
		return err
	}
	_, err = a.out.asIs().Write(text) // the user's own text
	return err
}

func warningText(w compose.Warning) string {
	if w.Service == "" {
		return w.Message
	}
	return w.Service + ": " + w.Message
}

// imagesOf are the images that the services name, each once.
func imagesOf(p *compose.Project) []string {
	images := map[string]bool{}
	for _, s := range p.Services {
		name := s.Image
		if name == "" {
			name = p.Name + "-" + s.Name
		}
		images[name] = true
	}
	return slices.Sorted(maps.Keys(images))
}

// hashes are the services' digests, a line each.
func hashes(p *compose.Project, which string) (string, error) {
	names := p.ServiceNames()
	if which != "*" {
		names = strings.Split(which, ",")
	}
	var b strings.Builder
	for _, name := range names {
		s, ok := p.Services[name]
		if !ok {
			return "", fault.New(fault.Usage, "--hash: no service %q", name)
		}
		fmt.Fprintf(&b, "%s %s\n", name, s.Hash(p))
	}
	return b.String(), nil
}

func lines(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return strings.Join(words, "\n") + "\n"
}
