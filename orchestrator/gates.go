package orchestrator

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

// The gates by the names of their conditions, docs/nomenclature.md.
const (
	GateCensus    = "Census"
	GateRunning   = "Running"
	GateWired     = "Wired"
	GateHealthy   = "Healthy"
	GateCompleted = "Completed"
	GateDatabase  = "Database"
	GateReachable = "Reachable"
	GateQuiet     = "Quiet"
	GateStable    = "Stable"
)

// verifyAllowance is how long a service that is well inside may take until
// its probes from outside pass.
const verifyAllowance = 30 * time.Second

// gate decides one condition of a service; a condition without a type does
// not apply to it.
type gate func(subject) Condition

// gates go from causes to effects: the first that does not hold is the reason.
func gates() []gate {
	return []gate{census, running, completed, wired, healthy, database, reachable, quiet, stable}
}

// holds is a condition that is true.
func holds(kind, message string) Condition {
	return Condition{Type: kind, Status: True, Reason: "Proven", Message: message}
}

// resting is a condition with what it rests on.
func resting(c Condition, on []healthchecks.Evidence) Condition {
	c.Evidence = on
	return c
}

// fails is a condition that is not.
func fails(kind string, class fault.Class, reason, format string, args ...any) Condition {
	return Condition{Type: kind, Status: False, Class: class, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// isJob says whether the service is proven by its end. One whose file does not
// say what it is may end, and need not.
func (s subject) isJob() bool {
	return s.role == RoleJob || s.role == RoleUndeclared && s.ended()
}

// ended says whether all containers of the service ended with success.
func (s subject) ended() bool {
	return len(s.standings) > 0 && !slices.ContainsFunc(s.standings, func(st Standing) bool { return !st.Completed })
}

// census is G0: exactly the replicas of the file, made by this project, with
// the configuration and the image of this file. After a run has done all that
// it had to do, nobody will make up for what is missing.
func census(s subject) Condition {
	c := s.count()
	c.Final = c.Status != True && s.Members != nil
	c.Evidence = []healthchecks.Evidence{s.counted(c.Status == True)}
	return c
}

func (s subject) count() Condition {
	want := s.service.Replicas()
	for _, id := range s.Members[s.service.Name] {
		if !slices.ContainsFunc(s.ours, func(c Sight) bool { return c.ID == id }) {
			return fails(GateCensus, fault.Conflict, "Removed", "container %s was removed or replaced by another client", shortID(id))
		}
	}
	for _, c := range s.all {
		if ownerOf(c.Labels, s.Project) != ownedByUs {
			return fails(GateCensus, fault.Conflict, "Stranger", "%s carries our project's label and was not made by stackctl for %s", c.Name, s.Project.Dir)
		}
	}
	seen := map[int]string{}
	for _, c := range s.ours {
		if other := seen[c.Number]; other != "" {
			return fails(GateCensus, fault.Conflict, "Duplicate", "%s and %s are both number %d", other, c.Name, c.Number)
		}
		seen[c.Number] = c.Name
	}
	if len(s.ours) == 0 && want > 0 {
		return fails(GateCensus, fault.Service, "NotUp", "there is no container of it")
	}
	if len(s.ours) != want {
		return fails(GateCensus, fault.Service, "Replicas", "%d of %d containers exist", len(s.ours), want)
	}
	return s.current(want)
}

// current is the part of the census that compares with the file.
func (s subject) current(want int) Condition {
	for _, c := range s.ours {
		if c.Number < 1 || c.Number > want {
			return fails(GateCensus, fault.Conflict, "Number", "%s has the number %d of %d", c.Name, c.Number, want)
		}
		if name := s.Project.ContainerName(s.service.Name, c.Number); c.Name != name {
			return fails(GateCensus, fault.Conflict, "Name", "%s is not yet called %s", c.Name, name)
		}
		if why := configCause(s.Project, s.service, c.Container); why != "" {
			return fails(GateCensus, fault.Differs, "Differs", "%s differs from the file: %s", c.Name, why)
		}
		if changes := limitChanges(s.service, c.Container, s.engine.Supports); len(changes) > 0 {
			return fails(GateCensus, fault.Differs, "Updated", "%s was changed behind the file: %s", c.Name, updatedText(changes))
		}
		if id := s.Images[s.service.Name].ID; id != c.ImageID {
			return fails(GateCensus, fault.Differs, "Image", "%s runs image %s, the file's %s is %s now", c.Name, shortID(c.ImageID), s.service.Image, shortID(id))
		}
	}
	return holds(GateCensus, fmt.Sprintf("%d of %d containers, of this file", len(s.ours), want))
}

// running is G1 for what is meant to run.
func running(s subject) Condition {
	if s.isJob() {
		return Condition{}
	}
	var evidence []healthchecks.Evidence
	for i, c := range s.ours {
		st := s.standings[i]
		evidence = append(evidence, s.lived(c, st.Running))
		if !st.Running {
			cond := fails(GateRunning, orService(st.Class), "NotRunning", "%s is %s%s%s", c.Name, st.State, colon(st.Reason), then(s.endedWithPeer(c)))
			cond.Final, cond.Evidence = st.Final, evidence
			return withHint(cond, st.Hint, c.At)
		}
	}
	return resting(holds(GateRunning, "running"), evidence)
}

// completed is G5: a job has ended with code 0.
func completed(s subject) Condition {
	if !s.isJob() {
		return Condition{}
	}
	var evidence []healthchecks.Evidence
	for i, c := range s.ours {
		st := s.standings[i]
		stale := ""
		if st.Completed {
			stale = s.stale(c)
		}
		evidence = append(evidence, s.lived(c, st.Completed && stale == ""))
		if stale != "" {
			cond := fails(GateCompleted, fault.Service, "Stale", "%s ended with code 0 at %s, which no longer stands: %s", c.Name, moment(c.FinishedAt), stale)
			cond.Final, cond.Evidence = true, evidence
			return withHint(cond, "stackctl up runs it again", c.At)
		}
		if st.Completed {
			continue
		}
		class := orService(st.Class)
		if st.State == "running" || st.State == "created" {
			class = fault.Service
		}
		cond := fails(GateCompleted, class, "NotCompleted", "%s is %s%s", c.Name, st.State, colon(st.Reason))
		cond.Final, cond.Evidence = st.Final, evidence
		return withHint(cond, st.Hint, c.At)
	}
	return resting(holds(GateCompleted, "ended with code 0"), evidence)
}

// reasonUnconfirmed: a good answer followed a bad one, and has to come once more.
const reasonUnconfirmed = "Unconfirmed"

// The reasons for which GateHealthy does not hold of a container that runs.
const (
	reasonNotHealthy = "NotHealthy"
	// ReasonProbeFailed says that the engine still says healthy and that its newest
	// probe failed.
	ReasonProbeFailed = "ProbeFailed"
)

// healthy is G2: the container's own check passed in this incarnation,
// recently.
func healthy(s subject) Condition {
	if s.isJob() {
		return Condition{}
	}
	var evidence []healthchecks.Evidence
	for i, c := range s.ours {
		st := s.standings[i]
		if !st.Running {
			return unknown(GateHealthy, orService(st.Class), "NotRunning", c.Name+" does not run")
		}
		evidence = append(evidence, st.Verdict.Evidence...)
		if !st.Well {
			evidence = append(evidence, s.looked(c.Name+": State.Health", false, firstText(string(c.Health.Status), "no health"), st.Reason))
			reason := reasonNotHealthy
			if st.Verdict.State == healthchecks.StateFailing {
				reason = ReasonProbeFailed
			}
			cond := fails(GateHealthy, orService(st.Class), reason, "%s is %s%s", c.Name, st.State, colon(st.Reason))
			cond.Final, cond.Evidence = st.Final, evidence
			return withHint(cond, st.Hint, c.At)
		}
		if c.Check.Defined() != s.check.Defined() {
			return resting(fails(GateHealthy, fault.Differs, "OtherCheck", "%s was created with another healthcheck than the file's", c.Name),
				append(evidence, s.looked(c.Name+": Config.Healthcheck", false, "not the file's")))
		}
	}
	if s.check.Defined() {
		cond := holds(GateHealthy, "its healthcheck passes")
		cond.Evidence = evidence
		return cond
	}
	if s.uncheckable() && !s.waived {
		return s.uncheckedCondition(evidence)
	}
	if s.proofName() == "waived" {
		return resting(holds(GateHealthy, "waived: nothing proves it, by wish of the file or of the command line"), []healthchecks.Evidence{{
			Probe: "x-stackctl.allow_unverified, --allow-unverified", Result: "the proof is waived", Passed: true, At: s.Now,
		}})
	}
	return Condition{}
}

// stable is G3: nothing contradicted the rest during the window.
func stable(s subject) Condition {
	if s.isJob() {
		return Condition{}
	}
	var evidence []healthchecks.Evidence
	for _, c := range s.ours {
		window := s.window()
		lasting := c.stable(window, s.age(c), s.engineNow(), s.Now) && !s.contradicted(c)
		evidence = append(evidence, s.lasted(c, lasting))
		if left := s.distrusted(c); left > 0 && lasting {
			evidence[len(evidence)-1].Passed = false
			return resting(fails(GateStable, fault.Service, "CrashLoop", "%s has been restarted %d times and must run for %s to be believed: %s are missing%s",
				c.Name, c.RestartCount, shortRun, left.Round(100*time.Millisecond), then(c.LastEnd)), evidence)
		}
		if !lasting && s.uncheckable() && c.RestartCount > 0 {
			return resting(fails(GateStable, fault.Service, "Restarted", "%s restarted %s and has not run for %s since%s",
				c.Name, times(c.RestartCount), window, then(c.LastEnd)), evidence)
		}
		if !lasting && s.uncheckable() {
			return resting(fails(GateStable, fault.Timeout, "Unstable", "%s has not run for %s yet, and nothing else shows that it works", c.Name, window), evidence)
		}
		if !lasting {
			return resting(fails(GateStable, fault.Timeout, "Unstable", "%s has not been well for %s yet", c.Name, window), evidence)
		}
	}
	return resting(holds(GateStable, fmt.Sprintf("nothing contradicted it for %s", s.window())), evidence)
}

// contradicted says whether a probe from outside failed within the window.
func (s subject) contradicted(c Sight) bool {
	at, ok := s.Wrong[c.ID]
	return ok && s.Now.Sub(at) < s.window()
}

// wired is G4: networks, addresses and published ports are really there.
func wired(s subject) Condition {
	if s.isJob() {
		return Condition{}
	}
	var evidence []healthchecks.Evidence
	for _, c := range s.ours {
		if c.State != StateRunning {
			return unknown(GateWired, fault.Service, "NotRunning", c.Name+" does not run")
		}
		if cond := s.unshared(c); cond.Type != "" {
			return cond
		}
		if cond := s.unbound(c); cond.Type != "" {
			return cond
		}
		problem := s.unwired(c.Container)
		evidence = append(evidence, s.connected(c, problem == ""))
		if problem != "" {
			cond := fails(GateWired, fault.Resource, "NotWired", "%s: %s", c.Name, problem)
			cond.Final, cond.Evidence = s.age(c) > 5*time.Second, evidence
			return cond
		}
	}
	return resting(holds(GateWired, "networks and published ports are there"), evidence)
}

// unwired says what of its wiring a running container lacks.
func (s subject) unwired(c Container) string {
	for _, key := range sortedKeys(s.service.Networks) {
		name := s.Project.Networks[key].Name
		i := slices.IndexFunc(c.Endpoints, func(e Endpoint) bool { return e.Network == name })
		if i < 0 {
			return "not connected to network " + name
		}
		e := c.Endpoints[i]
		if e.EndpointID == "" || e.IPv4 == "" && e.IPv6 == "" {
			return "has no address in network " + name
		}
		for _, problem := range []string{s.wrongAddress(key, e), s.otherNetwork(key, e), lostName(s.service, key, e)} {
			if problem != "" {
				return problem
			}
		}
	}
	if s.service.NetworkMode == "host" {
		return ""
	}
	for _, port := range s.service.Ports {
		if !isPublished(c, port) {
			return fmt.Sprintf("port %d is not published", port.Target)
		}
	}
	return ""
}

// wrongAddress compares a fixed address of the file with the real one.
func (s subject) wrongAddress(key string, e Endpoint) string {
	config := s.service.Networks[key]
	if config == nil {
		return ""
	}
	if want := config.Ipv4Address; want != "" && want != e.IPv4 {
		return fmt.Sprintf("has the address %s in network %s, not %s", e.IPv4, e.Network, want)
	}
	want, got := net.ParseIP(config.Ipv6Address), net.ParseIP(e.IPv6)
	if want != nil && !want.Equal(got) {
		return fmt.Sprintf("has the address %s in network %s, not %s", e.IPv6, e.Network, want)
	}
	return ""
}

// isPublished says whether a port of the file has its real binding.
func isPublished(c Container, want types.ServicePortConfig) bool {
	proto := want.Protocol
	if proto == "" {
		proto = "tcp"
	}
	return slices.ContainsFunc(c.Published, func(p Port) bool {
		if p.Host == 0 || uint32(p.Container) != want.Target || p.Proto != proto {
			return false
		}
		if host, err := strconv.Atoi(want.Published); err == nil && host != 0 && int(p.Host) != host {
			return false
		}
		return want.HostIP == "" || want.HostIP == p.HostIP
	})
}

// database is G6.
func database(s subject) Condition {
	return s.fromProofs(GateDatabase, "answers authenticated queries")
}

// reachable is G7, and a built-in check where there is nothing to reach. A
// service without a check owes at least one answer.
func reachable(s subject) Condition {
	c := s.fromProofs(GateReachable, "answers")
	if c.Type != "" || s.check.Defined() || s.isJob() || s.uncheckable() || database(s).Type != "" {
		return c
	}
	c = unknown(GateReachable, fault.Service, "NothingToAsk", "it has no healthcheck, and nothing of it can be asked from outside")
	c.Final = true
	return c
}

// fromProofs decides a gate from the probes that containers owe; which these
// are is decided afresh, so that a probe that was never made is missed.
func (s subject) fromProofs(kind, word string) Condition {
	if s.isJob() || s.uncheckable() {
		return Condition{}
	}
	var evidence []healthchecks.Evidence
	for i, c := range s.ours {
		if !s.standings[i].Running {
			if !s.mayOwe(kind) {
				return Condition{}
			}
			return unasked(kind, c.Name)
		}
		proofs, whole := s.answersOf(kind, c)
		if !whole {
			return unasked(kind, c.Name)
		}
		for _, p := range proofs {
			evidence = append(evidence, p.Evidence)
			if !p.Passed {
				return s.unproven(kind, c, p, evidence)
			}
		}
	}
	if len(evidence) == 0 {
		return Condition{}
	}
	return resting(holds(kind, word), evidence)
}

// answersOf are the answers of one container to the probes of a kind that it
// owes, up to the first that did not pass; whole is false when one is missing.
func (s subject) answersOf(kind string, c Sight) (proofs []Proof, whole bool) {
	nth := map[string]int{}
	for _, t := range (prober{info: s.Observed.Engine, project: s.Project}).tasks(s.service, c.Container, s.bench) {
		if t.gate != kind {
			continue
		}
		p, ok := s.proof(c, t, nth[t.address])
		nth[t.address]++
		if !ok {
			return nil, false
		}
		if p.Again {
			p.Passed, p.Result = false, "answered once after a failure: "+p.Result
		}
		if proofs = append(proofs, p); !p.Passed {
			break
		}
	}
	return proofs, true
}

// mayOwe says whether containers of the service owe probes of a kind once they
// run; while they do not, they publish nothing that could be asked.
func (s subject) mayOwe(kind string) bool {
	database := isPostgres(s.service.Image) && s.service.RunsServer()
	asked := false
	for _, v := range s.service.Settings.Verify {
		database = database || v.Postgres != nil
		asked = asked || v.Postgres == nil
	}
	if kind == GateDatabase {
		return database
	}
	return asked || len(s.service.Ports) > 0 || !s.check.Defined()
}

// proof finds the answer to a task, given by this very incarnation at the
// address that it has now: the nth of those at that address, as several things
// may be asked there.
func (s subject) proof(c Sight, t task, nth int) (Proof, bool) {
	for _, p := range s.Proofs[c.ID] {
		if p.Gate != t.gate || p.Address != t.address || p.ContainerID != c.ID || !p.StartedAt.Equal(c.StartedAt) {
			continue
		}
		if nth == 0 {
			return p, true
		}
		nth--
	}
	return Proof{}, false
}

// unknown is a condition whose facts are missing.
func unknown(kind string, class fault.Class, reason, message string) Condition {
	return Condition{Type: kind, Status: Unknown, Class: class, Reason: reason, Message: message}
}

func unasked(kind, container string) Condition {
	return unknown(kind, fault.Verify, "NotAsked", container+" has not been asked in its present state")
}

// unproven is a probe that does not pass: at once final where waiting cannot
// heal it, else after a while.
func (s subject) unproven(kind string, c Sight, p Proof, evidence []healthchecks.Evidence) Condition {
	said := p.Result
	if p.Address == "" || !strings.Contains(said, p.Address) {
		said = p.Probe + ": " + said
	}
	if len(s.ours) > 1 {
		said = c.Name + ": " + said
	}
	cond := fails(kind, fault.Verify, "NoAnswer", "%s", said)
	if p.Again {
		cond = fails(kind, fault.Verify, reasonUnconfirmed, "%s: answered once after a failure, and has to do so twice in a row", p.Probe)
	}
	if sharer := s.staleSharer(c); sharer != "" {
		cond = fails(kind, fault.Service, "StaleSharer", "%s shares its network namespace, and still has the one from before %s restarted: %s", sharer, c.Name, p.Probe)
		p.Final, p.Hint = true, "stackctl restart "+s.service.Name+" takes along what shares its namespace"
		evidence = slices.Clone(evidence)
		evidence[len(evidence)-1].Hint = p.Hint
	}
	cond.Evidence = evidence
	allowed := verifyAllowance
	if !s.check.Defined() {
		allowed = portAllowance
	}
	since, ok := s.Verifying[c.ID]
	cond.Final = p.Final || ok && s.Now.Sub(since) >= allowed
	return withHint(cond, p.Hint, p.At)
}

// withHint puts the hint to the evidence that failed, where hintOf finds it.
func withHint(c Condition, hint string, at time.Time) Condition {
	if hint == "" || hintOf(c) != "" {
		return c
	}
	if n := len(c.Evidence); n > 0 && !c.Evidence[n-1].Passed {
		c.Evidence = slices.Clone(c.Evidence)
		c.Evidence[n-1].Hint = hint
	} else {
		c.Evidence = append(slices.Clone(c.Evidence), healthchecks.Evidence{Probe: c.Type, Result: c.Message, Hint: hint, At: at})
	}
	return c
}

func orService(c fault.Class) fault.Class {
	if c == fault.None {
		return fault.Service
	}
	return c
}

func colon(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
