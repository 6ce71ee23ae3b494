// Package scripted runs the whole program against an engine that follows a
// script, under virtual time: what no real engine can be made to do on demand,
// and hours of waiting in milliseconds.
package scripted

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/cli"
	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/testkit"
	"github.com/stackctl/stackctl/orchestrator"
)

// stage is one engine and one project on it.
type stage struct {
	testing.TB
	*fakeengine.Engine
	dir string
	env []string
	in  io.Reader
}

// result is how one run of the program ended.
type result struct {
	code     int
	out, err string
	took     time.Duration
}

// all is what a reader saw.
func (r result) all() string { return r.out + r.err }

// newStage puts a compose file on an engine. It is called within a bubble.
func newStage(t testing.TB, kind fakeengine.Personality, yaml string) *stage {
	t.Helper()
	s := &stage{TB: t, Engine: fakeengine.New(kind), dir: t.TempDir(), in: strings.NewReader("")}
	s.env = []string{"HOME=" + s.dir, "XDG_RUNTIME_DIR=" + s.dir, "DOCKER_HOST=unix:///scripted.sock"}
	s.Add(fakeengine.Image{Tags: []string{"app:1"}}, fakeengine.Image{Tags: []string{"postgres:17"}})
	s.write(yaml)
	return s
}

// write replaces the compose file.
func (s *stage) write(yaml string) {
	s.Helper()
	if err := os.WriteFile(s.file(), []byte(yaml), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) file() string { return filepath.Join(s.dir, "compose.yaml") }

// around is the scripted engine and the network in front of it.
func (s *stage) around() cli.Surroundings {
	return cli.Surroundings{Engine: s.Dial, Outside: orchestrator.Outside{
		Dial: s.DialOutside, Routable: s.IsRoutable,
		Taken: func(_ context.Context, p orchestrator.Port) bool { return s.IsTaken(p.Host) },
		Own:   func() []string { return []string{"203.0.113.9"} },
	}}
}

// run runs the program to its end, as project p.
func (s *stage) run(ctx context.Context, args ...string) result {
	var out, err testkit.Buffer
	begin := time.Now()
	streams := cli.Streams{In: s.in, Out: &out, Err: &err}
	args = append([]string{"-f", s.file(), "-p", "p"}, args...)
	code := cli.RunIn(ctx, s.around(), streams, args, s.env, "test")
	return result{code: code, out: out.String(), err: err.String(), took: time.Since(begin)}
}

// bubble runs play under virtual time and closes the stage after it.
func bubble(t *testing.T, kind fakeengine.Personality, yaml string, play func(*stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, kind, yaml)
		defer s.Close()
		play(s)
	})
}

// after does something when the run has gone on for d.
func (s *stage) after(d time.Duration, do func()) { time.AfterFunc(d, do) }
