package orchestrator

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
	"golang.org/x/sync/singleflight"
)

// session is one run over one project: what is known, and the loops that
// keep it fresh.
type session struct {
	engine  Engine
	info    EngineInfo
	project *compose.Project
	// images are those of the services as they are wanted; pictures guards
	// them, since an operator looks at them anew while others judge by them.
	images   map[string]images.Image
	pictures sync.RWMutex
	opts     Options
	world    *world
	members  *members
	timings  *timings
	prober   prober
	asks     asks
	// sparing lets probes that passed be repeated with few requests: in a run
	// that has no end.
	sparing bool
	// checks are the runs of containers' checks that we are making.
	checks singleflight.Group

	mu       sync.Mutex
	failures map[string]error
	// proofs are the newest of each container, by ID.
	proofs map[string][]Proof
	// scans are the newest searches through logs, by container ID.
	scans map[string]Scan
	// verifying is since when a container's probes were asked while it was
	// otherwise well, by ID and incarnation.
	verifying map[string]time.Time
	// wrong is when a container last gave a wrong answer from outside, by ID.
	wrong map[string]time.Time
	// told are the last words about a container's probes from outside.
	told map[string]string
	// execs are the containers whose check is run by us, by incarnation: true
	// until that has said enough.
	execs map[string]bool

	// before are the IDs of the project's containers that the plan was made
	// from, needs what was done about the images before it, by imageEngine.
	before      map[string]bool
	needs       []images.Need
	imageEngine images.Engine

	// complete says that the plan has been carried out: from then on nobody
	// makes up for a container that is missing.
	complete bool
	// seen is the newest look at everything, seenAt when it was.
	seen   Observed
	seenAt time.Time
	// readyAt is when only stability was missing for the first time.
	readyAt time.Time
}

func newSession(engine Engine, info EngineInfo, p *compose.Project, opts Options) *session {
	clean := cleanEngine{engine, opts.Redact}
	return &session{
		engine: clean, info: info, project: p, opts: opts,
		world: newWorld(clean, p.Name), timings: newTimings(time.Now()),
		members:  newMembers(Plan{}),
		prober:   prober{clean, info, p, opts.Redact, opts.Outside, &servers{}},
		failures: map[string]error{}, proofs: map[string][]Proof{}, scans: map[string]Scan{},
		verifying: map[string]time.Time{}, wrong: map[string]time.Time{}, told: map[string]string{}, execs: map[string]bool{},
	}
}

// scope is what has to be observed for the project.
func (s *session) scope() Scope { return scopeOf(s.project) }

func scopeOf(p *compose.Project) Scope {
	scope := Scope{Project: p.Name}
	for _, name := range sortedKeys(p.Services) {
		svc := p.Services[name]
		scope.Images = append(scope.Images, imageRef(p, svc))
		for n := 1; n <= svc.Replicas(); n++ {
			scope.ContainerNames = append(scope.ContainerNames, p.ContainerName(svc.Name, n))
		}
	}
	scope.ContainerNames = append(scope.ContainerNames, joinedContainers(p)...)
	for _, n := range p.Networks {
		scope.NetworkNames = append(scope.NetworkNames, n.Name)
	}
	for _, v := range p.Volumes {
		scope.VolumeNames = append(scope.VolumeNames, v.Name)
	}
	scope.Images = compact(scope.Images)
	return scope
}

// bench is what the containers of service name are judged by.
func (s *session) bench(name string) bench {
	b := makeBench(s.project, s.project.Services[name], s.image(name), s.info, s.opts.Plan.AllowUnverified, time.Now())
	b.redact = s.opts.Redact
	return b
}

// counts says whether a container is one of the replicas of the project's services.
func (s *session) counts(sight Sight) bool {
	return s.project.Services[sight.Service] != nil && s.members.counts(sight.Container)
}

// image is that of a service.
func (s *session) image(name string) images.Image {
	s.pictures.RLock()
	defer s.pictures.RUnlock()
	return s.images[name]
}

// setImages replaces them.
func (s *session) setImages(images map[string]images.Image) {
	s.pictures.Lock()
	defer s.pictures.Unlock()
	s.images = images
}

func makeBench(p *compose.Project, svc *compose.Service, image images.Image, info EngineInfo, allow bool, now time.Time) bench {
	check := effectiveCheck(svc, image)
	return bench{
		project: p, service: svc, check: check, role: roleOf(p, svc, check), engine: info, waived: waived(p, svc, allow),
		database: isDatabase(svc, image), now: now,
	}
}

