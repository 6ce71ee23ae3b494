package fakeengine

import "time"

// Personality is how an engine of one kind and version differs from others.
type Personality struct {
	// Name tells them apart in tests.
	Name string
	// Version, API and MinAPI are what the engine says of itself.
	Version, API, MinAPI string
	// Podman speaks the dialect of Podman's compatible API.
	Podman bool
	// StartInterval says that start_interval is known; DefaultStartInterval is
	// the one of a check that sets none, 0 for its interval.
	StartInterval        bool
	DefaultStartInterval time.Duration
	// ProbesAtOnce makes the first probe come at the start.
	ProbesAtOnce bool
	// ManyNetworks says that a container can be created in several networks.
	ManyNetworks bool
	// DuplicateNetworks says that two networks may have one name.
	DuplicateNetworks bool
	// RestoresHealth says that probes go on after a restart of the daemon
	// under running containers.
	RestoresHealth bool
	// NoTimers says that checks are never run, as by Podman without systemd.
	NoTimers bool
	// ReportsOutput says that a probe that was cut off keeps its output.
	ReportsOutput bool
}

// Moby20 is Docker Engine 20.10.
func Moby20() Personality {
	return Personality{Name: "20.10", Version: "20.10.27", API: "1.41", MinAPI: "1.12", DuplicateNetworks: true}
}

// Moby26 is Docker Engine 26.1.
func Moby26() Personality {
	return Personality{
		Name: "26.1", Version: "26.1.5", API: "1.45", MinAPI: "1.24", StartInterval: true, ManyNetworks: true,
		RestoresHealth: true, ReportsOutput: true,
	}
}

// Moby28 is Docker Engine 28.5.
func Moby28() Personality {
	p := Moby26()
	p.Name, p.Version, p.API, p.DefaultStartInterval = "28.5", "28.5.2", "1.51", 5*time.Second
	return p
}

// Podman is Podman 5 behind its Docker-compatible API.
func Podman() Personality {
	return Personality{
		Name: "podman", Version: "5.4.0", API: "1.41", MinAPI: "1.24", Podman: true, ProbesAtOnce: true, ManyNetworks: true,
		RestoresHealth: true,
	}
}

// All are the four.
func All() []Personality { return []Personality{Moby20(), Moby26(), Moby28(), Podman()} }

// conflictText is the refusal of a container's name that is taken.
func (p Personality) conflictText(name, id string) string {
	if p.Podman {
		return `the container name "` + name + `" is already in use by ` + id + `. You have to remove that container to be able to reuse that name: that name is already in use`
	}
	return `Conflict. The container name "/` + name + `" is already in use by container "` + id + `". You have to remove (or rename) that container to be able to reuse that name.`
}

// portText is the refusal of a host port that a container has, or with
// process, that a process has.
func (p Personality) portText(container, id, port string, process bool) string {
	end := "Bind for 0.0.0.0:" + port + " failed: port is already allocated"
	switch {
	case p.Podman:
		return "rootlessport listen tcp 0.0.0.0:" + port + ": bind: address already in use"
	case process && p.API == "1.51":
		end = "failed to bind host port for 0.0.0.0:" + port + ":172.18.0.2:80/tcp: address already in use"
	case process:
		end = "Error starting userland proxy: listen tcp4 0.0.0.0:" + port + ": bind: address already in use"
	}
	text := "driver failed programming external connectivity on endpoint " + container + " (" + id + "): " + end
	if p.API == "1.51" {
		text = "failed to set up container networking: " + text
	}
	return text
}

// poolsText is the refusal of a network for want of addresses.
func (p Personality) poolsText() string {
	if p.API == "1.41" {
		return "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network"
	}
	return "all predefined address pools have been fully subnetted"
}
