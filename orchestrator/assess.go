package orchestrator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// Facts are all that an assessment is made from.
type Facts struct {
	Project  *compose.Project
	Observed Observed
	// Images are the images of the services as they are wanted.
	Images map[string]images.Image
	// Sights are what is known about containers beyond this one look, by ID.
	Sights map[string]Sight
	// Proofs are the probes from outside, by container ID.
	Proofs map[string][]Proof
	// Verifying is since when a container's probes from outside fail while
	// it is well inside, by ID.
	Verifying map[string]time.Time
	// Wrong is when a container last gave a wrong answer from outside, by ID.
	Wrong map[string]time.Time
	// Scans are the searches through logs, by container ID.
	Scans map[string]Scan
	// Members are the containers that a run has made or kept, by service;
	// nil when nobody is changing the stack.
	Members map[string][]string
	// Failures are errors of actions, by service.
	Failures map[string]error
	// Now is this host's time.
	Now time.Time
	// StableFor is the stability window.
	StableFor time.Duration
	// AllowUnverified waives the proof of every service without a check; Strict
	// makes a failure of one that is not waived.
	AllowUnverified, Strict bool
	// Redact takes secrets out of the commands of checks; nil takes none.
	Redact *sanitize.Redactor

	// byService are the observed containers by service, once Assess has
	// sorted them.
	byService map[string][]Container
}

// subject is one service while it is assessed.
type subject struct {
	*Facts
	bench
	// all are the containers that claim to be this service's, ours those
	// that count.
	all, ours []Sight
	standings []Standing
}

// Assess decides what is proven. It is pure: the same facts give the same
// report, and whatever is missing from them proves nothing.
func Assess(f Facts) Report {
	r := Report{Project: f.Project.Name, Dir: f.Project.Dir, Engine: f.Observed.Engine, At: f.Now, Unselected: f.Project.Unselected()}
	for _, level := range f.Project.Order() {
		for _, name := range slices.Sorted(slices.Values(level)) {
			r.Services = append(r.Services, assessService(f.subject(name)))
		}
	}
	r.Endpoints = endpoints(f, r.Services)
	link(f.Project, r.Services)
	r.Proven, r.Class = conclude(r.Services)
	r.Notes = notes(f, r)
	return r
}

// of returns the observed containers that carry a service's name.
func (f *Facts) of(service string) []Container {
	if f.byService == nil {
		f.byService = map[string][]Container{}
		for _, c := range f.Observed.Containers {
			f.byService[c.Service] = append(f.byService[c.Service], c)
		}
	}
	return f.byService[service]
}

// subject gathers what is known about one service.
func (f *Facts) subject(name string) subject {
	svc := f.Project.Services[name]
	b := makeBench(f.Project, svc, f.Images[name], f.Observed.Engine, f.AllowUnverified, f.Now)
	b.redact = f.Redact
	s := subject{Facts: f, bench: b}
	for _, c := range f.of(name) {
		if c.Project != f.Project.Name || c.OneOff || strings.HasSuffix(c.Name, prevSuffix) && c.State != StateRunning {
			continue
		}
		sight := advance(f.Sights[c.ID], c, f.Now)
		s.all = append(s.all, sight)
		if ownerOf(c.Labels, f.Project) == ownedByUs {
			s.ours = append(s.ours, sight)
		}
	}
	slices.SortFunc(s.ours, func(a, b Sight) int { return a.Number - b.Number })
	for _, sight := range s.ours {
		s.standings = append(s.standings, b.judge(sight))
	}
	return s
}

