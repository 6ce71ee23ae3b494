package role

import (
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/desk"
	"github.com/stackctl/stackctl/images/trading/internal/job"
	"github.com/stackctl/stackctl/images/trading/internal/tradeapi"
)

// autoEntrySupervisor opens trades by rule for the first user.
func autoEntrySupervisor(d deps) (part, error) {
	opener := &desk.Opener{
		Trades:   d.store,
		Exchange: d.exchange,
		Manager:  tradeapi.NewClient(d.settings.TradeManagerURL),
		Rule:     d.settings.Rules.Entry,
		User:     d.settings.Users[0],
		Now:      time.Now,
	}
	return part{jobs: []job.Job{{Name: "enter", Every: d.settings.Every.Entry, Do: opener.Open}}}, nil
}
