package cli

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/internal/fault"
)

func TestTheExitCodeOfExecIsTheCommandsOwnAndNothingIsAddedToItsOutput(t *testing.T) {
	for _, code := range []int{0, 1, 42, 70, 126, 127, 130} {
		p, e := withInside(t)
		e.code = code
		p.expect(t, code, "exec -e KEY=value -e XDG_RUNTIME_DIR -e NOBODY_HAS_IT -u app -w /srv --privileged web ls -l --all -e x")
		if p.out.String() != "out of w2" || p.err.String() != "" {
			t.Errorf("code %d: %q and %q", code, p.out.String(), p.err.String())
		}
		if want := []string{"ls", "-l", "--all", "-e", "x"}; !slices.Equal(e.ran.Cmd, want) {
			t.Errorf("it ran %q", e.ran.Cmd)
		}
		if want := []string{"KEY=value", p.env[0]}; !slices.Equal(e.ran.Env, want) || e.ran.User != "app" || e.ran.WorkingDir != "/srv" || !e.ran.Privileged {
			t.Errorf("it ran %+v", e.ran)
		}
	}
}

func TestExecGivesATerminalExactlyWhereThereIsOne(t *testing.T) {
	for _, c := range []struct {
		flags    string
		in, out  bool
		tty, raw bool
	}{
		{in: true, out: true, tty: true, raw: true},
		{in: true},
		{out: true},
		{flags: "-T ", in: true, out: true},
		{flags: "-t ", tty: true},
		{flags: "--interactive=false ", in: true, out: true, tty: true},
	} {
		p, e := withInside(t)
		p.streams.In, p.streams.OutTerminal = strings.NewReader("typed"), c.out
		var steps []string
		if c.in {
			p.streams.Raw = func() (func(), error) {
				steps = append(steps, "raw")
				return func() { steps = append(steps, "restored") }, nil
			}
		}
		p.streams.Size = func() (int, int) { return 132, 43 }
		e.code = 9
		p.expect(t, 9, "exec "+c.flags+"web sh")
		if e.streams.TTY != c.tty || (e.streams.Resize != nil) != c.tty {
			t.Errorf("%+v: %+v", c, e.streams)
		}
		if want := c.raw; (len(steps) > 0) != want || want && !slices.Equal(steps, []string{"raw", "restored"}) {
			t.Errorf("%+v: the terminal was %v", c, steps)
		}
		if want := !strings.Contains(c.flags, "false"); (e.in == "typed") != want {
			t.Errorf("%+v: the command read %q", c, e.in)
		}
	}
}

func TestTheTerminalIsAsItWasWhenExecIsInterruptedOrFails(t *testing.T) {
	for name, end := range map[string]func(cancel context.CancelCauseFunc){
		"interrupted": func(cancel context.CancelCauseFunc) { cancel(fault.New(fault.Terminated, "terminated")) },
		"a panic":     func(context.CancelCauseFunc) { panic("no") },
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := withInside(t)
			restored := make(chan struct{}, 2)
			p.streams.OutTerminal = true
			p.streams.Raw = func() (func(), error) { return func() { restored <- struct{}{} }, nil }
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			release := make(chan struct{})
			defer close(release)
			p.streams.In = reader(func() { // a command that does not end by itself
				end(cancel)
				<-release
			})
			p.run(ctx, "exec web sh")
			<-restored
		})
	}
}

// reader does something when it is read and has nothing.
type reader func()

func (r reader) Read([]byte) (int, error) {
	r()
	return 0, io.EOF
}

func TestAWindowThatChangesIsToldWithItsNewestSize(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	sizes := windowSizes(ctx, func() (int, int) { return 80, 24 })
	if got := <-sizes; got != [2]uint{24, 80} {
		t.Errorf("got %v", got)
	}
	cancel()
}

func TestADetachedCommandIsLeftAlone(t *testing.T) {
	p, e := withInside(t)
	p.expect(t, 0, "exec -d web sleep 10")
	if !e.detached || p.out.String() != "" {
		t.Errorf("detached %v, said %q", e.detached, p.out.String())
	}
}

func TestExecIntoWhatDoesNotRunIsRefusedAndSaysWhatToDo(t *testing.T) {
	p, e := withInside(t)
	p.expect(t, 7, "exec --index 1 web ls", "web is not running: shop-web-1 is exited(3)", "stackctl start web")
	p.expect(t, 7, "exec db ls", "shop-db-1 is paused")
	p.expect(t, 7, "exec --index 7 web ls", "web has no container number 7; it has 1, 2")
	e.containers = nil
	p.expect(t, 7, "exec web ls", "web has no container", "stackctl up web")
	if e.ran.Cmd != nil {
		t.Errorf("it ran %q", e.ran.Cmd)
	}
}

func TestExecWhoseReaderWentAwayIsNoSuccess(t *testing.T) {
	p, _ := withInside(t)
	p.streams.Out = brokenPipe{}
	p.expect(t, 1, "exec web ls")
}