// assessService runs every gate over one service.
func assessService(s subject) ServiceReport {
	r := ServiceReport{Name: s.service.Name, Proof: s.proofName(), Image: s.service.Image}
	for i, sight := range s.ours {
		r.Restarts += sight.RestartCount
		r.runs = r.runs || sight.State == StateRunning
		r.Containers = append(r.Containers, ContainerReport{
			ID: sight.ID, Name: sight.Name, Number: sight.Number, State: s.standings[i].State,
			StartedAt: sight.StartedAt, ImageID: sight.ImageID,
		})
	}
	r.Proven = true
	var unchecked *Condition
	for _, g := range gates() {
		c := g(s)
		if c.Type == "" || c.Type != GateCensus && s.absent() {
			continue
		}
		if c.Status == True && len(s.ours) == 0 && s.service.Replicas() > 0 {
			c = unknown(c.Type, fault.Service, "NotUp", "there is no container of it")
		}
		r.Conditions = append(r.Conditions, c)
		switch {
		case c.unchecked():
			unchecked = &c
		case c.Status != True:
			r.take(c)
		}
	}
	if unchecked != nil && r.Proven {
		r.take(*unchecked) // nothing contradicts it, and nothing proves it
		r.Unchecked = true
	}
	r.Proven = r.Proven && unchecked == nil
	r.State, r.Since = s.state(r)
	r.fromFailure(s.Failures[s.service.Name])
	r.Notes = s.notes()
	return r
}

// absent says that the file wants no container of the service, and that there
// is none: only that can be true of it.
func (s subject) absent() bool { return s.service.Replicas() == 0 && len(s.ours) == 0 }

// take makes a condition that does not hold the reason of the service, unless
// an earlier one is: the gates go from the cause to its effects.
func (r *ServiceReport) take(c Condition) {
	if r.Proven {
		r.Class, r.Reason = c.Class, c.Message
		r.Hint = hintOf(c)
	}
	r.Proven = false
	r.Final = r.Final || c.Final
}

// hintOf is the first hint of a condition's evidence.
func hintOf(c Condition) string {
	for _, e := range c.Evidence {
		if e.Hint != "" {
			return e.Hint
		}
	}
	return ""
}

// fromFailure lets the error of an action say why the service failed: it is
// nearer to the cause than what is left behind.
func (r *ServiceReport) fromFailure(err error) {
	if err == nil || r.Proven {
		return
	}
	r.Class, r.Reason, r.Final = fault.ClassOf(err), err.Error(), true
	if hint := fault.HintOf(err); hint != "" {
		r.Hint = hint
	}
}

// proofName names what proves the service.
func (s subject) proofName() string {
	switch {
	case s.isJob():
		return "job"
	case s.waived && s.uncheckable():
		return "waived"
	case s.uncheckable():
		return "none"
	case s.check.Defined():
		return "healthcheck"
	case len(tcpPorts(s.service)) > 0:
		return "port"
	case len(s.service.Settings.Verify) > 0:
		return "verify"
	default:
		return "built-in"
	}
}

// state is the word for the table, and since when.
func (s subject) state(r ServiceReport) (string, time.Time) {
	if len(s.ours) == 0 {
		if s.service.Replicas() == 0 {
			return "scaled to 0", time.Time{}
		}
		return "not up", time.Time{}
	}
	worst := 0
	for i, st := range s.standings {
		if !st.Well && s.standings[worst].Well {
			worst = i
		}
	}
	st, sight := s.standings[worst], s.ours[worst]
	since := sight.StartedAt
	if !sight.FinishedAt.IsZero() && sight.State != StateRunning {
		since = sight.FinishedAt
	}
	word := st.State
	if st.Well && word == "running" {
		word = s.wellWord(r)
	}
	return word, since
}

// wellWord is the state of a container without a check that runs.
func (s subject) wellWord(r ServiceReport) string {
	if s.uncheckable() {
		return "running"
	}
	if !r.Proven {
		return "unproven"
	}
	if r.Proof == "built-in" {
		return "healthy (built-in)"
	}
	return "answering"
}

// notes are what a reader should know although the service is proven.
func (s subject) notes() []string {
	var out []string
	for i, sight := range s.ours {
		st := s.standings[i]
		if st.Completed && st.Reason != "" {
			out = append(out, st.Reason)
		}
		if sight.RestartCount > 0 && st.Well {
			out = append(out, fmt.Sprintf("%s restarted %s before it became stable%s", sight.Name, times(sight.RestartCount), then(sight.LastEnd)))
		}
		if sight.OOMKilled && sight.State == StateRunning {
			out = append(out, sight.Name+": the engine killed a child process for memory")
		}
		for _, p := range s.Proofs[sight.ID] {
			out = append(out, p.Notes...)
		}
		out = append(out, s.criticalNotes(sight)...)
	}
	return slices.Compact(out)
}

