package orchestrator

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

const (
	// engineGone is how long an engine may be away before the run gives up.
	engineGone = 60 * time.Second
	// reconnectMax bounds the pause between two attempts to reach it.
	reconnectMax = 2 * time.Second
	// looks bounds how many containers are inspected at once.
	looks = 4
)

// Sight is a container as it was last seen, with what was learnt beside the
// engine's report.
type Sight struct {
	Container
	// At is when it was looked at, by this host's clock.
	At time.Time
	// Seen is when this incarnation was first looked at.
	Seen time.Time
	// Gone says that the engine no longer has it.
	Gone bool
	// Execs are the runs of its check that we made ourselves, of this
	// incarnation only, oldest first.
	Execs []healthchecks.Result
	// Restarts counts the incarnations after the first that was seen.
	Restarts int
	// announced says that the engine has counted a restart whose start was
	// not seen yet: it counts first and starts after a pause.
	announced bool
	// LastEnd says how its process ended when that was last seen; "" when it
	// was not.
	LastEnd string
	// DownSince is when it was first seen not running; zero while it runs.
	DownSince time.Time
	// Ill is since when it is seen to run and not to be well; zero while it
	// is well.
	Ill time.Time
	// Window is the stability window.
	Window Window
	// Confirmed is when it was last looked at, or listed as it is, apart from
	// the look that an assessment judges.
	Confirmed time.Time
	// past are the starts of the incarnations before this one, oldest first.
	past []time.Time
	// Outdated says that the newest answer was older than one before it: what
	// is here is from before, and proves nothing.
	Outdated bool
}

// world keeps a fresh picture of the project's containers: events say look
// again, a timer says so too, and an inspect decides.
type world struct {
	engine  Engine
	project string
	clock   func() time.Time
	// well says that a container's window runs.
	well func(Sight) bool

	mu     sync.Mutex
	sights map[string]Sight
	// news counts what changed; touched is the count of the last change of each
	// container, by ID, and latest of any of a service.
	news            int
	touched, latest map[string]int
	// shown is the copy that readers were given; nil when it is not current.
	shown map[string]Sight
	dirty map[string]bool
	// starting are the containers that are being started by us, each looked at
	// after its start.
	starting map[string]bool
	changed  chan struct{}
	poke     chan struct{}
	// looked is closed once everything was looked at under a subscription.
	looked chan struct{}
	down   time.Time
	lost   error
}

func newWorld(engine Engine, project string) *world {
	return &world{
		engine: engine, project: project, clock: time.Now,
		sights: map[string]Sight{}, dirty: map[string]bool{}, starting: map[string]bool{},
		touched: map[string]int{}, latest: map[string]int{},
		changed: make(chan struct{}), poke: make(chan struct{}, 1), looked: make(chan struct{}),
	}
}

// track takes a container into the picture and looks at it soon.
func (w *world) track(c Container) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.set(advance(Sight{}, c, w.clock()))
	w.dirty[c.ID] = true
	w.wake()
}

// made takes a container into the picture that has just been made, of which
// there is nothing more to see before its start.
func (w *world) made(c Container) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.set(advance(Sight{}, c, w.clock()))
}

// resumed notes that a container was paused until now, and asks for a look.
func (w *world) resumed(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.sights[id]; ok {
		s.Window = Window{Paused: w.clock()}
		w.set(s)
	}
	w.dirty[id] = true
	w.wake()
}

// wake tells the loop that something is dirty; the caller holds the lock.
func (w *world) wake() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// announce tells everybody who waits; the caller holds the lock.
func (w *world) announce() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// set takes a sight into the picture; the caller holds the lock.
func (w *world) set(s Sight) {
	w.sights[s.ID] = s
	w.shown = nil
	if w.touched[s.ID] == 0 {
		w.touch(s)
	}
}

// replace makes sights, which nobody changes any more, the whole picture; the
// caller holds the lock, or is alone.
func (w *world) replace(sights map[string]Sight) {
	w.sights, w.shown = maps.Clone(sights), sights
	clear(w.touched)
	for _, s := range sights {
		w.touch(s)
	}
}

// view returns the present picture, which is only to be read, and a channel
// that is closed when it changes.
func (w *world) view() (map[string]Sight, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shown == nil {
		w.shown = maps.Clone(w.sights)
	}
	return w.shown, w.changed, w.lost
}

// pause waits for d or until wake is closed; the error is ctx's cause.
func pause(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-wake:
	case <-timer.C:
	}
	return nil
}

