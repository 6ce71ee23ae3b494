package role

import (
	"context"
	"net/http"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/desk"
	"github.com/stackctl/stackctl/images/trading/internal/exchange"
	"github.com/stackctl/stackctl/images/trading/internal/job"
	"github.com/stackctl/stackctl/images/trading/internal/store"
)

// exchangePath is where the paper exchange is served.
const exchangePath = "/exchange"

// tradeExecutor fills pending trades as soon as it is told of one, and looks
// for itself in between. It also serves the paper exchange.
func tradeExecutor(d deps) (part, error) {
	paper := exchange.NewPaper(d.store.Ledger(d.settings.StartingBalanceCents), time.Now)
	filler := &desk.Filler{Trades: d.store, Exchange: d.exchange}
	wake := make(chan struct{}, 1)
	return part{
		routes: func(mux *http.ServeMux) {
			mux.Handle(exchangePath+"/", http.StripPrefix(exchangePath, paper.Handler()))
		},
		jobs: []job.Job{{
			Name: "fill", Every: d.settings.Every.Fill, Timeout: 30 * time.Second, Wake: wake, Do: filler.Fill,
		}},
		background: []func(context.Context){func(ctx context.Context) {
			d.store.Listen(ctx, store.NewTrades, wake, d.log)
		}},
	}, nil
}
