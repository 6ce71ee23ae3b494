package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// CreateContainer creates one container with all its networks and injected
// files. When any of that fails, what was made is removed again.
func (e *Engine) CreateContainer(ctx context.Context, spec orchestrator.ContainerSpec) (string, error) {
	plan, err := planCreation(spec, e.target())
	if err != nil {
		return "", err
	}
	for _, name := range sortedKeys(plan.attached()) {
		if err := e.known.oncePer(ctx, name, func() error { return e.requireNetwork(ctx, name) }); err != nil {
			return "", err
		}
	}
	if err := prepareHost(plan); err != nil {
		return "", err
	}
	e.making.Store(spec.Name, true)
	defer e.making.Delete(spec.Name)
	id, err := e.createByName(ctx, spec, plan)
	if err != nil {
		return "", explainCreate(err)
	}
	if err := e.complete(ctx, id, plan); err != nil {
		return "", errors.Join(err, e.discard(ctx, id))
	}
	return id, nil
}

// target is what the mapping must know of this engine.
func (e *Engine) target() target {
	return target{
		api:     e.api(),
		local:   e.at.local(),
		noLinks: e.podman(),
		proxies: e.config.ParseProxyConfig(e.at.host, nil),
		read:    os.ReadFile,
	}
}

// prepareHost makes the directories that the file explicitly wants made, and
// insists on those that only the older form of a mount can name: the engine
// would make an empty directory instead of failing.
func prepareHost(plan creation) error {
	for _, path := range plan.makeDirs {
		if err := os.MkdirAll(path, 0o755); err != nil { //nolint:gosec // as the engine would make it
			return fault.New(fault.Config, "make the bind source %s: %w", path, err)
		}
	}
	for _, path := range plan.mustExist {
		if _, err := os.Stat(path); err != nil {
			return fault.New(fault.Config, "bind source: %w", err)
		}
	}
	return nil
}

// createByName makes the container under the name of its image, which is what
// `docker ps` shows, where that name means the image that is wanted: whether it
// does the container itself says.
func (e *Engine) createByName(ctx context.Context, spec orchestrator.ContainerSpec, plan creation) (string, error) {
	if spec.ImageName == "" {
		return e.create(ctx, spec, plan)
	}
	byName := plan
	config := *plan.config
	config.Image = spec.ImageName
	byName.config = &config
	id, err := e.create(ctx, spec, byName)
	switch {
	case noImage(err):
		return e.create(ctx, spec, plan)
	case err != nil:
		return "", err
	}
	made, err := e.Inspect(ctx, id)
	if err == nil && made.ImageID == spec.Image {
		return id, nil
	}
	// The name means another image by now: what is wanted is the image.
	if err := e.discard(ctx, id); err != nil {
		return "", err
	}
	return e.create(ctx, spec, plan)
}

// reservedFor is how long a name is waited for that the engine has given to a
// container it does not know yet: it is still making it. It is tried again
// after each pause.
const (
	reservedFor   = 30 * time.Second
	reservedPause = 100 * time.Millisecond
)

// create makes the container. A name that is taken by a container with these
// very labels is this one, where an earlier try asked for it: one whose answer
// was lost, or one of a run that was killed meanwhile.
func (e *Engine) create(ctx context.Context, spec orchestrator.ContainerSpec, plan creation) (string, error) {
	lost := false
	made := func(ctx context.Context) (string, error) {
		made, err := e.cli.ContainerCreate(ctx, plan.config, plan.host, plan.network, plan.platform, spec.Name)
		lost = lost || isLost(err) || isStumble(err)
		if spec.Warn != nil {
			for _, w := range made.Warnings {
				spec.Warn(w)
			}
		}
		return made.ID, err
	}
	for began := time.Now(); ; {
		id, err := run(ctx, e, "create container "+spec.Name, e.limits.work, made)
		if !errdefs.IsConflict(err) || !lost && spec.Seen == nil {
			return id, err
		}
		own, pending := e.ownContainer(ctx, spec, lost)
		if own != "" {
			return own, nil
		}
		if !pending || time.Since(began) > reservedFor {
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(reservedPause):
		}
	}
}

// ownContainer returns the ID of the container that has spec's name, when it
// was made from spec by a try that nobody heard of, else "". asked says that
// this run made such a try. pending says that the engine does not know the
// container yet, and that to try again can help.
func (e *Engine) ownContainer(ctx context.Context, spec orchestrator.ContainerSpec, asked bool) (id string, pending bool) {
	said, err := e.cli.ContainerInspect(ctx, spec.Name)
	if errdefs.IsNotFound(err) {
		return "", true
	}
	if err != nil || said.Config == nil || strings.TrimPrefix(said.Name, "/") != spec.Name {
		return "", false
	}
	if !asked && spec.Seen[said.ID] {
		return "", false
	}
	for key, value := range spec.Labels {
		if said.Config.Labels[key] != value {
			return "", false
		}
	}
	if said.State == nil || said.State.Status != container.StateCreated {
		return "", false
	}
	return said.ID, false
}

