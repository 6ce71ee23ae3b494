package corpus

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Failures are the results that the tables do not explain.
func Failures(results []Result) []Result {
	return slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Outcome != Disagree && r.Outcome != DisagreeInExit })
}

// Table counts the results by outcome.
func Table(results []Result) string {
	counts := map[Outcome]int{}
	for _, r := range results {
		counts[r.Outcome]++
	}
	var b strings.Builder
	for o := Same; o <= AcceptedAlone; o++ {
		fmt.Fprintf(&b, "%-45s %5d\n", o, counts[o])
	}
	fmt.Fprintf(&b, "%-45s %5d\n", "all", len(results))
	fmt.Fprintf(&b, "%-45s %5.2f\n", "processor time, docker compose = 1", ratio(results))
	largest := slices.Clone(results)
	slices.SortFunc(largest, func(a, b Result) int { return cmp.Compare(b.Size, a.Size) })
	fmt.Fprintf(&b, "%-45s %5.2f\n", "of the ten largest models", ratio(largest[:min(10, len(largest))]))
	return b.String()
}

// ratio is stackctl's processor time over all results to docker compose's.
func ratio(results []Result) float64 {
	var ours, theirs time.Duration
	for _, r := range results {
		ours, theirs = ours+r.Took[0], theirs+r.Took[1]
	}
	return float64(ours) / float64(max(theirs, 1))
}
