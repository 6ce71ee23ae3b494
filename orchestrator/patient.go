package orchestrator

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

const (
	// engineTurn is how long a container that has ended is left to the
	// engine's restart policy, and to whoever is about to say that it was
	// stopped on purpose.
	engineTurn = 2 * time.Second
	// removalTurn is how long a removal may take before it is taken for
	// stuck.
	removalTurn = 5 * time.Second
)

// ward is what the patients of one pass are made from.
type ward struct {
	facts  Facts
	report Report
	rules  Rules
	memory Memory
	busy   map[string]bool
	// asked are the wishes of a person, by service.
	asked map[string]string
	// killed is when a container was last sent a signal by a client, by ID,
	// in the engine's time.
	killed map[string]time.Time
	// told is from when on it is known who stopped what.
	told time.Time
	// follows are the services that are to be restarted because another one
	// began anew, with its name.
	follows map[string]string
	// absent are the missing sources of bind mounts.
	absent map[string]bool
	// subjects are the services while they are looked at, by name.
	subjects map[string]subject
}

// subject is one service with its containers and where they stand.
func (w ward) subject(name string) subject {
	s, ok := w.subjects[name]
	if !ok {
		s = w.facts.subject(name)
		w.subjects[name] = s
	}
	return s
}

// patients are the services in the order of their dependencies, with the
// cause of what up would do about each, and of what up does not look for.
func (w ward) patients() ([]Patient, map[string]string, error) {
	again := w.again()
	plan, err := MakePlan(w.planInput(nil, again))
	if err = errors.Join(err, plan.Refused()); err != nil {
		return nil, nil, err
	}
	causes, creates := causesOf(plan)
	var out []Patient
	acting := map[string]bool{}
	for _, level := range w.facts.Project.Order() {
		for _, name := range slices.Sorted(slices.Values(level)) {
			if dep := plan.follows[name]; dep != "" {
				w.follows[name] = dep
			} else if causes[name] != again[name] {
				delete(w.follows, name) // something else is done about it
			}
			p := w.patient(name, causes[name])
			p.Needs = w.needs(name, acting)
			if creates[name] {
				p.Lacks = w.lacks(name)
			}
			acting[name] = p.Cause != ""
			out = append(out, p)
		}
	}
	return out, again, nil
}

// planInput is what a plan of this pass is made from.
func (w ward) planInput(hold, again map[string]string) PlanInput {
	return PlanInput{
		Project: w.facts.Project, Observed: w.facts.Observed, Images: w.facts.Images, Absent: w.absent,
		Options: PlanOptions{KeepData: true, AllowUnverified: w.facts.AllowUnverified, Strict: w.facts.Strict, Hold: hold, Again: again},
	}
}

// causesOf are the first cause of each service's actions, and whether one of
// them makes a container.
func causesOf(plan Plan) (causes map[string]string, creates map[string]bool) {
	causes, creates = map[string]string{}, map[string]bool{}
	for _, a := range plan.Actions {
		if a.Wait() || a.Service == "" {
			continue
		}
		if causes[a.Service] == "" && a.Cause != "" {
			causes[a.Service] = a.Cause
		}
		creates[a.Service] = creates[a.Service] || a.Kind == CreateContainer
	}
	return causes, creates
}

// again are the services whose running containers have to be restarted, and
// why: what a person asked for, an illness, a dependency that began anew.
func (w ward) again() map[string]string {
	out := map[string]string{}
	for name := range w.facts.Project.Services {
		s := w.subject(name)
		switch dep := w.outlived(s); {
		case w.asked[name] != "":
			out[name] = w.asked[name]
		case dep != "": // explains an illness
			out[name], w.follows[name] = "restarts with "+dep, dep
		case w.illness(s) != "":
			out[name] = w.illness(s)
		}
	}
	return out
}

