package docker

import (
	"context"
	"maps"
	"slices"

	"github.com/docker/docker/api/types/image"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
)

// InspectImage returns the image that ref, a name or an ID, means.
func (e *Engine) InspectImage(ctx context.Context, ref string) (images.Image, error) {
	said, err := ask(ctx, e, "inspect image "+ref, func(ctx context.Context) (image.InspectResponse, error) {
		return e.cli.ImageInspect(ctx, ref)
	})
	if err != nil {
		return images.Image{}, reclassAnswer(err, fault.Image)
	}
	return decodeImage(said)
}

// TagImage gives the image id another name.
func (e *Engine) TagImage(ctx context.Context, id, ref string) error {
	err := do(ctx, e, "tag image "+ref, e.limits.answer, func(ctx context.Context) error {
		return e.cli.ImageTag(ctx, id, ref)
	})
	return reclass(err, fault.Image)
}

// RemoveImage removes the name ref, and the image when that was its last
// one. An image that is not there is no error; one that a container uses is
// of class Resource.
func (e *Engine) RemoveImage(ctx context.Context, ref string) error {
	err := do(ctx, e, "remove image "+ref, e.limits.work, func(ctx context.Context) error {
		_, err := e.cli.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
		return err
	})
	if isGone(err) {
		return nil
	}
	return asResource(err)
}

func decodeImage(said image.InspectResponse) (images.Image, error) {
	if said.ID == "" {
		return images.Image{}, fault.New(fault.Engine, "the engine's answer describes no image")
	}
	i := images.Image{
		ID: said.ID, Digests: said.RepoDigests, Tags: said.RepoTags,
		OS: said.Os, Architecture: said.Architecture, Variant: said.Variant,
		Created: parseTime(said.Created), Size: said.Size,
	}
	if c := said.Config; c != nil {
		i.Labels, i.Env, i.User = c.Labels, c.Env, c.User
		i.Entrypoint, i.Cmd = c.Entrypoint, c.Cmd
		i.Volumes = slices.Sorted(maps.Keys(c.Volumes))
		i.Ports = slices.Sorted(maps.Keys(c.ExposedPorts))
		i.Check = decodeCheck(c.Healthcheck)
	}
	return i, nil
}
