package role

import (
	"context"
	"fmt"
	"time"
)

// migrateTime bounds the job, waiting for the database included.
const migrateTime = time.Minute

// migrate brings the tables up to date, adds the users and ends. A database
// that is just restarting is waited for.
func migrate(ctx context.Context, d deps) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTime)
	defer cancel()
	if err := awaitDatabase(ctx, d); err != nil {
		return err
	}
	applied, err := d.store.Migrate(ctx, d.migrations)
	for _, m := range applied {
		d.log.Info("migration applied", "version", m.Version, "name", m.Name)
	}
	if err != nil {
		return err
	}
	if err := d.store.AddUsers(ctx, d.settings.Users); err != nil {
		return err
	}
	d.log.Info("database is up to date", "version", len(d.migrations), "applied", len(applied))
	return nil
}

func awaitDatabase(ctx context.Context, d deps) error {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := d.store.Ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for the database: %w", err)
		case <-ticker.C:
		}
	}
}