// illness says why a service that runs has to be restarted, "" when it need
// not be.
func (w ward) illness(s subject) string {
	for i, c := range s.ours {
		st := s.standings[i]
		sick := st.Verdict.State == healthchecks.StateUnhealthy || st.Final && st.Class == fault.Timeout
		if c.State == StateRunning && c.Check.Defined() && s.role != RoleJob && sick {
			return st.State + ": " + st.Reason
		}
	}
	r := w.reported(s.service.Name)
	if r == nil || len(r.BlockedBy) > 0 {
		return ""
	}
	for _, c := range r.Conditions {
		switch {
		case c.Status != False || !allRun(s):
		case c.Type == GateWired && c.Final:
			return c.Message
		case c.Type == GateReachable && c.Final && !gotAnswer(c):
			return "it cannot be reached: " + c.Message
		}
	}
	return ""
}

// allRun says whether all containers of a service run.
func allRun(s subject) bool {
	return len(s.ours) > 0 && !slices.ContainsFunc(s.ours, func(c Sight) bool { return c.State != StateRunning })
}

// gotAnswer says whether what does not satisfy a probe was an answer all the
// same: no restart makes another one of it.
func gotAnswer(c Condition) bool {
	return slices.ContainsFunc(c.Evidence, func(e healthchecks.Evidence) bool { return e.Detail["status"] != "" })
}

func (w ward) reported(name string) *ServiceReport {
	i := slices.IndexFunc(w.report.Services, func(r ServiceReport) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return &w.report.Services[i]
}

// outlived names a dependency with restart: true, or one whose namespace is
// shared, that has begun anew since the service started; "" for none. What
// happened before anybody looked after the project is left alone.
func (w ward) outlived(s subject) string {
	for _, dep := range sortedKeys(s.service.DependsOn) {
		shared := slices.Contains(joins(s.service), dep)
		if !s.service.DependsOn[dep].Restart && !shared || w.facts.Project.Services[dep] == nil {
			continue
		}
		d := w.subject(dep)
		if d.role == RoleJob {
			continue
		}
		for _, c := range s.ours {
			for _, other := range d.ours {
				late := other.StartedAt.After(c.StartedAt) && (shared || other.StartedAt.After(w.memory.Since.Add(s.engine.ClockAhead)))
				if late && c.State == StateRunning && other.State == StateRunning {
					return dep
				}
			}
		}
	}
	return ""
}

// patient is one service, without what it waits for.
func (w ward) patient(name, cause string) Patient {
	s := w.subject(name)
	p := Patient{
		Service: name, Spec: s.service.Hash(w.facts.Project), Cause: cause, Busy: w.busy[name],
		Asked: w.asked[name] != "", Follows: w.follows[name],
		Well: len(s.ours) == s.service.Replicas(),
	}
	p.Expected = p.Asked || w.differs(name) && allRun(s)
	for i, c := range s.ours {
		p.Well = p.Well && s.standings[i].Well
		if c.RestartCount == 0 && !c.StartedAt.IsZero() {
			p.Lives = append(p.Lives, shortID(c.ID)+"@"+c.StartedAt.UTC().Format(time.RFC3339Nano))
		}
		if stopped := w.memory.Stopped[c.ID]; !stopped.IsZero() && c.State == StateExited && !p.Asked {
			p.ByHand = "stopped by hand at " + stopped.Local().Format(time.TimeOnly)
		}
		p.Expected = p.Expected || w.byOthers(s, c)
		if until, why := w.turn(s, c); cause != "" && until.After(p.NotBefore) && !p.Asked {
			p.NotBefore, p.Because = until, why
		}
	}
	if r := w.reported(name); r != nil && p.Cause == "" {
		p.Well = p.Well && r.steady()
	}
	return p
}

// differs says whether a service is not as the file says because that, or the
// image, is another one now.
func (w ward) differs(name string) bool {
	r := w.reported(name)
	return r != nil && slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Status == False && c.Class == fault.Differs })
}

// byOthers says whether a person may account for what a container is.
func (w ward) byOthers(s subject, c Sight) bool {
	switch c.State {
	case StatePaused:
		return w.facts.Now.Before(c.DownSince.Add(pauseGrace))
	case StateExited:
		if w.facts.Now.Before(w.told) {
			return true
		}
	}
	return !w.memory.Stopped[c.ID].IsZero() || w.facts.Now.Before(w.stopping(s, c))
}

