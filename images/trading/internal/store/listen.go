package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// Channels that tell about trades: a new one to fill, an open one to close.
const (
	NewTrades    = "new_trades"
	CloseTrades  = "close_trades"
	shortestWait = 250 * time.Millisecond
	longestWait  = 5 * time.Second
	// quiet is how long a connection may say nothing before it is asked
	// whether it is still there.
	quiet = 15 * time.Second
)

// Listen sends to wake whenever the channel is notified, and once after every
// connect, since what was told meanwhile is lost. A connection that breaks is
// made again, with a growing pause. Listen returns when the context ends.
func (s *Store) Listen(ctx context.Context, channel string, wake chan<- struct{}, log *slog.Logger) {
	wait := shortestWait
	for ctx.Err() == nil {
		err := s.listenOnce(ctx, channel, func() {
			wait = shortestWait
			select {
			case wake <- struct{}{}:
			default: // one wake that waits is as good as two
			}
		})
		if ctx.Err() != nil {
			return
		}
		log.Warn("listening broke off", "channel", channel, "error", err, "again_in_seconds", wait.Seconds())
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, longestWait)
	}
}

func (s *Store) listenOnce(ctx context.Context, channel string, notify func()) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	// It leaves the pool: a listening connection is of no use to others.
	own := conn.Hijack()
	defer closeSoon(context.WithoutCancel(ctx), own)
	if _, err := own.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	notify()
	for {
		if err := waitOrPing(ctx, own, notify); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
}

func waitOrPing(ctx context.Context, conn *pgx.Conn, notify func()) error {
	waiting, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	_, err := conn.WaitForNotification(waiting)
	switch {
	case err == nil:
		notify()
		return nil
	case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
		return err
	}
	asking, cancelAsking := context.WithTimeout(ctx, connectTimeout)
	defer cancelAsking()
	return conn.Ping(asking)
}

// closeSoon says goodbye without waiting long for a server that is gone.
func closeSoon(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	_ = conn.Close(ctx)
}
