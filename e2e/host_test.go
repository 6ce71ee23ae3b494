package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// onHost runs the image with modes beside the host's processes: what happens to a
// stack from outside the engine.
func onHost(t *testing.T, cmd ...string) {
	t.Helper()
	spec, err := json.Marshal(map[string]any{
		"Image": image, "Cmd": cmd, "HostConfig": map[string]any{"PidMode": "host", "NetworkMode": "none"},
	})
	must(t, err)
	ctx := context.WithoutCancel(t.Context())
	var made struct{ ID string }
	must(t, call(ctx, http.MethodPost, "/containers/create", strings.NewReader(string(spec)), &made))
	defer engine(t, http.MethodDelete, "/containers/"+made.ID+"?force=1", "")
	engine(t, http.MethodPost, "/containers/"+made.ID+"/start", "")
	var end struct{ StatusCode int }
	must(t, call(ctx, http.MethodPost, "/containers/"+made.ID+"/wait", nil, &end))
	if end.StatusCode != 0 {
		t.Fatalf("%v beside the host's processes ended with %d", cmd, end.StatusCode)
	}
}

// pidOf is the main process of a service's container on the host.
func pidOf(t *testing.T, s *stack, service string) string {
	t.Helper()
	var c struct{ State struct{ Pid int } }
	must(t, call(context.WithoutCancel(t.Context()), http.MethodGet, "/containers/"+s.only(service).ID+"/json", nil, &c))
	if c.State.Pid == 0 {
		t.Fatalf("%s has no process", service)
	}
	return fmt.Sprint(c.State.Pid)
}

// killProcess ends the main process of a service as kill -9 on the host does: the
// engine is not asked to.
func killProcess(t *testing.T, s *stack, service string) {
	t.Helper()
	onHost(t, "strike", "pid="+pidOf(t, s, service))
}
