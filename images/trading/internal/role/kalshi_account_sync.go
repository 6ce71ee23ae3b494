package role

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/job"
	"github.com/stackctl/stackctl/images/trading/internal/userdata"
)

// kalshiAccountSync copies what the exchange says about every user into the
// tables and into the user's own directory.
func kalshiAccountSync(d deps) (part, error) {
	sync := func(ctx context.Context) error {
		names, err := d.store.Users(ctx)
		if err != nil {
			return err
		}
		var problems []error
		for _, name := range names {
			problems = append(problems, syncUser(ctx, d, name))
		}
		return errors.Join(problems...)
	}
	return part{jobs: []job.Job{{Name: "sync", Every: d.settings.Every.Sync, Do: sync}}}, nil
}

func syncUser(ctx context.Context, d deps, name string) error {
	account, err := d.exchange.Account(ctx, name)
	if err != nil {
		return fmt.Errorf("sync user %s: %w", name, err)
	}
	// The name is ours: a wrong one in the answer must not reach another's file.
	account.User = name
	now := time.Now().UTC()
	if err := d.store.SaveAccount(ctx, account, now); err != nil {
		return fmt.Errorf("sync user %s: %w", name, err)
	}
	return userdata.Dir(d.settings.DataDir).Write(userdata.Snapshot{Account: account, SyncedAt: now})
}
