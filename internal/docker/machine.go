package docker

import (
	"context"

	"github.com/docker/docker/api/types/registry"
	"github.com/stackctl/stackctl/internal/fault"
)

// Machine is what the engine's host offers to containers.
type Machine struct {
	// Root is where the engine keeps images and containers, on its own host.
	Root string
	// Memory, CPU and Pids say that containers can be limited in these.
	Memory, CPU, Pids bool
	// BuildKit says that the engine can build with it.
	BuildKit bool
}

// Machine asks the engine about its host.
func (e *Engine) Machine(ctx context.Context) (Machine, error) {
	said, err := ask(ctx, e, "ask for the engine's state", e.cli.Info)
	if err != nil {
		return Machine{}, err
	}
	return Machine{
		Root: said.DockerRootDir, Memory: said.MemoryLimit, CPU: said.CPUCfsQuota, Pids: said.PidsLimit, BuildKit: e.HasBuildKit(ctx),
	}, nil
}

// Offered asks the registry, through the engine and with the user's
// credentials, whether it has an image. Nothing is pulled. Errors are of class
// Image.
func (e *Engine) Offered(ctx context.Context, ref string) error {
	auth, err := e.registryAuth(ref)
	if err != nil {
		return fault.New(fault.Image, "%s: %w", ref, err)
	}
	_, err = ask(ctx, e, "look for "+ref, func(ctx context.Context) (registry.DistributionInspect, error) {
		return e.cli.DistributionInspect(ctx, ref, auth)
	})
	return reclass(err, fault.Image)
}
