package reaper

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// remains is an engine with one container of the copy, which may be removed.
type remains struct {
	mu   sync.Mutex
	left bool
	id   string
}

func (e *remains) Info(context.Context) (orchestrator.EngineInfo, error) {
	return orchestrator.EngineInfo{ID: e.id, ClockAhead: time.Hour}, nil
}

func (e *remains) Traces(context.Context, string) ([]orchestrator.Trace, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.left {
		return nil, nil
	}
	return []orchestrator.Trace{{Copy: orchestrator.Copy{Run: "a"}, Kind: orchestrator.TraceContainer, ID: "one"}}, nil
}

func (e *remains) there() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.left
}

func (e *remains) vanish() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.left = false
}

func (e *remains) RemoveContainer(context.Context, string, bool) error {
	e.vanish()
	return nil
}
func (e *remains) RemoveNetwork(context.Context, string) error { return nil }
func (e *remains) RemoveVolume(context.Context, string) error  { return nil }

// watched is a watcher at work.
type watched struct {
	*remains
	owner *io.PipeWriter
	ended chan error
}

// watch starts a watcher over a copy that has an hour to live, by the engine's
// clock.
func watch(t *testing.T) watched {
	t.Helper()
	return watchFrom(t, 0)
}

// watchFrom is watch for an owner that may be silent for so long.
func watchFrom(t *testing.T, silence time.Duration) watched {
	t.Helper()
	in, owner := io.Pipe()
	out, said := io.Pipe()
	w := watched{&remains{left: true, id: "engine"}, owner, make(chan error, 1)}
	c := orchestrator.Copy{Run: "a", Expires: time.Now().Add(2 * time.Hour)}
	go func() { w.ended <- Watch(context.WithoutCancel(t.Context()), w, c, "engine", silence, in, said) }()
	ready := make([]byte, 16)
	if n, err := out.Read(ready); err != nil || string(ready[:n]) != "ready\n" {
		t.Fatalf("it says %q, %v", ready[:n], err)
	}
	return w
}

func (w watched) end(t *testing.T) {
	t.Helper()
	if err := <-w.ended; err != nil {
		t.Error(err)
	}
}

func TestTheWatcherRemovesTheCopyWhenItsOwnerIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		<-time.After(30 * time.Minute)
		if !w.there() {
			t.Error("the copy was removed while its owner lived")
		}
		_ = w.owner.Close()
		w.end(t)
		if w.there() {
			t.Error("the copy is left")
		}
	})
}

func TestTheWatcherGoesWhenItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		say(w.owner, wordDone)
		w.end(t)
		if !w.there() {
			t.Error("it removed what it had no reason to")
		}
	})
}

func TestAKeptCopyIsRemovedWhenItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		begin := time.Now()
		say(w.owner, wordKeep)
		w.end(t)
		if took := time.Since(begin); took < time.Hour || took > time.Hour+time.Minute {
			t.Errorf("it was removed after %s, by the clock of this host perhaps", took)
		}
		if w.there() {
			t.Error("the copy is left")
		}
	})
}

func TestAnOwnerThatHangsDoesNotKeepItsCopyBeyondItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.owner.Close()
		w.end(t)
		if w.there() {
			t.Error("the copy is left")
		}
	})
}

func TestNobodyWatchesOverNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		begin := time.Now()
		say(w.owner, wordKeep)
		<-time.After(time.Minute)
		w.vanish()
		w.end(t)
		if took := time.Since(begin); took > 5*time.Minute {
			t.Errorf("it went after %s", took)
		}
	})
}

func TestAWatcherOnAnotherEngineDoesNotWatch(t *testing.T) {
	var said strings.Builder
	err := Watch(t.Context(), &remains{id: "another"}, orchestrator.Copy{Run: "a"}, "engine", 0, strings.NewReader(""), &said)
	if fault.ClassOf(err) != fault.Engine || said.String() != "" {
		t.Errorf("got %v, said %q", err, said.String())
	}
}

func TestAnOwnerGivesSignsOfLifeAndThenItsLastWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, owner := io.Pipe()
		var heard int
		silent := time.Duration(0)
		done := make(chan string)
		go func() {
			last := time.Now()
			buffer := make([]byte, 64)
			for {
				n, err := in.Read(buffer)
				silent, last = max(silent, time.Since(last)), time.Now()
				if text := string(buffer[:n]); text != "\n" || err != nil {
					done <- text
					return
				}
				heard++
			}
		}()
		g := &Guard{links: []*link{keepAlive(owner)}}
		<-time.After(time.Hour)
		go g.Done()
		if word := <-done; word != "done\n" || heard < 60 || silent > 30*time.Second {
			t.Errorf("after %d signs, silent for %s at most, it said %q", heard, silent, word)
		}
		_ = in.Close()
	})
}

func TestSignsOfLifeAreNoWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		for range 3 {
			if _, err := io.WriteString(w.owner, "\n"); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Minute)
		}
		if !w.there() {
			t.Error("the copy was removed while its owner lived")
		}
		say(w.owner, wordDone)
		w.end(t)
		if !w.there() {
			t.Error("it removed what it had no reason to")
		}
	})
}

func TestADistantOwnerThatFallsSilentIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchFrom(t, SilenceOfDeath)
		defer w.owner.Close()
		for range 30 {
			<-time.After(time.Minute)
			if _, err := io.WriteString(w.owner, "\n"); err != nil {
				t.Fatal(err)
			}
		}
		if !w.there() {
			t.Error("the copy was removed while its owner gave signs of life")
		}
		begin := time.Now()
		w.end(t)
		if took := time.Since(begin); w.there() || took > SilenceOfDeath+time.Minute {
			t.Errorf("the copy is there: %t, after %s", w.there(), took)
		}
	})
}
