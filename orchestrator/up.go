package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

// Up brings the project to its desired state and proves it. The error is nil
// only when the report says proven; otherwise its class is that of the root
// cause, and the report holds what could still be found out. It is Unchecked when
// the run succeeded and some services offer nothing that could prove them. A
// failed Up leaves everything in place unless Options.Plan.Rollback is set.
func Up(ctx context.Context, engine FullEngine, p *compose.Project, opts Options) (Report, error) {
	begin := time.Now()
	if opts.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, opts.Deadline,
			fault.New(fault.Timeout, "the deadline of %s for the whole run has passed", opts.Deadline))
		defer cancel()
	}
	info, err := engine.Info(ctx)
	if err != nil {
		return Report{Project: p.Name, Dir: p.Dir, Class: fault.ClassOf(err)}, err
	}
	s := newSession(engine, info, p, opts)
	s.warn()
	r, err := s.up(ctx, engine)
	r.Took, r.Timings, r.Class = time.Since(begin), s.timings.list(), fault.ClassOf(err)
	r.Critical = criticalPath(p, r.Timings)
	if err == nil && !r.Proven { // cannot be: said here so that it never is silent
		err = fault.New(fault.Internal, "the run ended without a proof and without an error")
	}
	return r, err
}

// warn tells what the reader should know before anything starts.
func (s *session) warn() {
	s.tellWarnings(func(w compose.Warning) bool { return !w.Advice })
	for _, name := range sortedKeys(s.project.Services) {
		check, _ := s.project.Services[name].FileCheck()
		if check != nil && check.StartInterval > 0 && !s.info.StartInterval {
			s.opts.Listen.tell(Progress{Service: name, Phase: PhaseWarning, Message: fmt.Sprintf(
				"start_interval has no effect: the engine speaks API %s, which ignores it (1.44 has it)", s.info.APIVersion)})
		}
	}
}

// advise tells before the first container of the project is made how the file
// could be better. A copy is nobody's stack.
func (s *session) advise(o Observed) {
	made := slices.ContainsFunc(o.Containers, func(c Container) bool { return c.Project == s.project.Name })
	if !made && s.project.Labels == nil {
		s.tellWarnings(func(w compose.Warning) bool { return w.Advice })
	}
}

func (s *session) tellWarnings(which func(compose.Warning) bool) {
	for _, w := range s.project.Warnings {
		if which(w) {
			s.opts.Listen.tell(Progress{Service: w.Service, Phase: PhaseWarning, Message: w.Message})
		}
	}
}

// warnCeiling tells of healthchecks, the images' too, that allow more time
// than the run has.
func (s *session) warnCeiling(ceiling time.Duration) {
	for _, name := range sortedKeys(s.project.Services) {
		svc := s.project.Services[name]
		if message := lateCheck(effectiveCheck(svc, s.images[name]), ceiling); message != "" && svc.Replicas() > 0 && !svc.IsJob(s.project) {
			s.opts.Listen.tell(Progress{Service: name, Phase: PhaseWarning, Message: message})
		}
	}
}

// lateCheck says that a check may take longer to pass, or to fail, than a
// ceiling allows; "" when it may not.
func lateCheck(check *healthchecks.Check, ceiling time.Duration) string {
	if !check.Defined() || check.Allowance() <= ceiling {
		return ""
	}
	full := check.WithDefaults()
	if full.Interval > ceiling {
		return fmt.Sprintf("the interval of its healthcheck, %s, is longer than the ceiling of this run, %s (--wait-timeout): a check that fails has no time to pass later",
			full.Interval, ceiling)
	}
	return fmt.Sprintf("its healthcheck allows it %s to become healthy, but the ceiling of this run is %s (--wait-timeout)", check.Allowance(), ceiling)
}

// up is the run itself: images, plan, execution, proof.
func (s *session) up(ctx context.Context, engine FullEngine) (Report, error) {
	empty := Report{Project: s.project.Name, Dir: s.project.Dir, Engine: s.info}
	plan, err := s.prepare(ctx, engine)
	if err != nil {
		if s.opts.Plan.Rollback {
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), RollbackWithin)
			defer cancel()
			s.rollbackImages(late)
		}
		return empty, err
	}
	return s.carryOut(ctx, plan)
}

