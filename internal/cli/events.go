package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/ci"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

func (a *app) eventsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "events [SERVICE...]",
		Short: "Print what happens to the containers, as it happens",
		Long: `Print a line for each thing that happens to the project's containers, or to those
of the named services, until interrupted. A break of the connection to the
engine is bridged.`,
		ValidArgsFunction: a.completeServices,
		RunE:              a.begun(func(cmd *cobra.Command, args []string) error { return a.events(cmd.Context(), asJSON, args) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "a JSON object on each line")
	return cmd
}

func (a *app) events(ctx context.Context, asJSON bool, services []string) error {
	p, e, err := a.inspectable(ctx, services)
	if err != nil {
		return err
	}
	defer e.Close()
	info, err := e.Info(ctx)
	if err != nil {
		return err
	}
	begin := engineTime(info)
	observed, err := e.Observe(ctx, orchestrator.Scope{Project: p.Name})
	if err != nil {
		return err
	}
	r := &reporter{engine: e, project: p, services: services, asJSON: asJSON, known: map[string]orchestrator.Container{}}
	for _, c := range observed.Containers {
		r.known[c.ID] = c
	}
	lost := func(err error) { a.remark(fmt.Sprintf("warning: %v; connecting again", err)) }
	return feed(ctx, e, p.Name, begin, lost, func(event orchestrator.Event) error {
		line, ok := r.line(ctx, event)
		if !ok {
			return nil
		}
		return a.print(line)
	})
}

// reporter turns events into lines.
type reporter struct {
	engine   orchestrator.Observer
	project  *compose.Project
	services []string
	asJSON   bool
	// known are the containers that were seen, by ID: an event does not say
	// their names.
	known map[string]orchestrator.Container
}

// eventDocument is what --json prints, under docker compose's names.
type eventDocument struct {
	Time       string            `json:"time"`
	Type       string            `json:"type"`
	Service    string            `json:"service"`
	ID         string            `json:"id"`
	Action     string            `json:"action"`
	Attributes map[string]string `json:"attributes"`
}

// line is an event as one line; false when it is not about what is wanted.
func (r *reporter) line(ctx context.Context, event orchestrator.Event) (string, bool) {
	c, seen := r.look(ctx, event)
	if seen && !mine(r.project, c) || len(r.services) > 0 && !slices.Contains(r.services, event.Service) {
		return "", false
	}
	attributes := attributesOf(event, c)
	if !r.asJSON {
		return fmt.Sprintf("%s container %s %s (%s)\n", event.At.Local().Format("2006-01-02 15:04:05.000000"),
			sanitize.Line(event.Action, maxEventWord), event.ContainerID, pairs(attributes)), true
	}
	text, err := json.Marshal(eventDocument{
		Time: event.At.Format(time.RFC3339Nano), Type: "container", Service: event.Service,
		ID: event.ContainerID, Action: event.Action, Attributes: attributes,
	})
	return string(ci.JSON(text)) + "\n", err == nil // strings alone: it never fails
}

// maxEventWord bounds a word of the engine, in bytes.
const maxEventWord = 256

// look returns the container of an event. It is looked at when it is new, and
// when its health may have changed.
func (r *reporter) look(ctx context.Context, event orchestrator.Event) (orchestrator.Container, bool) {
	c, seen := r.known[event.ContainerID]
	if seen && event.Action != "health_status" && event.Action != "rename" {
		return c, true
	}
	now, err := r.engine.Inspect(ctx, event.ContainerID)
	if err != nil { // it is gone: its event is told all the same
		return c, seen
	}
	r.known[event.ContainerID] = now
	return now, true
}

// attributesOf are what else there is to say about an event.
func attributesOf(event orchestrator.Event, c orchestrator.Container) map[string]string {
	out := map[string]string{}
	add := func(key, value string) {
		if value != "" {
			out[key] = value
		}
	}
	add("name", c.Name)
	add("image", c.ImageRef)
	add("service", event.Service)
	add("signal", event.Signal)
	if event.ExitCode != nil {
		add("exitCode", strconv.Itoa(*event.ExitCode))
	}
	if event.Action == "health_status" {
		add("health", string(c.Health.Status))
	}
	return out
}

// pairs are attributes as text, sorted.
func pairs(attributes map[string]string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		parts = append(parts, key+"="+sanitize.Line(attributes[key], maxEventWord))
	}
	return strings.Join(parts, ", ")
}
