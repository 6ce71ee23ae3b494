package orchestrator

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// loop is the supervisor at work: one pass after the other, each observe →
// plan → execute → assess. What takes time, engine calls that change something
// and probes from outside, runs beside the passes.
type loop struct {
	*Supervisor
	info    EngineInfo
	session *session
	n       int
	memory  Memory
	// ill is since when a service is not well, and said its last state.
	ill  map[string]illness
	said map[string]string
	// failures says of the services that were ill whether the last time was a
	// failure.
	failures map[string]bool
	// restarts are how often the engine had started each service's containers again.
	restarts map[string]int
	// proven says that the last pass found all of it proven.
	proven bool
	crew   *crew
	// nextAsk is when the probes from outside are due, nextLook when to look
	// again although nothing happens.
	nextAsk, nextLook time.Time
	// observed is the newest picture, looked when all of it was fresh; pressing
	// says that the next look must be at everything.
	observed Observed
	looked   time.Time
	pressing bool
	asking   sync.WaitGroup
	// cards explain what failed; explainedAt is when they were last begun.
	cards       atomic.Pointer[[]Card]
	explainedAt time.Time
	askBusy     chan struct{}
	explainBusy chan struct{}
	stopLoops   func()
}

func newLoop(s *Supervisor, info EngineInfo, p *compose.Project) *loop {
	l := &loop{
		Supervisor: s, info: info, memory: s.opts.Memory, ill: map[string]illness{}, said: map[string]string{}, failures: map[string]bool{}, restarts: map[string]int{},
		askBusy: make(chan struct{}, 1), explainBusy: make(chan struct{}, 1), crew: newCrew(s),
	}
	if l.memory.Since.IsZero() {
		l.memory.Since = time.Now()
	}
	l.adopt(p)
	return l
}

// adopt makes p the project from now on.
func (l *loop) adopt(p *compose.Project) {
	if l.stopLoops != nil {
		l.stopLoops()
	}
	old := l.session
	l.session = newSession(l.engine, l.info, p, l.opts.Options)
	s := l.session
	s.sparing = true
	s.world.well = func(sight Sight) bool {
		return s.project.Services[sight.Service] != nil && s.bench(sight.Service).judge(sight).Well
	}
	if old != nil {
		sights, _, _ := old.world.view()
		s.world.replace(sights)
		s.inherit(old)
	}
	l.pressing = true
	l.nextAsk = time.Time{}
	l.stopLoops = func() {}
	if l.info.StartInterval {
		return // the engine probes often enough by itself
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.execProbes(ctx)
	}()
	l.stopLoops = func() { cancel(); <-done }
}

// finish brings what was begun to its end.
func (l *loop) finish() {
	l.crew.wait()
	l.stopLoops()
	l.asking.Wait()
	l.remember()
}

// rest waits until there is a reason to look again, and asks from outside when
// that is due.
func (l *loop) rest(ctx context.Context) {
	for ctx.Err() == nil {
		if !time.Now().Before(l.nextAsk) {
			l.ask(ctx)
		}
		due := l.nextLook
		if l.nextAsk.Before(due) {
			due = l.nextAsk
		}
		timer := time.NewTimer(time.Until(due))
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
			if !time.Now().Before(l.nextLook) {
				l.pressing = true
				return
			}
		case <-l.intake.poke:
			timer.Stop()
			_ = pause(ctx, burst, nil)
			select { // what came meanwhile is seen by the same look
			case <-l.intake.poke:
			default:
			}
			return
		}
	}
}

// pass looks at everything once, decides, sets to work and tells.
func (l *loop) pass(ctx context.Context) {
	l.n++
	begin := time.Now()
	if p := l.takeNext(); p != nil {
		l.adopt(p) //nolint:contextcheck // its loops end with it, and not with a pass
	}
	news, whole := l.intake.taken()
	busy := l.crew.busy()
	observed, glanced := Observed{}, false
	if !whole && !l.pressing {
		observed, glanced = l.glance(ctx, slices.Collect(maps.Keys(news)))
	}
	l.pressing = glanced
	if !glanced {
		var err error
		if observed, err = l.session.engine.Observe(ctx, l.session.scope()); err != nil && ctx.Err() == nil {
			l.away(err)
		}
		if err != nil {
			return
		}
		news, l.looked = nil, begin
	}
	if ctx.Err() != nil {
		return
	}
	l.Trouble("engine", "")
	l.info, l.observed = observed.Engine, observed
	l.session.witness(observed, news)
	l.look(ctx, observed, busy, begin)
}

