// Package doctor judges whether a machine and its engine are fit for a
// project. It is pure: facts come in, findings go out.
package doctor

import (
	"fmt"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// Status is the verdict of one finding.
type Status string

// The verdicts. Only Unfit keeps an up from its end; Unknown was not asked, or
// has no answer.
const (
	Fit     Status = "fit"
	Warning Status = "warning"
	Unfit   Status = "unfit"
	Unknown Status = "unknown"
)

// Finding is one thing that was looked at.
type Finding struct {
	Name    string
	Status  Status
	Message string
	// Remedy is what to do about it, "" when there is nothing to do.
	Remedy string
	// Class is the kind of failure of what is Unfit.
	Class fault.Class
}

// Facts are what was found out. An error says that something is not as it
// should be, or could not be asked.
type Facts struct {
	// Project is the project's name, Services their number; ProjectErr what
	// is wrong with the files, and NoProject that there are none.
	Project    string
	Services   int
	ProjectErr error
	NoProject  bool
	// Warnings are what the files could say better.
	Warnings []string

	Engine    orchestrator.EngineInfo
	EngineErr error
	// What follows is known only where the engine answered.
	MachineErr        error
	Memory, CPU, Pids bool
	BuildKit, Builds  bool
	Disk              *Disk
	FreeNetworks      *int
	// FreeNetworksErr is why they could not be found out.
	FreeNetworksErr   error
	WantedNetworks    int
	PlanErr, PortsErr error
	// Offers are, by image that has to be pulled, what its registry says.
	Offers map[string]error

	LockDir string
	LockErr error
	// Proxies are the proxy variables that are set, without their values.
	Proxies []string
}

// Disk is the room where the engine keeps its data, in bytes and in files.
type Disk struct {
	Path        string
	Free, Total uint64
	Inodes      float64 // the share that is free, 0 to 1
}

// Judge makes the findings, in the order in which they should be put right.
func Judge(f Facts) []Finding {
	all := []Finding{project(f)}
	for _, text := range f.Warnings {
		all = append(all, Finding{Name: "compose file", Status: Warning, Message: text})
	}
	all = append(all, engine(f))
	if f.EngineErr == nil {
		all = append(all, publishedAt(f), clock(f), disk(f), limits(f), builder(f), networks(f))
		if f.Project != "" {
			all = append(all, failing("plan", f.PlanErr, "nothing is in the way"), failing("ports", f.PortsErr, "the ports of the file are free, or ours"))
			all = append(all, registry(f)...)
		}
	}
	return append(all, lock(f), proxy(f))
}

// Worst is the class of the first finding that is Unfit, None for none.
func Worst(all []Finding) fault.Class {
	for _, f := range all {
		if f.Status == Unfit {
			return f.Class
		}
	}
	return fault.None
}

// failing is a finding about an error.
func failing(name string, err error, well string) Finding {
	if err == nil {
		return Finding{Name: name, Status: Fit, Message: well}
	}
	return Finding{Name: name, Status: Unfit, Message: err.Error(), Remedy: fault.HintOf(err), Class: fault.ClassOf(err)}
}

func project(f Facts) Finding {
	if f.NoProject {
		return Finding{Name: "compose file", Status: Unknown, Message: "there is none here; only the machine is looked at", Remedy: "name one with -f to have its ports and images looked at"}
	}
	return failing("compose file", f.ProjectErr, fmt.Sprintf("%s with %s", f.Project, console.Count(f.Services, "service")))
}

func engine(f Facts) Finding {
	out := failing("engine", f.EngineErr, fmt.Sprintf("%s (API %s, %s/%s) at %s", f.Engine.Version, f.Engine.APIVersion, f.Engine.OS, f.Engine.Arch, f.Engine.Endpoint))
	if out.Status == Fit && !f.Engine.StartInterval {
		out.Message += "; it has no start_interval, stackctl runs the checks itself while a stack starts"
	}
	return out
}

// publishedAt says where the engine's published ports are asked.
func publishedAt(f Facts) Finding {
	const name, remedy = "published ports", "say where they are: --ports-host ADDRESS (or STACKCTL_PORTS_HOST)"
	switch {
	case f.Engine.Unreachable != "":
		return Finding{Name: name, Status: Warning, Message: f.Engine.Unreachable, Remedy: remedy}
	case f.Engine.HostSource != "":
		return Finding{Name: name, Status: Fit, Message: "asked at " + f.Engine.Host + ": " + f.Engine.HostSource}
	default:
		return Finding{Name: name, Status: Fit, Message: "asked at " + f.Engine.Host}
	}
}

// maxSkew is how far two clocks may be apart before logs and events of the two
// cannot be laid side by side.
const maxSkew = 2 * time.Second

func clock(f Facts) Finding {
	ahead := f.Engine.ClockAhead.Round(100 * time.Millisecond)
	if ahead.Abs() <= maxSkew {
		return Finding{Name: "clock", Status: Fit, Message: "the engine's clock is this host's"}
	}
	word := "ahead of"
	if ahead < 0 {
		word = "behind"
	}
	return Finding{Name: "clock", Status: Warning, Message: fmt.Sprintf("the engine's clock is %s %s this host's", ahead.Abs(), word),
		Remedy: "set both by NTP; stackctl itself counts in engine time, but certificates, tokens and logs do not"}
}

// The room on disk below which an image hardly fits, and below which it gets
// tight.
const (
	tooLittle = 1 << 30
	little    = 5 << 30
)

func disk(f Facts) Finding {
	if f.Disk == nil {
		return Finding{Name: "disk", Status: Unknown, Message: "the engine's data is not on this host, or cannot be looked at"}
	}
	d := *f.Disk
	out := Finding{Name: "disk", Status: Fit, Message: fmt.Sprintf("%s of %s free in %s", size(d.Free), size(d.Total), d.Path), Class: fault.Resource}
	switch {
	case d.Free < tooLittle, d.Inodes < 0.01:
		out.Status = Unfit
	case d.Free < little, d.Inodes < 0.05:
		out.Status = Warning
	}
	if d.Inodes < 0.05 {
		out.Message += fmt.Sprintf(", and %.1f%% of its inodes", 100*d.Inodes)
	}
	if out.Status != Fit {
		out.Remedy = "see what takes the room with docker system df, and remove what is not needed"
	}
	return out
}

func size(bytes uint64) string { return units.BytesSize(float64(bytes)) }

func limits(f Facts) Finding {
	if f.MachineErr != nil {
		return Finding{Name: "limits", Status: Unknown, Message: f.MachineErr.Error()}
	}
	var without []string
	for _, l := range []struct {
		word string
		has  bool
	}{{"memory", f.Memory}, {"cpu", f.CPU}, {"pids", f.Pids}} {
		if !l.has {
			without = append(without, l.word)
		}
	}
	if len(without) == 0 {
		return Finding{Name: "limits", Status: Fit, Message: "containers can be limited in memory, CPU and processes"}
	}
	return Finding{Name: "limits", Status: Warning, Message: "the engine cannot limit: " + strings.Join(without, ", ") + "; such limits of a file have no effect",
		Remedy: "enable these cgroup controllers on the engine's host"}
}

func builder(f Facts) Finding {
	switch {
	case f.BuildKit:
		return Finding{Name: "builder", Status: Fit, Message: "BuildKit"}
	case f.Builds:
		return Finding{Name: "builder", Status: Warning, Message: "the engine has no BuildKit: build secrets, mounts and platforms do not work", Remedy: "use Docker Engine 20.10 or later to build"}
	default:
		return Finding{Name: "builder", Status: Fit, Message: "no BuildKit, and nothing to build"}
	}
}

func networks(f Facts) Finding {
	if f.FreeNetworksErr != nil {
		return Finding{Name: "networks", Status: Unknown, Message: "the room in its address pools could not be found out: " + f.FreeNetworksErr.Error()}
	}
	if f.FreeNetworks == nil {
		return Finding{Name: "networks", Status: Unknown, Message: "the engine does not say which address pools it has"}
	}
	free := *f.FreeNetworks
	out := Finding{Name: "networks", Status: Fit, Message: fmt.Sprintf("room for %s more, %d wanted", console.Count(free, "network"), f.WantedNetworks), Class: fault.Resource}
	switch {
	case free < f.WantedNetworks, free <= 0:
		out.Status = Unfit
	case free < f.WantedNetworks+3:
		out.Status = Warning
	}
	if out.Status != Fit {
		out.Remedy = "remove networks that are not used (docker network prune), or give the engine more default-address-pools"
	}
	return out
}

// registry is a finding for each image that has to be pulled.
func registry(f Facts) []Finding {
	if len(f.Offers) == 0 {
		return []Finding{{Name: "images", Status: Fit, Message: "there, or to be built; nothing has to be pulled"}}
	}
	var out []Finding
	for _, ref := range sortedKeys(f.Offers) {
		finding := failing("images", f.Offers[ref], ref+" is offered by its registry")
		if finding.Status == Unfit && finding.Remedy == "" {
			finding.Remedy = "check the name, the login and the engine's way to the registry (DNS, proxy)"
		}
		out = append(out, finding)
	}
	return out
}

func lock(f Facts) Finding {
	if f.LockErr != nil {
		return Finding{Name: "lock", Status: Warning, Message: "two runs are not kept apart: " + f.LockErr.Error(), Remedy: "set XDG_RUNTIME_DIR or TMPDIR to a directory of your own"}
	}
	return Finding{Name: "lock", Status: Fit, Message: "one run of a project at a time, by files in " + f.LockDir}
}

func proxy(f Facts) Finding {
	if len(f.Proxies) == 0 {
		return Finding{Name: "proxy", Status: Fit, Message: "none is set"}
	}
	return Finding{Name: "proxy", Status: Fit, Message: strings.Join(f.Proxies, ", ") + " set; proofs never go through it, and the engine pulls with its own settings"}
}
