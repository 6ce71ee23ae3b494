package docker

import (
	"archive/tar"
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
)

func TestTheEngineSaysWhoItIs(t *testing.T) {
	w := newWorld(t)
	info, err := w.Info(t.Context())
	must(t, err)
	if info.ID == "" || info.Version == "" || info.OS != "linux" || !info.Local || info.Host != "127.0.0.1" || info.ClockAhead.Abs() > 2*time.Second {
		t.Errorf("%+v", info)
	}
	if info.StartInterval != w.api().atLeast("1.44") {
		t.Errorf("start interval %v with API %s", info.StartInterval, info.APIVersion)
	}
}

func TestAnImageIsReadNamedAndRemoved(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	name := "stackctl-adapter-test:" + w.project + "-second"
	must(t, w.TagImage(ctx, w.image, name))
	image, err := w.InspectImage(ctx, name)
	must(t, err)
	if image.ID != w.image || image.OS != "linux" || image.Size == 0 || image.Created.IsZero() || len(image.Tags) != 2 {
		t.Errorf("%+v", image)
	}
	same(t, "ports", []string{"80/tcp"}, image.Ports)
	same(t, "entrypoint", []string{"/toy"}, image.Entrypoint)
	must(t, w.RemoveImage(ctx, name))
	if _, err := w.InspectImage(ctx, name); !errdefs.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	c := w.run(w.spec("user", nil))
	if err := w.RemoveImage(ctx, w.image); fault.ClassOf(err) != fault.Resource {
		t.Errorf("an image that %s uses: %v", c.Name, err)
	}
}

// packed is a build context with one Dockerfile and one file.
func packed(t *testing.T, dockerfile string) *bytes.Buffer {
	t.Helper()
	var archive bytes.Buffer
	files := tar.NewWriter(&archive)
	for name, content := range map[string]string{"Dockerfile": dockerfile, "file": "content"} {
		must(t, files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}))
		_, err := files.Write([]byte(content))
		must(t, err)
	}
	must(t, files.Close())
	return &archive
}

func TestTheClassicBuilderNamesTheImageItMade(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	name := "stackctl-adapter-test:" + w.project + "-built"
	build := func(dockerfile string) (string, []string, error) {
		var said []string
		id, err := w.BuildClassic(ctx, images.ClassicBuild{Tags: []string{name}, Labels: map[string]string{"l": "v"}}, packed(t, dockerfile),
			func(line string) { said = append(said, line) })
		return id, said, err
	}
	id, said, err := build("FROM scratch\nCOPY file /file\n")
	must(t, err)
	image, err := w.InspectImage(ctx, id)
	must(t, err)
	if image.Labels["l"] != "v" || !strings.HasPrefix(said[0], "Step 1/") {
		t.Errorf("%+v, %q", image, said)
	}
	if failed, _, err := build("FROM scratch\nCOPY missing /file\n"); failed != "" || fault.ClassOf(err) != fault.Image || !strings.Contains(err.Error(), "missing") {
		t.Errorf("%q, %v", failed, err)
	}
	must(t, w.RemoveImage(ctx, name))
}

func TestTheEnginesBuildKitCanBeDialled(t *testing.T) {
	w := newWorld(t)
	if !w.HasBuildKit(t.Context()) {
		t.Fatal("no BuildKit")
	}
	conn, err := w.DialBuildKit(t.Context(), "/grpc", nil)
	must(t, err)
	must(t, conn.Close())
	if _, err := w.DialBuildKit(t.Context(), "/nothing", nil); fault.ClassOf(err) != fault.Engine {
		t.Errorf("%v", err)
	}
}