// prepare makes sure of the images and then decides what to do. A plan is
// tried first with what is known, so that nothing is built for a stack that
// cannot be brought up.
func (s *session) prepare(ctx context.Context, engine FullEngine) (Plan, error) {
	needs, err := s.decideImages(ctx, engine)
	if err != nil {
		return Plan{}, err
	}
	observed, err := s.observeFirst(ctx)
	if err != nil {
		return Plan{}, err
	}
	s.seen, s.seenAt = observed, time.Now()
	plan, err := MakePlan(s.planInput(observed, needs))
	if err := errors.Join(err, plan.Refused()); err != nil {
		return Plan{}, err
	}
	s.advise(observed)
	s.warnUnchecked(plan)
	if err := freePorts(ctx, s.opts.Outside, s.info, plan.WantedPorts(s.project), observed.Holders); err != nil {
		return Plan{}, err
	}
	s.before, s.needs, s.imageEngine = idsOf(observed), needs, engine
	if s.images, err = s.ensureImages(ctx, engine, needs); err != nil {
		return Plan{}, err
	}
	if !pending(needs) {
		return plan, nil
	}
	if observed, err = s.engine.Observe(ctx, s.scope()); err != nil {
		return Plan{}, err
	}
	s.before = idsOf(observed)
	plan, err = MakePlan(s.planInput(observed, nil))
	return plan, errors.Join(err, plan.Refused())
}

// observeFirst is the look that the first plan is made from.
func (s *session) observeFirst(ctx context.Context) (Observed, error) {
	if s.opts.Late > 0 {
		o, _, err := awaitLate(ctx, s.engine, s.scope(), s.opts.Late)
		return o, err
	}
	return s.engine.Observe(ctx, s.scope())
}

// carryOut executes the plan under the ceiling of the run and proves what
// came of it.
func (s *session) carryOut(ctx context.Context, plan Plan) (Report, error) {
	for _, note := range plan.Notes {
		s.opts.Listen.tell(Progress{Phase: PhaseNote, Message: note})
	}
	ceiling := s.opts.waitTimeout(s.project)
	s.warnCeiling(ceiling)
	bounded, cancel := context.WithTimeoutCause(ctx, ceiling,
		fault.New(fault.Timeout, "not proven within %s (--wait-timeout)", ceiling))
	defer cancel()
	run, abort := context.WithCancelCause(bounded)
	defer abort(nil)
	s.members = newMembers(plan)
	stop := s.watch(run, abort)
	defer stop()

	finishing := &finishingEngine{Engine: s.engine}
	x := &executor{
		engine: finishing, project: s.project, world: s.world, waits: s.wait, listen: s.opts.Listen, members: s.members, timings: s.timings,
		made: map[string]string{}, failures: s.failures,
	}
	err := x.execute(run, plan)
	defer func() { finishing.report(s.opts.Listen, s.opts.Unfinished) }()
	var r Report
	if err == nil {
		s.complete = true
		r, err = s.prove(run, len(plan.Actions) > 0)
		r, err = s.restartStale(run, x, r, err)
	}
	if err != nil {
		return s.explain(ctx, r, err, plan)
	}
	r.ReadyAfter = s.readyAt.Sub(s.timings.begin)
	s.settle(ctx, plan)
	return r, uncheckedError(r)
}

