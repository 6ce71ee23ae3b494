package orchestrator

import (
	"fmt"
	"slices"
	"time"
)

// lastKnown is what is known about the stack after a look at it failed: the newest
// report of each container, and the newest look at the rest.
func (s *session) lastKnown(failed error) Report {
	sights, _, _ := s.world.view()
	observed, oldest := s.seen, time.Time{}
	observed.Engine = s.info
	var containers []Container
	for _, id := range sortedKeys(sights) {
		sight := sights[id]
		if sight.Gone || sight.At.IsZero() {
			continue
		}
		containers = append(containers, sight.Container)
		if oldest.IsZero() || sight.At.Before(oldest) {
			oldest = sight.At
		}
	}
	if len(containers) > 0 {
		observed.Containers = containers
	} else {
		oldest = s.seenAt
	}
	observed.Networks = nil // they may be others since
	for _, v := range s.project.Volumes {
		if !slices.ContainsFunc(observed.Volumes, func(have Volume) bool { return have.Name == v.Name }) {
			observed.Volumes = append(slices.Clip(observed.Volumes), Volume{Name: v.Name})
		}
	}
	r := Assess(s.facts(observed))
	age := "nothing of it was seen before"
	if !oldest.IsZero() {
		age = fmt.Sprintf("what is said of it was seen %s ago", time.Since(oldest).Round(time.Second))
	}
	r.Gaps = append(r.Gaps, fmt.Sprintf("the stack could not be looked at once more (%v): %s", failed, age))
	return r
}
