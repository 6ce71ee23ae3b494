package desk

import (
	"context"
	"errors"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// EntryStore is what an Opener needs of the trades.
type EntryStore interface {
	Entered(ctx context.Context, user string, within time.Duration) ([]trade.Entered, error)
}

// Quoter gives prices.
type Quoter interface {
	Quotes(ctx context.Context) ([]trade.Quote, error)
}

// Poster asks for new trades.
type Poster interface {
	Post(ctx context.Context, request trade.Request) (trade.Trade, error)
}

// Opener asks for a trade when the rule says so.
type Opener struct {
	Trades   EntryStore
	Exchange Quoter
	Manager  Poster
	Rule     trade.EntryRule
	User     string
	Now      func() time.Time
}

// Open looks at the market once.
func (o *Opener) Open(ctx context.Context) error {
	quotes, err := o.Exchange.Quotes(ctx)
	if err != nil {
		return err
	}
	earlier, err := o.Trades.Entered(ctx, o.User, o.Rule.Cooldown)
	if err != nil {
		return err
	}
	var problems []error
	for _, request := range o.Rule.Decide(o.User, quotes, earlier, o.Now()) {
		_, err := o.Manager.Post(ctx, request)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
