package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// scale brings up 50, 100 and 200 small services.
func scale(ctx context.Context, b *bench, t *table) error {
	sizes := slices.DeleteFunc([]int{50, 100, 200}, func(n int) bool { return n > b.most })
	for _, n := range sizes {
		s := stack{services: many(n), probing: probing{interval: 30 * time.Second}, image: b.image}
		small := *b
		small.rounds = min(b.rounds, 3)
		name := func(what string) string { return fmt.Sprintf("%d: %s", n, what) }
		peak, busy, took := int64(0), time.Duration(0), time.Duration(0)
		err := small.alternate(ctx, s, map[string]func(context.Context, string) error{
			"ours": func(ctx context.Context, project string) error {
				up, err := b.up(ctx, project)
				t.add(name(oursReady), up.ready)
				t.add(name(oursTotal), up.took)
				peak, busy, took = max(peak, up.peak), busy+up.busy, took+up.took
				return err
			},
			"floor": func(ctx context.Context, project string) error {
				d, err := timed(func() error { return b.engine.floor(ctx, project, s) })
				t.add(name(floorTotal), d)
				if err != nil {
					return err
				}
				checks, err := timed(func() error { return b.engine.checks(ctx, project, s) })
				t.add(name(floorChecked), d+checks)
				return err
			},
		})
		if err != nil {
			return err
		}
		t.compare(name(oursReady), name(floorTotal))
		t.compare(name(oursReady), name(floorChecked))
		t.note("With %d: peak memory %d MB, processor time of stackctl %.1f %% of the run.", n, peak>>20, 100*busy.Seconds()/took.Seconds())
	}
	slope := func(what string) float64 {
		first, last := sizes[0], sizes[len(sizes)-1]
		d := t.samples[fmt.Sprintf("%d: %s", last, what)].median() - t.samples[fmt.Sprintf("%d: %s", first, what)].median()
		return d.Seconds() * 1000 / float64(last-first)
	}
	ours, raw, checked := slope(oursReady), slope(floorTotal), slope(floorChecked)
	t.note("Slope: stackctl %.0f ms for each service, floor %.0f ms, ratio %.2f; with each check run once %.0f ms, ratio %.2f.",
		ours, raw, ours/raw, checked, ours/checked)
	return nil
}
