package cli

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// portOptions are the flags of port.
type portOptions struct {
	protocol string
	index    int
}

func (a *app) portCommand() *cobra.Command {
	var o portOptions
	cmd := &cobra.Command{
		Use:               "port SERVICE PRIVATE_PORT",
		Short:             "Print the address at which a port is published",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.completeService,
		RunE: a.begun(func(cmd *cobra.Command, args []string) error {
			return a.port(cmd.Context(), o, args[0], args[1])
		}),
	}
	cmd.Flags().Var(newChoice(&o.protocol, "tcp", "udp", "sctp"), "protocol", "which port of that number")
	cmd.Flags().IntVar(&o.index, "index", 0, "`number` of the container; 0 is the first that runs")
	return cmd
}

func (a *app) port(ctx context.Context, o portOptions, service, private string) error {
	wanted, err := parsePort(private, o.protocol)
	if err != nil {
		return err
	}
	e, c, err := a.runningReplica(ctx, service, o.index)
	if err != nil {
		return err
	}
	defer e.Close()
	binding, ok := published(c, wanted)
	if !ok {
		return fault.New(fault.Failure, "%s does not publish port %s; %s", service, portWord(wanted), publishes(c))
	}
	return a.print(address(binding) + "\n")
}

// parsePort reads 80, or 80/udp, where the protocol counts.
func parsePort(text, protocol string) (orchestrator.Port, error) {
	number, suffix, given := strings.Cut(text, "/")
	if given {
		protocol = strings.ToLower(suffix)
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 || protocol != "tcp" && protocol != "udp" && protocol != "sctp" {
		return orchestrator.Port{}, fault.New(fault.Usage, "PRIVATE_PORT is a number from 1 to 65535, as 80 or 80/udp, not %q", text)
	}
	return orchestrator.Port{Container: uint16(n), Proto: protocol}, nil
}

// published is where the port really is published; of several addresses that
// of IPv4.
func published(c orchestrator.Container, wanted orchestrator.Port) (found orchestrator.Port, ok bool) {
	for _, b := range c.Published {
		if b.Container != wanted.Container || b.Proto != wanted.Proto || b.Host == 0 {
			continue
		}
		if !ok || strings.Contains(found.HostIP, ":") && !strings.Contains(b.HostIP, ":") {
			found, ok = b, true
		}
	}
	return found, ok
}

func portWord(p orchestrator.Port) string { return fmt.Sprintf("%d/%s", p.Container, p.Proto) }

func address(p orchestrator.Port) string {
	return net.JoinHostPort(p.HostIP, strconv.Itoa(int(p.Host)))
}

// publishes says what a container publishes instead.
func publishes(c orchestrator.Container) string {
	var parts []string
	for _, b := range c.Published {
		if b.Host != 0 {
			parts = append(parts, portWord(b)+" at "+address(b))
		}
	}
	if len(parts) == 0 {
		return "it publishes none"
	}
	return "it publishes " + strings.Join(parts, ", ")
}
