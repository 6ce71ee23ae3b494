package orchestrator

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// forgetRestarts is how long a container has to run without another end for its
// restarts not to count any more: an operator's run has no end at which they would,
// and what counts as a crash loop is never well.
const forgetRestarts = time.Minute

// witness takes a look into the picture, and drops what is known of containers
// that are gone. looked says whose report is fresh; nil is everybody's.
func (s *session) witness(o Observed, looked map[string]time.Time) {
	now := time.Now()
	ids := map[string]map[int]string{}
	s.setImages(wantedImages(s.project, o))
	s.world.mu.Lock()
	sights := make(map[string]Sight, len(o.Containers))
	for _, c := range o.Containers {
		svc := s.project.Services[c.Service]
		if svc == nil || c.OneOff || strings.HasSuffix(c.Name, prevSuffix) || ownerOf(c.Labels, s.project) != ownedByUs {
			continue
		}
		sight, known := s.world.sights[c.ID]
		if _, fresh := looked[c.ID]; !known || fresh || looked == nil {
			sight = s.world.windowed(advance(sight, c, now), now)
			sight.Confirmed = sight.At
		}
		if sight.State == StateRunning && now.Sub(sight.Seen) >= forgetRestarts {
			sight.Restarts = 0
		}
		sights[c.ID] = sight
		if ids[c.Service] == nil {
			ids[c.Service] = map[int]string{}
		}
		ids[c.Service][c.Number] = c.ID
	}
	s.world.replace(sights)
	s.world.reached()
	clear(s.world.dirty)
	s.world.announce()
	s.world.mu.Unlock()
	s.members.replace(ids)
	s.prune(sights)
}

// prune forgets what was learnt about containers that are gone.
func (s *session) prune(sights map[string]Sight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.proofs {
		if _, ok := sights[id]; !ok {
			delete(s.proofs, id)
		}
	}
	for id := range s.verifying {
		if _, ok := sights[id]; !ok {
			delete(s.verifying, id)
		}
	}
	for id := range s.wrong {
		if _, ok := sights[id]; !ok {
			delete(s.wrong, id)
		}
	}
	for id := range s.scans {
		if _, ok := sights[id]; !ok {
			delete(s.scans, id)
		}
	}
	for id := range s.told {
		if _, ok := sights[id]; !ok {
			delete(s.told, id)
		}
	}
}

// inherit takes over what an earlier session learnt about the containers of those
// services of which the file says the same as before: reading it again changes
// nothing about them.
func (s *session) inherit(old *session) {
	old.mu.Lock()
	defer old.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, service := range s.project.Services {
		before := old.project.Services[name]
		if before == nil || before.Hash(old.project) != service.Hash(s.project) || !reflect.DeepEqual(before.Settings, service.Settings) {
			continue
		}
		for _, id := range old.members.of(name) {
			copyEntry(s.proofs, old.proofs, id)
			copyEntry(s.verifying, old.verifying, id)
			copyEntry(s.wrong, old.wrong, id)
			copyEntry(s.told, old.told, id)
			copyEntry(s.scans, old.scans, id)
		}
	}
}

// copyEntry copies one entry of a map, if it is there.
func copyEntry[V any](to, from map[string]V, key string) {
	if value, ok := from[key]; ok {
		to[key] = value
	}
}

// hasAsked says whether the present incarnation of a container has been asked
// from outside.
func (s *session) hasAsked(sight Sight) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	proofs, ok := s.proofs[sight.ID]
	return ok && !slices.ContainsFunc(proofs, func(p Proof) bool { return !p.StartedAt.Equal(sight.StartedAt) })
}

// setFailures replaces what is known of failed work.
func (s *session) setFailures(failures map[string]error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = maps.Clone(failures)
}

// readEvery is how often the log of a service is searched whose file declares
// lines that are failures.
const readEvery = 30 * time.Second

// unread are the containers whose logs are to be searched now.
func (s *session) unread(sights map[string]Sight, now time.Time) []Container {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Container
	for id, sight := range sights {
		svc := s.project.Services[sight.Service]
		if svc == nil || len(failPatterns(svc)) == 0 || sight.StartedAt.IsZero() {
			continue
		}
		if scan, ok := s.scans[id]; !ok || !scan.StartedAt.Equal(sight.StartedAt) || now.Sub(scan.At) >= readEvery {
			out = append(out, sight.Container)
		}
	}
	return out
}
