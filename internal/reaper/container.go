package reaper

import (
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/lock"
	"github.com/stackctl/stackctl/orchestrator"
)

// startContainer starts a watcher on the engine itself, made of this very
// program.
func startContainer(ctx context.Context, e Engine, o Options, info orchestrator.EngineInfo) (io.WriteCloser, error) {
	if e.Socket() == "" {
		return nil, fmt.Errorf("containers cannot be given the engine at %s", info.Endpoint)
	}
	if err := runsOn(o.Program, info); err != nil {
		return nil, err
	}
	digest, err := digestOf(o.Program)
	if err != nil {
		return nil, err
	}
	labels := o.Copy.Labels()
	labels[orchestrator.LabelReaper] = digest
	spec := docker.ReaperSpec{
		Program: o.Program, Digest: digest, Args: arguments(o.Copy, info),
		Name: o.Copy.Project + "-reaper", Labels: labels,
	}
	if err := makeImage(ctx, e, o, info, spec); err != nil {
		return nil, err
	}
	return e.StartReaper(ctx, spec)
}

// makeImage makes sure of the watcher's image. One at a time does: an image
// that is made twice would leave one without a name.
func makeImage(ctx context.Context, e Engine, o Options, info orchestrator.EngineInfo, spec docker.ReaperSpec) error {
	if e.HasReaper(ctx, spec.Digest) {
		return nil
	}
	held, err := lock.Acquire(ctx, lock.Options{
		Dir: o.LockDir, Project: "reaper", Identity: []string{info.Endpoint}, Command: "stackctl", Wait: true,
	})
	switch {
	case errors.Is(err, lock.ErrUnusable):
	case err != nil:
		return err
	default:
		defer func() { _ = held.Release() }()
	}
	if e.HasReaper(ctx, spec.Digest) {
		return nil
	}
	if err := e.MakeReaper(ctx, spec); err != nil {
		return err
	}
	RemoveUnused(ctx, e, spec.Digest)
	return nil
}

// RemoveUnused removes the images of other programs' watchers that nobody
// uses, and says how many. That one cannot be removed is no failure.
func RemoveUnused(ctx context.Context, e Engine, digest string) int {
	others, err := e.UnusedReapers(ctx, digest)
	if err != nil {
		return 0
	}
	removed := 0
	for _, id := range others {
		if e.RemoveImage(ctx, id) == nil {
			removed++
		}
	}
	return removed
}

// Digest tells this very program from others.
func Digest() (string, error) {
	program, err := Program()
	if err != nil {
		return "", err
	}
	return digestOf(program)
}

// digestOf is short enough for a tag.
func digestOf(program string) (string, error) {
	file, err := os.Open(program)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// runsOn says why the program cannot run alone in a container of the engine.
func runsOn(program string, info orchestrator.EngineInfo) error {
	if runtime.GOOS != "linux" || info.OS != "linux" || info.Arch != runtime.GOARCH {
		return fmt.Errorf("this stackctl is for %s/%s, the engine's containers are for %s/%s", runtime.GOOS, runtime.GOARCH, info.OS, info.Arch)
	}
	file, err := elf.Open(program)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("this stackctl is linked to libraries that a container would lack")
		}
	}
	return nil
}
