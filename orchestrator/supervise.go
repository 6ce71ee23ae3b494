package orchestrator

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

const (
	// lookEvery is how often a supervisor looks although nothing happened.
	lookEvery = 4 * time.Second
	// lookOften is how often while something starts.
	lookOften = 250 * time.Millisecond
	// settling is how long after its start a container that is not well is
	// looked at often.
	settling = time.Minute
	// burst is how long the events that come together are waited for.
	burst = 25 * time.Millisecond
	// provisionAgain is the pause between two attempts to get an image.
	provisionAgain = time.Minute
)

// SuperviseOptions are the wishes for a Supervisor.
type SuperviseOptions struct {
	Options
	// Memory is what an earlier run remembered; Save is given what is to be
	// remembered now, whenever that changed.
	Memory Memory
	Save   func(Memory)
	// Hold keeps other runs from changing the project until release; its
	// error says who does.
	Hold func(ctx context.Context) (release func(), err error)
	// Tell is told what happens, from many goroutines; it must not block. The
	// newest snapshot shows already what it is told of a pass, and who waits for
	// that snapshot is woken after it.
	Tell func(Happening)
	// Every is how often to look although nothing happened; 0 is four
	// seconds.
	Every time.Duration
	// Seed varies the pauses between two starts.
	Seed uint64
}

// Happening is one thing that happened to a service, or, without one, to the
// supervisor.
type Happening struct {
	At      time.Time
	Pass    int
	Service string
	Kind    HappeningKind
	// State is the service's state now, Text one sentence.
	State, Text string
	// Took is how long it was not well, with Healed.
	Took time.Duration
}

// HappeningKind is what kind of thing happened.
type HappeningKind string

// The kinds.
const (
	// Changed: the state is another one.
	Changed HappeningKind = "state"
	// Acting: something is done about the service.
	Acting HappeningKind = "acting"
	// Failing and Healed: it stopped being well, and is again.
	Failing HappeningKind = "failed"
	Healed  HappeningKind = "healed"
	// GivenUpOn: its budget is spent; StoppedByHand: somebody stopped it.
	GivenUpOn     HappeningKind = "gave up"
	StoppedByHand HappeningKind = "stopped by hand"
	// Trouble and Eased are about the supervisor's own means: the engine, the
	// file, the lock, an image.
	Trouble HappeningKind = "trouble"
	Eased   HappeningKind = "eased"
	// Proven: all of the stack is, after it was not. Unchecked: all that can be.
	Proven    HappeningKind = "proven"
	Unchecked HappeningKind = "unchecked"
)

// Snapshot is what a supervisor knows at one moment. It is never changed
// after it was made.
type Snapshot struct {
	Pass    int
	At      time.Time
	Project *compose.Project
	Report  Report
	// Err is why the report is not settled; nil when it is.
	Err       error
	Decisions map[string]Decision
	Memory    Memory
	// Troubles are what keeps the supervisor from its work, by kind:
	// "engine", "file", "plan", "lock", "image".
	Troubles map[string]string
	// LastTook is how long the last look took.
	LastTook time.Duration
	// EngineErrors counts the looks and the pieces of work that the engine did
	// not let succeed, since the beginning.
	EngineErrors int
}

// Supervisor keeps a project as its file says.
type Supervisor struct {
	engine FullEngine
	opts   SuperviseOptions
	intake *intake
	// latest is the newest snapshot.
	latest atomic.Pointer[Snapshot]
	// engineErrors are counted for it.
	engineErrors atomic.Int64

	mu      sync.Mutex
	changed chan struct{}
	asked   map[string]wish
	trouble map[string]string
	// next is another state of the file, ready that its images are there,
	// retry when to try again to get images.
	next  *compose.Project
	ready bool
	retry time.Time
}

// wish is what a person asked for about one service.
type wish string

// The wishes.
const (
	WishRestart wish = "restart"
	WishStart   wish = "start"
	WishStop    wish = "stop"
)

// NewSupervisor returns a supervisor that Run sets to work.
func NewSupervisor(engine FullEngine, opts SuperviseOptions) *Supervisor {
	s := &Supervisor{
		engine: engine, opts: opts, intake: newIntake(opts.Memory),
		changed: make(chan struct{}), asked: map[string]wish{}, trouble: map[string]string{},
	}
	if s.opts.Every <= 0 {
		s.opts.Every = lookEvery
	}
	return s
}

