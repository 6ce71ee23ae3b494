package docker

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// CreateVolume creates a volume, dated by a label. One of the same name with
// these very labels is left as it is; any other one of that name is a
// conflict. The engine itself would hand back whatever has the name.
func (e *Engine) CreateVolume(ctx context.Context, spec orchestrator.VolumeSpec) error {
	info, err := e.Info(ctx)
	if err != nil {
		return err
	}
	labels := maps.Clone(spec.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[orchestrator.LabelCreated] = time.Now().Add(info.ClockAhead).UTC().Format(time.RFC3339Nano)
	err = do(ctx, e, "create volume "+spec.Name, e.limits.work, func(ctx context.Context) error {
		found, err := e.cli.VolumeInspect(ctx, spec.Name)
		if isGone(err) {
			found, err = e.cli.VolumeCreate(ctx, volume.CreateOptions{
				Name: spec.Name, Driver: spec.Config.Driver, DriverOpts: spec.Config.DriverOpts, Labels: labels,
			})
		}
		if err == nil && !sameLabels(found.Labels, spec.Labels) {
			return &takenError{kind: "volume", name: spec.Name, owner: found.Labels[orchestrator.LabelProject]}
		}
		return err
	})
	return reclass(err, fault.Resource)
}

// sameLabels compares labels but for the date.
func sameLabels(a, b map[string]string) bool {
	undated := func(labels map[string]string) map[string]string {
		labels = maps.Clone(labels)
		delete(labels, orchestrator.LabelCreated)
		return labels
	}
	return maps.Equal(undated(a), undated(b))
}

// RemoveVolume removes a volume; one that is not there is no error. One that
// containers use is of class Resource and names them.
func (e *Engine) RemoveVolume(ctx context.Context, name string) error {
	err := do(ctx, e, "remove volume "+name, e.limits.work, func(ctx context.Context) error {
		return e.cli.VolumeRemove(ctx, name, false)
	})
	if isGone(err) {
		return nil
	}
	if err = asResource(err); err == nil || fault.ClassOf(err) != fault.Resource {
		return err
	}
	users, listErr := within(ctx, e.limits.answer, func(ctx context.Context) ([]container.Summary, error) {
		return e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("volume", name))})
	})
	if listErr != nil || len(users) == 0 {
		return err
	}
	var names []string
	for _, user := range users {
		names = append(names, ownName(user.Names))
	}
	slices.Sort(names)
	return fault.New(fault.Resource, "%w (used by %s)", err, strings.Join(names, ", "))
}
