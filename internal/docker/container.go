package docker

import (
	"context"
	"errors"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// StartContainer starts a container; one that runs is left as it is. What
// the container itself is to blame for (a command that is not there) is of
// class Service, a lack of ports or space of class Resource.
func (e *Engine) StartContainer(ctx context.Context, id string) error {
	err := once(ctx, e, "start container "+short(id), e.limits.work, func(ctx context.Context) error {
		return e.cli.ContainerStart(ctx, id, container.StartOptions{})
	})
	if isGone(err) && e.exists(ctx, id) {
		// Something that the container needs is gone, a network mostly.
		return fault.New(fault.Resource, "%s", err)
	}
	return explainStart(err)
}

// exists says whether a container is there for sure.
func (e *Engine) exists(ctx context.Context, id string) bool {
	_, err := e.Inspect(ctx, id)
	return err == nil
}

// explainStart gives a failed start its class. The engine answers 400 when
// the command cannot be run, and 500 for everything else.
func explainStart(err error) error {
	switch {
	case err == nil, isGone(err), errdefs.IsConflict(err):
		return err
	case isBadRequest(err), cannotRun(err):
		return reclass(&runtimeError{err}, fault.Service)
	default:
		return reclass(err, fault.Resource)
	}
}

// cannotRun recognises a command that is not there or not executable, or a
// user that the image does not know, where
// an engine answers it as a failure of its own.
func cannotRun(err error) bool {
	text := err.Error()
	return isStumble(err) && unrunnable.MatchString(text)
}

// unrunnable matches the words of runtimes and of engines about a command that is
// not there or not executable, or a user that the image does not know.
var unrunnable = regexp.MustCompile(`executable file not found in \$PATH|executable file .* not found in \$PATH|exec.*: exec format error|unable to find user |exec: "[^"]*": (?:is a directory: )?permission denied`)

// runtimeChain matches what the layers below the engine put in front of the
// reason for a failed start.
var runtimeChain = regexp.MustCompile(`(OCI runtime \w+ failed|runc \w+ failed|failed to create \w+|unable to start container process)[^:]*: `)

// anonymousName matches the names that the engine gives to volumes.
var anonymousName = regexp.MustCompile(`^[0-9a-f]{64}$`)

// runtimeError shortens what the layers below the engine say about a start
// to the last of them: `exec: "/nope": no such file or directory`.
type runtimeError struct{ err error }

func (r *runtimeError) Error() string {
	text := strings.TrimSuffix(r.err.Error(), ": unknown")
	op, _, _ := strings.Cut(text, ": ")
	last := runtimeChain.FindAllStringIndex(text, -1)
	if len(last) == 0 {
		return text
	}
	return op + ": " + text[last[len(last)-1][1]:]
}

func (r *runtimeError) Unwrap() error { return r.err }

// StopContainer sends the stop signal and kills after grace; nil takes the
// container's own grace period. One that does not run is left as it is.
func (e *Engine) StopContainer(ctx context.Context, id string, grace *time.Duration) error {
	options := container.StopOptions{}
	wait, err := e.graceOf(ctx, id, grace)
	if err != nil {
		return err
	}
	if grace != nil {
		seconds := int(math.Ceil(grace.Seconds()))
		options.Timeout = &seconds
	}
	return do(ctx, e, "stop container "+short(id), wait+e.limits.answer, func(ctx context.Context) error {
		return e.cli.ContainerStop(ctx, id, options)
	})
}

// graceOf is how long a stop may take, for the call's own limit.
func (e *Engine) graceOf(ctx context.Context, id string, grace *time.Duration) (time.Duration, error) {
	if grace != nil {
		return *grace, nil
	}
	said, err := ask(ctx, e, "stop container "+short(id), func(ctx context.Context) (container.InspectResponse, error) {
		return e.cli.ContainerInspect(ctx, id)
	})
	if err != nil {
		return 0, err
	}
	if said.Config == nil || said.Config.StopTimeout == nil {
		return 10 * time.Second, nil // the engine's default
	}
	if *said.Config.StopTimeout < 0 {
		return 24 * time.Hour, nil // for ever, as far as anybody waits
	}
	return time.Duration(*said.Config.StopTimeout) * time.Second, nil
}

// KillContainer sends a signal; "" is SIGKILL. To kill what does not run is
// no error.
func (e *Engine) KillContainer(ctx context.Context, id, signal string) error {
	signal = firstOf(signal, "SIGKILL")
	err := do(ctx, e, "kill container "+short(id), e.limits.answer, func(ctx context.Context) error {
		return e.cli.ContainerKill(ctx, id, signal)
	})
	if signal == "SIGKILL" && errdefs.IsConflict(err) {
		return e.unless(ctx, id, err, func(c orchestrator.Container) bool {
			return c.State != orchestrator.StateRunning && c.State != orchestrator.StatePaused
		})
	}
	return err
}

// UnpauseContainer lets a paused container go on; one that is not paused is
// left as it is.
func (e *Engine) UnpauseContainer(ctx context.Context, id string) error {
	err := do(ctx, e, "unpause container "+short(id), e.limits.answer, func(ctx context.Context) error {
		return e.cli.ContainerUnpause(ctx, id)
	})
	return e.unless(ctx, id, err, func(c orchestrator.Container) bool { return c.State != orchestrator.StatePaused })
}

// RenameContainer gives a container another name; its own is no error.
func (e *Engine) RenameContainer(ctx context.Context, id, name string) error {
	err := do(ctx, e, "rename container "+short(id)+" to "+name, e.limits.answer, func(ctx context.Context) error {
		return e.cli.ContainerRename(ctx, id, name)
	})
	return e.unless(ctx, id, err, func(c orchestrator.Container) bool { return c.Name == name })
}

// unless drops the engine's refusal when a look shows that what was asked
// for is so already.
func (e *Engine) unless(ctx context.Context, id string, err error, so func(orchestrator.Container) bool) error {
	if err == nil || isGone(err) || !isAnswer(err) {
		return err
	}
	c, inspectErr := e.Inspect(ctx, id)
	if inspectErr == nil && so(c) {
		return nil
	}
	return err
}

// RemoveContainer kills and removes a container; one that is not there is no
// error. With anonymous its anonymous volumes go with it, those included
// that it inherited from the container it replaced. When it returns the
// container is gone.
func (e *Engine) RemoveContainer(ctx context.Context, id string, anonymous bool) error {
	var volumes []string
	if anonymous {
		c, err := e.Inspect(ctx, id)
		if isGone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		volumes = anonymousVolumes(c)
	}
	err := do(ctx, e, "remove container "+short(id), e.limits.work, func(ctx context.Context) error {
		return e.cli.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: anonymous})
	})
	if errdefs.IsConflict(err) {
		err = e.awaitRemoval(ctx, id, err)
	}
	if err != nil && !isGone(err) {
		return asResource(err)
	}
	return e.removeAnonymous(ctx, volumes)
}

