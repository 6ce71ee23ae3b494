package orchestrator

import (
	"context"
	"maps"
	"sync"
	"time"
)

const (
	// unsure is how long a stop may turn out to be the end of the engine,
	// which stops its containers first: it is not remembered before.
	unsure = 30 * time.Second
	// replay is how far back the events are asked for again when a stream
	// broke.
	replay = time.Minute
	// staleEvents is how far back at most.
	staleEvents = 24 * time.Hour
	// replayTime is how long an engine has to tell a stop once more.
	replayTime = 5 * time.Second
	// firstWords is how long what an engine tells again takes to come, and
	// noWords how long a stream is waited for that tells it.
	firstWords = time.Second
	noWords    = 10 * time.Second
)

// intake is what the events of the engine say beyond "look again": which
// containers were stopped by a client. A stop by the operator itself is told
// apart by its own note.
type intake struct {
	poke chan struct{}

	mu sync.Mutex
	// seen is the engine's time of the newest event.
	seen time.Time
	// stopped and killed are the newest of each container, by ID, in the
	// engine's time; got is when a stop was received.
	stopped, killed, got map[string]time.Time
	// doubted are stops that may have been the end of the engine, until when
	// they are to be told again; zero while there is no stream to tell them.
	doubted map[string]time.Time
	// ours are the containers that the operator stops itself, since when.
	ours map[string]time.Time
	// told is from when on the stops of the past are known.
	told time.Time
	// news are the containers that events told of since they were last looked
	// at, by ID, with the engine's time of the first; whole says that there is
	// another reason to look.
	news  map[string]time.Time
	whole bool
}

func newIntake(m Memory) *intake {
	in := &intake{
		poke: make(chan struct{}, 1), seen: m.Seen,
		stopped: map[string]time.Time{}, killed: map[string]time.Time{}, got: map[string]time.Time{},
		doubted: map[string]time.Time{}, ours: map[string]time.Time{}, news: map[string]time.Time{},
	}
	maps.Copy(in.stopped, m.Stopped)
	for id, at := range m.Unsure {
		in.stopped[id], in.got[id], in.doubted[id] = at, time.Now(), time.Time{}
	}
	maps.Copy(in.ours, m.Ours)
	if !in.since(time.Now()).IsZero() {
		in.told = time.Now().Add(noWords)
	}
	return in
}

// wake lets the supervisor look at everything soon.
func (in *intake) wake() {
	in.mu.Lock()
	in.whole = true
	in.mu.Unlock()
	in.prod()
}

// taken hands over what there is to look at: the containers that events told of, and
// whether all the rest is to be looked at too.
func (in *intake) taken() (news map[string]time.Time, whole bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	news, whole = in.news, in.whole
	in.news, in.whole = map[string]time.Time{}, false
	return news, whole
}

// prod ends the supervisor's rest.
func (in *intake) prod() {
	select {
	case in.poke <- struct{}{}:
	default:
	}
}

// follow takes events until ctx ends, from one stream after the other.
func (in *intake) follow(ctx context.Context, engine Observer, project string) {
	backoff := 50 * time.Millisecond
	for ctx.Err() == nil {
		stream, cancel := context.WithCancel(ctx)
		events, errs := engine.Events(stream, project, in.since(time.Now()))
		in.stands(time.Now())
		in.wake() // what happened before the subscription stood
		alive := false
		for e := range events {
			alive = true
			in.take(e, time.Now())
		}
		select {
		case <-errs: //nolint:errcheck // why it ended does not matter: the next one is opened
		case <-ctx.Done():
		}
		cancel()
		if ctx.Err() == nil {
			in.broke(time.Now())
		}
		if alive {
			backoff = 50 * time.Millisecond
		}
		_ = pause(ctx, backoff, nil)
		backoff = min(2*backoff, reconnectMax)
	}
}

// since is from when on events are wanted; zero is from now.
func (in *intake) since(now time.Time) time.Time {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.seen.IsZero() || now.Sub(in.seen) > staleEvents || in.seen.After(now.Add(replay)) {
		return time.Time{}
	}
	return in.seen.Add(-replay)
}

