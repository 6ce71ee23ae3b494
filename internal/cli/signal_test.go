package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

func TestARunThatIsInterruptedEndsWithTheSignalsCodeWithinTwoSeconds(t *testing.T) {
	for code, sig := range map[int]os.Signal{129: syscall.SIGHUP, 130: syscall.SIGINT, 143: syscall.SIGTERM} {
		for _, deaf := range []bool{false, true} {
			if deaf && sig != syscall.SIGINT {
				continue // once is enough
			}
			p := newProgram(t, shop)
			ctx, cancel := context.WithCancelCause(t.Context())
			release := make(chan struct{})
			p.ops.up = func(ctx context.Context, _ orchestrator.FullEngine, project *compose.Project, _ orchestrator.Options) (orchestrator.Report, error) {
				cancel(signalled(sig))
				if deaf {
					<-release
				}
				<-ctx.Done()
				return orchestrator.Report{Project: project.Name}, fmt.Errorf("wait: %w", ctx.Err())
			}
			began := time.Now()
			if got := p.run(ctx, "up"); got != code {
				t.Errorf("after %s: %d\n%s", sig, got, p.err.String())
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it took %s to end", took)
			}
			close(release)
		}
	}
}

func TestASecondSignalEndsTheRunAtOnce(t *testing.T) {
	signals, ended, hurry := make(chan os.Signal, 3), make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancelCause(t.Context())
	go follow(signals, ended, cancel, hurry, &hangups{})
	defer close(ended)
	p := newProgram(t, shop)
	p.streams.Hurry = hurry
	release := make(chan struct{})
	defer close(release)
	p.ops.up = func(context.Context, orchestrator.FullEngine, *compose.Project, orchestrator.Options) (orchestrator.Report, error) {
		signals <- syscall.SIGPIPE
		signals <- syscall.SIGTERM
		signals <- syscall.SIGINT
		<-release
		return orchestrator.Report{}, nil
	}
	began := time.Now()
	if got := p.run(ctx, "up"); got != 143 {
		t.Errorf("ends with %d", got)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestASignalOfTheProcessEndsTheContext(t *testing.T) {
	ctx, _, stop := WithSignals(t.Context())
	defer stop()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if signalClass(ctx) != fault.HungUp {
		t.Errorf("the cause is %v", context.Cause(ctx))
	}
}

func TestWatchLooksAgainUntilItIsInterrupted(t *testing.T) {
	p := newProgram(t, shop)
	p.streams.OutTerminal = true
	ctx, cancel := context.WithCancelCause(t.Context())
	looks := 0
	p.ops.look = func(_ context.Context, _ orchestrator.Engine, project *compose.Project, _ orchestrator.Options) (orchestrator.Report, error) {
		if looks++; looks == 2 {
			cancel(signalled(os.Interrupt))
		}
		return broken(project)
	}
	if got := p.run(ctx, "status --watch --no-color"); got != 130 {
		t.Errorf("ends with %d: %s", got, p.err.String())
	}
	if got := p.out.String(); looks != 2 || strings.Count(got, "\x1b[H\x1b[2J") != 1 || !strings.Contains(got, "✖ web: exited(1)") {
		t.Errorf("after %d looks: %q", looks, got)
	}
}
