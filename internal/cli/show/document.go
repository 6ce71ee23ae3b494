package show

import (
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// SchemaVersion is the version of the documents: it grows when a field is
// renamed, removed or means something else, never for a new one. docs/json.md
// describes the fields.
const SchemaVersion = 1

// Document is a report for programs.
type Document struct {
	SchemaVersion int           `json:"schema_version"`
	Stackctl      string        `json:"stackctl_version,omitempty"`
	Command       string        `json:"command,omitempty"`
	Project       string        `json:"project"`
	Directory     string        `json:"directory"`
	At            *time.Time    `json:"at,omitempty"`
	Proven        bool          `json:"proven"`
	Class         string        `json:"class"`
	ExitCode      int           `json:"exit_code"`
	Error         string        `json:"error,omitempty"`
	Hint          string        `json:"hint,omitempty"`
	Problems      []Problem     `json:"problems,omitempty"`
	Engine        *Engine       `json:"engine,omitempty"`
	Services      []Service     `json:"services"`
	Unselected    []string      `json:"unselected,omitempty"`
	Unchecked     []string      `json:"unchecked,omitempty"`
	Endpoints     []Endpoint    `json:"endpoints"`
	Failures      []FailureCard `json:"failures"`
	Notes         []string      `json:"notes"`
	Gaps          []string      `json:"gaps,omitempty"`
	Timings       []Timing      `json:"timings,omitempty"`
	CriticalPath  []Step        `json:"critical_path,omitempty"`
	Advice        string        `json:"advice,omitempty"`
	ReadySeconds  *float64      `json:"ready_after_seconds,omitempty"`
	TookSeconds   *float64      `json:"took_seconds,omitempty"`
}

// Problem is one thing that is wrong with the compose files.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Service string `json:"service,omitempty"`
	Key     string `json:"key,omitempty"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// Engine says who answered.
type Engine struct {
	Endpoint   string `json:"endpoint"`
	Name       string `json:"name"`
	Version    string `json:"version"`
	APIVersion string `json:"api_version"`
	OS         string `json:"os"`
	Arch       string `json:"arch"`
}

// Service is what is proven of one service.
type Service struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Proof  string `json:"proof"`
	Proven bool   `json:"proven"`
	// Unchecked says that it is up and that nothing could prove it.
	Unchecked     bool        `json:"unchecked,omitempty"`
	Class         string      `json:"class"`
	Reason        string      `json:"reason,omitempty"`
	Hint          string      `json:"hint,omitempty"`
	Final         bool        `json:"final"`
	Since         *time.Time  `json:"since,omitempty"`
	UptimeSeconds *float64    `json:"uptime_seconds,omitempty"`
	Restarts      int         `json:"restarts"`
	Image         string      `json:"image,omitempty"`
	Containers    []Container `json:"containers"`
	Conditions    []Condition `json:"conditions"`
	BlockedBy     []string    `json:"blocked_by"`
	Blocks        []string    `json:"blocks"`
	Notes         []string    `json:"notes"`
}

// Container is one replica.
type Container struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Number    int        `json:"number"`
	State     string     `json:"state"`
	StartedAt *time.Time `json:"started_at,omitempty"`
	ImageID   string     `json:"image_id"`
}

// Condition is one thing that has to be true of a service.
type Condition struct {
	Type     string     `json:"type"`
	Status   string     `json:"status"`
	Reason   string     `json:"reason"`
	Message  string     `json:"message"`
	Class    string     `json:"class"`
	Final    bool       `json:"final"`
	Evidence []Evidence `json:"evidence"`
}

// Evidence is one observation.
type Evidence struct {
	Probe       string            `json:"probe"`
	Result      string            `json:"result"`
	Passed      bool              `json:"passed"`
	Code        string            `json:"code,omitempty"`
	Detail      map[string]string `json:"detail,omitempty"`
	Notes       []string          `json:"notes,omitempty"`
	At          *time.Time        `json:"at,omitempty"`
	TookSeconds float64           `json:"took_seconds"`
}

// Endpoint is one published port at its real address.
type Endpoint struct {
	Service       string `json:"service"`
	ContainerPort int    `json:"container_port"`
	Protocol      string `json:"protocol"`
	Address       string `json:"address"`
	URL           string `json:"url,omitempty"`
	Open          bool   `json:"open"`
}

// FailureCard explains one failure.
type FailureCard struct {
	Service          string     `json:"service"`
	Container        string     `json:"container,omitempty"`
	State            string     `json:"state"`
	Class            string     `json:"class"`
	Reason           string     `json:"reason"`
	Since            *time.Time `json:"since,omitempty"`
	ExitCode         *int       `json:"exit_code,omitempty"`
	Restarts         int        `json:"restarts"`
	Probe            string     `json:"probe,omitempty"`
	ProbeExitCode    *int       `json:"probe_exit_code,omitempty"`
	ProbeTookSeconds *float64   `json:"probe_took_seconds,omitempty"`
	ProbeOutput      string     `json:"probe_output,omitempty"`
	Logs             []string   `json:"logs"`
	LogsDropped      int        `json:"logs_dropped"`
	Blocks           []string   `json:"blocks"`
	Blanks           []Blank    `json:"blanks,omitempty"`
	Hint             string     `json:"hint,omitempty"`
	Next             string     `json:"next,omitempty"`
}

// Blank is a variable that was not set where it is used.
type Blank struct {
	Variable string `json:"variable"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	Key      string `json:"key"`
}

// Timing is where the time of one service's start went.
type Timing struct {
	Service        string  `json:"service"`
	CreateSeconds  float64 `json:"create_seconds"`
	WaitSeconds    float64 `json:"wait_seconds"`
	StartSeconds   float64 `json:"start_seconds"`
	ProbeSeconds   float64 `json:"probe_seconds"`
	HealthySeconds float64 `json:"healthy_seconds"`
	BeginSeconds   float64 `json:"begin_seconds"`
	EndSeconds     float64 `json:"end_seconds"`
}