// times counts how often.
func times(n int) string {
	if n == 1 {
		return "1 time"
	}
	return fmt.Sprintf("%d times", n)
}

// link says for each service whom it waits for in vain, and who waits for it.
func link(p *compose.Project, services []ServiceReport) {
	at := map[string]*ServiceReport{}
	for i := range services {
		at[services[i].Name] = &services[i]
	}
	for i := range services {
		r := &services[i]
		for _, dep := range sortedKeys(p.Services[r.Name].DependsOn) {
			d, ok := at[dep]
			if !ok {
				continue
			}
			d.Blocks = append(d.Blocks, r.Name)
			// What failed for good is not explained by a dependency that may
			// still come good.
			ends := SharesNamespace(p.Services[r.Name], dep) && !d.runs
			if !d.settled() && !r.settled() && !onlyUnstable(*d) && (d.Final || !r.Final || ends) {
				r.BlockedBy = append(r.BlockedBy, dep)
				r.endsWithPeer = r.endsWithPeer || ends
			}
		}
	}
}

// conclude says whether all is proven, and the class of the root cause.
func conclude(services []ServiceReport) (bool, fault.Class) {
	root := rootOf(services)
	switch {
	case root != nil:
		return false, orService(root.Class)
	case len(uncheckedIn(services)) > 0:
		return false, fault.Unchecked
	}
	return true, fault.None
}

// rootOf is the failure that no other one explains, nil when there is none:
// one that explains what others show, the first in the order of the dependencies
// that waiting cannot heal, else the first that waits for nobody.
func rootOf(services []ServiceReport) *ServiceReport {
	for _, is := range []func(ServiceReport) bool{
		func(r ServiceReport) bool { return r.Final && causesOthers(r) },
		func(r ServiceReport) bool { return r.Final && !r.endsWithPeer },
		func(r ServiceReport) bool { return len(r.BlockedBy) == 0 && !onlyUnstable(r) },
		func(ServiceReport) bool { return true },
	} {
		for i := range services {
			if !services[i].settled() && is(services[i]) {
				return &services[i]
			}
		}
	}
	return nil
}

// notes of the whole project.
func notes(f Facts, r Report) []string {
	var out []string
	for _, s := range r.Services {
		for _, n := range s.Notes {
			out = append(out, s.Name+": "+n)
		}
	}
	out = append(out, bindNotes(f)...)
	out = append(out, staleNotes(&f)...)
	for _, c := range f.Observed.Containers {
		if c.Project == f.Project.Name && !c.OneOff && !f.Project.Declares(c.Service) && !strings.HasSuffix(c.Name, prevSuffix) {
			out = append(out, fmt.Sprintf("orphan %s: service %q is no longer in the file; remove it with --remove-orphans", c.Name, c.Service))
		}
	}
	return out
}

// endpoints are the published ports as they really are.
func endpoints(f Facts, services []ServiceReport) []PublishedEndpoint {
	var out []PublishedEndpoint
	for _, r := range services {
		for _, c := range f.of(r.Name) {
			if ownerOf(c.Labels, f.Project) != ownedByUs {
				continue
			}
			for _, port := range distinct(c.Published, f.Observed.Engine) {
				e := PublishedEndpoint{
					Service: r.Name, Container: port.Container, Proto: port.Proto, Open: wildcard(port.HostIP),
					Address: healthchecks.HostAddress(port.HostIP, port.Host, f.Observed.Engine.Host),
				}
				e.URL = urlOf(e.Address, f.Proofs[c.ID])
				out = append(out, e)
			}
		}
	}
	return out
}

// urlOf is the address as a URL where an HTTP exchange passed.
func urlOf(address string, proofs []Proof) string {
	for _, p := range proofs {
		if p.Address == address && p.Passed && p.Detail["status"] != "" {
			if strings.Contains(p.Probe, "https://") {
				return "https://" + address
			}
			return "http://" + address
		}
	}
	return ""
}
