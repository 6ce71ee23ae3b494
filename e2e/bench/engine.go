package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// engine is the engine's API with nothing in between but the standard library.
type engine struct {
	client  http.Client
	version string
}

// socket is the engine's unix socket.
func socket() string {
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		return strings.TrimPrefix(host, "unix://")
	}
	return "/var/run/docker.sock"
}

func newEngine(ctx context.Context) (*engine, error) {
	e := &engine{client: http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket())
		},
		MaxIdleConns: 64, MaxIdleConnsPerHost: 64,
	}}}
	var said struct{ Version string }
	if err := e.call(ctx, http.MethodGet, "/version", nil, &said); err != nil {
		return nil, fmt.Errorf("reach the engine at %s: %w", socket(), err)
	}
	e.version = said.Version
	return e, nil
}

// call makes one call; in is sent as JSON and the answer decoded into out,
// where they are not nil.
func (e *engine) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	return e.send(ctx, method, path, body, out)
}

func (e *engine) send(ctx context.Context, method, path string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://engine"+path, body)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 && resp.StatusCode != http.StatusNotModified {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, bytes.TrimSpace(answer))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// ensureImage imports the image of the test program, unless it is there.
func (e *engine) ensureImage(ctx context.Context, name, dir string) error {
	if e.call(ctx, http.MethodGet, "/images/"+name+"/json", nil, nil) == nil {
		return nil
	}
	bin := filepath.Join(dir, "testimage")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", bin, "./e2e/testimage") //nolint:gosec // a file of our own directory
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the test program: %w\n%s", err, out)
	}
	program, err := os.ReadFile(bin)
	if err != nil {
		return err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Name: "testimage", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(program))}); err != nil {
		return err
	}
	if _, err := w.Write(program); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	repo, tag, _ := strings.Cut(name, ":")
	q := url.Values{"fromSrc": {"-"}, "repo": {repo}, "tag": {tag}, "changes": {`ENTRYPOINT ["/testimage"]`}}
	return e.send(ctx, http.MethodPost, "/images/create?"+q.Encode(), &layer, nil)
}

// removeNetwork waits for endpoints that a busy engine removes late, for up to
// ten seconds.
func (e *engine) removeNetwork(ctx context.Context, id string) (err error) {
	for range 50 {
		if err = e.call(ctx, http.MethodDelete, "/networks/"+id, nil, nil); err == nil || !strings.Contains(err.Error(), "active endpoints") {
			return err
		}
		if settle(ctx, 200*time.Millisecond) != nil {
			return err
		}
	}
	var network struct{ Containers map[string]struct{} }
	if look := e.call(ctx, http.MethodGet, "/networks/"+id, nil, &network); look != nil || len(network.Containers) > 0 {
		return err
	}
	// It has lost count, as 20.10 does now and then: what was measured stays true.
	fmt.Fprintf(os.Stderr, "bench: the engine keeps network %s, to which nothing is attached, until it is started again\n", id)
	return nil
}

// remove takes away whatever a project has left.
func (e *engine) remove(ctx context.Context, project string) error {
	filter := url.QueryEscape(fmt.Sprintf(`{"label":["com.docker.compose.project=%s"]}`, project))
	var containers []struct{ ID string }
	if err := e.call(ctx, http.MethodGet, "/containers/json?all=1&filters="+filter, nil, &containers); err != nil {
		return err
	}
	if err := each(len(containers), callsAtOnce, func(i int) error {
		return e.call(ctx, http.MethodDelete, "/containers/"+containers[i].ID+"?force=1&v=1", nil, nil)
	}); err != nil {
		return err
	}
	var networks []struct{ ID string }
	if err := e.call(ctx, http.MethodGet, "/networks?filters="+filter, nil, &networks); err != nil {
		return err
	}
	for _, n := range networks {
		if err := e.removeNetwork(ctx, n.ID); err != nil {
			return err
		}
	}
	var volumes struct{ Volumes []struct{ Name string } }
	if err := e.call(ctx, http.MethodGet, "/volumes?filters="+filter, nil, &volumes); err != nil {
		return err
	}
	for _, v := range volumes.Volumes {
		if err := e.call(ctx, http.MethodDelete, "/volumes/"+v.Name+"?force=1", nil, nil); err != nil {
			return err
		}
	}
	return nil
}
