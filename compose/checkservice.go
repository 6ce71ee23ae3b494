package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// checkService reports keys of one service that contradict each other.
func (b *builder) checkService(s *Service) {
	at := path{"services", s.Name}
	report := func(at path, remedy, message string, args ...any) {
		b.ps.add(b.sources.problem(at, fmt.Sprintf(message, args...), remedy))
	}
	if s.Build == nil && s.Image == "" && s.Provider == nil && !b.isMistyped(s.Name, "image", "build", "extends") {
		report(at, "add one of them", "neither image nor build")
	}
	if s.Build != nil && s.Build.Dockerfile != "" && s.Build.DockerfileInline != "" {
		report(at.next("build"), "keep one of them", "dockerfile and dockerfile_inline exclude each other")
	}
	if h := s.HealthCheck; h != nil && len(h.Test) > 0 && !isTestForm(h.Test) {
		known := slices.Contains([]string{"CMD", "CMD-SHELL"}, h.Test[0])
		b.report(known, b.sources.problem(at.next("healthcheck").next("test"), fmt.Sprintf("%+q is not a form of test", shorten(h.Test[0], 40)),
			"begin it with CMD or CMD-SHELL, or write one string"))
	}
	b.checkNetwork(s, at)
	b.checkScale(s, at)
	b.checkLimits(s, at)
	b.checkTargets(s, at)
}

// checkNetwork reports what the network of a service cannot give it.
func (b *builder) checkNetwork(s *Service, at path) {
	mode := at.next("network_mode")
	if s.NetworkMode != "" && len(s.Networks) > 0 {
		b.ps.add(b.sources.problem(mode, "network_mode and networks exclude each other", "keep one of them"))
	}
	shared := strings.HasPrefix(s.NetworkMode, types.ServicePrefix) || strings.HasPrefix(s.NetworkMode, types.ContainerPrefix)
	switch {
	case shared && len(s.Ports) > 0:
		b.ps.later(b.sources.problem(at.next("ports"), fmt.Sprintf("a container in the network of another one (%s) publishes no ports", s.NetworkMode),
			"publish them there"))
	case (s.NetworkMode == "host" || s.NetworkMode == "none") && len(s.Ports) > 0:
		b.warn(s.Name, fmt.Sprintf("ports have no effect with network_mode: %s", s.NetworkMode))
	}
	for _, key := range slices.Sorted(maps.Keys(s.Networks)) {
		network, declared := b.whole.Networks[key]
		wants := s.Networks[key]
		if wants == nil || !declared || bool(network.External) || !choosesAddresses(network) {
			continue
		}
		if wants.Ipv4Address != "" || wants.Ipv6Address != "" {
			b.ps.later(b.sources.problem(at.next("networks").next(key), "a fixed address needs a subnet that is declared too",
				fmt.Sprintf("add networks: {%s: {ipam: {config: [{subnet: ...}]}}}", key)))
		}
	}
}

// choosesAddresses says whether the engine alone decides on the addresses of a
// network, so that it accepts none that are asked for.
func choosesAddresses(n types.NetworkConfig) bool {
	return len(n.Ipam.Config) == 0 && (n.Ipam.Driver == "" || n.Ipam.Driver == "default")
}

// isMistyped says whether one of the named keys of the service is there, but
// mistyped or without a usable value, which was said already.
func (b *builder) isMistyped(service string, names ...string) bool {
	for _, name := range names {
		at := path{"services", service, name}
		if b.ps.settled[at.String()] || b.sources.isBad(at) {
			return true
		}
	}
	for _, p := range b.ps.list {
		for _, name := range names {
			if p.Service == service && p.Remedy == "did you mean "+name+"?" {
				return true
			}
		}
	}
	return false
}

func isTestForm(test []string) bool {
	switch test[0] {
	case "NONE":
		return true
	case "CMD", "CMD-SHELL":
		return len(test) > 1
	}
	return false
}

// maxReplicas is far above what one host can run.
const maxReplicas = 1000

func (b *builder) checkScale(s *Service, at path) {
	key := at.next("scale")
	if s.Scale == nil {
		key = at.next("deploy").next("replicas")
	}
	switch n := s.Replicas(); {
	case n < 0:
		b.ps.add(b.sources.problem(key, "must be at least 0", ""))
	case n > maxReplicas:
		b.ps.later(b.sources.problem(key, fmt.Sprintf("must be at most %d", maxReplicas), ""))
	case s.Scale != nil && s.Deploy != nil && s.Deploy.Replicas != nil && *s.Deploy.Replicas != n:
		b.ps.add(b.sources.problem(key, fmt.Sprintf("scale is %d, but deploy.replicas %d", n, *s.Deploy.Replicas), "keep one of them"))
	}
}

// checkLimits reports older limits that differ from those under deploy.
func (b *builder) checkLimits(s *Service, at path) {
	if s.Deploy == nil {
		return
	}
	report := func(key, under string) {
		b.ps.add(b.sources.problem(at.next(key), "differs from deploy.resources."+under, "keep one of them"))
	}
	if limits := s.Deploy.Resources.Limits; limits != nil {
		if s.CPUS != 0 && limits.NanoCPUs.Value() != s.CPUS {
			report("cpus", "limits.cpus")
		}
		if s.MemLimit != 0 && limits.MemoryBytes != s.MemLimit {
			report("mem_limit", "limits.memory")
		}
		if s.PidsLimit != 0 && limits.Pids != s.PidsLimit {
			report("pids_limit", "limits.pids")
		}
	}
	reserved := s.Deploy.Resources.Reservations
	if reserved != nil && s.MemReservation != 0 && reserved.MemoryBytes != s.MemReservation {
		report("mem_reservation", "reservations.memory")
	}
}

// checkTargets reports two mounts at one place.
func (b *builder) checkTargets(s *Service, at path) {
	taken := map[string]string{}
	claim := func(target string, here path) {
		if other, ok := taken[target]; ok {
			b.ps.add(b.sources.problem(here, fmt.Sprintf("%s is already the target of %s", target, other), "remove one of them"))
			return
		}
		taken[target] = strings.TrimPrefix(here.String(), at.String()+".")
	}
	for i, entry := range s.Tmpfs {
		target, _, _ := strings.Cut(entry, ":")
		claim(target, at.next("tmpfs").next(item(i)))
	}
	for i, v := range s.Volumes {
		claim(v.Target, at.next("volumes").next(item(i)))
	}
}
