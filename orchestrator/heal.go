package orchestrator

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/stackctl/stackctl/compose"
)

// Rules bound how often the operator starts a service again.
type Rules struct {
	// Budget is the number of starts within Window, after which it gives up.
	Budget int
	Window time.Duration
	// First is the pause after the first start; each further one doubles it,
	// up to Longest. A fifth more or less is left to chance, see Seed.
	First, Longest time.Duration
	// Reset is how long a service has to be well for its starts to be
	// forgotten.
	Reset time.Duration
	// Seed varies the pauses between hosts.
	Seed uint64
}

// RulesOf are the rules of a file, the defaults where it says nothing.
func RulesOf(p *compose.Project) Rules {
	set := p.Settings.Supervise
	return Rules{
		Budget:  cmp.Or(set.Budget, 5),
		Window:  cmp.Or(set.Window, 10*time.Minute),
		First:   cmp.Or(set.Backoff, time.Second),
		Longest: max(time.Minute, set.Backoff),
		Reset:   10 * time.Minute,
	}
}

// pause is how long to wait after the nth start of a service within the
// window, from 1.
func (r Rules) pause(service string, n int) time.Duration {
	d := r.Longest
	if n-1 < 16 {
		d = min(r.Longest, r.First<<(n-1))
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %d", r.Seed, service, n)
	return d*4/5 + time.Duration(h.Sum64()%1000)*d*2/5/1000
}

// Memory is what the operator remembers beyond what the engine's objects say.
// Losing it costs history, never correctness.
type Memory struct {
	// Since is when the project was first looked after.
	Since time.Time `json:"since"`
	// Seen is the engine's time of the newest event.
	Seen     time.Time                `json:"seen"`
	Services map[string]ServiceMemory `json:"services"`
	// Stopped are the containers that somebody else stopped, by ID, with the
	// engine's time of it.
	Stopped map[string]time.Time `json:"stopped"`
	// Unsure are those that may turn out to have been the end of the engine.
	Unsure map[string]time.Time `json:"unsure,omitempty"`
	// Ours are the containers that the operator itself stopped last, by ID.
	Ours map[string]time.Time `json:"ours"`
}

// ServiceMemory is what is remembered of one service.
type ServiceMemory struct {
	// Spec is the digest of its configuration; another one begins anew.
	Spec string `json:"spec"`
	// Starts are the operator's starts within the window, oldest first.
	Starts []time.Time `json:"starts,omitempty"`
	// WellSince is since when it is well; zero while it is not.
	WellSince time.Time `json:"well_since,omitzero"`
	// GivenUp is set when its budget was spent.
	GivenUp *GivenUp `json:"given_up,omitempty"`
}

// GivenUp says why a service is not started any more.
type GivenUp struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	// Lives are the incarnations that were there: another one, started by
	// hand, is a new beginning.
	Lives []string `json:"lives"`
}

// Patient is what a look at one service shows.
type Patient struct {
	Service string
	// Spec is the digest of its configuration.
	Spec string
	// Cause says why something has to be done; "" for nothing.
	Cause string
	// Follows is the service whose restart is the cause, "" for none, and Asked
	// says that it is a person's wish: neither counts against the budget.
	Follows string
	Asked   bool
	// Expected says that somebody or something else than a failure accounts for
	// its not being well: a person, another state of the file, a service that it
	// follows.
	Expected bool
	// Well says that all its containers are.
	Well bool
	// Busy says that an earlier pass is still at work on it.
	Busy bool
	// ByHand says that somebody stopped it; why for a reader.
	ByHand string
	// NotBefore is when something may be done at the earliest, and Because
	// the reason: the engine's own turn, a start period, a pause.
	NotBefore time.Time
	Because   string
	// Needs are the services that it has to wait for, Lacks says which image
	// is missing.
	Needs []string
	Lacks string
	// Lives are its incarnations that no restart policy made.
	Lives []string
}

// Verdict is what a pass does about a service.
type Verdict string

// The verdicts.
const (
	// LeaveAlone: nothing is needed.
	LeaveAlone Verdict = "fine"
	// Act: now.
	Act Verdict = "healing"
	// NotYet: at the time that Decision.Again says, or when it is looked at
	// next.
	NotYet Verdict = "waiting"
	// Blocked: another service has to come first.
	Blocked Verdict = "blocked"
	// HandsOff: somebody stopped it.
	HandsOff Verdict = "stopped by hand"
	// GaveUp: its budget is spent.
	GaveUp Verdict = "given up"
)