// wait is the waiter of the session's plans.
func (s *session) wait(ctx context.Context, a Action) error {
	last, pace := "", resync
	if b := s.bench(a.Service); a.Kind == WaitHealthy && (!b.check.Defined() || b.database) {
		pace = proveEvery // no event tells when its port answers
	}
	err := s.world.watch(ctx, a.Service, pace, func([]Sight) (bool, error) {
		for _, id := range s.members.of(a.Service) {
			sight, ok := s.world.sight(id)
			if !ok {
				return false, nil
			}
			ok, err := s.holds(ctx, a, sight)
			if err != nil && a.optional {
				s.opts.Listen.tell(Progress{Service: a.Service, Phase: PhaseNote, Message: "not required, going on: " + err.Error()})
				return true, nil
			}
			if err != nil || !ok {
				last = s.bench(a.Service).judge(sight).Reason
				return false, err
			}
		}
		return true, nil
	})
	if ctx.Err() != nil && err != nil && last != "" {
		return fmt.Errorf("%s was still waited for (%s): %w", a.Service, last, err)
	}
	return err
}

// holds says whether one container fulfils the condition of a wait; the error
// is that it never will.
func (s *session) holds(ctx context.Context, a Action, sight Sight) (bool, error) {
	b := s.bench(a.Service)
	st := b.judge(sight)
	if a.Kind == WaitHealthy && b.uncheckable() && !b.waived {
		return false, b.healthAwaited()
	}
	if st.Final && (a.Kind != WaitStarted || sight.StartedAt.IsZero()) {
		return false, fault.New(st.Class, "%s is %s: %s", a.Service, st.State, st.Reason).WithHint("%s", st.Hint)
	}
	switch {
	case a.Kind == WaitStarted:
		return !sight.StartedAt.IsZero(), nil
	case a.Kind == WaitCompleted:
		return st.Completed, nil
	case a.Kind == WaitHealthy && b.socketOnly(sight):
		return s.releasedByQuery(ctx, b, sight, st), nil
	case st.Well && !sight.Check.Defined() && !st.Completed:
		return s.proven(ctx, b, sight), nil
	default:
		return st.Releases, nil
	}
}

// proven asks a container without a check from outside.
func (s *session) proven(ctx context.Context, b bench, sight Sight) bool {
	tasks := s.prober.tasks(b.service, sight.Container, b)
	if slices.ContainsFunc(s.prober.run(ctx, sight.Container, tasks), func(p Proof) bool { return !p.Passed }) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.wrong[sight.ID] = time.Now()
		return false
	}
	return true
}

// execProbes runs the checks of containers whose engine cannot probe often
// while they start: each container's own check, one run at a time.
func (s *session) execProbes(ctx context.Context) {
	var loops sync.WaitGroup
	defer loops.Wait()
	for ctx.Err() == nil {
		_ = s.world.watch(ctx, "", resync, func(sights []Sight) (bool, error) { // others report that the engine was lost
			for _, sight := range sights {
				s.startExec(ctx, sight, &loops)
			}
			return false, nil
		})
		_ = pause(ctx, resync, nil)
	}
}

// startExec begins to run a container's check, if that helps and nobody does.
func (s *session) startExec(ctx context.Context, sight Sight, loops *sync.WaitGroup) {
	svc, ok := s.project.Services[sight.Service]
	if !ok || sight.Gone || !healthchecks.NeedsExec(s.bench(svc.Name).subject(sight)) {
		return
	}
	key := sight.incarnation()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, runs := s.execs[key]; runs {
		return
	}
	s.execs[key] = true
	loops.Go(func() {
		s.execLoop(ctx, sight)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.execs, key)
	})
}

// The pause between two runs of a container's check by us while they have not said
// enough: short at first, longer the longer it takes, as a start that takes long is
// not helped by asking often, and longer the more containers are asked so, as a
// small engine does nothing else otherwise.
const (
	execMin          = 100 * time.Millisecond
	execMax          = time.Second
	execPerContainer = 20 * time.Millisecond
)

// execGap is that pause after so long, for one of so many containers.
func execGap(since time.Duration, asked int, interval time.Duration) time.Duration {
	return min(interval, max(execMin, min(execMax, since/5), time.Duration(asked)*execPerContainer))
}

