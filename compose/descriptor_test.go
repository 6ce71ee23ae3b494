package compose

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestAFileThatIsADescriptorHasTheWorkingDirectory(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("TAG=7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"/dev/fd/%d", "/proc/self/fd/%d", fmt.Sprintf("/proc/%d/fd/%%d", os.Getpid())} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteString("services: {web: {image: \"x:$TAG\", volumes: [\"./d:/d\"]}}\n"); err != nil {
			t.Fatal(err)
		}
		_ = w.Close() // it is in the pipe
		o := Options{Files: []string{fmt.Sprintf(form, r.Fd())}, WorkingDir: dir, WithoutFiles: true, Pipes: map[string][]byte{}}
		for range 2 { // a throw-away copy reads its files twice
			p, err := Load(t.Context(), o)
			if err != nil {
				t.Fatalf("%s: %v", form, err)
			}
			web := p.Services["web"]
			if p.Dir != dir || p.Name != filepath.Base(dir) || web.Image != "x:7" || web.Volumes[0].Source != filepath.Join(dir, "d") {
				t.Errorf("%s: project %s in %s mounts %s, image %s", form, p.Name, p.Dir, web.Volumes[0].Source, web.Image)
			}
		}
		_ = r.Close() // all was read
	}
	for file, want := range map[string]bool{
		"/dev/stdin": true, "/dev/fd/3": true, "/proc/12/task/13/fd/3": true, "/proc/self/environ": false, "/proc/fd/3": false,
		"/srv/proc/1/fd/3": false, "/dev/null": false,
	} {
		if IsDescriptor(file) != want {
			t.Errorf("%s is a descriptor: %t", file, !want)
		}
	}
}
