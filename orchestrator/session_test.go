package orchestrator

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

// ending is an engine that cannot run a command in a container, and takes notice
// of the container's end after some looks; never when lives is negative.
type ending struct {
	FullEngine
	lives int
}

func (e *ending) Exec(context.Context, string, ExecSpec) (ExecResult, error) {
	return ExecResult{}, errors.New("unable to upgrade to tcp, received 500")
}

func (e *ending) Inspect(context.Context, string) (Container, error) {
	if e.lives == 0 {
		return Container{ID: "c1", State: StateExited}, nil
	}
	e.lives--
	return Container{ID: "c1", State: StateRunning}, nil
}

func TestACheckThatCouldNotRunForTheEndOfTheContainerSaysNothing(t *testing.T) {
	for _, lives := range []int{0, 2, -1} {
		synctest.Test(t, func(t *testing.T) {
			s := newSession(&ending{lives: lives}, EngineInfo{}, load(t, oneService), Options{})
			sight := Sight{Container: Container{ID: "c1", State: StateRunning, Check: &healthchecks.Check{Test: []string{"CMD", "true"}}}}
			began := time.Now()
			if got := s.execOnce(t.Context(), sight); (got == nil) != (lives >= 0) {
				t.Errorf("after %d looks it ends, and the check says %+v", lives, got)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}