// Snapshot is the newest one, nil before the first look, and a channel that is
// closed when there is another.
func (s *Supervisor) Snapshot() (*Snapshot, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest.Load(), s.changed
}

// Apply lets the project be what another state of its file says, once its
// images are there.
func (s *Supervisor) Apply(p *compose.Project) {
	s.mu.Lock()
	s.next, s.ready, s.retry = p, false, time.Time{}
	s.mu.Unlock()
	s.intake.wake()
}

// Wish asks for a service to be restarted, started or stopped. It ends what
// keeps the supervisor's hands off it.
func (s *Supervisor) Wish(w, service string) error {
	switch wish(w) {
	case WishRestart, WishStart, WishStop:
	default:
		return fault.New(fault.Usage, "there is no action %q", w)
	}
	snapshot, _ := s.Snapshot()
	if snapshot == nil || snapshot.Project.Services[service] == nil {
		return fault.New(fault.Usage, "there is no service %q", service)
	}
	s.mu.Lock()
	s.asked[service] = wish(w)
	s.mu.Unlock()
	s.intake.wake()
	return nil
}

// Trouble notes what keeps the supervisor from its work, "" that it is over.
func (s *Supervisor) Trouble(kind, text string) { s.note(kind, text)() }

// note is Trouble in two steps: the second tells of it, where it is news.
func (s *Supervisor) note(kind, text string) (told func()) {
	s.mu.Lock()
	before := s.trouble[kind]
	if text == "" {
		delete(s.trouble, kind)
	} else {
		s.trouble[kind] = text
	}
	s.mu.Unlock()
	h := Happening{Kind: Trouble, State: kind, Text: text}
	switch text {
	case before:
		return func() {}
	case "":
		h.Kind, h.Text = Eased, kind+": in order again"
	}
	return func() {
		s.tell(h)
		s.intake.wake()
	}
}

func (s *Supervisor) tell(h Happening) {
	if h.At.IsZero() {
		h.At = time.Now()
	}
	if latest := s.latest.Load(); h.Pass == 0 && latest != nil {
		h.Pass = latest.Pass
	}
	if s.opts.Tell != nil {
		s.opts.Tell(h)
	}
}

// publish makes a snapshot the newest one, lets it be told, and wakes who
// waits for it. Nobody who was told something asks and is given the state of
// before; nobody who is woken finds that it was not told yet.
func (s *Supervisor) publish(snapshot *Snapshot, told func()) {
	s.mu.Lock()
	snapshot.Troubles = maps.Clone(s.trouble)
	snapshot.EngineErrors = int(s.engineErrors.Load())
	s.latest.Store(snapshot)
	s.mu.Unlock()
	told()
	s.mu.Lock()
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
}

// Run looks after the project until ctx ends. What it has begun to do by then
// is brought to its end, so that nothing is left half done.
func (s *Supervisor) Run(ctx context.Context, p *compose.Project) error {
	var info EngineInfo
	err := s.persist(ctx, "engine", func() (err error) {
		info, err = s.engine.Info(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.provision(ctx, info, p); err != nil {
		s.Trouble("image", "an image could not be made or fetched: "+err.Error())
	}
	l := newLoop(s, info, p) //nolint:contextcheck // its loops end with it
	var group sync.WaitGroup
	group.Go(func() { s.intake.follow(ctx, s.engine, p.Name) })
	group.Go(func() { l.provisioning(ctx) })
	defer group.Wait()
	defer l.finish()
	for ctx.Err() == nil {
		l.pass(ctx)
		l.rest(ctx)
	}
	return context.Cause(ctx)
}

// persist repeats a call until it succeeds or ctx ends.
func (s *Supervisor) persist(ctx context.Context, kind string, call func() error) error {
	backoff := 100 * time.Millisecond
	for {
		err := call()
		if err == nil {
			s.Trouble(kind, "")
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.engineErrors.Add(1)
		s.Trouble(kind, err.Error())
		if err := pause(ctx, backoff, nil); err != nil {
			return err
		}
		backoff = min(2*backoff, reconnectMax)
	}
}

// provision makes sure of the images of a project.
func (s *Supervisor) provision(ctx context.Context, info EngineInfo, p *compose.Project) error {
	images := newSession(s.engine, info, p, s.opts.Options)
	needs, err := images.decideImages(ctx, s.engine)
	if err == nil {
		_, err = images.ensureImages(ctx, s.engine, needs)
	}
	if err != nil {
		return fmt.Errorf("images: %w", err)
	}
	return nil
}
