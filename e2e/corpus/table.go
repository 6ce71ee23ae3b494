package corpus

import (
	"fmt"
	"slices"
	"strings"
)

// Failures are the results that the tables do not explain.
func Failures(results []Result) []Result {
	return slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Outcome < Disagree })
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
	return b.String()
}
