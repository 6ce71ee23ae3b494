package role

import (
	"context"
	"fmt"

	"github.com/stackctl/stackctl/images/trading/internal/job"
	"github.com/stackctl/stackctl/images/trading/internal/pipeline"
)

// unifiedProductionCoordinator runs the pipeline: collect prices, summarise
// the days, prune what is old.
func unifiedProductionCoordinator(d deps) (part, error) {
	steps := []pipeline.Step{
		{Name: "collect prices", Do: func(ctx context.Context) (string, error) { return collectPrices(ctx, d) }},
		{Name: "summarise days", Do: func(ctx context.Context) (string, error) {
			results, err := d.store.SummariseDays(ctx)
			return fmt.Sprintf("%d results", results), err
		}},
		{Name: "prune", Do: func(ctx context.Context) (string, error) {
			rows, err := d.store.Prune(ctx, d.settings.Retention)
			return fmt.Sprintf("%d rows", rows), err
		}},
	}
	run := func(ctx context.Context) error { return pipeline.Run(ctx, d.store, steps) }
	return part{jobs: []job.Job{{Name: "pipeline", Every: d.settings.Every.Pipeline, Do: run}}}, nil
}

func collectPrices(ctx context.Context, d deps) (string, error) {
	quotes, err := d.exchange.Quotes(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d markets", len(quotes)), d.store.SavePrices(ctx, quotes)
}
