package docker

import (
	"math"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// planConfig maps what belongs to the container itself, wherever it runs.
func planConfig(spec orchestrator.ContainerSpec, t target) (*container.Config, error) {
	s := spec.Service
	ports, err := exposedPorts(s.Expose, s.Ports)
	if err != nil {
		return nil, fault.New(fault.Config, "%s: %w", s.Name, err)
	}
	return &container.Config{
		Hostname:     s.Hostname,
		Domainname:   s.DomainName,
		User:         s.User,
		ExposedPorts: ports,
		Tty:          s.Tty,
		OpenStdin:    s.StdinOpen || spec.Attached,
		StdinOnce:    spec.Attached,
		AttachStdin:  spec.Attached,
		AttachStdout: true,
		AttachStderr: true,
		Env:          environment(s.Environment, t.proxies),
		Cmd:          list(s.Command),
		Entrypoint:   list(s.Entrypoint),
		Healthcheck:  healthcheck(spec, t.api),
		Image:        spec.Image,
		WorkingDir:   s.WorkingDir,
		Labels:       spec.Labels,
		StopSignal:   s.StopSignal,
		StopTimeout:  wholeSeconds(s.StopGracePeriod),
	}, nil
}

// list keeps the difference between "not given" (nil: the image's) and
// "given as empty" (the image's is cleared).
func list(command types.ShellCommand) []string {
	if command == nil {
		return nil
	}
	return append([]string{}, command...)
}

// environment is sorted. A variable without a value takes the image's away.
// Proxies of the user's docker configuration come first, so that the file's
// own win.
func environment(own types.MappingWithEquals, proxies map[string]*string) []string {
	merged := types.MappingWithEquals{}
	for key, value := range proxies {
		merged[key] = value
	}
	for key, value := range own {
		merged[key] = value
	}
	var env []string
	for _, key := range sortedKeys(merged) {
		if value := merged[key]; value != nil {
			key += "=" + *value
		}
		env = append(env, key)
	}
	return env
}

// exposedPorts are the ports of expose, which may be ranges, and of ports.
func exposedPorts(expose types.StringOrNumberList, published []types.ServicePortConfig) (nat.PortSet, error) {
	ports := nat.PortSet{}
	for _, entry := range expose {
		proto, number := nat.SplitProtoPort(entry)
		first, last, err := nat.ParsePortRangeToInt(number)
		if err != nil {
			return nil, fault.New(fault.Config, "expose %q: %w", entry, err)
		}
		for p := first; p <= last; p++ {
			ports[natPort(uint32(p), proto)] = struct{}{}
		}
	}
	for _, p := range published {
		ports[natPort(p.Target, p.Protocol)] = struct{}{}
	}
	if len(ports) == 0 {
		return nil, nil
	}
	return ports, nil
}

// wholeSeconds is a duration as the engine takes it, rounded up so that a
// short grace period does not become none.
func wholeSeconds(d *types.Duration) *int {
	if d == nil {
		return nil
	}
	seconds := int(math.Ceil(time.Duration(*d).Seconds()))
	return &seconds
}

// healthcheck maps the file's check and injects the planner's start interval.
// Where the file has no check, an injected one is merged by the engine with
// the image's.
func healthcheck(spec orchestrator.ContainerSpec, api apiVersion) *container.HealthConfig {
	file := spec.Service.HealthCheck
	inject := spec.StartInterval > 0 && api.atLeast("1.44")
	if file == nil && !inject {
		return nil
	}
	check := fileCheck(file)
	if len(check.Test) > 0 && check.Test[0] == "NONE" {
		return check
	}
	if !api.atLeast("1.44") {
		check.StartInterval = 0
	}
	if inject && check.StartInterval == 0 {
		check.StartInterval = spec.StartInterval
		check.StartPeriod = max(check.StartPeriod, spec.StartPeriod)
	}
	return check
}

func fileCheck(file *types.HealthCheckConfig) *container.HealthConfig {
	switch {
	case file == nil:
		return &container.HealthConfig{}
	case file.Disable:
		return &container.HealthConfig{Test: []string{"NONE"}}
	}
	check := &container.HealthConfig{
		Test:          file.Test,
		Interval:      duration(file.Interval),
		Timeout:       duration(file.Timeout),
		StartPeriod:   duration(file.StartPeriod),
		StartInterval: duration(file.StartInterval),
	}
	if file.Retries != nil {
		check.Retries = int(min(*file.Retries, math.MaxInt32))
	}
	return check
}

func duration(d *types.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

// natPort is a container port as the engine names it; tcp when not said.
func natPort(number uint32, proto string) nat.Port {
	return nat.Port(itoa(number) + "/" + strings.ToLower(firstOf(proto, "tcp")))
}