// take notes one event.
func (in *intake) take(e Event, now time.Time) {
	in.mu.Lock()
	if e.At.After(in.seen) {
		in.seen = e.At
	}
	switch e.Action {
	case "kill":
		in.killed[e.ContainerID] = e.At
	case "stop":
		if own, ok := in.ours[e.ContainerID]; !ok || e.At.Before(own) {
			in.stopped[e.ContainerID], in.got[e.ContainerID] = e.At, now
			delete(in.doubted, e.ContainerID)
		}
	case "start", "destroy":
		delete(in.stopped, e.ContainerID)
		delete(in.killed, e.ContainerID)
		delete(in.got, e.ContainerID)
		if e.Action == "destroy" {
			delete(in.ours, e.ContainerID)
		}
	}
	if e.Action == "kill" {
		in.mu.Unlock()
		return // a signal changes nothing by itself: what it does is told too
	}
	if first, ok := in.news[e.ContainerID]; !ok || e.At.Before(first) {
		in.news[e.ContainerID] = e.At
	}
	in.mu.Unlock()
	in.prod()
}

// stands gives the new stream the time to tell again what is in doubt.
func (in *intake) stands(now time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for id := range in.doubted {
		in.doubted[id] = now.Add(replayTime)
	}
	if in.told.After(now.Add(firstWords)) {
		in.told = now.Add(firstWords)
	}
}

// broke doubts the stops of the last moments: an engine that ends stops its
// containers first. Those of a person are told again by the next stream,
// whose engine is then still the same.
func (in *intake) broke(now time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.told = now.Add(noWords)
	for id, got := range in.got {
		if _, doubted := in.doubted[id]; doubted || now.Sub(got) < unsure {
			in.doubted[id] = time.Time{}
		}
	}
}

// stopping notes that the operator stops containers itself, in the engine's
// time.
func (in *intake) stopping(ids []string, at time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, id := range ids {
		in.ours[id] = at
		delete(in.stopped, id)
	}
}

// byHand notes that a person asked the operator to stop a container.
func (in *intake) byHand(id string, at time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	delete(in.ours, id)
	in.stopped[id] = at
	delete(in.got, id)
}

// forgive forgets that containers were stopped.
func (in *intake) forgive(ids []string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, id := range ids {
		delete(in.stopped, id)
		delete(in.got, id)
	}
}

// stops are what is known of who stopped what, by container, in the engine's
// time.
type stops struct {
	// all are the stops by others, sure those that outlive the process as they
	// are, unsure those that have to be told again.
	all, sure, unsure map[string]time.Time
	// killed are signals by clients, ours the operator's own stops.
	killed, ours map[string]time.Time
	// seen is the time of the newest event, told from when on all of this is
	// known, by this host's clock.
	seen, told time.Time
}

// settle drops what is known of containers that are gone, or that have
// started since, and returns what is known now.
func (in *intake) settle(there map[string]Sight, now time.Time) (known stops) {
	in.mu.Lock()
	defer in.mu.Unlock()
	over := func(id string, at time.Time) bool {
		c, ok := there[id]
		return !ok || c.StartedAt.After(at)
	}
	maps.DeleteFunc(in.stopped, func(id string, at time.Time) bool {
		until, doubted := in.doubted[id]
		return over(id, at) || doubted && !until.IsZero() && now.After(until)
	})
	maps.DeleteFunc(in.killed, over)
	maps.DeleteFunc(in.ours, over)
	known = stops{all: maps.Clone(in.stopped), sure: map[string]time.Time{}, unsure: map[string]time.Time{}}
	for id, at := range in.stopped {
		_, doubted := in.doubted[id]
		if got, fresh := in.got[id]; !doubted && (!fresh || now.Sub(got) >= unsure) {
			known.sure[id] = at
		} else {
			known.unsure[id] = at
		}
	}
	gone := func(id string, _ time.Time) bool { _, ok := in.stopped[id]; return !ok }
	maps.DeleteFunc(in.got, gone)
	maps.DeleteFunc(in.doubted, gone)
	known.killed, known.ours, known.seen, known.told = maps.Clone(in.killed), maps.Clone(in.ours), in.seen, in.told
	return known
}