// watch starts the loops that keep the picture fresh; the result ends them.
// A panic in one of them aborts the run.
func (s *session) watch(ctx context.Context, abort context.CancelCauseFunc) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	s.world.well = func(sight Sight) bool {
		return s.project.Services[sight.Service] != nil && s.bench(sight.Service).judge(sight).Well
	}
	for name, ids := range s.members.all() {
		for _, id := range ids {
			s.world.track(Container{ID: id, Service: name, State: StateCreated})
		}
	}
	var group sync.WaitGroup
	ready := make(chan struct{})
	for _, loop := range []func(){
		func() { s.world.run(ctx, ready) }, func() { s.execProbes(ctx) }, func() { s.narrate(ctx) },
		func() { s.failFast(ctx, abort) },
	} {
		group.Go(func() {
			if err := guarded(func() error { loop(); return nil }); err != nil {
				abort(err)
			}
		})
	}
	select {
	case <-ready:
	case <-ctx.Done():
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// explain finds out, after a failure, what is true now, and lets the root
// cause decide the class. It takes its own short time: the run's is over.
func (s *session) explain(ctx context.Context, r Report, cause error, plan Plan) (Report, error) {
	limit := Patience(s.engine, 10*time.Second)
	class := fault.ClassOf(cause)
	if ctx.Err() != nil && class != fault.Timeout {
		limit = time.Second // interrupted: be quick
	}
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	s.lookAfter(look)
	if last, err := s.evaluateNow(look, asking{}); err == nil {
		r = last
	} else {
		r = s.lastKnown(err)
	}
	r.Proven = false                               // whatever the last look shows, the run did not prove it
	if class != fault.Engine || len(r.Gaps) == 0 { // an engine that is lost is no service's failure
		r.Cards = s.cards(look, r)
	}
	s.hintCeiling(r.Cards, class)
	err := cause
	if own := s.failures[""]; own == nil || !errors.Is(cause, own) {
		err = s.byEngine(r, rootCause(r, cause))
	}
	if s.failures[""] != nil && errors.Is(err, s.failures[""]) || fault.ClassOf(err) == fault.Engine {
		r.Failure = err
		r.Cards = slices.DeleteFunc(r.Cards, func(c Card) bool { return c.Container == "" })
	}
	r.Class = fault.ClassOf(err)
	if s.opts.Plan.Rollback {
		s.rollback(ctx, plan)
		for i := range r.Cards {
			r.Cards[i].Next = "stackctl up" // leaves it in place for a look
		}
	}
	return r, err
}

// hintCeiling says of services that were still starting when the time of the
// run was up what would have been enough.
func (s *session) hintCeiling(cards []Card, class fault.Class) {
	ceiling := s.opts.waitTimeout(s.project)
	for i := range cards {
		c := &cards[i]
		check := effectiveCheck(s.project.Services[c.Service], s.images[c.Service])
		if class != fault.Timeout || c.Class != fault.Timeout || c.Hint != "" || !check.Defined() || check.Allowance() <= ceiling {
			continue
		}
		c.Hint = fmt.Sprintf("the run had %s (--wait-timeout), its healthcheck allows %s: give it that, or make the healthcheck stricter", ceiling, check.Allowance())
	}
}

// lookAfter has every container looked at once more; one that has just ended
// gets the time to show that it does not come back.
func (s *session) lookAfter(ctx context.Context) {
	s.world.lookAll(ctx)
	left := s.graceLeft()
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) <= 2*stopGrace || left <= 0 {
		return
	}
	if pause(ctx, left, nil) == nil {
		s.world.lookAll(ctx)
	}
}

// graceLeft is how long a replica's end is still too fresh to count.
func (s *session) graceLeft() (left time.Duration) {
	sights, _, _ := s.world.view()
	for _, ids := range s.members.all() {
		for _, id := range ids {
			if sight := sights[id]; sight.State == StateExited {
				left = max(left, endGrace(sight.ExitCode)-time.Since(sight.DownSince))
			}
		}
	}
	return left
}

// rootCause lets the report's first unexplained failure decide, unless the
// run itself was ended from outside or failed for a reason of its own.
func rootCause(r Report, cause error) error {
	switch class := fault.ClassOf(cause); {
	case class.Signal(), class == fault.Internal, class == fault.Engine:
		return cause
	case class == fault.Failure && errors.Is(cause, context.Canceled):
		return cause
	}
	root := rootOf(r.Services)
	switch {
	case root == nil:
		return cause
	case root.Final, strings.HasPrefix(root.State, crashLoopWord):
		return failureOf(root)
	case fault.ClassOf(cause) == fault.Timeout:
		return fault.New(fault.Timeout, "%s: %s; %w", root.Name, root.Reason, cause).WithHint("%s", root.Hint)
	}
	return cause
}

// settle removes what a rollback would have needed.
func (s *session) settle(ctx context.Context, plan Plan) {
	for _, a := range plan.Actions {
		if a.Kind == RenameContainer && strings.HasSuffix(a.rename, prevSuffix) {
			if err := s.engine.RemoveContainer(ctx, a.Existing, a.anonymous); err != nil {
				s.opts.Listen.tell(Progress{Service: a.Service, Target: a.Target, Phase: PhaseWarning, Message: "left over: " + err.Error()})
			}
		}
	}
}
