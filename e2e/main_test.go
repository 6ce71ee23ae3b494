package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// program is the stackctl under test, built with the race detector.
var program string

// image is the image with modes, made for this run from testimage.
var image = "stackctl-e2e:" + strconv.FormatInt(time.Now().UnixNano(), 36)

// checkedImage is the same image with a healthcheck of its own.
var checkedImage = image + "-checked"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	for _, name := range []string{"CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "GITLAB_CI", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES"} {
		_ = os.Unsetenv(name)
	}
	dir, err := os.MkdirTemp("", "stackctl-e2e-")
	if err != nil {
		return complain(err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := ping(ctx); err != nil {
		return complain(fmt.Errorf("the end-to-end tests need a container engine at %s, and there is none: %w", endpoint(), err))
	}
	program = filepath.Join(dir, "stackctl")
	if err := build(ctx, program, "1", "-race", "../cmd/stackctl"); err != nil {
		return complain(err)
	}
	if err := makeImages(ctx, dir); err != nil {
		return complain(err)
	}
	defer func() {
		for _, made := range []string{image, checkedImage} {
			_ = call(context.Background(), http.MethodDelete, "/images/"+made+"?force=1", nil, nil)
		}
	}()
	return m.Run()
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// build runs the Go compiler; cgo is "0" or "1".
func build(ctx context.Context, to, cgo string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", to}, args...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build %v: %w\n%s", args, err, out)
	}
	return nil
}

// makeImages imports the image with modes: one static program, what is no
// program but may be taken for one, and two directories that are written to.
func makeImages(ctx context.Context, dir string) error {
	bin := filepath.Join(dir, "testimage")
	if err := build(ctx, bin, "0", "-ldflags", "-s -w", "./testimage"); err != nil {
		return err
	}
	program, err := os.ReadFile(bin)
	if err != nil {
		return err
	}
	layer, err := layerOf([]file{
		{tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777}, nil},
		{tar.Header{Name: "data/", Typeflag: tar.TypeDir, Mode: 0o777}, nil},
		{tar.Header{Name: "testimage", Typeflag: tar.TypeReg, Mode: 0o755}, program},
		{tar.Header{Name: "closed", Typeflag: tar.TypeReg, Mode: 0o644}, program},
		{tar.Header{Name: "foreign", Typeflag: tar.TypeReg, Mode: 0o755}, []byte("\x7fELF\x02\x01\x01 for another machine")},
	})
	if err != nil {
		return err
	}
	entry := []string{`ENTRYPOINT ["/testimage"]`, `CMD ["serve"]`}
	if err := importImage(ctx, image, bytes.NewReader(layer), entry...); err != nil {
		return err
	}
	checked := append(entry, `HEALTHCHECK --interval=500ms CMD ["/testimage", "check"]`)
	return importImage(ctx, checkedImage, bytes.NewReader(layer), checked...)
}

// file is an entry of an image.
type file struct {
	header  tar.Header
	content []byte
}

func layerOf(files []file) ([]byte, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, f := range files {
		f.header.Size = int64(len(f.content))
		if err := w.WriteHeader(&f.header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return layer.Bytes(), err
}
