package fakeengine

import (
	"encoding/binary"
	"net/http"
	"slices"
	"time"
)

// execution is one command that is run in a container.
type execution struct {
	id        string
	container *container
	cmd, env  []string
	tty       bool
	running   bool
	code      int
}

func (e *Engine) createExec(c Call) reply {
	found := e.find(c.Target)
	if found == nil {
		return noContainer(c.Target)
	}
	if found.state != stateRunning {
		return refusal(http.StatusConflict, "Container "+found.id+" is not running")
	}
	var want struct {
		Cmd, Env []string
		Tty      bool
	}
	if err := c.decode(&want); err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	made := &execution{id: e.newID(), container: found, cmd: want.Cmd, env: want.Env, tty: want.Tty, running: true}
	e.execs[made.id] = made
	return reply{status: http.StatusCreated, body: map[string]string{"Id": made.id}}
}

func (e *Engine) inspectExec(c Call) reply {
	x := e.execs[c.Target]
	if x == nil {
		return refusal(http.StatusNotFound, "No such exec instance: "+c.Target)
	}
	return ok(map[string]any{"ID": x.id, "Running": x.running, "ExitCode": x.code, "ContainerID": x.container.id})
}

// startExec is POST /exec/x/start.
func (e *Engine) startExec(c Call) reply {
	x := e.execs[c.Target]
	if x == nil {
		return refusal(http.StatusNotFound, "No such exec instance: "+c.Target)
	}
	var want struct{ Detach bool }
	if err := c.decode(&want); err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	answer := e.run(x)
	if answer.Error != "" {
		answer.Exit, answer.Output = 126, answer.Error
	}
	life := x.container.life
	if want.Detach {
		x.running, x.code = false, answer.Exit
		return reply{status: http.StatusOK}
	}
	return reply{serve: func(w http.ResponseWriter, _ *http.Request) { e.attach(x, answer, life, w) }}
}

// run asks the script what the command does: the container's own check is
// answered as the monitor's is.
func (e *Engine) run(x *execution) Answer {
	script := e.script(x.container)
	if check := x.container.config.Healthcheck; check != nil && slices.Equal(x.cmd, command(check.Test)) {
		x.container.probes++
		if script.Probe == nil {
			return Answer{}
		}
		return script.Probe(e.ask(x.container, x.container.probes))
	}
	if script.Exec == nil {
		return Answer{}
	}
	x.container.execs++
	return script.Exec(e.ask(x.container, x.container.execs), x.cmd, x.env)
}

// command is what a check runs.
func command(test []string) []string {
	switch {
	case len(test) < 2:
		return nil
	case test[0] == "CMD-SHELL":
		return []string{"/bin/sh", "-c", test[1]}
	default:
		return test[1:]
	}
}

// attach sends the output over the hijacked connection.
func (e *Engine) attach(x *execution, answer Answer, life int, w http.ResponseWriter) {
	conn, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = buffer.WriteString("HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	if buffer.Flush() != nil {
		return
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = conn.Read(make([]byte, 1)) // ends when the caller hangs up
	}()
	code := e.await(x, answer, life, gone)
	if code != answer.Exit {
		answer.Output = ""
	}
	if answer.Output != "" {
		text := []byte(answer.Output)
		if !x.tty {
			text = frame(1, text)
		}
		_, _ = conn.Write(text)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	x.running, x.code = false, code
}

// await lets the command take its time; the end of the container ends it.
func (e *Engine) await(x *execution, answer Answer, life int, gone <-chan struct{}) int {
	var over <-chan time.Time
	if answer.Takes >= 0 && !answer.Wedged {
		timer := time.NewTimer(answer.Takes)
		defer timer.Stop()
		over = timer.C
	}
	for {
		e.mu.Lock()
		changed, dead := e.changed, x.container.life != life
		e.mu.Unlock()
		if dead {
			return 137
		}
		select {
		case <-over:
			return answer.Exit
		case <-gone:
			return answer.Exit
		case <-changed:
		}
	}
}

// frame is a piece of the engine's multiplexed output.
func frame(stream byte, text []byte) []byte {
	header := make([]byte, 8, 8+len(text))
	header[0] = stream
	binary.BigEndian.PutUint32(header[4:], uint32(len(text)))
	return append(header, text...)
}
