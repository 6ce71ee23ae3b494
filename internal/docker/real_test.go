package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/rs/zerolog"
	"github.com/stackctl/stackctl/orchestrator"
)

// world is the local engine as one test sees it: everything that the test
// makes carries its project label and is removed at its end.
type world struct {
	*Engine
	t       *testing.T
	project string
	image   string
}

// newWorld connects to the local engine. A machine without one fails the
// test: these tests are the proof that the mapping is right.
func newWorld(t *testing.T) *world {
	t.Helper()
	e, err := Connect(t.Context(), Options{Logger: zerolog.Nop()})
	if err != nil {
		t.Fatalf("these tests need a container engine on this machine: %v", err)
	}
	w := &world{Engine: e, t: t, project: fmt.Sprintf("adapter%d-%d", os.Getpid(), time.Now().UnixNano()%1e9)}
	t.Cleanup(w.clean)
	w.image = w.importToy()
	return w
}

// labels are the project's, and more.
func (w *world) labels(more ...string) map[string]string {
	labels := map[string]string{orchestrator.LabelProject: w.project}
	for i := 0; i < len(more); i += 2 {
		labels[more[i]] = more[i+1]
	}
	return labels
}

// toy is the program in the tests' images, linked statically and built once.
var toy = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "toy")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "toy"), "./testdata/toy")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the toy: %w\n%s", err, out)
	}
	return os.ReadFile(filepath.Join(dir, "toy"))
})

// importToy makes an image that holds the toy alone.
func (w *world) importToy() string {
	w.t.Helper()
	content, err := toy()
	must(w.t, err)
	var archive bytes.Buffer
	files := tar.NewWriter(&archive)
	if err := files.WriteHeader(&tar.Header{Name: "toy", Mode: 0o755, Size: int64(len(content))}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := files.Write(content); err != nil {
		w.t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		w.t.Fatal(err)
	}
	ref := "stackctl-adapter-test:" + w.project
	said, err := w.cli.ImageImport(w.t.Context(), image.ImportSource{Source: &archive, SourceName: "-"}, ref,
		image.ImportOptions{Changes: []string{`ENTRYPOINT ["/toy"]`, `ENV FROM_IMAGE=yes`, `EXPOSE 80/tcp`}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer said.Close()
	if _, err := io.Copy(io.Discard, said); err != nil {
		w.t.Fatal(err)
	}
	found, err := w.InspectImage(w.t.Context(), ref)
	if err != nil {
		w.t.Fatal(err)
	}
	return found.ID
}

// clean removes what the test has made.
func (w *world) clean() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	seen, err := w.Observe(ctx, orchestrator.Scope{Project: w.project})
	if err != nil {
		w.t.Errorf("clean up: %v", err)
	}
	for _, c := range seen.Containers {
		w.check(w.RemoveContainer(ctx, c.ID, true))
	}
	for _, n := range seen.Networks {
		w.check(w.RemoveNetwork(ctx, n.ID))
	}
	for _, v := range seen.Volumes {
		w.check(w.RemoveVolume(ctx, v.Name))
	}
	w.check(w.RemoveImage(ctx, "stackctl-adapter-test:"+w.project))
	w.check(w.Close())
}

func (w *world) check(err error) {
	if err != nil {
		w.t.Errorf("clean up: %v", err)
	}
}

// name is a name of this test's own.
func (w *world) name(s string) string { return w.project + "-" + s }

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until so returns true, looking again and again.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !so() {
		select {
		case <-deadline.C:
			t.Fatalf("never happened: %s", what)
		case <-again.C:
		}
	}
}

// lines is text as its lines.
func lines(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }
