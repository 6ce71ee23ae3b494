package orchestrator

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// Proof is what one probe of a container gave.
type Proof struct {
	healthchecks.Evidence
	// Gate is GateDatabase or GateReachable.
	Gate string
	// ContainerID and StartedAt are the incarnation that was asked, Address
	// the published address it was asked at, "" for none.
	ContainerID string
	StartedAt   time.Time
	Address     string
	// Again says that the same question was answered wrongly the time before:
	// one good answer after a bad one proves nothing yet.
	Again bool
	// repeats is what is known about how to repeat the question.
	repeats repeats
}

// repeats is how a question may be repeated.
type repeats struct {
	// noHead: the server does not answer HEAD as it answers GET; noAccept: that
	// its port does not accept a connection tells nothing.
	noHead, noAccept bool
	// requests is how many requests the last repetition took, 0 when there was
	// none: the next one may take two.
	requests int
}

// confirmed marks the good answers among proofs that follow a bad one to the
// same question, put to the same incarnation. The questions to one incarnation come
// in the same order each time.
func confirmed(before, proofs []Proof) []Proof {
	for i, old := range before[:min(len(before), len(proofs))] {
		p := &proofs[i]
		p.Again = p.Passed && !old.Passed && old.Gate == p.Gate && old.Address == p.Address &&
			old.ContainerID == p.ContainerID && old.StartedAt.Equal(p.StartedAt)
	}
	return proofs
}

// task is one probe that a container owes.
type task struct {
	gate    string
	address string
	probe   healthchecks.Probe
	// port is the container's, 0 where none is asked.
	port uint16
}

// prober makes the probes of one service's containers.
type prober struct {
	engine  Engine
	info    EngineInfo
	project *compose.Project
	redact  *sanitize.Redactor
	outside Outside
	servers *servers
}

// tasks are the probes that prove container c of s from outside.
func (p prober) tasks(s *compose.Service, c Container, b bench) []task {
	if b.role == RoleJob || b.uncheckable() {
		return nil
	}
	var tasks []task
	declared := map[uint16]bool{}
	postgres := false
	for _, v := range s.Settings.Verify {
		switch {
		case v.HTTP != nil:
			tasks = append(tasks, p.http(c, *v.HTTP)...)
			declared[v.HTTP.Port] = true
		case v.TCP != nil:
			tasks = append(tasks, p.tcp(c, v.TCP.Port, false)...)
			declared[v.TCP.Port] = true
		case v.Postgres != nil:
			tasks = append(tasks, p.postgres(s, c, v.Postgres))
			postgres = true
		}
	}
	if !postgres && b.database {
		tasks = append(tasks, p.postgres(s, c, nil))
		postgres = true
	}
	if port := databasePort(c); postgres && len(p.published(c, port)) < 2 {
		declared[port] = true // of several addresses the query uses one: the others are asked too
	}
	tasks = append(tasks, p.ports(c, declared)...)
	if !c.Check.Defined() && !slices.ContainsFunc(tasks, exchanges) {
		tasks = append(tasks, p.builtIn(s, c)...)
	}
	return tasks
}

// exchanges says whether a task asks anything: a mapping is only looked at.
func exchanges(t task) bool {
	_, mapping := t.probe.(healthchecks.Mapping)
	return !mapping
}

// ports are the probes of published ports that nothing else is said about.
func (p prober) ports(c Container, declared map[uint16]bool) []task {
	var tasks []task
	asked := map[string]bool{}
	for _, port := range distinct(c.Published, p.info) {
		address := p.address(port)
		switch {
		case port.Proto != "tcp":
			tasks = append(tasks, task{GateReachable, address,
				healthchecks.Mapping{Proto: port.Proto, Address: address, ContainerPort: port.Container}, 0})
		case !declared[port.Container] && !asked[address]:
			tasks = append(tasks, p.tcpAt(c, port, true))
			asked[address] = true // further addresses of one port are asked too
		}
	}
	return tasks
}

// distinct leaves out the second address family of a binding to all interfaces.
// Where an engine gives each family a port of its own, both are asked from the
// engine's host alone: elsewhere one address stands for that host.
func distinct(ports []Port, engine EngineInfo) []Port {
	var out []Port
	for _, port := range ports {
		if port.HostIP == "::" && hasTwin(ports, port, !engine.Local) {
			continue
		}
		out = append(out, port)
	}
	return out
}

// hasTwin says whether a binding of IPv6 has one of IPv4 beside it, at the same port
// of the host or, with any, at any.
func hasTwin(ports []Port, six Port, any bool) bool {
	for _, port := range ports {
		if port.HostIP == "0.0.0.0" && (any || port.Host == six.Host) && port.Container == six.Container && port.Proto == six.Proto {
			return true
		}
	}
	return false
}

// address is where a published port is reached from this host.
func (p prober) address(port Port) string {
	return healthchecks.HostAddress(port.HostIP, port.Host, p.info.Host)
}

// direct is the container's own address for port, "" when it has none that
// can be routed to.
func (p prober) direct(c Container, port uint16) string {
	if !p.info.Local {
		return ""
	}
	for _, e := range c.Endpoints {
		if e.IPv4 != "" {
			return net.JoinHostPort(e.IPv4, strconv.Itoa(int(port)))
		}
	}
	return ""
}

// published are the real bindings of a container's TCP port.
func (p prober) published(c Container, port uint16) []Port {
	var out []Port
	for _, b := range distinct(c.Published, p.info) {
		if b.Container == port && b.Proto == "tcp" {
			out = append(out, b)
		}
	}
	return out
}

func (p prober) tcp(c Container, port uint16, try bool) []task {
	bindings := p.published(c, port)
	if len(bindings) == 0 {
		return []task{{GateReachable, "", missing(port), port}}
	}
	var tasks []task
	for _, b := range bindings {
		tasks = append(tasks, p.tcpAt(c, b, try))
	}
	return tasks
}

func (p prober) tcpAt(c Container, b Port, try bool) task {
	address := p.address(b)
	if probe, ok := p.faraway(b); ok {
		return task{GateReachable, address, probe, b.Container}
	}
	return task{GateReachable, address, p.placed(healthchecks.TCP{
		Address: address, Direct: p.direct(c, b.Container), TryHTTP: try, ContainerPort: b.Container, Redact: p.redact.Redact,
		Dial: p.outside.Dial, Routable: p.outside.Routable, Agent: p.outside.Agent,
	}), b.Container}
}

func (p prober) http(c Container, v compose.VerifyHTTP) []task {
	bindings := p.published(c, v.Port)
	if len(bindings) == 0 {
		return []task{{GateReachable, "", missing(v.Port), v.Port}}
	}
	var tasks []task
	for _, b := range bindings {
		if _, ok := p.faraway(b); ok {
			tasks = append(tasks, p.tcpAt(c, b, false))
			continue
		}
		probe := healthchecks.HTTP{
			Address: p.address(b), Path: v.Path, Status: v.Status, Body: v.Body, Header: v.Header,
			Direct: p.direct(c, b.Container), Redact: p.redact.Redact,
			Dial: p.outside.Dial, Routable: p.outside.Routable, Agent: p.outside.Agent,
		}
		if v.TLS != nil {
			probe.TLS = &healthchecks.TLS{ServerName: v.TLS.ServerName, CAFile: v.TLS.CAFile, Insecure: v.TLS.Insecure}
		}
		tasks = append(tasks, task{GateReachable, probe.Address, p.placed(probe), v.Port})
	}
	return tasks
}

// builtIn is the check of a well-known image.
func (p prober) builtIn(s *compose.Service, c Container) []task {
	b, ok := healthchecks.BuiltInFor(s.Image)
	if !ok || !s.RunsServer() {
		return nil
	}
	address := ""
	if len(c.Endpoints) > 0 {
		address = c.Endpoints[0].IPv4
	}
	return []task{{GateReachable, "", b.Probe(execer{p.engine, c.ID, ""}, address, p.outside.Agent), 0}}
}

// hasBuiltIn says whether there is a built-in check for the image of s.
func hasBuiltIn(s *compose.Service) bool {
	_, ok := healthchecks.BuiltInFor(s.Image)
	return ok && s.RunsServer()
}

// execer runs probes inside one container.
type execer struct {
	engine Engine
	id     string
	user   string
}

// Exec implements healthchecks.Execer.
func (e execer) Exec(ctx context.Context, cmd, env []string) (int, string, error) {
	r, err := e.engine.Exec(ctx, e.id, ExecSpec{Cmd: cmd, Env: env, User: e.user})
	return r.ExitCode, r.Output, err
}

// missing is the probe of a port that is declared and not published.
type missing uint16

// String names the probe.
func (m missing) String() string { return fmt.Sprintf("container port %d", uint16(m)) }

// Run never passes.
func (m missing) Run(context.Context) healthchecks.Evidence {
	return healthchecks.Evidence{Probe: m.String(), Result: "the engine has no host port for it", At: time.Now(), Code: "unpublished"}
}

// run asks every task of c, a few at a time, and ties the answers to this
// incarnation.
func (p prober) run(ctx context.Context, c Container, tasks []task) []Proof {
	proofs := make([]Proof, len(tasks))
	each(len(tasks), looks, func(i int) {
		t := tasks[i]
		proofs[i] = Proof{Evidence: t.probe.Run(ctx), Gate: t.gate, ContainerID: c.ID, StartedAt: c.StartedAt, Address: t.address}
	})
	return proofs
}

// isPostgres says whether an image reference is a Postgres one by its name.
func isPostgres(ref string) bool {
	name, _, _ := strings.Cut(ref, "@")
	name = name[strings.LastIndex(name, "/")+1:]
	name, _, _ = strings.Cut(name, ":")
	switch name {
	case "postgres", "postgresql", "postgis", "pgvector", "timescaledb", "timescaledb-ha", "supabase-postgres":
		return true
	}
	return false
}
