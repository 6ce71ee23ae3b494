package orchestrator

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
)

// fixedFirst lets what asks for one certain subnet, address or port come before
// what is given any: the engine would give that one away. Dependencies come
// before that.
func (p *planner) fixedFirst() {
	fixed := slices.DeleteFunc(slices.Clone(p.plan.Actions), func(a Action) bool { return !p.asksForOne(a) })
	if len(fixed) == 0 {
		return
	}
	order := actionOrder{}
	for _, a := range p.plan.Actions {
		order[a.ID] = a
	}
	for i, a := range p.plan.Actions {
		for _, before := range fixed {
			if a.ID == before.ID || !p.mayTake(a, before) {
				continue
			}
			if first := order.before(before.ID); !first[a.ID] && order.waitsAnyway(a.ID, first) {
				p.plan.Actions[i].await(before.ID)
				order[a.ID] = p.plan.Actions[i]
			}
		}
	}
}

// asksForOne says whether an action needs a certain subnet, address or port, or
// one of few.
func (p *planner) asksForOne(a Action) bool {
	switch a.Kind {
	case CreateNetwork:
		return hasSubnet(a.network.Config)
	case StartContainer:
		s := p.Project.Services[a.Service]
		return s != nil && (slices.ContainsFunc(hostPorts(s), portChoice.narrow) ||
			slices.ContainsFunc(sortedKeys(s.Networks), func(key string) bool { return hasAddress(s.Networks[key]) }))
	}
	return false
}

// mayTake says whether a is given something by the engine that fixed has to have.
func (p *planner) mayTake(a, fixed Action) bool {
	switch {
	case a.Kind != fixed.Kind:
		return false
	case a.Kind == CreateNetwork:
		return !hasSubnet(a.network.Config)
	case a.Kind == StartContainer && a.Service != fixed.Service:
		one, other := p.Project.Services[a.Service], p.Project.Services[fixed.Service]
		return one != nil && (p.mayTakeAddress(one, other) || mayTakePort(one, other))
	}
	return false
}

// actionOrder are the actions of a plan by their IDs, with what each comes after.
type actionOrder map[string]Action

// waitsAnyway says whether an action waits already for all waits among others: else
// the order would make a service wait for what is none of its business, and fail
// with it.
func (o actionOrder) waitsAnyway(id string, others map[string]bool) bool {
	waited := o.before(id)
	for other := range others {
		if o[other].Wait() && !waited[other] {
			return false
		}
	}
	return true
}

// before are the actions that an action comes after, directly or not, and itself.
func (o actionOrder) before(id string) map[string]bool {
	seen, next := map[string]bool{}, []string{id}
	for len(next) > 0 {
		last := next[len(next)-1]
		next = next[:len(next)-1]
		if !seen[last] {
			seen[last] = true
			next = append(next, o[last].DependsOn...)
		}
	}
	return seen
}

func hasSubnet(n types.NetworkConfig) bool {
	return slices.ContainsFunc(n.Ipam.Config, func(c *types.IPAMPool) bool { return c != nil && c.Subnet != "" })
}

// mayTakeAddress says whether s is given an address of a network in which fixed
// has to have a certain one.
func (p *planner) mayTakeAddress(s, fixed *compose.Service) bool {
	for key := range s.Networks {
		at, shared := fixed.Networks[key]
		if shared && hasAddress(at) && !hasAddress(s.Networks[key]) && isGiven(p.Project.Networks[key], at) {
			return true
		}
	}
	return false
}

// isGiven says whether the engine may give the fixed addresses of an endpoint to
// others: not where the network keeps a range for that which they are not in.
func isGiven(n types.NetworkConfig, at *types.ServiceNetworkConfig) bool {
	for _, text := range []string{at.Ipv4Address, at.Ipv6Address} {
		address, err := netip.ParseAddr(text)
		if err == nil && !slices.ContainsFunc(n.Ipam.Config, func(c *types.IPAMPool) bool { return c != nil && keepsFrom(*c, address) }) {
			return true
		}
	}
	return false
}

// keepsFrom says whether a pool that has an address gives others away.
func keepsFrom(pool types.IPAMPool, address netip.Addr) bool {
	subnet, err := netip.ParsePrefix(pool.Subnet)
	given, failed := netip.ParsePrefix(pool.IPRange)
	return err == nil && failed == nil && subnet.Contains(address) && !given.Contains(address)
}

func hasAddress(n *types.ServiceNetworkConfig) bool {
	return n != nil && (n.Ipv4Address != "" || n.Ipv6Address != "")
}

// firstGiven and lastGiven bound the host ports that engines give away by
// themselves: they take them from the kernel's range for clients.
const (
	firstGiven = 32768
	lastGiven  = 65535
)

// mayTakePort says whether s is given one of several host ports, and fixed has to
// have a narrower choice of the same.
func mayTakePort(s, fixed *compose.Service) bool {
	for _, wide := range hostPorts(s) {
		for _, narrow := range hostPorts(fixed) {
			if wide.width() > narrow.width() && wide.meets(narrow) {
				return true
			}
		}
	}
	return false
}

// portChoice are the host ports of which the engine takes one.
type portChoice struct {
	Port
	from, to uint16
}

// narrow says whether the engine may not give any port.
func (c portChoice) narrow() bool { return c.from != firstGiven || c.to != lastGiven }

func (c portChoice) width() int { return int(c.to) - int(c.from) }

// meets says whether both may be given the same port.
func (c portChoice) meets(other portChoice) bool {
	a, b := c.Port, other.Port
	a.Host, b.Host = 0, 0
	return c.from <= other.to && other.from <= c.to && overlaps(a, b)
}

// hostPorts are the choices of all published ports of s.
func hostPorts(s *compose.Service) []portChoice {
	var all []portChoice
	if s.NetworkMode == "host" {
		return nil
	}
	for _, c := range s.Ports {
		choice := portChoice{Port: Port{HostIP: c.HostIP, Proto: c.Protocol}, from: firstGiven, to: lastGiven}
		if choice.Proto == "" {
			choice.Proto = "tcp"
		}
		if c.Published != "" && c.Published != "0" {
			first, last, ranged := strings.Cut(c.Published, "-")
			if !ranged {
				last = first
			}
			from, err := strconv.ParseUint(first, 10, 16)
			to, failed := strconv.ParseUint(last, 10, 16)
			if err != nil || failed != nil {
				continue
			}
			choice.from, choice.to = uint16(from), uint16(to)
		}
		all = append(all, choice)
	}
	return all
}
