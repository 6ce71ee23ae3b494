package orchestrator

import (
	"errors"
	"strconv"
	"strings"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// awaitPorts lets each start wait for the end of what holds the host ports
// that it needs. The error names the ports that a container which stays holds.
func (p *planner) awaitPorts() error {
	ends := map[string]string{}
	for _, a := range p.plan.Actions {
		if a.Kind == StopContainer || a.Kind == RemoveContainer && ends[a.Existing] == "" {
			ends[a.Existing] = a.ID
		}
	}
	var errs []error
	for i, a := range p.plan.Actions {
		if a.Kind != StartContainer {
			continue
		}
		for _, port := range fixedPorts(p.Project.Services[a.Service]) {
			for _, h := range p.Observed.Holders {
				switch end := ends[h.ContainerID]; {
				case !overlaps(port, h.Port) || end == "" && h.ContainerID == a.Existing:
				case end == "":
					errs = append(errs, portHeld(a.Service, port, h))
				default:
					p.plan.Actions[i].await(end)
				}
			}
		}
	}
	return errors.Join(compactByText(errs)...)
}

// WantedPorts are the fixed host ports of what the plan starts: those that
// must be free on the host.
func (p Plan) WantedPorts(project *compose.Project) map[Port]string {
	wanted := map[Port]string{}
	for _, a := range p.Actions {
		if a.Kind == StartContainer {
			for _, port := range fixedPorts(project.Services[a.Service]) {
				wanted[port] = a.Service
			}
		}
	}
	return wanted
}

func portHeld(service string, port Port, h PortHolder) error {
	owner := "container " + h.Container
	if h.Project != "" {
		owner += " (project " + h.Project + ")"
	}
	return fault.New(fault.Resource, "service %s: port %d on the host is taken by %s", service, port.Host, owner).
		WithHint("stop it (docker stop %s), or publish another port", h.Container)
}

// fixedPorts are the published ports of s with one host port each; ranges on
// the host and ports that the engine chooses are left out.
func fixedPorts(s *compose.Service) []Port {
	var ports []Port
	if s == nil || s.NetworkMode == "host" {
		return nil
	}
	for _, c := range s.Ports {
		host, err := strconv.ParseUint(c.Published, 10, 16)
		if err != nil || host == 0 {
			continue
		}
		proto := c.Protocol
		if proto == "" {
			proto = "tcp"
		}
		ports = append(ports, Port{HostIP: c.HostIP, Host: uint16(host), Container: uint16(c.Target), Proto: proto})
	}
	return ports
}

// overlaps says whether two bindings cannot exist side by side.
func overlaps(a, b Port) bool {
	if a.Host != b.Host || a.Proto != b.Proto {
		return false
	}
	return wildcard(a.HostIP) && sameFamily(a.HostIP, b.HostIP) || wildcard(b.HostIP) && sameFamily(a.HostIP, b.HostIP) || a.HostIP == b.HostIP
}

func wildcard(ip string) bool { return ip == "" || ip == "0.0.0.0" || ip == "::" }

// sameFamily says whether two addresses may meet; "" is both families.
func sameFamily(a, b string) bool {
	if a == "" || b == "" {
		return true
	}
	return strings.Contains(a, ":") == strings.Contains(b, ":")
}

func compactByText(errs []error) []error {
	seen := map[string]bool{}
	var kept []error
	for _, err := range errs {
		if !seen[err.Error()] {
			seen[err.Error()] = true
			kept = append(kept, err)
		}
	}
	return kept
}
