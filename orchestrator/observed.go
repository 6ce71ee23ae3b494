// Package orchestrator brings a stack to its desired state and proves it:
// observe, plan, execute, observe again, assess, report.
package orchestrator

import (
	"time"

	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
)

// EngineInfo is what matters about the engine at the other end.
type EngineInfo struct {
	// ID and Name identify the engine itself.
	ID, Name string
	// Endpoint is where it was reached, e.g. unix:///var/run/docker.sock.
	Endpoint string
	// Version is the engine's, e.g. "28.5.2"; APIVersion is the one spoken.
	Version, APIVersion string
	// OS and Arch are the platform of its containers, e.g. linux, amd64.
	OS, Arch string
	// Local says that the engine runs on this host, so that published ports
	// are this host's and container addresses may be routable.
	Local bool
	// Host is the address at which its published ports are reached:
	// 127.0.0.1 for a local engine. HostSource says where another one is from, ""
	// for the engine's endpoint.
	Host, HostSource string
	// Unreachable says why its published ports cannot be asked from here; "" when
	// they can.
	Unreachable string
	// StartInterval says that the engine honours start_interval (API 1.44).
	StartInterval bool
	// Rootless says that the engine runs without root.
	Rootless bool
	// Supports are the limits of containers that it keeps as they are asked for.
	Supports LimitSupport
	// ClockAhead is the engine's clock minus ours.
	ClockAhead time.Duration
}

// same says that a later answer is of another engine: what was proven about
// the one says nothing about the other.
func (i EngineInfo) same(later EngineInfo) error {
	if i.ID == later.ID {
		return nil
	}
	return fault.New(fault.Engine, "another engine answers at %s than at the beginning of this run (%s, then %s)", i.Endpoint, i.ID, later.ID)
}

// Observed is a snapshot of the engine, restricted to what one project needs
// to know. It is never changed after it was made.
type Observed struct {
	// At is when the snapshot was begun, by this host's clock.
	At     time.Time
	Engine EngineInfo
	// Containers are all that carry the project's label, or one of the
	// names the file asks for.
	Containers []Container
	// Networks and Volumes are those with the project's label and those
	// whose name the file refers to.
	Networks []Network
	Volumes  []Volume
	// Images are the images asked for in the Scope that exist, by the
	// reference asked for.
	Images map[string]images.Image
	// Holders are the host ports that any running container of the engine
	// publishes, this project's included.
	Holders []PortHolder
}

// State is the engine's word on a container's life. Any other value than the
// constants is unknown and proves nothing.
type State string

// The engine's container states.
const (
	StateCreated    State = "created"
	StateRunning    State = "running"
	StatePaused     State = "paused"
	StateRestarting State = "restarting"
	StateRemoving   State = "removing"
	StateExited     State = "exited"
	StateDead       State = "dead"
)

// Container is one container as the engine reports it.
type Container struct {
	ID string
	// Took is how long the look took: what it shows may be as old.
	Took time.Duration
	// Name has no leading slash.
	Name string
	// Project, Service, Number and OneOff are from the compose labels;
	// Number is 0 when the label is missing or not a number.
	Project, Service string
	Number           int
	OneOff           bool
	Labels           map[string]string
	// ImageID is the ID of the image it runs; ImageRef the name it was
	// created with.
	ImageID, ImageRef string
	Created           time.Time

	State     State
	ExitCode  int
	OOMKilled bool
	// StartError is the engine's text about a start that failed.
	StartError string
	// StartCut says that its last start was given up because the caller went away.
	StartCut              bool
	StartedAt, FinishedAt time.Time
	RestartCount          int
	Pid                   int

	Health healthchecks.Health
	// Check is the healthcheck it was created with; nil for none.
	Check *healthchecks.Check

	// RestartPolicy is "no", "always", "unless-stopped" or "on-failure".
	RestartPolicy string
	// MaxRetries bounds on-failure; 0 is without bound.
	MaxRetries int
	// Memory is the limit in bytes, 0 for none.
	Memory int64
	// Limits are all limits and the restart policy; the zero value when the
	// engine does not tell.
	Limits Limits
	// NetworkMode is as the engine has it, e.g. "bridge", "host",
	// "container:ID", or a network's name.
	NetworkMode string
	// IpcMode and PidMode are as the engine has them, e.g. "private",
	// "container:ID".
	IpcMode, PidMode string
	TTY              bool
	// Env is the container's environment, KEY=value, and Cmd its command, the
	// image's included.
	Env, Cmd []string

	// Published are the bindings that really exist now; Asked those that
	// the container was created with.
	Published, Asked []Port
	Endpoints        []Endpoint
	Mounts           []Mount
}

// Port is a published port.
type Port struct {
	// HostIP is the literal address, "0.0.0.0" and "::" included.
	HostIP string
	// Host is the port on the host, 0 when the engine is to choose.
	Host uint16
	// Container is the port inside.
	Container uint16
	// Proto is "tcp", "udp" or "sctp".
	Proto string
}

// Endpoint is a container's place in one network.
type Endpoint struct {
	// Network is the engine's name of the network.
	Network   string
	NetworkID string
	// EndpointID is "" while the endpoint does not really exist.
	EndpointID string
	IPv4, IPv6 string
	Aliases    []string
}

// Mount is one mount of a container.
type Mount struct {
	// Type is "bind", "volume", "tmpfs", "image" or "npipe".
	Type string
	// Name is the volume's name; 64 hexadecimal digits for an anonymous one.
	Name        string
	Source      string
	Destination string
	Writable    bool
	// SourceState says whether Source, of a bind mount, is still what the container
	// has.
	SourceState SourceState
	// SourceChanged is when Source, a file of this host that a container which does
	// not run mounts read-only, was written or put there; zero when that is unknown.
	SourceChanged time.Time
}

// SourceState is what is known about the source of a bind mount on this host.
type SourceState int

const (
	// SourceUnknown: it could not be compared.
	SourceUnknown SourceState = iota
	// SourceSame: it is what the container has.
	SourceSame
	// SourceReplaced: another file or directory has its path since the container
	// started.
	SourceReplaced
	// SourceOtherKind: it was replaced by a directory where the container has a
	// file, or the other way round, so that the container cannot start again.
	SourceOtherKind
)

// Network is one network as the engine reports it.
type Network struct {
	ID, Name   string
	Driver     string
	Options    map[string]string
	Labels     map[string]string
	Internal   bool
	Attachable bool
	IPv6       bool
	Subnets    []string
	// Users are the IDs of containers that are attached now.
	Users []string
}

// Volume is one volume as the engine reports it.
type Volume struct {
	Name    string
	Driver  string
	Options map[string]string
	Labels  map[string]string
	// Created is LabelCreated; zero for a volume that was made by others.
	Created time.Time
}

// PortHolder is a running container that publishes a host port.
type PortHolder struct {
	Port
	ContainerID, Container string
	// Project is the compose project it belongs to, "" for none.
	Project string
}
