package docker

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// refusedBy is the outcome of connecting to host, within a second, with nothing
// else set.
func refusedBy(t *testing.T, host string, env ...string) error {
	t.Helper()
	return refusedWithin(t, time.Second, host, env...)
}

func refusedWithin(t *testing.T, limit time.Duration, host string, env ...string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	_, err := Connect(ctx, Options{Host: host, Environ: append([]string{"HOME=" + t.TempDir()}, env...)})
	if fault.ClassOf(err) != fault.Engine {
		t.Fatalf("%v, class %v", err, fault.ClassOf(err))
	}
	return err
}

func TestASocketThatIsNotThereIsNamedWithinASecond(t *testing.T) {
	socket := "unix://" + filepath.Join(t.TempDir(), "none.sock")
	err := refusedBy(t, socket)
	if want := "cannot reach the engine at " + socket + ": no such file or directory"; err.Error() != want {
		t.Errorf("%q, not %q", err, want)
	}
	if !strings.Contains(fault.HintOf(err), "is it running?") {
		t.Errorf("hint %q", fault.HintOf(err))
	}
}

func TestASocketThatNobodyListensOnIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.sock")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	must(t, err)
	listener.SetUnlinkOnClose(false)
	must(t, listener.Close())
	if err := refusedBy(t, "unix://"+path); !errors.Is(err, syscall.ECONNREFUSED) || !strings.HasSuffix(err.Error(), "connection refused") {
		t.Errorf("%v", err)
	}
}

func TestARootlessEngineIsPointedOut(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "docker.sock"), nil, 0o600))
	err := refusedBy(t, "unix:///nowhere/docker.sock", "XDG_RUNTIME_DIR="+dir)
	if !strings.Contains(fault.HintOf(err), "unix://"+dir+"/docker.sock") {
		t.Errorf("hint %q", fault.HintOf(err))
	}
}

func TestAForbiddenSocketSuggestsTheGroupAndNeverWiderPermissions(t *testing.T) {
	_, err := Connect(t.Context(), Options{
		Host: "unix:///var/run/docker.sock", Environ: []string{"HOME=" + t.TempDir()},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", syscall.EACCES)}
		},
	})
	hint := fault.HintOf(err)
	if fault.ClassOf(err) != fault.Engine || err.Error() != "cannot reach the engine at unix:///var/run/docker.sock: permission denied" {
		t.Errorf("%v", err)
	}
	if !strings.Contains(hint, "group docker") || strings.Contains(hint, "chmod") {
		t.Errorf("hint %q", hint)
	}
}

func TestAnEngineThatNeverAnswersCountsAsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := scripted(t, script{"HEAD /_ping": hang, "GET /_ping": hang})
		if fault.ClassOf(err) != fault.Engine || !strings.Contains(err.Error(), "did not answer within 30s") {
			t.Errorf("%v, class %v", err, fault.ClassOf(err))
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestVersionsThatDoNotMeetNameBothRanges(t *testing.T) {
	header := func(version string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", version) }
	}
	for name, one := range map[string]struct {
		script script
		want   string
	}{
		"an engine that is too old": {script{"HEAD /_ping": header("1.40")}, "speaks API 1.40; stackctl speaks 1.41 to 1.51"},
		"an engine that is too new": {script{"HEAD /_ping": header("1.60"),
			"GET /version": refuse(400, "client version 1.51 is too old. Minimum supported API version is 1.55")},
			"Minimum supported API version is 1.55"},
		"a web server":           {script{"HEAD /_ping": func(w http.ResponseWriter, _ *http.Request) { w.Header().Del("Api-Version") }}, "is no container engine"},
		"another kind of server": {script{"HEAD /_ping": refuse(404, ""), "GET /_ping": refuse(404, "page not found")}, "page not found"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := scripted(t, one.script)
			if fault.ClassOf(err) != fault.Engine || !strings.Contains(err.Error(), one.want) {
				t.Errorf("%v, class %v", err, fault.ClassOf(err))
			}
		})
	}
}

func TestAnAPIVersionOfTheUsersIsKept(t *testing.T) {
	e := mustScripted(t, script{}, func(o *Options) { o.Environ = append(o.Environ, "DOCKER_API_VERSION=1.43") })
	if e.api() != "1.43" {
		t.Errorf("speaks %s", e.api())
	}
}

func TestACertificateThatIsNotTrustedHasNoWayAround(t *testing.T) {
	server := httptest.NewTLSServer(script{})
	defer server.Close()
	dir := t.TempDir()
	host := strings.Replace(server.URL, "https://", "tcp://", 1)
	const handshake = 20 * time.Second // of a busy machine under the race detector
	err := refusedWithin(t, handshake, host, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH="+dir)
	if !strings.Contains(err.Error(), "certificate") || !strings.Contains(err.Error(), host) {
		t.Errorf("%v", err)
	}
	plain := refusedWithin(t, handshake, host)
	if !strings.Contains(plain.Error(), "HTTPS") {
		t.Errorf("%v", plain)
	}
}

func TestATrustedCertificateConnects(t *testing.T) {
	server := httptest.NewTLSServer(script{})
	defer server.Close()
	dir := t.TempDir()
	writePEM(t, filepath.Join(dir, "ca.pem"), server.Certificate().Raw)
	e, err := Connect(t.Context(), Options{
		Host:    strings.Replace(server.URL, "https://", "tcp://", 1),
		Environ: []string{"HOME=" + t.TempDir(), "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + dir},
	})
	must(t, err)
	must(t, e.Close())
}

func TestAnEngineBehindSSHIsReachedThroughTheUsersOwnSSH(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "engine.sock")
	listener, err := net.Listen("unix", socket)
	must(t, err)
	server := &http.Server{Handler: script{"GET /containers/c1/json": aContainer("running", nil)}}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "ssh"), "./testdata/ssh")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the stand-in for ssh: %v\n%s", err, out)
	}
	t.Setenv("PATH", dir)
	t.Setenv("ENGINE_SOCKET", socket)
	e, err := Connect(t.Context(), Options{Host: "ssh://me@build.example", Environ: []string{"HOME=" + dir}})
	must(t, err)
	info, err := e.Info(t.Context())
	must(t, err)
	if info.Local || info.Host != "build.example" || info.Endpoint != "ssh://me@build.example" {
		t.Errorf("%+v", info)
	}
	if _, err := e.Inspect(t.Context(), "c1"); err != nil {
		t.Error(err)
	}
	must(t, e.Close())
}