// awaitRemoval waits for a removal that somebody else has begun.
func (e *Engine) awaitRemoval(ctx context.Context, id string, refused error) error {
	return do(ctx, e, "wait until container "+short(id)+" is removed", e.limits.work, func(ctx context.Context) error {
		c, err := e.cli.ContainerInspect(ctx, id)
		if err != nil {
			return err
		}
		if c.State == nil || c.State.Status != container.StateRemoving {
			return refused
		}
		gone, failed := e.cli.ContainerWait(ctx, id, container.WaitConditionRemoved)
		select {
		case result := <-gone:
			if result.Error != nil {
				return errors.New(result.Error.Message)
			}
			return nil
		case err := <-failed:
			return err
		}
	})
}

// anonymousVolumes are the names of a container's anonymous volumes.
func anonymousVolumes(c orchestrator.Container) []string {
	var names []string
	for _, m := range c.Mounts {
		if m.Type == "volume" && anonymousName.MatchString(m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}

// removeAnonymous removes those volumes that the engine kept because they
// were handed to the container by name; what another container uses stays.
func (e *Engine) removeAnonymous(ctx context.Context, volumes []string) error {
	for _, name := range volumes {
		err := do(ctx, e, "remove volume "+short(name), e.limits.work, func(ctx context.Context) error {
			return e.cli.VolumeRemove(ctx, name, false)
		})
		if err != nil && !isGone(err) && !errdefs.IsConflict(err) {
			return asResource(err)
		}
	}
	return nil
}