// Decision is a verdict with its reason.
type Decision struct {
	Verdict Verdict
	// Cause is what is wrong, Reason why nothing is done about it; both may
	// be "".
	Cause, Reason string
	// Again is when to look again; zero for the usual time.
	Again time.Time
	// Starts is how many starts of its budget are spent.
	Starts int
	// LacksImage says that its image has to be made or fetched first.
	LacksImage bool
	// AtWork says that an earlier pass is.
	AtWork bool
	// Expected and Follows are the patient's.
	Expected bool
	Follows  string
}

// Heal decides what a pass may do about each service. Patients are in the
// order of their dependencies. It is pure: the same patients, memory and time
// give the same decisions, and the memory it is given stays as it is.
func Heal(patients []Patient, rules Rules, m Memory, now time.Time) (map[string]Decision, Memory) {
	out := m
	out.Services = make(map[string]ServiceMemory, len(patients))
	decisions := make(map[string]Decision, len(patients))
	for _, p := range patients {
		mem := m.Services[p.Service].aged(p, rules, now)
		d := decide(p, rules, &mem, now)
		if d.Verdict == Act || p.Busy {
			mem.WellSince = time.Time{}
		}
		d.Starts = len(mem.Starts)
		out.Services[p.Service], decisions[p.Service] = mem, d
	}
	return decisions, out
}

// aged is the memory of a service with what does not count any more left out.
func (mem ServiceMemory) aged(p Patient, rules Rules, now time.Time) ServiceMemory {
	if mem.Spec != p.Spec || p.Asked || mem.begunAnew(p) {
		mem = ServiceMemory{Spec: p.Spec}
	}
	// A clock that was set back must not keep old starts for ever.
	mem.Starts = slices.DeleteFunc(slices.Clone(mem.Starts), func(t time.Time) bool {
		return t.After(now) || now.Sub(t) >= rules.Window
	})
	switch {
	case !p.Well:
		mem.WellSince = time.Time{}
	case mem.WellSince.IsZero() || mem.WellSince.After(now):
		mem.WellSince = now
	case now.Sub(mem.WellSince) >= rules.Reset:
		mem.Starts, mem.GivenUp = nil, nil
	}
	return mem
}

// begunAnew says whether a service that was given up was started by hand.
func (mem ServiceMemory) begunAnew(p Patient) bool {
	if mem.GivenUp == nil {
		return false
	}
	return slices.ContainsFunc(p.Lives, func(life string) bool { return !slices.Contains(mem.GivenUp.Lives, life) })
}

// decide is the decision about one service; a start is noted in its memory.
func decide(p Patient, rules Rules, mem *ServiceMemory, now time.Time) Decision {
	d := Decision{Cause: p.Cause, Expected: p.Expected, Follows: p.Follows}
	switch {
	case p.Busy:
		d.Verdict, d.Reason, d.AtWork = NotYet, "an earlier pass is at work on it", true
	case p.Cause == "" && mem.GivenUp == nil, p.Cause == "" && p.Well:
		d.Verdict = LeaveAlone
	case p.ByHand != "":
		d.Verdict, d.Reason = HandsOff, p.ByHand
	case mem.GivenUp != nil:
		d.Verdict, d.Reason = GaveUp, mem.GivenUp.Reason
	case now.Before(p.NotBefore):
		d.Verdict, d.Reason, d.Again = NotYet, p.Because, p.NotBefore
	case p.Lacks != "":
		d.Verdict, d.Reason, d.LacksImage = NotYet, p.Lacks, true
	case len(p.Needs) > 0:
		d.Verdict, d.Reason = Blocked, "waits for "+listed(p.Needs)
	case p.Asked || p.Follows != "":
		d.Verdict = Act
	default:
		spend(p, rules, mem, now, &d)
	}
	return d
}

// spend takes one start out of the budget, when it is due.
func spend(p Patient, rules Rules, mem *ServiceMemory, now time.Time, d *Decision) {
	n := len(mem.Starts)
	if n >= rules.Budget {
		d.Verdict = GaveUp
		d.Reason = fmt.Sprintf("%d starts within %s did not help; last: %s", n, short(rules.Window), p.Cause)
		mem.GivenUp = &GivenUp{At: now, Reason: d.Reason, Lives: slices.Clone(p.Lives)}
		return
	}
	if n > 0 {
		if due := mem.Starts[n-1].Add(rules.pause(p.Service, n)); now.Before(due) {
			d.Verdict, d.Again = NotYet, due
			d.Reason = fmt.Sprintf("start %d of %d follows", n+1, rules.Budget)
			return
		}
	}
	d.Verdict = Act
	mem.Starts = append(mem.Starts, now)
}

// listed are names for a reader: "a, b".
func listed(names []string) string {
	text := ""
	for i, name := range names {
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return text
}

// short is a duration without the zeros behind: "10m".
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
