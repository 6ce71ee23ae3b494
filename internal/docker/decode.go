package docker

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// decodeContainer turns an inspect answer into the project's words. What the
// engine leaves out stays zero: nothing is made up, least of all health. An
// answer that names no container at all is an error of class Engine.
func decodeContainer(said container.InspectResponse) (orchestrator.Container, error) {
	if said.ContainerJSONBase == nil || said.ID == "" {
		return orchestrator.Container{}, fault.New(fault.Engine, "the engine's answer describes no container")
	}
	c := orchestrator.Container{
		ID:           said.ID,
		Name:         strings.TrimPrefix(said.Name, "/"),
		ImageID:      said.Image,
		Created:      parseTime(said.Created),
		RestartCount: said.RestartCount,
	}
	decodeState(&c, said.State)
	decodeConfig(&c, said.Config)
	decodeHost(&c, said.HostConfig)
	decodeNetworks(&c, said.NetworkSettings)
	for _, m := range said.Mounts {
		c.Mounts = append(c.Mounts, orchestrator.Mount{
			Type: string(m.Type), Name: m.Name, Source: m.Source, Destination: m.Destination, Writable: m.RW,
		})
	}
	return c, nil
}

// decodeState believes State.Status alone: Running stays true while a
// container is restarting or paused.
func decodeState(c *orchestrator.Container, state *container.State) {
	if state == nil {
		return
	}
	c.State = orchestrator.State(state.Status)
	c.ExitCode = state.ExitCode
	c.OOMKilled = state.OOMKilled
	c.StartError = state.Error
	if c.StartCut = isCancelledStart(state.Error); c.StartCut {
		c.StartError = ""
	}
	c.StartedAt = parseTime(state.StartedAt)
	c.FinishedAt = parseTime(state.FinishedAt)
	c.Pid = state.Pid
	if state.Health == nil {
		return
	}
	c.Health.Status = healthchecks.Status(state.Health.Status)
	c.Health.FailingStreak = state.Health.FailingStreak
	for _, r := range state.Health.Log {
		if r != nil {
			c.Health.Log = append(c.Health.Log, healthchecks.Result{
				Start: r.Start, End: r.End, ExitCode: r.ExitCode, Output: r.Output,
			})
		}
	}
}

// isCancelledStart says whether the engine's word on a start is that its caller went away:
// that is about the caller, and nothing is wrong with the container.
func isCancelledStart(stateError string) bool {
	return strings.HasSuffix(strings.TrimSpace(stateError), context.Canceled.Error())
}

func decodeConfig(c *orchestrator.Container, config *container.Config) {
	if config == nil {
		return
	}
	c.Labels = config.Labels
	c.Project = config.Labels[orchestrator.LabelProject]
	c.Service = config.Labels[orchestrator.LabelService]
	c.OneOff = strings.EqualFold(config.Labels[orchestrator.LabelOneOff], "true")
	if number, err := strconv.Atoi(config.Labels[orchestrator.LabelNumber]); err == nil && number > 0 {
		c.Number = number
	}
	c.ImageRef = config.Image
	c.TTY = config.Tty
	c.Env, c.Cmd = config.Env, config.Cmd
	c.Check = decodeCheck(config.Healthcheck)
}

func decodeCheck(check *container.HealthConfig) *healthchecks.Check {
	if check == nil {
		return nil
	}
	return &healthchecks.Check{
		Test:          check.Test,
		Interval:      check.Interval,
		Timeout:       check.Timeout,
		StartPeriod:   check.StartPeriod,
		StartInterval: check.StartInterval,
		Retries:       check.Retries,
	}
}

func decodeHost(c *orchestrator.Container, host *container.HostConfig) {
	if host == nil {
		return
	}
	c.RestartPolicy = firstOf(string(host.RestartPolicy.Name), "no")
	c.MaxRetries = host.RestartPolicy.MaximumRetryCount
	c.Memory = host.Memory
	c.Limits = decodeLimits(host)
	c.NetworkMode = string(host.NetworkMode)
	c.IpcMode, c.PidMode = string(host.IpcMode), string(host.PidMode)
	c.Asked = decodePorts(host.PortBindings)
}

func decodeLimits(host *container.HostConfig) orchestrator.Limits {
	l := orchestrator.Limits{
		NanoCPUs: host.NanoCPUs, CPUQuota: host.CPUQuota, CPUPeriod: host.CPUPeriod, CPUShares: host.CPUShares,
		CPUSet: host.CpusetCpus, MemSet: host.CpusetMems,
		Memory: host.Memory, MemoryReservation: host.MemoryReservation, MemorySwap: host.MemorySwap,
		BlkioWeight: host.BlkioWeight,
		Restart:     firstOf(string(host.RestartPolicy.Name), "no"), MaxRetries: host.RestartPolicy.MaximumRetryCount,
	}
	if host.PidsLimit != nil {
		l.Pids = *host.PidsLimit
	}
	return l
}

func decodeNetworks(c *orchestrator.Container, settings *container.NetworkSettings) {
	if settings == nil {
		return
	}
	c.Published = decodePorts(settings.Ports)
	for _, name := range slices.Sorted(maps.Keys(settings.Networks)) {
		at := settings.Networks[name]
		if at == nil {
			continue
		}
		c.Endpoints = append(c.Endpoints, orchestrator.Endpoint{
			Network: name, NetworkID: at.NetworkID, EndpointID: at.EndpointID,
			IPv4: at.IPAddress, IPv6: at.GlobalIPv6Address, Aliases: at.Aliases,
		})
	}
}

// decodePorts lists bindings in the order of container port and address.
// Host is 0 where the engine is to choose, be it from a range.
func decodePorts(bindings nat.PortMap) []orchestrator.Port {
	var ports []orchestrator.Port
	for _, key := range slices.Sorted(maps.Keys(bindings)) {
		inside, err := strconv.ParseUint(key.Port(), 10, 16)
		if err != nil {
			continue
		}
		for _, b := range bindings[key] {
			outside, err := strconv.ParseUint(b.HostPort, 10, 16)
			if err != nil {
				outside = 0
			}
			ports = append(ports, orchestrator.Port{
				HostIP: b.HostIP, Host: uint16(outside), Container: uint16(inside), Proto: key.Proto(),
			})
		}
	}
	return ports
}

func decodeNetwork(said network.Inspect) orchestrator.Network {
	n := orchestrator.Network{
		ID: said.ID, Name: said.Name, Driver: said.Driver, Options: said.Options, Labels: said.Labels,
		Internal: said.Internal, Attachable: said.Attachable, IPv6: said.EnableIPv6,
	}
	for _, pool := range said.IPAM.Config {
		if pool.Subnet != "" {
			n.Subnets = append(n.Subnets, pool.Subnet)
		}
	}
	n.Users = slices.Sorted(maps.Keys(said.Containers))
	return n
}

func decodeVolume(said volume.Volume) orchestrator.Volume {
	return orchestrator.Volume{
		Name: said.Name, Driver: said.Driver, Options: said.Options, Labels: said.Labels, Created: parseTime(said.Labels[orchestrator.LabelCreated]),
	}
}
