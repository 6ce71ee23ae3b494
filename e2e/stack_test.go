package e2e

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// stack is one project of its own: a directory, a name, and what was run.
type stack struct {
	t    *testing.T
	dir  string
	name string
	env  []string
	// values are what placeholders in the files stand for, see specimen.
	values map[string]string
	// global are arguments before the command; bare leaves -p out.
	global []string
	bare   bool
	// watcher is given what a supervisor says while it says it; nil for none.
	watcher io.Writer
	// said is what the specimen's up said.
	said string
	// longest is how long a run may take when not 0: otherwise three minutes, and
	// what a test begins by itself a quarter of an hour.
	longest time.Duration
}

// outcome is how a run of stackctl ended.
type outcome struct {
	code           int
	stdout, stderr string
	took           time.Duration
}

// newStack writes file as docker-compose.yml of a new project. In it IMAGE is
// the image with modes, CHECKEDIMAGE the one with a healthcheck. Whatever the test leaves is removed at its end.
func newStack(t *testing.T, file string) *stack {
	t.Helper()
	id := make([]byte, 4)
	_, err := rand.Read(id)
	must(t, err)
	s := &stack{t: t, dir: t.TempDir(), name: "e2e-" + hex.EncodeToString(id)}
	s.write("docker-compose.yml", file)
	t.Cleanup(s.cleanUp)
	return s
}

// imageWord is a placeholder in the tests' files, not the end of a name.
var imageWord = regexp.MustCompile(`\b(CHECKED)?IMAGE\b`)

// withImages replaces the placeholders of the images with modes.
func withImages(text string) string {
	return imageWord.ReplaceAllStringFunc(text, func(word string) string {
		if word == "IMAGE" {
			return image
		}
		return checkedImage
	})
}

// write puts a file into the project's directory.
func (s *stack) write(name, content string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	must(s.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(s.t, os.WriteFile(path, []byte(withImages(content)), 0o644))
}

// lastWords is how long a run that is over may take to end, and its output to be
// closed, before it is killed.
const lastWords = 20 * time.Second

// command prepares a run of stackctl, which may take a quarter of an hour or what
// longest says. At the end of that, or of ctx, it has to say what it is at: it ends
// with the stacks of its goroutines.
func (s *stack) command(ctx context.Context, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.longest, 15*time.Minute))
	s.t.Cleanup(cancel)
	global := s.global
	if !s.bare {
		global = append([]string{"-p", s.name}, global...)
	}
	cmd := exec.CommandContext(ctx, program, append(slices.Clone(global), args...)...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "GORACE=halt_on_error=1 exitcode=66")
	cmd.Env = append(cmd.Env, s.env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	cmd.WaitDelay = lastWords
	return cmd
}

// run runs stackctl to its end, for as long as it may take at most.
func (s *stack) run(args ...string) outcome {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), cmp.Or(s.longest, 3*time.Minute))
	defer cancel()
	return s.finish(s.command(ctx, args...))
}

// finish runs a prepared command.
func (s *stack) finish(cmd *exec.Cmd) outcome {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = lastWords // what make has begun outlives it
	begin := time.Now()
	err := cmd.Run()
	o := outcome{stdout: stdout.String(), stderr: stderr.String(), took: time.Since(begin)}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		o.code = exit.ExitCode()
	case err != nil:
		s.t.Fatalf("run %v: %v", cmd.Args, err)
	}
	return o
}

// expect runs stackctl and fails the test when it ends with another code, or
// when one of the words is missing from what it says.
func (s *stack) expect(code int, words []string, args ...string) outcome {
	s.t.Helper()
	o := s.run(args...)
	if args[0] == "down" && code == 0 && o.code == 6 && lostCount(s.t, s.name) {
		return o
	}
	if o.code != code {
		s.t.Fatalf("stackctl %v ended with %d, want %d\nstdout:\n%s\nstderr:\n%s", args, o.code, code, o.stdout, o.stderr)
	}
	for _, word := range words {
		if !strings.Contains(o.stdout+o.stderr, word) {
			s.t.Errorf("stackctl %v does not say %q\nstdout:\n%s\nstderr:\n%s", args, word, o.stdout, o.stderr)
		}
	}
	return o
}

// cleanUp removes the project with the engine's API alone, after a test that
// failed may have left anything.
func (s *stack) cleanUp() {
	for _, id := range ids(s.t, "containers", s.name) {
		_ = call(context.Background(), "DELETE", "/containers/"+id+"?force=1&v=1", nil, nil)
	}
	for _, id := range ids(s.t, "networks", s.name) {
		_ = call(context.Background(), "DELETE", "/networks/"+id, nil, nil)
	}
	for _, id := range ids(s.t, "volumes", s.name) {
		_ = call(context.Background(), "DELETE", "/volumes/"+id+"?force=1", nil, nil)
	}
}

// freePort is a TCP port of this host that nothing holds. It is from below the
// range that the kernel hands out by itself, and is never given twice in a run,
// so that it stays free until it is published.
func freePort(t *testing.T) string {
	t.Helper()
	for range 1000 {
		port := strconv.Itoa(20000 + int(nextPort.Add(1)%10000))
		l, err := net.Listen("tcp", ":"+port)
		if err != nil {
			continue
		}
		must(t, l.Close())
		return port
	}
	t.Fatal("no port is free")
	return ""
}

// nextPort begins somewhere else in each run.
var nextPort = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(time.Now().UnixNano() % 10000)
	return &n
}()

// eventually waits until ok, for at most limit. What it says otherwise ends
// with what is asked of but, if anything.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool, but ...func() string) {
	t.Helper()
	limit = onThisMachine(limit)
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			for _, say := range but {
				what += "; but: " + say()
			}
			t.Fatalf("within %s it did not come true that %s", limit, what)
		}
		<-time.After(50 * time.Millisecond) // the pace of looking, not a hope
	}
}

// slow is whether this machine takes long to start a container. scripts/test
// measures it and says so.
func slow() bool { return os.Getenv("STACKCTL_E2E_SLOW") != "" }

// onThisMachine is a bound for a slow machine, where the engine's own work, such
// as the five starts of a crash loop, takes a multiple of what it does elsewhere.
func onThisMachine(limit time.Duration) time.Duration {
	if slow() {
		return 3 * limit
	}
	return limit
}

// tries bounds how often a test that looks at a clock looks.
const tries = 5

// promptly fails the test unless the time that once measures is within limit
// in one of several tries: a machine at work makes some of them slow, a program
// that waits for something else makes every one slow.
func promptly(t *testing.T, limit time.Duration, what string, once func() time.Duration) {
	t.Helper()
	limit = onThisMachine(limit)
	var took []time.Duration
	for range tries {
		took = append(took, once().Round(time.Millisecond))
		if slices.Min(took) <= limit {
			return
		}
	}
	t.Errorf("%s took %v, want at most %s", what, took, limit)
}
