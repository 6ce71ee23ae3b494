package fakeengine

import "time"

// The parts of the API's documents that stackctl writes and reads. Names are
// the API's.

// Check is a healthcheck as the API has it; durations are nanoseconds there.
type Check struct {
	Test          []string      `json:",omitempty"`
	Interval      time.Duration `json:",omitempty"`
	Timeout       time.Duration `json:",omitempty"`
	StartPeriod   time.Duration `json:",omitempty"`
	StartInterval time.Duration `json:",omitempty"`
	Retries       int           `json:",omitempty"`
}

type containerConfig struct {
	Image       string
	Tty         bool
	User        string              `json:",omitempty"`
	Env         []string            `json:",omitempty"`
	Cmd         []string            `json:",omitempty"`
	Entrypoint  []string            `json:",omitempty"`
	Labels      map[string]string   `json:",omitempty"`
	Volumes     map[string]struct{} `json:",omitempty"`
	Healthcheck *Check              `json:",omitempty"`
	StopTimeout *int                `json:",omitempty"`
	StopSignal  string              `json:",omitempty"`
}

type portBinding struct {
	HostIP   string `json:"HostIp"`
	HostPort string
}

type restartPolicy struct {
	Name              string
	MaximumRetryCount int
}

type mountConfig struct {
	Type     string
	Source   string `json:",omitempty"`
	Target   string
	ReadOnly bool `json:",omitempty"`
}

type logConfig struct {
	Type   string
	Config map[string]string
}

type hostConfig struct {
	NetworkMode    string
	RestartPolicy  restartPolicy
	Memory         int64
	PortBindings   map[string][]portBinding
	Mounts         []mountConfig     `json:",omitempty"`
	Binds          []string          `json:",omitempty"`
	Tmpfs          map[string]string `json:",omitempty"`
	ReadonlyRootfs bool              `json:",omitempty"`
	LogConfig      logConfig
}

type endpointIPAM struct {
	IPv4Address string `json:",omitempty"`
	IPv6Address string `json:",omitempty"`
}

type endpointSettings struct {
	IPAMConfig        *endpointIPAM `json:",omitempty"`
	Aliases           []string      `json:",omitempty"`
	NetworkID         string
	EndpointID        string
	IPAddress         string
	GlobalIPv6Address string
}

type createRequest struct {
	containerConfig
	HostConfig       hostConfig
	NetworkingConfig struct {
		EndpointsConfig map[string]*endpointSettings
	}
}

type mountPoint struct {
	Type        string
	Name        string `json:",omitempty"`
	Source      string
	Destination string
	RW          bool
}

type healthResult struct {
	Start, End time.Time
	ExitCode   int
	Output     string
}

type healthState struct {
	Status        string
	FailingStreak int
	Log           []healthResult
}

type containerState struct {
	Status                                       string
	Running, Paused, Restarting, OOMKilled, Dead bool
	Pid, ExitCode                                int
	Error                                        string
	StartedAt, FinishedAt                        string
	Health                                       *healthState `json:",omitempty"`
}

type networkSettings struct {
	Ports    map[string][]portBinding
	Networks map[string]*endpointSettings
}

type containerInspect struct {
	ID              string `json:"Id"`
	Name            string
	Created         string
	Image           string
	RestartCount    int
	State           containerState
	Config          containerConfig
	HostConfig      hostConfig
	NetworkSettings networkSettings
	Mounts          []mountPoint
}

type listedPort struct {
	IP          string `json:",omitempty"`
	PrivatePort uint16
	PublicPort  uint16 `json:",omitempty"`
	Type        string
}

type containerSummary struct {
	ID     string `json:"Id"`
	Names  []string
	Image  string
	State  string
	Status string
	Labels map[string]string
	Ports  []listedPort
}

type ipamPool struct {
	Subnet string `json:",omitempty"`
}

type networkDocument struct {
	Name       string
	ID         string `json:"Id"`
	Created    time.Time
	Driver     string
	EnableIPv6 bool
	Internal   bool
	Attachable bool
	Options    map[string]string
	Labels     map[string]string
	IPAM       struct{ Config []ipamPool }
	Containers map[string]struct{ Name string }
}

type volumeDocument struct {
	Name, Driver, CreatedAt string
	Options                 map[string]string
	Labels                  map[string]string
}