// run keeps the picture fresh until ctx ends. ready is closed when the first
// subscription stands.
func (w *world) run(ctx context.Context, ready chan<- struct{}) {
	backoff := 50 * time.Millisecond
	looked := sync.OnceFunc(func() { close(w.looked) })
	for ctx.Err() == nil {
		stream, cancel := context.WithCancel(ctx)
		events, errs := w.engine.Events(stream, w.project, time.Time{})
		if ready != nil {
			close(ready)
			ready = nil
		}
		w.lookAll(ctx)
		looked()
		alive := w.follow(ctx, events, errs)
		cancel()
		if alive {
			backoff = 50 * time.Millisecond
		}
		_ = pause(ctx, backoff, nil)
		backoff = min(2*backoff, reconnectMax)
	}
}

// follow serves one event stream to its end and says whether it delivered
// anything.
func (w *world) follow(ctx context.Context, events <-chan Event, errs <-chan error) bool {
	alive := false
	timer := time.NewTicker(resync)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return alive
		case <-errs: //nolint:errcheck // why it ended does not matter: the next one is opened
			return alive
		case e, ok := <-events:
			if !ok {
				return alive
			}
			alive = true
			w.see(e)
			w.drain(events)
		case <-w.poke:
		case <-timer.C:
			w.lookAgain(ctx)
			continue
		}
		w.lookDirty(ctx)
	}
}

// drain takes what else has already come, so that a burst costs one look.
func (w *world) drain(events <-chan Event) {
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			w.see(e)
		default:
			return
		}
	}
}

// see marks the container of an event; one that is not tracked is ignored, and
// what is known already.
func (w *world) see(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sights[e.ContainerID]
	if !ok || s.knows(e) || e.Action == eventStart && w.starting[e.ContainerID] {
		return
	}
	w.dirty[e.ContainerID] = true
}

// started makes a start and looks at the container once it is done: the engine's
// event of that start asks for no other look.
func (w *world) started(ctx context.Context, id string, start func() error) error {
	w.mu.Lock()
	w.starting[id] = true
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.starting, id)
	}()
	err := start()
	w.look(ctx, []string{id})
	return err
}

func (w *world) lookDirty(ctx context.Context) {
	w.mu.Lock()
	ids := slices.Collect(maps.Keys(w.dirty))
	clear(w.dirty)
	w.mu.Unlock()
	w.look(ctx, ids)
}

func (w *world) lookAll(ctx context.Context) {
	w.mu.Lock()
	var ids []string
	for id, s := range w.sights {
		if !s.Gone {
			ids = append(ids, id)
		}
	}
	clear(w.dirty)
	w.mu.Unlock()
	w.look(ctx, ids)
}

// look inspects containers, a few at once, and takes each into the picture.
func (w *world) look(ctx context.Context, ids []string) {
	each(len(ids), looks, func(i int) {
		c, err := w.engine.Inspect(ctx, ids[i])
		w.take(ctx, ids[i], c, err)
	})
}

// reached notes that the engine answers; the caller holds the lock.
func (w *world) reached() { w.down, w.lost = time.Time{}, nil }

// take records the result of one look.
func (w *world) take(ctx context.Context, id string, c Container, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock()
	switch {
	case err == nil:
		w.reached()
		before := w.sights[id]
		if before.outdates(c) {
			w.dirty[id] = true // the next look tells
			return
		}
		s := w.windowed(advance(before, c, now), now)
		s.Confirmed = now
		w.set(s)
		if !s.news(before) {
			return
		}
		w.touch(s)
	case errdefs.IsNotFound(err):
		s := w.sights[id]
		s.ID, s.Gone, s.At = id, true, now
		if s.DownSince.IsZero() {
			s.DownSince = now
		}
		w.set(s)
		w.touch(s)
	case ctx.Err() != nil:
		return
	default:
		w.dirty[id] = true
		if w.down.IsZero() {
			w.down = now
		}
		if now.Sub(w.down) >= engineGone {
			w.lost = fault.New(fault.Engine, "the engine was lost for %s: %w", engineGone, err)
		}
	}
	w.announce()
}

// record adds a run of a container's check that we made ourselves.
func (w *world) record(id string, startedAt time.Time, r healthchecks.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sights[id]
	if !ok || !s.StartedAt.Equal(startedAt) {
		return
	}
	s.Execs = append(slices.Clone(s.Execs), r)
	if len(s.Execs) > 5 {
		s.Execs = s.Execs[len(s.Execs)-5:]
	}
	s = w.windowed(s, w.clock())
	w.set(s)
	w.touch(s)
	w.announce()
}

// windowed opens the stability window of a container that is well and closes
// that of one that is not.
func (w *world) windowed(s Sight, now time.Time) Sight {
	if w.well != nil && w.well(s) {
		s.Ill = time.Time{}
		return s.open(now)
	}
	s.Window.Since = time.Time{}
	if s.Ill.IsZero() {
		s.Ill = now
	}
	return s
}
