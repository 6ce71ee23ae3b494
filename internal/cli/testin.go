package cli

import (
	"context"
	"fmt"
	"syscall"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
	"golang.org/x/sys/unix"
)

// runInside runs the command in the container of a service, or in a container
// of an image that is in all networks of the copy.
func (a *app) runInside(ctx context.Context, t *throwaway, where string, access orchestrator.Access, command []string) error {
	inside := access.Inside
	access.Inside = append(inside[:len(inside):len(inside)], exposed(t.project, access)...)
	env := clientEnv(access, true, true)
	err := a.runWithin(ctx, t, where, env, command)
	if ended := context.Cause(ctx); ended != nil {
		return unproven(ctx, ended)
	}
	return err
}

func (a *app) runWithin(ctx context.Context, t *throwaway, where string, env []variable, command []string) error {
	if t.project.Services[where] == nil {
		return a.runInImage(ctx, t, where, env, command)
	}
	all, err := observe(ctx, t.engine, t.project, []string{where})
	if err != nil {
		return unproven(ctx, err)
	}
	c, err := running(where, 0, all)
	if err != nil {
		return unproven(ctx, err)
	}
	spec := orchestrator.ExecSpec{Cmd: command}
	for _, v := range env {
		spec.Env = append(spec.Env, v.name+"="+v.value)
	}
	return a.converse(ctx, t.engine, c.ID, spec, execOptions{interactive: true})
}

// exposed are the ports that services only expose to each other.
func exposed(p *compose.Project, known orchestrator.Access) []orchestrator.PublishedEndpoint {
	seen := map[string]bool{}
	for _, e := range known.Inside {
		seen[e.Address] = true
	}
	var out []orchestrator.PublishedEndpoint
	for _, name := range p.ServiceNames() {
		for _, text := range p.Services[name].Expose {
			var port uint16
			if _, err := fmt.Sscanf(text, "%d", &port); err != nil {
				continue
			}
			e := orchestrator.PublishedEndpoint{Service: name, Container: port, Proto: "tcp", Address: fmt.Sprintf("%s:%d", name, port)}
			if !seen[e.Address] {
				seen[e.Address] = true
				out = append(out, e)
			}
		}
	}
	return out
}

// runInImage runs the command in a container of its own. It carries the copy's
// identity, so that it goes with the copy.
func (a *app) runInImage(ctx context.Context, t *throwaway, ref string, env []variable, command []string) error {
	image, err := a.imageFor(ctx, t.engine, ref)
	if err != nil {
		return unproven(ctx, err)
	}
	streams := docker.Streams{Stdin: a.streams.In, Stdout: a.out, Stderr: a.err, TTY: a.streams.Raw != nil && a.streams.OutTerminal}
	if streams.TTY {
		restore, err := a.raw(ctx)
		if err != nil {
			return unproven(ctx, err)
		}
		defer restore()
		if a.streams.Size != nil {
			streams.Resize = windowSizes(ctx, a.streams.Size)
		}
	}
	id, err := t.engine.CreateContainer(ctx, clientSpec(t, image.ID, ref, env, command, streams.TTY))
	if err != nil {
		return unproven(ctx, err)
	}
	code, err := runAttached(ctx, t.engine, id, streams)
	switch {
	case fault.ClassOf(err) == fault.Service: // the command is not there, or not to be run
		return &fault.Error{Class: noCommand, Err: err}
	case err != nil:
		return unproven(ctx, err)
	}
	return exited(code)
}

// runAttached runs a container as runHere does a command of this host. A signal
// that the engine does not pass on is lost, as it is for a process that has just
// ended.
func runAttached(ctx context.Context, e engine, id string, streams docker.Streams) (code int, err error) {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	signals, stop := takeOtherSignals()
	defer stop()
	ended := make(chan error, 1)
	go func() {
		var failed error
		code, failed = e.RunStream(running, id, streams)
		ended <- failed
	}()
	err = endOf(ctx, attendant{
		ended: ended, signals: signals, told: streams.TTY, kill: cancel,
		tell: func(sig syscall.Signal) {
			soon, stop := context.WithTimeout(running, commandGrace/2)
			defer stop()
			_ = e.KillContainer(soon, id, unix.SignalName(sig))
		},
	})
	return code, err
}

// imageFor is the image that a name means, pulled where the engine lacks it.
func (a *app) imageFor(ctx context.Context, e engine, ref string) (images.Image, error) {
	image, err := e.InspectImage(ctx, ref)
	if !errdefs.IsNotFound(err) {
		return image, err
	}
	a.remark("pulling " + ref)
	if err := e.PullImage(ctx, ref, "", func(images.PullProgress) {}); err != nil {
		return image, fault.New(fault.Image, "--in %s: neither a service nor an image that can be had: %w", ref, err)
	}
	return e.InspectImage(ctx, ref)
}

// clientService is the name of the container that runs the command.
const clientService = "stackctl-command"

// clientSpec is a container in all networks of the copy.
func clientSpec(t *throwaway, imageID, ref string, env []variable, command []string, tty bool) orchestrator.ContainerSpec {
	s := t.project.Client(clientService)
	s.Image, s.Command, s.Tty = ref, command, tty
	s.Environment = types.MappingWithEquals{}
	for _, v := range env {
		s.Environment[v.name] = &v.value
	}
	labels := t.Labels()
	labels[orchestrator.LabelProject], labels[orchestrator.LabelOwner] = t.Project, t.project.ID()
	labels[orchestrator.LabelService], labels[orchestrator.LabelNumber] = clientService, "1"
	labels[orchestrator.LabelOneOff] = "True"
	return orchestrator.ContainerSpec{
		Name: t.Project + "-" + clientService, Project: t.project, Service: s, Number: 1,
		Image: imageID, ImageName: ref, Labels: labels, Attached: true,
	}
}
