package role

import (
	"context"
	"errors"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/job"
	"github.com/stackctl/stackctl/images/trading/internal/store"
	"github.com/stackctl/stackctl/images/trading/internal/userdata"
	"github.com/stackctl/stackctl/images/trading/internal/web"
)

// What the page shows of each list.
const (
	shownTrades    = 50
	shownIncidents = 5
)

// mainApp serves the page and keeps a directory for every user.
func mainApp(d deps) (part, error) {
	users := userdata.Dir(d.settings.DataDir)
	handler, err := web.New(func(ctx context.Context) (web.State, error) { return readState(ctx, d) }, users, d.log)
	if err != nil {
		return part{}, err
	}
	directories := job.Job{Name: "user directories", Every: 30 * time.Second, Do: func(ctx context.Context) error {
		return ensureUsers(ctx, d.store, users)
	}}
	return part{routes: handler.Register, jobs: []job.Job{directories}}, nil
}

func ensureUsers(ctx context.Context, db *store.Store, users userdata.Dir) error {
	names, err := db.Users(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for _, name := range names {
		problems = append(problems, users.Ensure(name))
	}
	return errors.Join(problems...)
}

// readTime bounds the reading for one page.
const readTime = 3 * time.Second

// readState reads everything the page shows, or nothing.
func readState(ctx context.Context, d deps) (web.State, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	state := web.State{At: time.Now().UTC()}
	beats, err := d.store.Beats(ctx)
	if err != nil {
		return state, err
	}
	state.Services = web.Services(Names(), beats, d.settings.Heartbeat.LostAfter, state.At)
	reads := []func() error{
		func() (err error) {
			state.Trades, err = d.store.Trades(ctx, store.Filter{Limit: shownTrades})
			return err
		},
		func() (err error) { state.Markets, err = d.store.LastPrices(ctx); return err },
		func() (err error) { state.Accounts, err = d.store.Balances(ctx); return err },
		func() (err error) { state.Incidents, err = d.store.Incidents(ctx, shownIncidents); return err },
		func() (err error) { state.Exchange, err = d.store.LastCheck(ctx); return err },
		func() (err error) { state.Host, err = d.store.LastSample(ctx); return err },
		func() (err error) { state.Pipeline, err = d.store.LastRun(ctx); return err },
	}
	for _, read := range reads {
		if err := read(); err != nil {
			return state, err
		}
	}
	return state, nil
}
