package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// bench is one run of the bench.
type bench struct {
	options
	engine *engine
	dir    string
	port   int
}

func newBench(ctx context.Context, o options) (*bench, error) {
	e, err := newEngine(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "stackctl-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, engine: e, dir: dir}
	if err := e.ensureImage(ctx, o.image, dir); err != nil {
		return nil, err
	}
	if b.stackctl, err = filepath.Abs(o.stackctl); err != nil {
		return nil, err
	}
	b.port, err = freePort()
	return b, err
}

func (b *bench) close() { _ = os.RemoveAll(b.dir) }

// freePort is a port of this host that nothing holds.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // no name to resolve
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil //nolint:errcheck,forcetypeassert // it listens on TCP
}

// write puts a stack's file into the project's directory.
func (b *bench) write(project string, s stack) error {
	dir := filepath.Join(b.dir, project)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // nothing in it is secret
		return err
	}
	return os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(s.file()), 0o644) //nolint:gosec // the same
}

// outcome is how a program ended.
type outcome struct {
	took time.Duration
	// busy is the processor time that it used, peak its memory in bytes.
	busy   time.Duration
	peak   int64
	stdout string
}

// tool runs a program in the project's directory to its success.
func (b *bench) tool(ctx context.Context, project, program string, args ...string) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // the programs to measure
	cmd.Dir = filepath.Join(b.dir, project)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	err := cmd.Run()
	o := outcome{took: time.Since(begin), stdout: stdout.String()}
	if err != nil {
		return o, fmt.Errorf("%s %v: %w\n%s%s", program, args, err, stdout.String(), stderr.String())
	}
	o.busy = cmd.ProcessState.SystemTime() + cmd.ProcessState.UserTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		o.peak = usage.Maxrss << 10
	}
	return o, nil
}

// ours runs stackctl.
func (b *bench) ours(ctx context.Context, project string, args ...string) (outcome, error) {
	return b.tool(ctx, project, b.stackctl, append([]string{"-p", project, "--progress", "quiet"}, args...)...)
}

// theirs runs docker compose.
func (b *bench) theirs(ctx context.Context, project string, args ...string) (outcome, error) {
	return b.tool(ctx, project, b.compose, append([]string{"-p", project, "--progress", "quiet"}, args...)...)
}

// began is what stackctl reports about a run.
type began struct {
	outcome
	// ready is until all was healthy, from the start of the process;
	// released until the last container's check had passed once.
	ready, released time.Duration
}

// up runs stackctl up and reads its report.
func (b *bench) up(ctx context.Context, project string) (began, error) {
	file := filepath.Join(b.dir, project, "report.json")
	o, err := b.ours(ctx, project, "up", "--report", file)
	if err != nil {
		return began{}, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return began{}, err
	}
	var report struct {
		ReadySeconds float64 `json:"ready_after_seconds"`
		TookSeconds  float64 `json:"took_seconds"`
		Timings      []struct {
			EndSeconds float64 `json:"end_seconds"`
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return began{}, err
	}
	last := 0.0
	for _, t := range report.Timings {
		last = max(last, t.EndSeconds)
	}
	// What the process did before and after the run counts as well.
	around := o.took - seconds(report.TookSeconds)
	return began{o, seconds(report.ReadySeconds) + around, seconds(last) + around}, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// settle waits; what is measured after it has had time to come to rest.
func settle(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// timed measures what do takes.
func timed(do func() error) (time.Duration, error) {
	begin := time.Now()
	err := do()
	return time.Since(begin), err
}

// nextProject is a name that no other run of the bench uses.
func nextProject(tool string, round int) string {
	return fmt.Sprintf("bench-%s-%s-%d", strconv.FormatInt(int64(os.Getpid()), 36), tool, round)
}
