package role

import (
	"context"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/desk"
	"github.com/stackctl/stackctl/images/trading/internal/job"
	"github.com/stackctl/stackctl/images/trading/internal/store"
)

// activeTradeSupervisor closes open trades by rule, or at once when asked to.
func activeTradeSupervisor(d deps) (part, error) {
	closer := &desk.Closer{Trades: d.store, Exchange: d.exchange, Rule: d.settings.Rules.Exit, Now: time.Now}
	wake := make(chan struct{}, 1)
	return part{
		jobs: []job.Job{{Name: "close", Every: d.settings.Every.Supervise, Wake: wake, Do: closer.Close}},
		background: []func(context.Context){func(ctx context.Context) {
			d.store.Listen(ctx, store.CloseTrades, wake, d.log)
		}},
	}, nil
}
