package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// rawMode puts a terminal into raw mode. restore may be called several times
// and from any goroutine.
func rawMode(f *os.File) (restore func(), err error) {
	before, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return nil, fmt.Errorf("raw mode of the terminal: %w", err)
	}
	return sync.OnceFunc(func() {
		_ = term.Restore(int(f.Fd()), before) // the terminal is gone: nobody to tell
	}), nil
}

// raw puts the user's terminal into raw mode until restore is called or ctx
// ends, whichever is first: a run that is abandoned leaves it as it was.
func (a *app) raw(ctx context.Context) (restore func(), err error) {
	undo, err := a.streams.Raw()
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, undo)
	return func() {
		stop()
		undo()
	}, nil
}

// windowSizes tells the {height, width} of the terminal now and each time that
// it changes, until ctx ends. A reader that is slow gets the newest alone.
func windowSizes(ctx context.Context, size func() (width, height int)) <-chan [2]uint {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	sizes := make(chan [2]uint)
	go func() {
		defer signal.Stop(changed)
		for {
			width, height := size()
			select {
			case sizes <- [2]uint{uint(height), uint(width)}:
			case <-changed:
				continue // measure again
			case <-ctx.Done():
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return sizes
}
