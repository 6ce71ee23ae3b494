package docker

import (
	"context"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/stackctl/stackctl/orchestrator"
	"golang.org/x/sync/errgroup"
)

// Origins lists where the containers, networks and volumes that stackctl made
// under a project's name come from, by their labels: one list of every kind.
func (e *Engine) Origins(ctx context.Context, project string) ([]orchestrator.Origin, error) {
	carrying := filters.NewArgs(filters.Arg("label", orchestrator.LabelProject+"="+project))
	var containers []container.Summary
	var networks []network.Summary
	var volumes volume.ListResponse
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		containers, err = ask(ctx, e, "list containers", func(ctx context.Context) ([]container.Summary, error) {
			return e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: carrying})
		})
		return err
	})
	group.Go(func() (err error) {
		networks, err = ask(ctx, e, "list networks", func(ctx context.Context) ([]network.Summary, error) {
			return e.cli.NetworkList(ctx, network.ListOptions{Filters: carrying})
		})
		return err
	})
	group.Go(func() (err error) {
		volumes, err = ask(ctx, e, "list volumes", func(ctx context.Context) (volume.ListResponse, error) {
			return e.cli.VolumeList(ctx, volume.ListOptions{Filters: carrying})
		})
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []orchestrator.Origin
	for _, c := range containers {
		all = orchestrator.AddOrigin(all, orchestrator.TraceContainer, ownName(c.Names), c.Labels)
	}
	for _, n := range networks {
		all = orchestrator.AddOrigin(all, orchestrator.TraceNetwork, n.Name, n.Labels)
	}
	for _, v := range volumes.Volumes {
		all = orchestrator.AddOrigin(all, orchestrator.TraceVolume, v.Name, v.Labels)
	}
	return all, nil
}

// Containers lists where the containers of all projects that stackctl made come from.
func (e *Engine) Containers(ctx context.Context) ([]orchestrator.ProjectContainer, error) {
	listed, err := ask(ctx, e, "list containers", func(ctx context.Context) ([]container.Summary, error) {
		return e.cli.ContainerList(ctx, container.ListOptions{
			All: true, Filters: filters.NewArgs(filters.Arg("label", orchestrator.LabelOwner)),
		})
	})
	if err != nil {
		return nil, err
	}
	var all []orchestrator.ProjectContainer
	for _, c := range listed {
		for _, o := range orchestrator.AddOrigin(nil, orchestrator.TraceContainer, ownName(c.Names), c.Labels) {
			all = append(all, orchestrator.ProjectContainer{
				Origin: o, Project: c.Labels[orchestrator.LabelProject], Service: c.Labels[orchestrator.LabelService],
			})
		}
	}
	return all, nil
}
