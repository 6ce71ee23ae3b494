package corpus

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Cost is what a run of a program takes.
type Cost struct{ Wall, Processor time.Duration }

// Weight is what both programs take for one case, the least of all turns.
type Weight struct {
	Case
	Stackctl, Compose Cost
}

// Largest are the cases with the largest models that both programs take.
func Largest(results []Result, n int) []Case {
	results = slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Size == 0 })
	slices.SortFunc(results, func(a, b Result) int { return cmp.Compare(b.Size, a.Size) })
	var cases []Case
	for _, r := range results[:min(n, len(results))] {
		cases = append(cases, r.Case)
	}
	return cases
}

// Weigh runs config of both programs on each case by turns, one at a time.
func (p Peer) Weigh(ctx context.Context, cases []Case, turns int) ([]Weight, error) {
	weights := make([]Weight, len(cases))
	for i, c := range cases {
		weights[i].Case = c
		for turn := range turns {
			_, theirs, err := run(ctx, c, p.Compose, "config")
			if err != nil {
				return nil, err
			}
			_, ours, err := run(ctx, c, p.Stackctl, "config", "--no-redact")
			if err != nil {
				return nil, err
			}
			if turn == 0 {
				weights[i].Compose, weights[i].Stackctl = theirs, ours
			}
			weights[i].Compose = least(weights[i].Compose, theirs)
			weights[i].Stackctl = least(weights[i].Stackctl, ours)
		}
	}
	return weights, nil
}

func least(a, b Cost) Cost { return Cost{min(a.Wall, b.Wall), min(a.Processor, b.Processor)} }

// Ratio is stackctl's wall and processor time to docker compose's.
func (w Weight) Ratio() (wall, processor float64) {
	return float64(w.Stackctl.Wall) / float64(max(w.Compose.Wall, 1)), float64(w.Stackctl.Processor) / float64(max(w.Compose.Processor, 1))
}

// WeightTable shows each weight, and that of all together at the end.
func WeightTable(weights []Weight) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-60s %6s %9s\n", "docker compose = 1", "wall", "processor")
	for _, w := range append(slices.Clone(weights), Sum(weights)) {
		wall, processor := w.Ratio()
		fmt.Fprintf(&b, "%-60s %6.2f %9.2f\n", w.Name, wall, processor)
	}
	return b.String()
}

// Sum is the weight of all together.
func Sum(weights []Weight) Weight {
	all := Weight{Case: Case{Name: "together"}}
	for _, w := range weights {
		all.Stackctl.Wall, all.Stackctl.Processor = all.Stackctl.Wall+w.Stackctl.Wall, all.Stackctl.Processor+w.Stackctl.Processor
		all.Compose.Wall, all.Compose.Processor = all.Compose.Wall+w.Compose.Wall, all.Compose.Processor+w.Compose.Processor
	}
	return all
}
