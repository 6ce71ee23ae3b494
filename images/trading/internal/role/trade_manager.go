package role

import "github.com/stackctl/stackctl/images/trading/internal/tradeapi"

// tradeManager serves the REST interface for trades.
func tradeManager(d deps) (part, error) {
	return part{routes: tradeapi.New(d.store, d.log).Register}, nil
}
