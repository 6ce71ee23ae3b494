package cli

import (
	"io"
	"os"
	"sync"

	"github.com/stackctl/stackctl/internal/cli/ci"
	"github.com/stackctl/stackctl/internal/cli/console"
	"golang.org/x/term"
)

// Streams are where a run reads and writes, and what is known about them.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// OutTerminal and ErrTerminal say that a person is looking.
	OutTerminal, ErrTerminal bool
	// Size tells columns and lines of the terminal; nil where there is none.
	Size func() (width, height int)
	// Raw hands each key of the terminal that In is on as it is pressed, and
	// none of them to the system, until restore; nil where In is no terminal.
	Raw func() (restore func(), err error)
	// Hurry is closed when the run is to end at once, whatever it is doing;
	// nil never is.
	Hurry <-chan struct{}
}

// ProcessStreams are those of this process.
func ProcessStreams(in, out, err *os.File, hurry <-chan struct{}) Streams {
	s := Streams{
		In: in, Out: out, Err: err, Hurry: hurry,
		OutTerminal: term.IsTerminal(int(out.Fd())), ErrTerminal: term.IsTerminal(int(err.Fd())),
	}
	if term.IsTerminal(int(in.Fd())) {
		s.Raw = func() (func(), error) { return rawMode(in) }
	}
	switch {
	case s.ErrTerminal:
		s.Size = func() (int, int) { return sizeOf(err) }
	case s.OutTerminal:
		s.Size = func() (int, int) { return sizeOf(out) }
	}
	return s
}

// sizeOf is asked each time: windows change.
func sizeOf(f *os.File) (width, height int) {
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return console.DefaultWidth, 24
	}
	return width, height
}

// size is that of the terminal, or what is usual.
func (s Streams) size() (width, height int) {
	if s.Size == nil {
		return console.DefaultWidth, 24
	}
	return s.Size()
}

// output is a stream that several goroutines write to. It remembers that it
// broke, and takes nothing more once it is shut.
type output struct {
	mu   sync.Mutex
	w    io.Writer
	err  error
	shut bool
	// guard keeps text from being taken for a command by the runner of a CI
	// job; nil where there is none. json says that what is written is JSON.
	guard *ci.Guard
	json  func() bool
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.shut {
		return len(p), nil
	}
	if o.err != nil {
		return 0, o.err
	}
	text := p
	if o.guard != nil {
		text = o.guard.Text(p, o.json != nil && o.json())
	}
	if _, o.err = o.w.Write(text); o.err != nil {
		return 0, o.err
	}
	return len(p), nil
}

// asIs is the stream for what must not be changed: commands for the runner of
// a CI job, and what belongs to the user.
func (o *output) asIs() io.Writer { return unguarded{o} }

// unguarded writes past the guard of an output.
type unguarded struct{ *output }

func (u unguarded) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.shut {
		return len(p), nil
	}
	if u.err != nil {
		return 0, u.err
	}
	n, err := u.w.Write(p)
	u.err = err
	return n, err
}

// broken is the error of the first write that failed.
func (o *output) broken() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// close drops whatever is still written. It waits for no write that hangs.
func (o *output) close() {
	if o.mu.TryLock() {
		o.shut = true
		o.mu.Unlock()
	}
}
