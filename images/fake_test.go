package images

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

// fakeEngine is an engine in memory. It builds with the classic builder only,
// and an image it builds has an ID made from the context and the labels.
type fakeEngine struct {
	mu     sync.Mutex
	images map[string]Image // by ID
	names  map[string]string
	pulls  []string
	builds []ClassicBuild
	// onPull and onBuild stand for the registry and the builder; nil
	// succeeds.
	onPull  func(ctx context.Context, ref string) error
	onBuild func(ctx context.Context, spec ClassicBuild) error
	running int
	most    int
}

func newFake() *fakeEngine {
	return &fakeEngine{images: map[string]Image{}, names: map[string]string{}}
}

func (f *fakeEngine) add(ref string, image Image) Image {
	f.mu.Lock()
	defer f.mu.Unlock()
	if image.ID == "" {
		image.ID = digest.FromString(ref + fmt.Sprint(len(f.images))).String()
	}
	image.Tags = append(image.Tags, ref)
	f.images[image.ID] = image
	f.names[fullName(ref)] = image.ID
	return image
}

func fullName(ref string) string {
	key, err := imageKey(ref)
	if err != nil {
		return ref
	}
	return key
}

func (f *fakeEngine) InspectImage(_ context.Context, ref string) (Image, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if image, ok := f.images[ref]; ok {
		return image, nil
	}
	if image, ok := f.images[f.names[fullName(ref)]]; ok {
		return image, nil
	}
	return Image{}, fmt.Errorf("no image %s: %w", ref, errdefs.ErrNotFound)
}

func (f *fakeEngine) PullImage(ctx context.Context, ref, platform string, report func(PullProgress)) error {
	defer f.enter()()
	f.mu.Lock()
	f.pulls = append(f.pulls, ref)
	f.mu.Unlock()
	if f.onPull != nil {
		if err := f.onPull(ctx, ref); err != nil {
			return err
		}
	}
	report(PullProgress{Layer: "abc", Status: "Downloading", Current: 5, Total: 10})
	f.add(ref, Image{OS: "linux", Architecture: "amd64"})
	return nil
}

// enter counts what runs at the same time.
func (f *fakeEngine) enter() (leave func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running++
	f.most = max(f.most, f.running)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.running--
	}
}

func (f *fakeEngine) TagImage(_ context.Context, id, ref string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	image, ok := f.images[id]
	if !ok {
		return errdefs.ErrNotFound
	}
	image.Tags = append(image.Tags, ref)
	f.images[id] = image
	f.names[fullName(ref)] = id
	return nil
}

func (f *fakeEngine) HasBuildKit(context.Context) bool { return false }

func (f *fakeEngine) DialBuildKit(context.Context, string, map[string][]string) (net.Conn, error) {
	return nil, errors.New("no BuildKit here")
}

func (f *fakeEngine) BuildClassic(ctx context.Context, spec ClassicBuild, content io.Reader, report func(string)) (string, error) {
	defer f.enter()()
	f.mu.Lock()
	f.builds = append(f.builds, spec)
	f.mu.Unlock()
	hash := digest.SHA256.Digester()
	archive := tar.NewReader(content)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintln(hash.Hash(), header.Name, header.Mode, header.Linkname)
		if _, err := io.Copy(hash.Hash(), archive); err != nil {
			return "", err
		}
	}
	report("Step 1/1 : FROM scratch")
	if f.onBuild != nil {
		if err := f.onBuild(ctx, spec); err != nil {
			return "", err
		}
	}
	_, _ = fmt.Fprintln(hash.Hash(), spec.Labels)
	id := hash.Digest().String()
	for _, tag := range spec.Tags {
		f.mu.Lock()
		old := f.images[id]
		f.mu.Unlock()
		f.add(tag, Image{ID: id, Tags: old.Tags, Labels: spec.Labels, OS: "linux", Architecture: "amd64"})
	}
	return id, nil
}

var _ Engine = (*fakeEngine)(nil)

// writeFiles writes files below a new directory and returns it.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		putFile(t, filepath.Join(dir, name), content)
	}
	return dir
}

func putFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