// explainCreate gives a failed creation its class: a request that the engine
// does not take is the file's fault.
func explainCreate(err error) error {
	switch {
	case noImage(err):
		return reclass(err, fault.Image)
	case isBadRequest(err), errdefs.IsNotImplemented(err):
		return reclass(err, fault.Config)
	default:
		return reclass(err, fault.Resource)
	}
}

// noImage says that the engine does not have the image of a container that it
// was to make.
func noImage(err error) bool { return isGone(err) && strings.Contains(err.Error(), "No such image") }

// complete does what an engine does not do within the creation itself.
func (e *Engine) complete(ctx context.Context, id string, plan creation) error {
	for _, a := range plan.later {
		if err := e.attach(ctx, id, a); err != nil {
			return err
		}
	}
	return e.inject(ctx, id, plan.files)
}

// attach connects a created container to one more network.
func (e *Engine) attach(ctx context.Context, id string, a attachment) error {
	err := do(ctx, e, "attach container "+short(id)+" to network "+a.network, e.limits.answer, func(ctx context.Context) error {
		return e.cli.NetworkConnect(ctx, a.network, id, a.endpoint)
	})
	err = e.unless(ctx, id, err, func(c orchestrator.Container) bool {
		for _, at := range c.Endpoints {
			if at.Network == a.network {
				return true
			}
		}
		return false
	})
	return asResource(err)
}

// requireNetwork insists on exactly one network of that name. Engines before
// 25 note down whatever name they are given for a container that does not
// run, and fail only at its start.
func (e *Engine) requireNetwork(ctx context.Context, name string) error {
	named, err := ask(ctx, e, "look up network "+name, func(ctx context.Context) ([]network.Summary, error) {
		return e.networksNamed(ctx, name)
	})
	switch {
	case err != nil:
		return err
	case len(named) == 0:
		return fault.New(fault.Resource, "network %s is not there: %w", name, errdefs.ErrNotFound)
	case len(named) > 1:
		return fault.New(fault.Resource, "there are %d networks named %s", len(named), name).
			WithHint("remove all but one, by ID: docker network ls --no-trunc --filter name=%s", name)
	default:
		return nil
	}
}

// inject copies files into a created container before its first start.
func (e *Engine) inject(ctx context.Context, id string, files []injected) error {
	if len(files) == 0 {
		return nil
	}
	missing, err := e.missingDirs(ctx, id, files)
	if err != nil {
		return err
	}
	archive, err := packFiles(files, missing)
	if err != nil {
		return fault.New(fault.Config, "pack %s: %w", files[0].what, err)
	}
	err = do(ctx, e, "copy "+files[0].what+" into container "+short(id), e.limits.work, func(ctx context.Context) error {
		// CopyUIDGID would give the files to the container's user instead of
		// the owners in the archive.
		return e.cli.CopyToContainer(ctx, id, "/", bytes.NewReader(archive), container.CopyToContainerOptions{})
	})
	if err != nil && isAnswer(err) && files[0].readOnly {
		return fault.New(fault.Config, "%s cannot be copied into a read-only service: %w", files[0].what, err).
			WithHint("give it with file: instead, which is mounted, or drop read_only")
	}
	return reclass(err, fault.Resource)
}

// missingDirs are the directories above files that the container lacks, the
// outermost first: engines before 23 would make them unreadable to all but
// root.
func (e *Engine) missingDirs(ctx context.Context, id string, files []injected) ([]string, error) {
	var missing []string
	known := map[string]bool{}
	for _, file := range files {
		for _, dir := range parents(file.path) {
			if known[dir] {
				continue
			}
			known[dir] = true
			_, err := ask(ctx, e, fmt.Sprintf("look at %s in container %s", dir, short(id)), func(ctx context.Context) (container.PathStat, error) {
				return e.cli.ContainerStatPath(ctx, id, dir)
			})
			switch {
			case isGone(err):
				missing = append(missing, dir)
			case err != nil:
				return nil, err
			}
		}
	}
	return missing, nil
}

// discard removes a container that could not be completed, even when the
// caller's context has ended meanwhile. Only volumes that the engine made
// for it go with it: inherited ones hold the data of its predecessor.
func (e *Engine) discard(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(e.limits.answer, 10*time.Second))
	defer cancel()
	err := do(ctx, e, "remove container "+short(id), e.limits.answer, func(ctx context.Context) error {
		return e.cli.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	})
	if isGone(err) {
		return nil
	}
	return asResource(err)
}
