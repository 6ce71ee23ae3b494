package orchestrator

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
)

// Every method that names an object which is not there returns an error for
// which errdefs.IsNotFound is true; a name that is taken, errdefs.IsConflict.
// Errors of the engine carry a fault.Class: Engine when it cannot be reached
// or refuses us, Resource for ports, networks, volumes and disks.

// Scope says what a snapshot must contain beyond what carries the project's
// label.
type Scope struct {
	Project string
	// ContainerNames, NetworkNames and VolumeNames are names that the file
	// refers to; what has them is observed whoever made it. A container may be
	// named by its ID, or by twelve or more digits of it.
	ContainerNames, NetworkNames, VolumeNames []string
	// Images are references to look up; missing ones are left out.
	Images []string
}

// Observer looks at the engine and changes nothing.
type Observer interface {
	// Info says who the engine is.
	Info(ctx context.Context) (EngineInfo, error)
	// Observe takes a snapshot. Containers that vanish while it is taken
	// are left out.
	Observe(ctx context.Context, scope Scope) (Observed, error)
	// List names the project's containers with what a list tells of them: one
	// cheap call, enough to see whose state has changed.
	List(ctx context.Context, project string) ([]Listed, error)
	// Inspect looks at one container afresh.
	Inspect(ctx context.Context, id string) (Container, error)
	// Events streams what happens to the project's containers, from since
	// on (engine time; zero means from now) until ctx ends or the stream
	// breaks, which is the one error sent. The subscription stands when
	// Events returns. The reader never blocks the stream: the channel may
	// drop events when it is full, since an event only says "look again".
	Events(ctx context.Context, project string, since time.Time) (<-chan Event, <-chan error)
	// Outage is when the engine could last not be reached at all, by this host's
	// clock; zero when it always could.
	Outage() time.Time
}

// Listed is what a list tells of one container.
type Listed struct {
	ID    string
	State State
	// Health is the engine's word on its check, "" when the list has none.
	Health healthchecks.Status
}

// Event says that something happened to a container.
type Event struct {
	// Action is normalised: "start", "die", "destroy", "oom", "pause",
	// "health_status", "kill", "stop", ...; exec events are left out.
	Action      string
	ContainerID string
	Service     string
	// At is engine time.
	At time.Time
	// ExitCode and Signal are set for "die" and "kill" where reported.
	ExitCode *int
	Signal   string
	// Health is set for "health_status": "healthy", "unhealthy".
	Health string
}

// Mutator changes the engine. Each method is one idempotent step: asking for
// what is already so is no error.
type Mutator interface {
	CreateNetwork(ctx context.Context, spec NetworkSpec) (id string, err error)
	RemoveNetwork(ctx context.Context, id string) error
	CreateVolume(ctx context.Context, spec VolumeSpec) error
	RemoveVolume(ctx context.Context, name string) error
	// CreateContainer creates one container, attached to all its networks.
	// When attaching fails it removes what it made.
	CreateContainer(ctx context.Context, spec ContainerSpec) (id string, err error)
	StartContainer(ctx context.Context, id string) error
	// StopContainer sends the stop signal and kills after the grace period;
	// nil takes the container's own.
	StopContainer(ctx context.Context, id string, grace *time.Duration) error
	KillContainer(ctx context.Context, id, signal string) error
	UnpauseContainer(ctx context.Context, id string) error
	// RemoveContainer kills it if it runs; anonymous removes its anonymous
	// volumes with it.
	RemoveContainer(ctx context.Context, id string, anonymous bool) error
	RenameContainer(ctx context.Context, id, name string) error
	RemoveImage(ctx context.Context, ref string) error
}

// ErrNoLog says that the engine keeps nothing of what a container says, or
// cannot read it: its logging driver has no way back.
var ErrNoLog = errors.New("its logging driver does not let the engine read what it said")

// Inside runs commands in containers and reads what they say.
type Inside interface {
	// Exec runs a command to its end and returns its exit code and bounded
	// output. The command's failure is not an error.
	Exec(ctx context.Context, id string, spec ExecSpec) (ExecResult, error)
	// Logs writes the container's output to w, stdout and stderr
	// separately, until its end, or with Follow until ctx ends or the
	// container stops. It is ErrNoLog where there is nothing to be read.
	Logs(ctx context.Context, id string, opts LogOptions, stdout, stderr io.Writer) error
	// PID1 returns the command line of the container's main process.
	PID1(ctx context.Context, id string) (string, error)
}

// Engine is all that bringing up a stack needs of a container engine.
type Engine interface {
	Observer
	Mutator
	Inside
}

// NetworkSpec is a network to create.
type NetworkSpec struct {
	// Name is the engine's name.
	Name   string
	Config types.NetworkConfig
	Labels map[string]string
}

// VolumeSpec is a volume to create.
type VolumeSpec struct {
	Name   string
	Config types.VolumeConfig
	Labels map[string]string
}

// ContainerSpec is a container to create: what the file says, and what the
// planner decided.
type ContainerSpec struct {
	// Name is the container's name.
	Name    string
	Project *compose.Project
	Service *compose.Service
	// Number is the replica's number, from 1.
	Number int
	// Image is the ID of the image to run; ImageName the name it has in the
	// file, under which the container is created where that name means this
	// image.
	Image, ImageName string
	// Labels are all labels, the file's included.
	Labels map[string]string
	// Inherit maps a destination to the anonymous volume of the container
	// that this one replaces.
	Inherit map[string]string
	// Joins maps a service that this one shares a namespace or volumes
	// with (network_mode, ipc, pid: "service:x", volumes_from) to the ID of
	// its container.
	Joins map[string]string
	// StartInterval is injected when the file sets none and the engine can;
	// 0 for none. StartPeriod is then the start period that makes the
	// engine use it.
	StartInterval, StartPeriod time.Duration
	// Seen are the IDs of the project's containers that the plan was made
	// from. One that has the name and these labels and is not among them was
	// asked for by an earlier run that did not live to hear the answer, and is
	// taken over. nil says that nobody looked: whatever has the name keeps it.
	Seen map[string]bool
	// Attached says that the container's standard input is its caller's, and
	// ends with it.
	Attached bool
	// Warn is told what the engine accepted and then left out, a sentence
	// each; nil tells nobody.
	Warn func(string)
}

// ExecSpec is a command to run in a container.
type ExecSpec struct {
	Cmd        []string
	Env        []string
	User       string
	WorkingDir string
	Privileged bool
}

// ExecResult is how a command in a container ended.
type ExecResult struct {
	ExitCode int
	// Output is stdout and stderr, at most 64 KiB.
	Output     string
	Start, End time.Time
}

// LogOptions select log lines.
type LogOptions struct {
	Follow     bool
	Timestamps bool
	// Tail is the number of last lines; 0 means all.
	Tail         int
	Since, Until time.Time
	// Of is the container as it was seen just now; nil lets the engine be
	// asked once more for what the reading has to know of it.
	Of *Container
}
