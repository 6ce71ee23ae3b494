package orchestrator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
)

// Look says what is true of the project now, with the same probes and the
// same judgement as Up; it changes nothing. The error is nil when everything
// is proven; otherwise its class says what is wrong, and the report is whole.
func Look(ctx context.Context, engine Engine, p *compose.Project, opts Options) (Report, error) {
	observed, err := cleanEngine{engine, opts.Redact}.Observe(ctx, scopeOf(p))
	if err != nil {
		return Report{Project: p.Name, Dir: p.Dir}, err
	}
	s := newSession(engine, observed.Engine, p, opts)
	s.recognise(observed)
	s.images = wantedImages(p, observed)
	s.repeatExecs(ctx)
	r, err := s.evaluateStill(ctx)
	if ended := context.Cause(ctx); ended != nil {
		r.Proven = false // a look that was cut short proves nothing
		return r, ended
	}
	if err != nil || r.Proven {
		return r, err
	}
	if r.Settled() {
		return r, uncheckedError(r)
	}
	sights, _, _ := s.world.view()
	r.Cards = makeCards(ctx, s.engine, s.project, opts.Redact, r, func(id string) (Sight, bool) {
		sight, ok := sights[id]
		return sight, ok
	})
	return r, verdict(r)
}

// verdict is the error of a report that is not proven.
func verdict(r Report) error {
	up := false
	for _, service := range r.Services {
		up = up || len(service.Containers) > 0
	}
	if !up {
		return notUp(r)
	}
	if root := rootOf(r.Services); root != nil {
		return failureOf(root)
	}
	return fault.New(r.Class, "%s is not proven", r.Project)
}

// notUp says that no service which the report is about has a container: others
// of the file may well have.
func notUp(r Report) error {
	if len(r.Unselected) == 0 {
		return fault.New(fault.Service, "%s is not up", r.Project).WithHint("stackctl up")
	}
	var names []string
	for _, service := range r.Services {
		names = append(names, service.Name)
	}
	return fault.New(fault.Service, "%s of %s: not up", listed(names), r.Project).WithHint("stackctl up %s", strings.Join(names, " "))
}

// recognise takes the replicas that are there.
func (s *session) recognise(o Observed) {
	now := time.Now()
	for _, c := range o.Containers {
		svc := s.project.Services[c.Service]
		if svc == nil || c.OneOff || strings.HasSuffix(c.Name, prevSuffix) || ownerOf(c.Labels, s.project) != ownedByUs {
			continue
		}
		s.members.set(c.Service, c.Number, c.ID)
		s.world.mu.Lock()
		sight := advance(Sight{}, c, now)
		if c.State != StateRunning {
			// Nobody is changing the stack: what does not run is down, and
			// not just on its way.
			sight.DownSince = now.Add(-pauseGrace)
		}
		s.world.set(sight)
		s.world.mu.Unlock()
	}
}

// wantedImages are the images that the services' references mean now; where a
// reference means nothing, what runs is not called different for it.
func wantedImages(p *compose.Project, o Observed) map[string]images.Image {
	out := map[string]images.Image{}
	for name, svc := range p.Services {
		if image, ok := o.Images[imageRef(p, svc)]; ok {
			out[name] = image
			continue
		}
		for _, c := range o.Containers {
			if c.Service == name && ownerOf(c.Labels, p) == ownedByUs {
				out[name] = images.Image{ID: c.ImageID, Check: c.Check, Env: c.Env, Cmd: c.Cmd}
			}
		}
	}
	return out
}

// repeatExecs runs the check of containers that the engine has not yet had
// time to probe, twice, as Up does.
func (s *session) repeatExecs(ctx context.Context) {
	sights, _, _ := s.world.view()
	var starting []Sight
	for _, sight := range sights {
		if healthchecks.NeedsExec(s.bench(sight.Service).subject(sight)) {
			starting = append(starting, sight)
		}
	}
	each(len(starting), looks, func(i int) {
		for range 2 {
			s.check(ctx, starting[i])
		}
	})
}

// looksAtMost is how many looks in a row status makes at what is well in one of them
// and not in the next: one that is well, one that is not, two to confirm that it is
// well again, and one behind the window.
const looksAtMost = 5

// flapPause is how long what was well a moment ago is given to be so again.
const flapPause = 2 * time.Second

// evaluateStill is an evaluation in which nobody changes the stack: what
// counts is what is observed. A stack whose engine's record does not reach
// back over the window is watched for as long as is missing. When two looks
// disagree, neither is believed: it is looked at once more.
func (s *session) evaluateStill(ctx context.Context) (r Report, err error) {
	before := false
	for n := 1; n <= looksAtMost; n++ {
		if r, err = s.evaluateNow(ctx, asking{}); err != nil || r.Settled() {
			return r, err
		}
		ready := s.ready(r)
		if ready && before || !ready && (failsForGood(r) || !before && !mayFlap(r, n == 1)) {
			return r, nil
		}
		wait := proveEvery
		if before {
			wait = flapPause
		}
		if ready {
			wait = max(s.opts.stableFor(s.project), s.unwatchedLeft())
			s.world.well = func(sight Sight) bool { return s.bench(sight.Service).judge(sight).Well }
		}
		before = ready
		s.world.lookAll(ctx)
		if err := pause(ctx, wait, nil); err != nil {
			return r, fmt.Errorf("watch for %s: %w", wait, err)
		}
		s.world.lookAll(ctx)
	}
	return r, nil
}

// failsForGood says whether waiting will not heal a service.
func failsForGood(r Report) bool {
	return slices.ContainsFunc(r.Services, func(one ServiceReport) bool { return !one.settled() && one.Final })
}

// mayFlap says whether another look may say something else although the one before
// was not well: nothing but answers from outside is missing, and that was the first
// look, or an answer is good and not confirmed yet.
func mayFlap(r Report, first bool) bool {
	outside, unconfirmed := false, false
	for _, service := range r.Services {
		for _, c := range service.Conditions {
			switch {
			case c.Status == True || c.Type == GateStable || c.unchecked():
			case c.Type == GateReachable || c.Type == GateDatabase:
				outside, unconfirmed = true, unconfirmed || c.Reason == reasonUnconfirmed
			default:
				return false
			}
		}
	}
	return outside && (first || unconfirmed)
}
