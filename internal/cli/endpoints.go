package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// The forms of endpoints.
const (
	outputEnv    = "env"
	outputDotenv = "dotenv"
)

// endpointsOptions are the flags of endpoints.
type endpointsOptions struct {
	output           string
	inside, noRedact bool
}

func (a *app) endpointsCommand() *cobra.Command {
	var o endpointsOptions
	cmd := &cobra.Command{
		Use:   "endpoints",
		Short: "Print how the stack is reached, as a client's environment",
		Long: `Print the addresses at which the services that run are reached: the variables
that test gives to its command.`,
		Args: cobra.NoArgs,
		RunE: a.begun(func(cmd *cobra.Command, _ []string) error { return a.endpoints(cmd.Context(), o) }),
	}
	f := cmd.Flags()
	f.VarP(newChoice(&o.output, outputEnv, outputDotenv, outputJSON), "output", "o", "form of the result")
	f.BoolVar(&o.inside, "inside", false, "as a container in the stack's own networks reaches them")
	f.BoolVar(&o.noRedact, "no-redact", false, "print the passwords of databases too")
	return cmd
}

func (a *app) endpoints(ctx context.Context, o endpointsOptions) error {
	p, e, err := a.inspectable(ctx, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	access, err := a.ops.reach(ctx, e, p, orchestrator.ReachOptions{Redact: a.hide(p), Outside: a.around.Outside})
	if err != nil {
		return err
	}
	if len(access.Ports) == 0 && len(access.Inside) == 0 && len(access.Databases) == 0 {
		return fault.New(fault.Service, "nothing of %s that could be reached is running", p.Name).WithHint("stackctl up")
	}
	text, err := endpointsText(access, o)
	if err != nil {
		return err
	}
	if o.noRedact { // print would hide them again
		_, err := a.out.Write([]byte(text))
		return err
	}
	return a.print(text)
}

// endpointsText is what is known of a stack's addresses in one of the forms.
func endpointsText(access orchestrator.Access, o endpointsOptions) (string, error) {
	vars := clientEnv(access, o.inside, o.noRedact)
	var b strings.Builder
	switch o.output {
	case outputJSON:
		text, err := show.JSON(endpointsDocument(access, vars, o.inside))
		return string(text), err
	case outputDotenv:
		for _, v := range vars {
			b.WriteString(v.name + "=" + dotenvWord(v.value) + "\n")
		}
	default:
		for _, v := range vars {
			b.WriteString("export " + v.name + "=" + sanitize.ShellWord(v.value) + "\n")
		}
	}
	return b.String(), nil
}

// dotenvWord is a value as readers of .env files take it for one.
func dotenvWord(text string) string {
	if strings.ContainsAny(text, " #$'\"\\`") {
		return "'" + strings.ReplaceAll(text, "'", `\'`) + "'"
	}
	return text
}

// accessDocument is the answer of endpoints for programs.
type accessDocument struct {
	SchemaVersion int               `json:"schema_version"`
	Project       string            `json:"project"`
	Endpoints     []accessEndpoint  `json:"endpoints"`
	Environment   map[string]string `json:"environment"`
}

// accessEndpoint is one address.
type accessEndpoint struct {
	Service  string `json:"service"`
	Port     uint16 `json:"container_port"`
	Protocol string `json:"protocol"`
	Address  string `json:"address"`
	URL      string `json:"url,omitempty"`
}

func endpointsDocument(access orchestrator.Access, vars []variable, inside bool) accessDocument {
	d := accessDocument{SchemaVersion: show.SchemaVersion, Project: access.Project, Endpoints: []accessEndpoint{}, Environment: map[string]string{}}
	ports := access.Ports
	if inside {
		ports = access.Inside
	}
	for _, p := range ports {
		d.Endpoints = append(d.Endpoints, accessEndpoint{p.Service, p.Container, p.Proto, p.Address, p.URL})
	}
	for _, v := range vars {
		d.Environment[v.name] = v.value
	}
	return d
}
