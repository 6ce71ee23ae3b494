package orchestrator

import (
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

// Report is what was proven about a stack, and what was not.
type Report struct {
	Project, Dir string
	Engine       EngineInfo
	// At is when the evaluation was made.
	At time.Time
	// Proven says that every condition of every service holds.
	Proven bool
	// Class is None when proven, Unchecked when only that is missing, else the
	// class of the root cause.
	Class fault.Class
	// Services are in the order of their dependencies, then by name.
	Services []ServiceReport
	// Unselected are the enabled services of the file that the run was not
	// about, sorted: nothing was asked of them.
	Unselected []string
	// Endpoints are the published ports as they really are.
	Endpoints []PublishedEndpoint
	// Notes are what a reader should know although it is proven.
	Notes []string
	// Gaps are what could not be found out about a failure, each with the
	// reason: what is shown is older, or incomplete.
	Gaps []string
	// Timings are set by Up for what it started.
	Timings []Timing
	// Critical is the chain among them that decided how long it took.
	Critical Critical
	// ReadyAfter and Took are set by Up: until all was healthy, and until
	// it was proven stable.
	ReadyAfter, Took time.Duration
	// Failure is what failed that is no service's: a network, a volume, the engine.
	// It is nil when a service is the root cause; else the services that are not
	// proven are its victims.
	Failure error
	// Cards explain each failed service, the root cause first.
	Cards []Card
}

// Status is whether a condition holds.
type Status string

// The three answers; Unknown is never a success.
const (
	True    Status = "True"
	False   Status = "False"
	Unknown Status = "Unknown"
)

// Condition is one thing that has to be true of a service.
type Condition struct {
	// Type is one of the gates' names, docs/nomenclature.md.
	Type string
	// Status is True, False or Unknown; only True proves.
	Status Status
	// Reason is one CamelCase word for machines, Message one sentence.
	Reason, Message string
	// Class is the kind of failure when it is not True.
	Class fault.Class
	// Final says that waiting will not make it True.
	Final    bool
	Evidence []healthchecks.Evidence
}

// ServiceReport is what was proven about one service.
type ServiceReport struct {
	Name string
	// State is the word for the table: "healthy", "completed", "exited(1)".
	State string
	// Proof names what proves it: "healthcheck", "port", "verify", "built-in",
	// "job", "waived" or "none".
	Proof  string
	Proven bool
	// Unchecked says that everything holds that can be asked of it, and that nothing
	// could prove it: neither Proven nor a failure.
	Unchecked bool
	// Class, Reason and Hint are about the first condition that fails.
	Class        fault.Class
	Reason, Hint string
	// Final says that waiting will not heal it.
	Final bool
	// Since is when it came into its state, engine time; zero if unknown.
	Since time.Time
	// Restarts is the engine's count, of all replicas.
	Restarts   int
	Containers []ContainerReport
	Conditions []Condition
	// BlockedBy are the services it waits for that are not proven;
	// Blocks are those that wait for it.
	BlockedBy, Blocks []string
	// Notes are what a reader should know although it is proven.
	Notes []string
	Image string
	// runs says that a container of it runs; endsWithPeer that its containers share
	// a namespace of a service that does not, and end or are cut off with it.
	runs, endsWithPeer bool
}

// ContainerReport is one replica.
type ContainerReport struct {
	ID, Name  string
	Number    int
	State     string
	StartedAt time.Time
	ImageID   string
}

// PublishedEndpoint is one published port at its real address.
type PublishedEndpoint struct {
	Service string
	// Container is the port inside; Proto "tcp", "udp" or "sctp".
	Container uint16
	Proto     string
	// Address is host:port as a client on this host reaches it.
	Address string
	// URL is set where an HTTP exchange was seen.
	URL string
	// Open says that it is bound to every interface of the host.
	Open bool
}

// Card explains one failure, taken before anything is cleaned up.
type Card struct {
	Service, Container string
	// Replicas is how many containers the service has.
	Replicas int
	State    string
	Class    fault.Class
	Reason   string
	Since    time.Time
	ExitCode *int
	Restarts int
	// Probe is the check's command with its last result.
	Probe       string
	ProbeExit   *int
	ProbeTook   time.Duration
	ProbeOutput string
	Logs        []string
	LogsDropped int
	Blocks      []string
	// Blanks are the variables that were not set in what it is given.
	Blanks     []compose.Blank
	Hint       string
	Next       string
	Conditions []Condition
}
