package lock

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/internal/fault"
)

func options(t *testing.T) Options {
	t.Helper()
	return Options{Dir: t.TempDir(), Project: "shop", Identity: []string{"/srv/shop", "unix:///x"}, Command: "stackctl up"}
}

func acquire(t *testing.T, o Options) *Lock {
	t.Helper()
	l, err := Acquire(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestASecondRunIsToldWhoHoldsTheProject(t *testing.T) {
	o := options(t)
	first := acquire(t, o)
	_, err := Acquire(t.Context(), o)
	if fault.ClassOf(err) != fault.Conflict {
		t.Fatalf("class of %v is %v", err, fault.ClassOf(err))
	}
	for _, part := range []string{"shop", "pid ", "(stackctl up)", "since "} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in %q", part, err)
		}
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	acquire(t, o)
}

func TestTwoProjectsOfOneNameDoNotHinderEachOther(t *testing.T) {
	o := options(t)
	acquire(t, o)
	o.Identity = []string{"/srv/shop/unix", "///x"}
	acquire(t, o)
}

func TestAWaitingRunGoesOnWhenTheHolderIsDone(t *testing.T) {
	o := options(t)
	first := acquire(t, o)
	o.Wait = true
	told := make(chan Holder, 1)
	o.Waiting = func(h Holder) { told <- h }
	got := make(chan error, 1)
	go func() {
		l, err := Acquire(t.Context(), o)
		got <- errors.Join(err, l.Release())
	}()
	if h := <-told; h.PID != os.Getpid() || h.Command != "stackctl up" {
		t.Errorf("waits for %+v", h)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Fatal(err)
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	o := options(t)
	acquire(t, o)
	o.Wait = true
	cause := fault.New(fault.Interrupted, "interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	o.Waiting = func(Holder) { cancel(cause) }
	if _, err := Acquire(ctx, o); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func TestTheLockOfAKilledProcessIsFree(t *testing.T) {
	o := options(t)
	path := filepath.Join(o.Dir, fileName(o.Project, o.Identity))
	// The shell holds the lock and becomes a process that would wait for ever.
	holder := exec.CommandContext(t.Context(), "sh", "-c", `exec 9>"$1"; flock 9; echo held; exec sleep 1000`, "sh", path)
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(t.Context(), o); fault.ClassOf(err) != fault.Conflict {
		t.Fatalf("got %v", err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // killed
	acquire(t, o)
}

func TestALockFileThatACleanerRemovedIsNoLock(t *testing.T) {
	o := options(t)
	acquire(t, o)
	path := filepath.Join(o.Dir, fileName(o.Project, o.Identity))
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if same(f, path) {
		t.Error("a removed file counts as the lock")
	}
}

func TestTheDirectoryIsThisUsersOwn(t *testing.T) {
	runtime, temporary := t.TempDir(), t.TempDir()
	if dir, err := Dir(runtime, temporary); err != nil || dir != filepath.Join(runtime, "stackctl") {
		t.Errorf("got %q, %v", dir, err)
	}
	dir, err := Dir(filepath.Join(runtime, "missing"), temporary)
	if err != nil || filepath.Dir(dir) != temporary {
		t.Errorf("without a runtime directory: %q, %v", dir, err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Dir("", temporary); !errors.Is(err, ErrUnusable) {
		t.Errorf("a directory that others can write to was taken: %v", err)
	}
}

func TestAPlaceThatCannotBeWrittenIsUnusable(t *testing.T) {
	o := options(t)
	o.Dir = filepath.Join(o.Dir, "missing")
	if _, err := Acquire(t.Context(), o); !errors.Is(err, ErrUnusable) {
		t.Errorf("got %v", err)
	}
	if _, err := Dir("", filepath.Join(o.Dir, "missing")); !errors.Is(err, ErrUnusable) {
		t.Errorf("got %v", err)
	}
	if h := (Holder{}); h.String() != "another run" {
		t.Error(h)
	}
}

func TestARunThatDidNotComeToItsEndIsKnownToTheNext(t *testing.T) {
	t.Parallel()
	o := options(t)
	first := acquire(t, o)
	if first.Interrupted() {
		t.Error("the first run finds an interrupted one")
	}
	if err := first.file.Close(); err != nil { // as the end of the process does
		t.Fatal(err)
	}
	second := acquire(t, o)
	if !second.Interrupted() {
		t.Error("a run that was killed is not known to the next")
	}
	second.Unfinished()
	if err := second.Release(); err != nil {
		t.Fatal(err)
	}
	third := acquire(t, o)
	if !third.Interrupted() {
		t.Error("a run that left something unfinished is not known to the next")
	}
	if err := third.Release(); err != nil {
		t.Fatal(err)
	}
	if acquire(t, o).Interrupted() {
		t.Error("a run that came to its end is taken for an interrupted one")
	}
}