// look decides about what was observed.
func (l *loop) look(ctx context.Context, observed Observed, busy map[string]bool, begin time.Time) {
	s := l.session
	s.setFailures(l.crew.failures())
	facts := s.facts(observed)
	report := Assess(facts)
	sights := facts.Sights
	now := time.Now()
	if l.pressing && report.Settled() && !l.proven {
		l.nextLook = now // only a look at everything proves
		return
	}
	asked := l.wishes(ctx, observed)
	known := l.intake.settle(sights, now)
	l.memory.Stopped, l.memory.Ours, l.memory.Seen = known.all, known.ours, known.seen
	w := ward{
		facts: facts, absent: absentSources(s.project, observed.Engine), report: report, rules: l.rules(), memory: l.memory,
		busy: busy, asked: asked, killed: known.killed, told: known.told, subjects: map[string]subject{}, follows: map[string]string{},
	}
	patients, again, err := w.patients()
	var decisions map[string]Decision
	if err != nil {
		l.Trouble("plan", err.Error())
		decisions = l.refused(s.project, err)
	} else {
		l.Trouble("plan", "")
		decisions = l.act(ctx, w, patients, again, now)
	}
	l.memory.Stopped, l.memory.Unsure = known.sure, known.unsure
	l.save()
	l.schedule(report, decisions, sights, now)
	l.show(report, decisions, begin, now)
	if _, missing := l.explained(report); missing {
		l.explainAgain(ctx, resync)
	}
}

// rules are the file's.
func (l *loop) rules() Rules {
	r := RulesOf(l.session.project)
	r.Seed = l.opts.Seed
	return r
}

// act decides and sets to work what is to be done.
func (l *loop) act(ctx context.Context, w ward, patients []Patient, again map[string]string, now time.Time) map[string]Decision {
	decisions, memory := Heal(patients, w.rules, l.memory, now)
	if !slices.ContainsFunc(slices.Collect(maps.Values(decisions)), func(d Decision) bool { return d.Verdict == Act }) {
		l.memory = memory
		l.grant(decisions)
		return decisions
	}
	release, err := l.crew.hold(ctx)
	if err != nil {
		l.Trouble("lock", err.Error())
		return postponed(decisions, err, now)
	}
	defer release()
	l.Trouble("lock", "")
	plan, err := MakePlan(w.planInput(untouched(l.session.project, decisions), again))
	if err = errors.Join(err, plan.Refused()); err != nil {
		l.Trouble("plan", err.Error())
		return postponed(decisions, err, now)
	}
	l.memory = memory
	l.grant(decisions)
	l.noteStops(plan, now)
	l.save()
	l.crew.launch(l.session, plan) //nolint:contextcheck // what is begun is brought to its end
	return decisions
}

// noteStops notes which containers a plan stops.
func (l *loop) noteStops(plan Plan, now time.Time) {
	var ids []string
	for _, a := range plan.Actions {
		if a.Kind == StopContainer {
			ids = append(ids, a.Existing)
		}
	}
	at := now.Add(l.info.ClockAhead)
	l.intake.stopping(ids, at)
	ours := maps.Clone(l.memory.Ours)
	if ours == nil {
		ours = map[string]time.Time{}
	}
	for _, id := range ids {
		ours[id] = at
	}
	l.memory.Ours = ours
}

// postponed are decisions of which nothing could be begun.
func postponed(decisions map[string]Decision, why error, now time.Time) map[string]Decision {
	out := maps.Clone(decisions)
	for name, d := range out {
		if d.Verdict == Act {
			out[name] = Decision{Verdict: NotYet, Cause: d.Cause, Reason: why.Error(), Again: now.Add(resync), Starts: d.Starts - 1}
		}
	}
	return out
}

