package orchestrator

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// asks are the rounds of probes that were made.
type asks struct {
	mu   sync.Mutex
	took time.Duration
}

// note takes how long the probes of one container took.
func (a *asks) note(took time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took = max(a.took, took)
}

// longest is how long the probes of one container took at most, within bounds:
// what is hung up says nothing about the next time.
func (a *asks) longest() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return min(a.took, time.Second)
}

// gatherFor bounds how long answers are gathered before an evaluation: what
// fails for good may show in nothing but that.
const gatherFor = 2 * time.Second

// gather waits until every replica is well, or one fails for good or gives a
// wrong answer, and asks each as soon as it is well.
func (s *session) gather(ctx context.Context) error {
	g := gathering{session: s, asked: map[string]bool{}, slots: make(chan struct{}, proveAtOnce), wrong: make(chan struct{})}
	defer g.wait()
	deadline := time.Now().Add(gatherFor)
	for {
		sights, changed, lost := s.world.view()
		if lost != nil {
			return lost
		}
		if g.round(ctx, sights) || time.Now().After(deadline) {
			return nil
		}
		if err := pause(ctx, proveEvery, changed); err != nil {
			return err
		}
	}
}

// gathering asks containers one after the other, as they become well.
type gathering struct {
	*session
	asked map[string]bool
	slots chan struct{}
	group errgroup.Group
	once  sync.Once
	// wrong is closed by the first container that does not give all answers.
	wrong chan struct{}
}

// round asks those that have become well and says whether there is nothing left
// to wait for.
func (g *gathering) round(ctx context.Context, sights map[string]Sight) bool {
	all := true
	for name, sight := range g.replicas(sights) {
		st := g.bench(name).judge(sight)
		if st.Final {
			return true
		}
		all = all && st.Well
		if key := sight.incarnation(); st.Running && st.Well && !g.asked[key] {
			g.asked[key] = true
			g.group.Go(func() error {
				return guarded(func() error {
					g.one(ctx, name, sight)
					return nil
				})
			})
		}
	}
	select {
	case <-g.wrong:
		return true
	default:
		return all
	}
}

func (g *gathering) one(ctx context.Context, name string, sight Sight) {
	g.slots <- struct{}{}
	defer func() { <-g.slots }()
	if !g.askOne(ctx, name, sight, true) {
		g.once.Do(func() { close(g.wrong) })
	}
}

// wait waits for the answers. A panic in a probe is one of the caller.
func (g *gathering) wait() {
	if err := g.group.Wait(); err != nil {
		panic(err)
	}
}

// replicas goes through the containers that count, by service.
func (s *session) replicas(sights map[string]Sight) iter.Seq2[string, Sight] {
	return func(yield func(string, Sight) bool) {
		for _, name := range sortedKeys(s.project.Services) {
			for _, id := range s.members.of(name) {
				if !yield(name, sights[id]) {
					return
				}
			}
		}
	}
}

// ask makes the probes of all containers that are well inside. With ahead, one
// that has given all its answers in this incarnation is left out.
func (s *session) ask(ctx context.Context, ahead bool) {
	type target struct {
		name  string
		sight Sight
	}
	sights, _, _ := s.world.view()
	var targets []target
	for name, sight := range s.replicas(sights) {
		if st := s.bench(name).judge(sight); st.Running && st.Well {
			targets = append(targets, target{name, sight})
		} else {
			s.forget(sight.ID)
		}
	}
	each(len(targets), proveAtOnce, func(i int) { s.askOne(ctx, targets[i].name, targets[i].sight, ahead) })
}

// askOne makes the probes of one container of a service and says whether they
// passed. With ahead it makes none when they have in this incarnation; without, it
// also runs the check again of one that rests on our runs of it.
func (s *session) askOne(ctx context.Context, name string, sight Sight, ahead bool) bool {
	if ahead && s.answered(sight) {
		return true
	}
	began := time.Now()
	b := s.bench(name)
	if !ahead {
		s.checkAgain(ctx, b, sight)
	}
	tasks := s.prober.tasks(b.service, sight.Container, b)
	if s.sparing {
		s.learn(sight.ID, s.prober.repeat(ctx, sight.Container, tasks, s.known(sight.ID)))
	} else {
		s.learn(sight.ID, s.prober.run(ctx, sight.Container, tasks))
	}
	s.asks.note(time.Since(began))
	return s.answered(sight)
}

// known are the newest answers of a container.
func (s *session) known(id string) []Proof {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proofs[id]
}

// answered says whether a container has passed all its probes in this
// incarnation.
func (s *session) answered(sight Sight) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	proofs, ok := s.proofs[sight.ID]
	return ok && !slices.ContainsFunc(proofs, func(p Proof) bool {
		return !p.Passed || p.Again || p.ContainerID != sight.ID || !p.StartedAt.Equal(sight.StartedAt)
	})
}

// forget drops what is known from outside about a container that is not well.
func (s *session) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.proofs, id)
	delete(s.verifying, id)
}

// tellProofs tells of a probe from outside that fails, once for each answer.
func (s *session) tellProofs(id string, proofs []Proof) {
	sight, _ := s.world.sight(id)
	for _, p := range proofs {
		if p.Passed {
			continue
		}
		words := p.Probe + ": " + p.Result
		s.mu.Lock()
		told := s.told[id] == words
		s.told[id] = words
		s.mu.Unlock()
		if !told {
			s.opts.Listen.tell(Progress{Service: sight.Service, Target: sight.Name, Phase: PhaseProbing, Message: words})
		}
		return // one at a time says enough
	}
}

// learn takes the answers of one container.
func (s *session) learn(id string, proofs []Proof) {
	s.tellProofs(id, proofs)
	s.mu.Lock()
	defer s.mu.Unlock()
	proofs = confirmed(s.proofs[id], proofs)
	passed := true
	for _, p := range proofs {
		passed = passed && p.Passed && !p.Again
		if !p.Passed {
			s.wrong[id] = time.Now()
		}
	}
	if _, ok := s.verifying[id]; passed {
		delete(s.verifying, id)
	} else if !ok {
		s.verifying[id] = time.Now()
	}
	s.proofs[id] = proofs
}
