package fakeengine

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// logLine is one line of a container's output.
type logLine struct {
	at   time.Time
	text string
}

// readLogs is GET /containers/x/logs; the output of all its lives.
func (e *Engine) readLogs(c Call) reply {
	found := e.find(c.Target)
	if found == nil {
		return noContainer(c.Target)
	}
	lines := found.log
	if n, err := strconv.Atoi(c.Query.Get("tail")); err == nil && n < len(lines) {
		lines = lines[len(lines)-n:]
	}
	since := parseSince(c.Query.Get("since"))
	var out []byte
	for _, line := range lines {
		if line.at.Before(since) {
			continue
		}
		text := line.text + "\n"
		if c.Query.Get("timestamps") == "1" {
			text = line.at.Format(time.RFC3339Nano) + " " + text
		}
		if found.config.Tty {
			out = append(out, text...)
		} else {
			out = append(out, frame(1, []byte(text))...)
		}
	}
	if out == nil {
		out = []byte{}
	}
	return reply{status: http.StatusOK, raw: out, hang: c.Query.Get("follow") == "1"}
}

// top is GET /containers/x/top.
func (e *Engine) top(c Call) reply {
	found := e.find(c.Target)
	if found == nil {
		return noContainer(c.Target)
	}
	if found.state != stateRunning {
		return refusal(http.StatusConflict, "Container "+found.id+" is not running")
	}
	process := "app"
	if len(found.config.Cmd) > 0 {
		process = found.config.Cmd[0]
	}
	return ok(map[string]any{"Titles": []string{"PID", "COMMAND"}, "Processes": [][]string{{fmt.Sprint(found.pid), process}}})
}

// waitContainer is POST /containers/x/wait until it is gone or has ended.
func (e *Engine) waitContainer(c Call) reply {
	found := e.find(c.Target)
	if found == nil {
		return noContainer(c.Target)
	}
	removed := c.Query.Get("condition") == "removed"
	return reply{serve: func(w http.ResponseWriter, r *http.Request) {
		for {
			e.mu.Lock()
			changed, code := e.changed, found.code
			done := e.containers[found.id] == nil || !removed && found.state == stateExited
			e.mu.Unlock()
			if done {
				ok(map[string]int{"StatusCode": code}).send(w, r)
				return
			}
			select {
			case <-changed:
			case <-r.Context().Done():
				return
			}
		}
	}}
}