// execLoop runs a container's check until the engine has a verdict or the
// incarnation ends: often until that says all that it can, then at the check's own
// interval, so that it stays true. What is to be proven is asked once more.
func (s *session) execLoop(ctx context.Context, sight Sight) {
	begin, key := time.Now(), sight.incarnation()
	interval := sight.Check.WithDefaults().Interval
	for s.check(ctx, sight) && ctx.Err() == nil {
		now, _ := s.world.sight(sight.ID)
		b := s.bench(sight.Service)
		enough := healthchecks.ExecSuffices(b.subject(now), b.engineNow())
		gap := execGap(time.Since(begin), s.asked(key, !enough), interval)
		if enough {
			gap = interval
		}
		if pause(ctx, gap, nil) != nil {
			return
		}
		now, _ = s.world.sight(sight.ID)
		if now.Gone || now.incarnation() != key || !healthchecks.NeedsExec(s.bench(sight.Service).subject(now)) {
			return
		}
	}
}

// asked notes whether the runs of a container's check are still to say enough, and
// returns of how many containers that is so.
func (s *session) asked(key string, still bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.execs[key] = still
	n := 0
	for _, often := range s.execs {
		if often {
			n++
		}
	}
	return n
}

// check runs a container's check and records what came of it, or waits for the run
// that is being made; false when the container cannot be asked.
func (s *session) check(ctx context.Context, sight Sight) bool {
	ran, _, _ := s.checks.Do(sight.incarnation(), func() (any, error) {
		r := s.execOnce(ctx, sight)
		if r != nil {
			s.world.record(sight.ID, sight.StartedAt, *r)
		}
		return r != nil, nil
	})
	return ran.(bool)
}

// execFresh is how old the newest run of a check may be for another to be spared.
const execFresh = 500 * time.Millisecond

// checkAgain runs the check of a container whose proof rests on our own runs of it.
func (s *session) checkAgain(ctx context.Context, b bench, sight Sight) {
	if b.judge(sight).Verdict.State != healthchecks.StateHealthyExec {
		return
	}
	if last := sight.Execs[len(sight.Execs)-1]; b.engineNow().Sub(last.Start) > execFresh {
		s.check(ctx, sight)
	}
}

// incarnation names one run of one container.
func (s Sight) incarnation() string { return s.ID + s.StartedAt.String() }

// execOnce runs the check once; nil when the container cannot be asked.
func (s *session) execOnce(ctx context.Context, sight Sight) *healthchecks.Result {
	check := sight.Check.WithDefaults()
	call, cancel := context.WithTimeout(ctx, check.Timeout)
	defer cancel()
	start := time.Now().Add(s.info.ClockAhead)
	r, err := s.engine.Exec(call, sight.ID, ExecSpec{Cmd: check.ExecCommand()})
	end := time.Now().Add(s.info.ClockAhead)
	switch {
	case ctx.Err() != nil:
		return nil
	case call.Err() != nil:
		return &healthchecks.Result{Start: start, End: end, ExitCode: -1,
			Output: fmt.Sprintf("Health check exceeded timeout (%s)", check.Timeout)}
	case err != nil && s.endsNow(ctx, sight):
		return nil
	case err != nil:
		return &healthchecks.Result{Start: start, End: end, ExitCode: -1, Output: err.Error()}
	}
	if r.ExitCode != 0 && !s.stillRuns(ctx, sight) {
		return nil // the end of the container ended the check
	}
	return &healthchecks.Result{Start: start, End: end, ExitCode: r.ExitCode, Output: r.Output}
}

// An engine that could not run a command for the end of the container may say so
// before it has taken notice of that end: it is asked again for a moment.
const (
	endAsks  = 4
	endPause = 100 * time.Millisecond
)

// endsNow says whether the incarnation that was seen has ended or is about to.
func (s *session) endsNow(ctx context.Context, sight Sight) bool {
	for range endAsks {
		if !s.stillRuns(ctx, sight) || pause(ctx, endPause, nil) != nil {
			return true
		}
	}
	return !s.stillRuns(ctx, sight)
}

// stillRuns says whether the incarnation that was seen runs on.
func (s *session) stillRuns(ctx context.Context, sight Sight) bool {
	c, err := s.engine.Inspect(ctx, sight.ID)
	return err == nil && c.State == StateRunning && c.StartedAt.Equal(sight.StartedAt)
}
