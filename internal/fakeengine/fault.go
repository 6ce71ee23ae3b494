package fakeengine

import (
	"net/http"
	"slices"
	"time"
)

// Fault replaces the answer to one call.
type Fault struct {
	// Delay passes first; without anything else the answer is then as usual.
	Delay time.Duration
	// Status and Message refuse the call; Body replaces the answer as it is.
	Status  int
	Message string
	Body    string
	// Drop breaks the connection without an answer; Cut after half of it.
	Drop, Cut bool
	// Hang never answers.
	Hang bool
	// Stale answers with what was said to the same question the last time.
	Stale bool
	// Late breaks the connection as Drop does, and the call takes effect all
	// the same, this much later. A container that is made so has its name from
	// the start, and is not known until it is made.
	Late time.Duration
}

// Hook sets what is asked before each call takes effect and after it did; nil
// asks nothing. A fault before keeps the call from taking effect.
func (e *Engine) Hook(before, after func(Call) *Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.before, e.after = before, after
}

// Calls are all calls so far.
func (e *Engine) Calls() []Call {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// fail answers with a fault.
func (e *Engine) fail(f *Fault, w http.ResponseWriter, r *http.Request, result reply) {
	if f.Delay > 0 && !pause(r, f.Delay) {
		return
	}
	switch {
	case f.Hang:
		<-r.Context().Done()
	case f.Drop, f.Cut && r.Method == http.MethodHead:
		breakOff(w, nil)
	case f.Cut:
		breakOff(w, result.text())
	case f.Body != "":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(firstCode(f.Status, http.StatusOK))
		_, _ = w.Write([]byte(f.Body)) // a caller that is gone
	case f.Status != 0:
		refusal(f.Status, f.Message).send(w, r)
	case f.Stale:
		e.recall(r, result).send(w, r)
	default:
		result.send(w, r)
	}
}

// late carries a call out whose caller has gone away.
func (e *Engine) late(f *Fault, c Call, asked string, answer func(*Engine, Call) reply) {
	name := c.Query.Get("name")
	e.mu.Lock()
	defer e.mu.Unlock()
	e.making[name] = c.Op == "container create"
	time.AfterFunc(f.Late, func() {
		e.mu.Lock()
		delete(e.making, name)
		e.mu.Unlock()
		e.carryOut(c, asked, answer)
	})
}

func (r reply) text() []byte {
	if r.raw != nil || r.body == nil {
		return r.raw
	}
	return encode(r.body)
}

// breakOff closes the connection after half of an answer, or before any.
func breakOff(w http.ResponseWriter, text []byte) {
	conn, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // nothing can be taken back
	}
	defer conn.Close()
	if len(text) == 0 {
		return
	}
	_, _ = buffer.WriteString("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
	_, _ = buffer.Write(text[:len(text)/2])
	_ = buffer.Flush()
}

// recall is the answer before this one to the same question.
func (e *Engine) recall(r *http.Request, result reply) reply {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := r.URL.Path
	old, known := e.stale[key]
	if !known && result.status == http.StatusOK {
		old = result.text()
		e.stale[key] = old
	}
	if old == nil {
		return result
	}
	return reply{status: http.StatusOK, raw: old, header: map[string]string{"Content-Type": "application/json"}}
}
