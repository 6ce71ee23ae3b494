package docker

import (
	"context"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/stackctl/stackctl/orchestrator"
)

var _ orchestrator.Remover = (*Engine)(nil)

// Traces lists the containers, networks and volumes that carry the identity of
// a copy; run "" means any.
func (e *Engine) Traces(ctx context.Context, run string) ([]orchestrator.Trace, error) {
	label := orchestrator.LabelRun
	if run != "" {
		label += "=" + run
	}
	found := traces{run: run}
	carrying := filters.NewArgs(filters.Arg("label", label))
	return ask(ctx, e, "look for what belongs to copies", func(ctx context.Context) ([]orchestrator.Trace, error) {
		containers, err := e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: carrying})
		if err != nil {
			return nil, err
		}
		networks, err := e.cli.NetworkList(ctx, network.ListOptions{Filters: carrying})
		if err != nil {
			return nil, err
		}
		volumes, err := e.cli.VolumeList(ctx, volume.ListOptions{Filters: carrying})
		if err != nil {
			return nil, err
		}
		found.all = nil
		for _, c := range containers {
			found.note(orchestrator.TraceContainer, c.ID, ownName(c.Names), c.Labels)
		}
		for _, n := range networks {
			found.note(orchestrator.TraceNetwork, n.ID, n.Name, n.Labels)
		}
		for _, v := range volumes.Volumes {
			found.note(orchestrator.TraceVolume, v.Name, v.Name, v.Labels)
		}
		return found.all, nil
	})
}

// traces are what a list has shown of the copy run.
type traces struct {
	run string
	all []orchestrator.Trace
}

// note takes an object in when its labels say so: the engine's own filter is a
// courtesy.
func (f *traces) note(kind orchestrator.TraceKind, id, name string, labels map[string]string) {
	c, ok := orchestrator.CopyOf(labels)
	if !ok || f.run != "" && c.Run != f.run {
		return
	}
	_, reaper := labels[orchestrator.LabelReaper]
	f.all = append(f.all, orchestrator.Trace{Copy: c, Kind: kind, ID: id, Name: name, Reaper: reaper})
}