// Step is what one service added to the time until all was healthy.
type Step struct {
	Service      string  `json:"service"`
	AddedSeconds float64 `json:"added_seconds"`
}

// MakeDocument turns a report, and the error that came with it, into a
// document. exit is the exit code of the process.
func MakeDocument(o Options, r orchestrator.Report, err error, exit fault.Class) Document {
	d := Document{
		SchemaVersion: SchemaVersion, Project: r.Project, Directory: r.Dir, At: moment(r.At),
		Proven: r.Proven && err == nil, Class: exit.String(), ExitCode: int(exit),
		Engine:   EngineOf(r.Engine),
		Services: []Service{}, Endpoints: []Endpoint{}, Failures: []FailureCard{}, Notes: filled(r.Notes), Gaps: r.Gaps,
	}
	if err != nil {
		d.Error, d.Hint = sanitize.Text(err.Error(), maxError), sanitize.Text(fault.HintOf(err), maxHint)
	}
	for _, p := range compose.ProblemsOf(err) {
		d.Problems = append(d.Problems, Problem(p))
	}
	if r.Took > 0 {
		d.TookSeconds = number(r.Took)
	}
	if r.ReadyAfter > 0 {
		d.ReadySeconds = number(r.ReadyAfter)
	}
	d.Unselected, d.Unchecked = r.Unselected, r.Unchecked()
	for _, s := range r.Services {
		d.Services = append(d.Services, o.service(s))
	}
	for _, e := range r.Endpoints {
		d.Endpoints = append(d.Endpoints, Endpoint{Service: e.Service, ContainerPort: int(e.Container),
			Protocol: e.Proto, Address: e.Address, URL: e.URL, Open: e.Open})
	}
	for _, c := range r.Cards {
		d.Failures = append(d.Failures, o.cardOf(c))
	}
	for _, t := range r.Timings {
		d.Timings = append(d.Timings, Timing{t.Service, *number(t.Create), *number(t.Wait), *number(t.Start), *number(t.Probe),
			*number(t.Healthy), *number(t.Begin), *number(t.End)})
	}
	d.Advice = r.Critical.Advice
	for _, s := range r.Critical.Steps {
		d.CriticalPath = append(d.CriticalPath, Step{s.Service, *number(s.Added)})
	}
	return d
}

// EngineOf is nil when nothing is known.
func EngineOf(i orchestrator.EngineInfo) *Engine {
	if i.Endpoint == "" && i.Version == "" {
		return nil
	}
	return &Engine{Endpoint: i.Endpoint, Name: i.Name, Version: i.Version, APIVersion: i.APIVersion, OS: i.OS, Arch: i.Arch}
}

func (o Options) service(s orchestrator.ServiceReport) Service {
	out := Service{
		Name: s.Name, State: s.State, Proof: s.Proof, Proven: s.Proven, Unchecked: s.Unchecked, Class: s.Class.String(),
		Reason: s.Reason, Hint: s.Hint, Final: s.Final, Since: moment(s.Since), Restarts: s.Restarts, Image: s.Image,
		Containers: []Container{}, Conditions: conditions(s.Conditions),
		BlockedBy: filled(s.BlockedBy), Blocks: filled(s.Blocks), Notes: filled(s.Notes),
	}
	if !s.Since.IsZero() && !ended(s.State) {
		out.UptimeSeconds = number(max(0, o.Now.Sub(s.Since)))
	}
	for _, c := range s.Containers {
		out.Containers = append(out.Containers, Container{ID: c.ID, Name: c.Name, Number: c.Number, State: c.State,
			StartedAt: moment(c.StartedAt), ImageID: c.ImageID})
	}
	return out
}

func conditions(list []orchestrator.Condition) []Condition {
	out := []Condition{}
	for _, c := range list {
		out = append(out, Condition{Type: c.Type, Status: string(c.Status), Reason: c.Reason, Message: c.Message,
			Class: c.Class.String(), Final: c.Final, Evidence: evidence(c.Evidence)})
	}
	return out
}

func evidence(list []healthchecks.Evidence) []Evidence {
	out := []Evidence{}
	for _, e := range list {
		out = append(out, Evidence{Probe: e.Probe, Result: e.Result, Passed: e.Passed, Code: e.Code, Detail: e.Detail,
			Notes: e.Notes, At: moment(e.At), TookSeconds: *number(e.Took)})
	}
	return out
}

func (o Options) cardOf(c orchestrator.Card) FailureCard {
	out := FailureCard{
		Service: c.Service, Container: c.Container, State: c.State, Class: c.Class.String(), Reason: c.Reason,
		Since: moment(c.Since), ExitCode: c.ExitCode, Restarts: c.Restarts, Probe: c.Probe,
		ProbeExitCode: c.ProbeExit, ProbeOutput: c.ProbeOutput, Logs: filled(c.Logs), LogsDropped: c.LogsDropped,
		Blocks: filled(c.Blocks), Hint: c.Hint, Next: o.command(c.Next),
	}
	if c.ProbeExit != nil {
		out.ProbeTookSeconds = number(c.ProbeTook)
	}
	for _, b := range c.Blanks {
		out.Blanks = append(out.Blanks, Blank{Variable: b.Variable, File: b.File, Line: b.Line, Key: b.Key})
	}
	return out
}

// number are seconds to the millisecond.
func number(d time.Duration) *float64 {
	n := float64(d.Round(time.Millisecond).Milliseconds()) / 1000
	return &n
}

// moment is a time in UTC; nil for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// filled is a list that is never null.
func filled(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
