package orchestrator

import (
	"regexp"
	"slices"
	"strings"
)

// hintCycles says of services whose healthchecks ask each other that none of them
// can pass first. Only services whose check fails are looked at, and only what the
// checks themselves say of a host: no variable and no log.
func hintCycles(cards []Card) {
	asks := map[string][]string{}
	for _, c := range cards {
		if c.Probe == "" || c.ProbeExit == nil || *c.ProbeExit == 0 {
			continue
		}
		for _, other := range cards {
			if other.Service != c.Service && asksHost(c.Probe+" "+c.ProbeOutput, other.Service) {
				asks[c.Service] = append(asks[c.Service], other.Service)
			}
		}
	}
	for i := range cards {
		if cycle := cycleFrom(asks, cards[i].Service, nil); cycle != nil {
			cards[i].Hint = "the healthchecks of these services ask each other, so that none can pass first: it is a cycle, " +
				strings.Join(cycle, " → ") + "; let a check ask its own service only"
		}
	}
}

// asksHost says whether a text names a service as the host that is asked.
func asksHost(text, service string) bool {
	name := regexp.QuoteMeta(service)
	return regexp.MustCompile(`(?://|@)` + name + `(?::\d+|/|["\s]|$)|\blookup ` + name + `\b|(?:^|\s)` + name + `:\d+\b|(?:^|\s)-h ` + name + `(?:\s|$)`).MatchString(text)
}

// cycleFrom is a way along the edges from a name back to it, nil for none.
func cycleFrom(edges map[string][]string, name string, way []string) []string {
	way = append(slices.Clip(way), name)
	for _, next := range edges[name] {
		switch {
		case next == way[0]:
			return append(way, next)
		case !slices.Contains(way, next):
			if cycle := cycleFrom(edges, next, way); cycle != nil {
				return cycle
			}
		}
	}
	return nil
}
