package role

import (
	"context"
	"errors"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/job"
)

var errNoTrading = errors.New("the exchange answers but does not trade")

// kalshiAPIWatchdog records whether the exchange answers and how fast. An
// exchange that is away is also this service's problem, for all to see.
func kalshiAPIWatchdog(d deps) (part, error) {
	watch := func(ctx context.Context) error {
		begin := time.Now()
		status, err := d.exchange.Status(ctx)
		latency := time.Since(begin)
		if err == nil && (!status.ExchangeActive || !status.TradingActive) {
			err = errNoTrading
		}
		problem := ""
		if err != nil {
			problem = err.Error()
		}
		return errors.Join(err, d.store.SaveCheck(ctx, latency, problem))
	}
	return part{jobs: []job.Job{{Name: "watch", Every: d.settings.Every.Watch, Do: watch}}}, nil
}
