package docker

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/system"
	"github.com/stackctl/stackctl/orchestrator"
)

// Info says who the engine is, as it said within the last second: an engine
// that was exchanged behind its endpoint shows another ID. A call that did not
// reach the engine makes the next one ask again.
func (e *Engine) Info(ctx context.Context) (orchestrator.EngineInfo, error) {
	if info, ok := e.known.recall(); ok {
		return info, nil
	}
	var sent time.Time
	said, err := ask(ctx, e, "ask who the engine is", func(ctx context.Context) (system.Info, error) {
		sent = time.Now() // of the call that is answered, not of one before that failed
		return e.cli.Info(ctx)
	})
	if err != nil {
		return orchestrator.EngineInfo{}, err
	}
	got := time.Now()
	info := e.describe(said)
	at := e.locate(ctx, info.Rootless)
	info.Local, info.Host, info.HostSource, info.Unreachable = at.same, at.host, at.how, at.unreachable
	info.ClockAhead = clockAhead(said.SystemTime, sent, got)
	e.known.keep(info)
	return info, nil
}

func (e *Engine) describe(said system.Info) orchestrator.EngineInfo {
	return orchestrator.EngineInfo{
		ID:            e.identity(said),
		Name:          said.Name,
		Endpoint:      e.at.host,
		Version:       firstOf(said.ServerVersion, e.server.Version),
		APIVersion:    string(e.api()),
		OS:            firstOf(e.server.Os, said.OSType),
		Arch:          firstOf(e.server.Arch, said.Architecture),
		StartInterval: e.api().atLeast("1.44") && !e.podman(),
		Rootless:      slices.ContainsFunc(said.SecurityOptions, isRootless),
		Supports:      e.supports(said),
	}
}

// supports says which limits the engine keeps as they are asked for. Podman adds
// defaults of its own.
func (e *Engine) supports(said system.Info) orchestrator.LimitSupport {
	if e.podman() {
		return orchestrator.LimitSupport{}
	}
	return orchestrator.LimitSupport{
		Memory: said.MemoryLimit, Swap: said.SwapLimit, CPUQuota: said.CPUCfsQuota, CPUShares: said.CPUShares,
		CPUSet: said.CPUSet, Pids: said.PidsLimit,
	}
}

// identity is what an engine is known by again: its ID, or where it keeps its
// containers on which host, since Podman makes up another ID for each answer
// (containers/podman, pkg/api/handlers/compat/info.go).
func (e *Engine) identity(said system.Info) string {
	if e.podman() {
		return "podman " + said.Name + " " + said.DockerRootDir
	}
	return said.ID
}

func isRootless(option string) bool { return strings.Contains(option, "name=rootless") }

// clockAhead is the engine's clock minus ours, taken as told in the middle
// of the call; 0 when the engine does not tell, and when what it tells may be
// our own time: a slow answer is no other clock.
func clockAhead(system string, sent, got time.Time) time.Duration {
	theirs := parseTime(system)
	if theirs.IsZero() {
		return 0
	}
	// Wall clocks are compared, so the monotonic reading must go.
	if !theirs.Before(sent.Round(0)) && !theirs.After(got.Round(0)) {
		return 0
	}
	middle := sent.Add(got.Sub(sent) / 2).Round(0)
	return theirs.Sub(middle)
}

// parseTime reads a time of the engine; what is empty, invalid or the
// engine's own zero is the zero time.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}
