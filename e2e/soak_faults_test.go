package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// fault is one kind of damage to a container, made through the engine; an error
// says that it could not be made, as the container was not there to be damaged.
type damage struct {
	name string
	do   func(s *supervisor, c seen) error
}

// damages are what a soak does. What is written into /tmp, a tmpfs, is gone with
// the next start.
var damages = []damage{
	{"kill", func(_ *supervisor, c seen) error {
		return tryEngine("POST", "/containers/"+c.ID+"/kill?signal=KILL", "")
	}},
	{"crash", func(_ *supervisor, c seen) error { return runIn(c, "/testimage", "write", "file=/tmp/die") }},
	{"remove", func(_ *supervisor, c seen) error { return tryEngine("DELETE", "/containers/"+c.ID+"?force=1", "") }},
	{"pause", func(_ *supervisor, c seen) error { return tryEngine("POST", "/containers/"+c.ID+"/pause", "") }},
	{"network cut", func(s *supervisor, c seen) error {
		return tryEngine("POST", "/networks/"+s.name+"_default/disconnect", fmt.Sprintf(`{"Container": %q, "Force": true}`, c.ID))
	}},
	{"unhealthy", func(_ *supervisor, c seen) error { return runIn(c, "/testimage", "write", "file=/tmp/sick") }},
}

// tryEngine is a call to the engine that may fail.
func tryEngine(method, path, body string) error {
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	return call(context.Background(), method, path, r, nil)
}

// runIn runs a command in a container.
func runIn(c seen, cmd ...string) error {
	spec, err := json.Marshal(map[string]any{"Cmd": cmd})
	if err != nil {
		return err
	}
	var made struct{ ID string }
	err = call(context.Background(), http.MethodPost, "/containers/"+c.ID+"/exec", strings.NewReader(string(spec)), &made)
	if err != nil {
		return err
	}
	return tryEngine(http.MethodPost, "/exec/"+made.ID+"/start", `{"Detach": true}`)
}