// refused are the decisions of a pass that could make no plan. What nobody
// touches any more stays so: nothing is begun that could change it.
func (l *loop) refused(p *compose.Project, why error) map[string]Decision {
	var before map[string]Decision
	if latest := l.latest.Load(); latest != nil {
		before = latest.Decisions
	}
	out := map[string]Decision{}
	for name := range p.Services {
		out[name] = Decision{Verdict: NotYet, Reason: why.Error()}
		if d := before[name]; d.Verdict == GaveUp || d.Verdict == HandsOff {
			out[name] = d
		}
	}
	return out
}

// away notes that the engine did not answer.
func (l *loop) away(err error) {
	l.engineErrors.Add(1)
	l.nextLook = time.Now().Add(resync)
	old := l.latest.Load()
	next := Snapshot{Project: l.session.project, Report: Report{Project: l.session.project.Name, Dir: l.session.project.Dir}}
	if old != nil {
		next = *old
	}
	next.Pass, next.At, next.Err = l.n, time.Now(), err
	next.Report.Proven, next.Report.Class = false, fault.ClassOf(err)
	l.proven = false
	told := l.note("engine", err.Error())
	l.publish(&next, told)
}

// schedule decides when to look again, and to ask.
func (l *loop) schedule(r Report, decisions map[string]Decision, sights map[string]Sight, now time.Time) {
	s := l.session
	wait := l.opts.Every + min(l.opts.Every/8, time.Second) // the probes' end wakes it before
	if s.ready(r) && !r.Settled() {
		wait = min(wait, s.nextLook(r))
	}
	if l.pressing {
		wait = min(wait, lookOften)
	}
	if slices.ContainsFunc(r.Services, func(one ServiceReport) bool { return !one.settled() && onlyUnstable(one) }) {
		wait = min(wait, max(s.windowLeft(), lookOften))
	}
	unasked := false
	for _, sight := range sights {
		well := s.world.well(sight)
		if sight.State == StateRunning && !well && now.Add(l.info.ClockAhead).Sub(sight.StartedAt) < settling {
			wait = min(wait, lookOften)
		}
		unasked = unasked || well && sight.State == StateRunning && !s.hasAsked(sight)
	}
	for _, d := range decisions {
		if !d.Again.IsZero() {
			wait = min(wait, max(d.Again.Sub(now), 10*time.Millisecond))
		}
	}
	if unasked && now.Add(lookOften).Before(l.nextAsk) {
		l.nextAsk = now
	}
	l.nextLook = now.Add(wait)
}

// show publishes and tells what this pass found.
func (l *loop) show(r Report, decisions map[string]Decision, begin, now time.Time) {
	var err error
	if !r.Settled() {
		err = verdict(r)
		r.Cards, _ = l.explained(r)
	}
	l.publish(&Snapshot{
		Pass: l.n, At: time.Now(), Project: l.session.project, Report: r, Err: err,
		Decisions: decisions, Memory: l.memory.clone(), LastTook: time.Since(begin),
	}, func() { l.narrate(r, decisions, now) })
}

// clone shares nothing that changes.
func (m Memory) clone() Memory {
	m.Services, m.Stopped, m.Unsure, m.Ours = maps.Clone(m.Services), maps.Clone(m.Stopped), maps.Clone(m.Unsure), maps.Clone(m.Ours)
	return m
}

// save hands on what is to be remembered.
func (l *loop) save() {
	if l.opts.Save != nil {
		l.opts.Save(l.memory.clone())
	}
}

// remember saves what is known at the end.
func (l *loop) remember() {
	sights, _, _ := l.session.world.view()
	known := l.intake.settle(sights, time.Now())
	l.memory.Stopped, l.memory.Unsure, l.memory.Ours, l.memory.Seen = known.sure, known.unsure, known.ours, known.seen
	l.save()
}
