package job

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAJobRunsAtOnceAndThenAtItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		j := Job{Name: "count", Every: time.Second, Do: func(context.Context) error { runs++; return nil }}
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		j.Run(ctx, slog.New(slog.DiscardHandler), &Board{})
		if runs != 4 {
			t.Errorf("ran %d times in 3.5 s, want 4", runs)
		}
	})
}

func TestAWakeEndsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{}, 1)
		var at []time.Duration
		begin := time.Now()
		j := Job{Every: time.Hour, Wake: wake, Do: func(context.Context) error {
			at = append(at, time.Since(begin))
			return nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		time.AfterFunc(2*time.Second, func() { wake <- struct{}{} })
		j.Run(ctx, slog.New(slog.DiscardHandler), &Board{})
		if len(at) != 2 || at[1] != 2*time.Second {
			t.Errorf("ran at %v", at)
		}
	})
}

func TestARunThatHangsIsEndedByItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := &Board{}
		j := Job{Name: "slow", Every: time.Hour, Timeout: time.Second, Do: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		j.Run(ctx, slog.New(slog.DiscardHandler), board)
		if !strings.Contains(board.Problem(), "slow: context deadline exceeded") {
			t.Errorf("problem is %q", board.Problem())
		}
	})
}

func TestOnlyChangesAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outcomes := []error{nil, errors.New("away"), errors.New("away"), errors.New("still away"), nil, nil}
		var out bytes.Buffer
		board := &Board{}
		ctx, cancel := context.WithCancel(t.Context())
		run := 0
		j := Job{Name: "sync", Every: time.Second, Do: func(context.Context) error {
			run++
			if run > len(outcomes) {
				cancel()
				return nil
			}
			return outcomes[run-1]
		}}
		j.Run(ctx, slog.New(slog.NewTextHandler(&out, nil)), board)
		if lines := strings.Count(out.String(), "\n"); lines != 2 {
			t.Errorf("wrote %d lines, want one for each change:\n%s", lines, out.String())
		}
		if board.Problem() != "" {
			t.Errorf("problem is %q after a good run", board.Problem())
		}
	})
}

func TestTheProblemDoesNotFlickerBetweenJobs(t *testing.T) {
	board := &Board{}
	board.set("b", errors.New("two"))
	board.set("a", errors.New("one"))
	for range 20 {
		if board.Problem() != "a: one" {
			t.Fatalf("problem is %q", board.Problem())
		}
	}
}
