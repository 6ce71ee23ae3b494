package orchestrator

import (
	"errors"
	"fmt"
	"slices"
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
					errs = append(errs, p.portHeld(a.Service, port, h))
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

func (p *planner) portHeld(service string, port Port, h PortHolder) error {
	owner := "container " + h.Container
	if h.Project != "" {
		owner += " (project " + h.Project + ")"
	}
	way := fmt.Sprintf("stop it (docker stop %s), or publish another port", h.Container)
	if sibling := p.serviceOf(h.ContainerID); sibling != "" {
		owner = fmt.Sprintf("container %s of service %s", h.Container, sibling)
		way = p.freeing(sibling, port)
	}
	return fault.New(fault.Resource, "service %s: port %d on the host is taken by %s", service, port.Host, owner).WithHint("%s", way)
}

// serviceOf is the service of a container of ours, "" for another one's.
func (p *planner) serviceOf(id string) string {
	for name, containers := range p.ours {
		if slices.ContainsFunc(containers, func(c Container) bool { return c.ID == id }) {
			return name
		}
	}
	return ""
}

// freeing is what frees a port that a container of ours holds which stays.
func (p *planner) freeing(service string, port Port) string {
	declared := p.Project.Whole().Services[service]
	wants := slices.ContainsFunc(fixedPorts(declared), func(other Port) bool { return overlaps(port, other) })
	switch {
	case !p.Project.Declares(service):
		return "the file no longer has that service: remove its container with --remove-orphans"
	case declared != nil && !wants:
		return fmt.Sprintf("the file no longer publishes it there: name %s too, so that its container is replaced", service)
	default:
		return fmt.Sprintf("stop it (stackctl stop %s), or publish another port", service)
	}
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