// defaultStopGrace is how long engines give a container to stop where nothing
// else is said.
const defaultStopGrace = 10 * time.Second

// stopping is until when a container to which a client sent a signal may be on its
// way to being stopped, by this host's clock; zero for one that got none.
func (w ward) stopping(s subject, c Sight) time.Time {
	killed := w.killed[c.ID]
	switch {
	case !killed.After(c.StartedAt):
		return time.Time{}
	case c.State != StateRunning:
		return c.DownSince.Add(engineTurn)
	}
	grace := defaultStopGrace
	if s.service.StopGracePeriod != nil {
		grace = time.Duration(*s.service.StopGracePeriod)
	}
	return killed.Add(grace + engineTurn - s.engine.ClockAhead)
}

// steady says whether nothing but the window is missing of a service.
func (r ServiceReport) steady() bool {
	return !slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Status != True && !c.unchecked() && c.Type != GateStable })
}

// turn is until when a container is left to somebody else, and why.
func (w ward) turn(s subject, c Sight) (until time.Time, why string) {
	switch c.State {
	case StatePaused:
		return c.DownSince.Add(pauseGrace), "it is paused; a pause that lasts is ended"
	case StateRemoving:
		return c.DownSince.Add(removalTurn), "it is being removed"
	case StateExited:
		if w.facts.Now.Before(w.told) {
			return w.told, "the engine has not told yet whether somebody stopped it"
		}
		if c.RestartPolicy != "no" && c.RestartPolicy != "" && s.role == RoleService || !w.stopping(s, c).IsZero() {
			return c.DownSince.Add(engineTurn), "it has just ended"
		}
	case StateRunning:
		if until := w.stopping(s, c); w.facts.Now.Before(until) {
			return until, "it was sent a signal and may be stopping"
		}
		if s.check.Defined() && w.illness(s) != "" {
			return c.StartedAt.Add(s.check.StartPeriod - s.engine.ClockAhead), "it is in its start period"
		}
	}
	return time.Time{}, ""
}

// needs are the dependencies of a service that do not let it start: not yet
// what it asks of them, or about to be changed by this pass.
func (w ward) needs(name string, acting map[string]bool) []string {
	svc := w.facts.Project.Services[name]
	var out []string
	for _, dep := range sortedKeys(svc.DependsOn) {
		d := svc.DependsOn[dep]
		if w.facts.Project.Services[dep] == nil || !d.Required {
			continue
		}
		if acting[dep] || w.busy[dep] || !w.fulfils(dep, d.Condition) {
			out = append(out, dep)
		}
	}
	return out
}

// fulfils says whether a service is what a dependent asks of it.
func (w ward) fulfils(name, condition string) bool {
	s := w.subject(name)
	if len(s.ours) < s.service.Replicas() {
		return false
	}
	for i, c := range s.ours {
		st := s.standings[i]
		ok := st.Releases || st.Completed || st.Well
		switch condition {
		case types.ServiceConditionStarted:
			ok = c.State == StateRunning || st.Completed
		case types.ServiceConditionCompletedSuccessfully:
			ok = st.Completed
		}
		if !ok {
			return false
		}
	}
	return true
}

// lacks says what has to be there for a container of a service to be made.
func (w ward) lacks(name string) string {
	ref := imageRef(w.facts.Project, w.facts.Project.Services[name])
	if _, ok := w.facts.Observed.Images[ref]; ok {
		return ""
	}
	return fmt.Sprintf("its image %s is not here", ref)
}

// untouched are the services that a pass leaves alone, with the reason.
func untouched(p *compose.Project, decisions map[string]Decision) map[string]string {
	out := map[string]string{}
	for name := range p.Services {
		if d := decisions[name]; d.Verdict != Act {
			out[name] = string(d.Verdict)
		}
	}
	return out
}
