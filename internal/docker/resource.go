package docker

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/stackctl/stackctl/orchestrator"
)

// resourceError is a lack of something on the engine's host that the engine
// only reports in prose. Recognising the prose gives class and hint, never a
// verdict.
type resourceError struct {
	err  error
	hint string
	port bool
}

func (r *resourceError) Error() string { return (&engineError{r.err}).Error() }
func (r *resourceError) Unwrap() error { return r.err }

// PortTaken says whether it is a host port that is lacking, whichever: the
// engine does not always name it.
func (r *resourceError) PortTaken() bool { return r.port }

// PortTakenError says which host port the engine could not bind.
type PortTakenError struct {
	// Port is what was asked for; Container is 0 where the engine does not
	// say it.
	Port orchestrator.Port
	err  error
}

func (p *PortTakenError) Error() string { return p.err.Error() }
func (p *PortTakenError) Unwrap() error { return p.err }

// TakenPort returns the port, for callers that know no type of this package.
func (p *PortTakenError) TakenPort() orchestrator.Port { return p.Port }

// explainResource recognises a lack of ports, address pools or disk space in
// the words of the engine, nil for anything else.
func explainResource(err error) *resourceError {
	text := err.Error()
	switch {
	case isPortTaken(text):
		return explainPort(err, text)
	case !strings.Contains(text, "bind") && strings.Contains(text, "Address already in use"): // 403, and with a capital letter: the engine's own addresses
		return &resourceError{err: err, hint: "another container has the fixed address that is asked for: look with docker network inspect"}
	case isPoolsExhausted(text):
		return &resourceError{err: err, hint: "every address pool of the engine is in use: remove networks with docker network prune, or set default-address-pools in the engine's configuration"}
	case isOverlap(text):
		return &resourceError{err: err, hint: "its subnet is in use: choose another one under ipam:, or remove the network that has it"}
	case privilegedPort.MatchString(text):
		return &resourceError{err: err, hint: "an engine without root may not bind ports below 1024: publish a higher one, or lower net.ipv4.ip_unprivileged_port_start"}
	case isDiskFull(text):
		return &resourceError{err: err, hint: "the engine's disk is full: look with docker system df, free space with docker system prune"}
	default:
		return nil
	}
}

// isPortTaken knows the words for a host port that somebody has. A socket file of
// the engine's own can be in use too.
func isPortTaken(text string) bool {
	return strings.Contains(text, "port is already allocated") || strings.Contains(text, "address already in use") && !strings.Contains(text, "listen unix ")
}

// privilegedPort matches a bind that only root may make, of a port and of nothing
// else.
var privilegedPort = regexp.MustCompile(`listen (?:tcp|udp|sctp)[46]? \S+: bind: permission denied|bind host port .*: permission denied|cannot expose privileged port`)

// isDiskFull tells a full disk from the kernel's other limits that have its words:
// of cgroups, of watches on files, of user namespaces.
func isDiskFull(text string) bool {
	return strings.Contains(text, "no space left on device") && !otherSpace.MatchString(text)
}

var otherSpace = regexp.MustCompile(`cgroup|cpuset|inotify|clone|unshare|user namespace|keyring`)

// isPoolsExhausted knows the words of Engine 20.10 to 26, and of 27 on.
func isPoolsExhausted(text string) bool {
	return strings.Contains(text, "non-overlapping IPv4 address pool") ||
		strings.Contains(text, "address pools have been fully subnetted")
}

// isOverlap knows the words, with 403, for a subnet that another network has.
func isOverlap(text string) bool {
	return strings.Contains(text, "Pool overlaps with other one") || strings.Contains(text, "networks have overlapping IPv")
}

func explainPort(err error, text string) *resourceError {
	port, ok := portIn(text)
	if !ok {
		return &resourceError{err: err, hint: "a host port that is asked for is in use", port: true}
	}
	return &resourceError{
		err:  &PortTakenError{Port: port, err: err},
		port: true,
		hint: "port " + strconv.Itoa(int(port.Host)) + " is in use: see who listens with ss -ltnp 'sport = :" + strconv.Itoa(int(port.Host)) + "'",
	}
}

// boundAddress matches an address and port as the engines name them when a
// bind fails: "Bind for 0.0.0.0:80 failed", "listen tcp4 0.0.0.0:80: bind",
// "failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp",
// "failed to bind host port 0.0.0.0:80/tcp".
var boundAddress = regexp.MustCompile(`(?:Bind for|listen (?:tcp|udp|sctp)[46]?|bind host port(?: for)?) (\[[0-9a-fA-F:.]+\]|[0-9.]*|[0-9a-fA-F:]*?):([0-9]{1,5})\b`)

// portIn finds the port that could not be bound.
func portIn(text string) (orchestrator.Port, bool) {
	match := boundAddress.FindStringSubmatch(text)
	if match == nil {
		return orchestrator.Port{}, false
	}
	number, err := strconv.ParseUint(match[2], 10, 16)
	if err != nil {
		return orchestrator.Port{}, false
	}
	proto := "tcp"
	if strings.Contains(match[0], "listen udp") || strings.Contains(text, match[2]+"/udp") {
		proto = "udp"
	}
	return orchestrator.Port{HostIP: literalIP(match[1]), Host: uint16(number), Proto: proto}, true
}

// literalIP strips brackets, and returns "" for what is no address.
func literalIP(s string) string {
	s = strings.Trim(s, "[]")
	if _, err := netip.ParseAddr(s); err != nil {
		return ""
	}
	return net.ParseIP(s).String()
}
