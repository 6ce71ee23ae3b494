package reaper

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// Program is the file of this very program, whatever has become of its name.
func Program() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// arguments are those of the watcher.
func arguments(c orchestrator.Copy, info orchestrator.EngineInfo) []string {
	out := []string{Command, "--run", c.Run, "--expires", c.Expires.UTC().Format(time.RFC3339), "--engine-id", info.ID}
	if !info.Local { // the kernel that ends the connection when the owner dies is another one
		out = append(out, "--silence", SilenceOfDeath.String())
	}
	return out
}

// processReadyWithin is how long a process may take to reach the engine.
const processReadyWithin = 30 * time.Second

// startProcess starts a watcher that has nothing in common with this process
// but a pipe: no terminal, no group, and nothing of what CI systems find a
// job's processes by.
func startProcess(ctx context.Context, o Options, info orchestrator.EngineInfo) (io.WriteCloser, error) {
	cmd := exec.Command(o.Program, append(slices.Clone(o.EngineArgs), arguments(o.Copy, info)...)...) //nolint:gosec,noctx // this very program; it is to outlive us
	cmd.Env = detachedEnv(o.Env)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, said, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	cmd.Stdout = said
	err = cmd.Start()
	_ = said.Close()
	if err != nil {
		return nil, fmt.Errorf("start a watcher: %w", err)
	}
	go func() { _ = cmd.Wait() }() // how it ends is its own business
	limit := time.AfterFunc(processReadyWithin, func() { _ = out.Close() })
	defer limit.Stop()
	stop := context.AfterFunc(ctx, func() { _ = out.Close() })
	defer stop()
	if line, err := bufio.NewReader(out).ReadString('\n'); strings.TrimSpace(line) != wordReady {
		say(in, wordDone)
		return nil, fault.New(fault.Failure, "the process that is to watch over the copy did not start: %q %w", line, err)
	}
	return in, nil
}

// detachedEnv is env without what the runners of GitHub and Jenkins find a
// job's processes by, to end them with the job.
func detachedEnv(env []string) []string {
	out := slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return name == "RUNNER_TRACKING_ID" || name == "JENKINS_NODE_COOKIE" || name == "BUILD_ID"
	})
	return append(out, "JENKINS_NODE_COOKIE=dontKillMe", "BUILD_ID=dontKillMe")
}
