package fakeengine

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Call is one request.
type Call struct {
	// N counts the calls from 1.
	N int
	// Op names it: "container start", "network create", "events", ...
	Op string
	// Method and Path are as sent, the path without the API version.
	Method, Path string
	// Target is the object's name or ID, "" for none.
	Target string
	Query  url.Values
	Body   []byte
	// At is this host's time.
	At time.Time
}

// Changes says whether the call changes something.
func (c Call) Changes() bool {
	return c.Method != http.MethodGet && c.Method != http.MethodHead
}

func (c Call) decode(to any) error { return json.Unmarshal(c.Body, to) }

// filter are the values of a filter, in either form that clients send.
func (c Call) filter(key string) []string {
	text := []byte(c.Query.Get("filters"))
	var sets map[string]map[string]bool
	if json.Unmarshal(text, &sets) == nil {
		var out []string
		for value := range sets[key] {
			out = append(out, value)
		}
		return out
	}
	var lists map[string][]string
	_ = json.Unmarshal(text, &lists) // neither form: no filter
	return lists[key]
}

// reply is what a call leads to.
type reply struct {
	status int
	// body is sent as JSON, raw as it is.
	body   any
	raw    []byte
	header map[string]string
	// wait passes before then is called, under the lock, and the answer sent.
	wait time.Duration
	then func()
	// hang leaves the stream open after raw.
	hang bool
	// serve answers by itself, without the lock.
	serve func(w http.ResponseWriter, r *http.Request)
}

func ok(body any) reply { return reply{status: http.StatusOK, body: body} }

// refusal is an error as engines answer it.
func refusal(status int, message string) reply {
	return reply{status: status, body: map[string]string{"message": message}}
}

// message is the text of a refusal.
func (r reply) message() string {
	if said, ok := r.body.(map[string]string); ok {
		return said["message"]
	}
	return ""
}

// route ties a request to what answers it, under the engine's lock.
type route struct {
	op     string
	method string
	path   *regexp.Regexp
	answer func(*Engine, Call) reply
}

// routes are all requests that are understood. The first group is the target.
func routes() []route {
	var all []route
	add := func(op, method, path string, answer func(*Engine, Call) reply) {
		all = append(all, route{op, method, regexp.MustCompile("^" + path + "$"), answer})
	}
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	addContainers(add)
	add("ping", get, "/_ping", (*Engine).ping)
	add("ping", http.MethodHead, "/_ping", (*Engine).ping)
	add("version", get, "/version", (*Engine).version)
	add("info", get, "/info", (*Engine).info)
	add("events", get, "/events", (*Engine).subscribe)
	add("network list", get, "/networks", (*Engine).listNetworks)
	add("network create", post, "/networks/create", (*Engine).createNetwork)
	add("network inspect", get, "/networks/([^/]+)", (*Engine).inspectNetwork)
	add("network connect", post, "/networks/([^/]+)/connect", (*Engine).connectNetwork)
	add("network remove", del, "/networks/([^/]+)", (*Engine).removeNetwork)
	add("volume list", get, "/volumes", (*Engine).listVolumes)
	add("volume create", post, "/volumes/create", (*Engine).createVolume)
	add("volume inspect", get, "/volumes/([^/]+)", (*Engine).inspectVolume)
	add("volume remove", del, "/volumes/([^/]+)", (*Engine).removeVolume)
	add("image pull", post, "/images/create", (*Engine).pullImage)
	add("image inspect", get, "/images/(.+)/json", (*Engine).inspectImage)
	add("image tag", post, "/images/(.+)/tag", (*Engine).tagImage)
	add("image remove", del, "/images/(.+)", (*Engine).removeImage)
	return all
}

var versionPrefix = regexp.MustCompile(`^/v(1\.[0-9]+)`)

// addContainers adds what is about containers.
func addContainers(add func(op, method, path string, answer func(*Engine, Call) reply)) {
	add("container list", http.MethodGet, "/containers/json", (*Engine).listContainers)
	add("container create", http.MethodPost, "/containers/create", (*Engine).createContainer)
	add("container inspect", http.MethodGet, "/containers/([^/]+)/json", (*Engine).inspectContainer)
	add("container start", http.MethodPost, "/containers/([^/]+)/start", (*Engine).startContainer)
	add("container stop", http.MethodPost, "/containers/([^/]+)/stop", (*Engine).stopContainer)
	add("container restart", http.MethodPost, "/containers/([^/]+)/restart", (*Engine).restartContainer)
	add("container kill", http.MethodPost, "/containers/([^/]+)/kill", (*Engine).killContainer)
	add("container pause", http.MethodPost, "/containers/([^/]+)/pause", (*Engine).pauseContainer)
	add("container unpause", http.MethodPost, "/containers/([^/]+)/unpause", (*Engine).unpauseContainer)
	add("container rename", http.MethodPost, "/containers/([^/]+)/rename", (*Engine).renameContainer)
	add("container wait", http.MethodPost, "/containers/([^/]+)/wait", (*Engine).waitContainer)
	add("container logs", http.MethodGet, "/containers/([^/]+)/logs", (*Engine).readLogs)
	add("container top", http.MethodGet, "/containers/([^/]+)/top", (*Engine).top)
	add("container stat", http.MethodHead, "/containers/([^/]+)/archive", (*Engine).statFile)
	add("container copy", http.MethodPut, "/containers/([^/]+)/archive", (*Engine).putFiles)
	add("container remove", http.MethodDelete, "/containers/([^/]+)", (*Engine).removeContainer)
	add("exec create", http.MethodPost, "/containers/([^/]+)/exec", (*Engine).createExec)
	add("exec start", http.MethodPost, "/exec/([^/]+)/start", (*Engine).startExec)
	add("exec inspect", http.MethodGet, "/exec/([^/]+)/json", (*Engine).inspectExec)
}

// latency is how long each call takes.
const latency = time.Millisecond

// ServeHTTP implements http.Handler.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller is gone
	}
	c := Call{Method: r.Method, Query: r.URL.Query(), Body: body, At: time.Now(), Op: "unknown"}
	asked := ""
	if m := versionPrefix.FindStringSubmatch(r.URL.Path); m != nil {
		asked = m[1]
	}
	c.Path = versionPrefix.ReplaceAllString(r.URL.Path, "")
	var answer func(*Engine, Call) reply
	for _, one := range e.table {
		if m := one.path.FindStringSubmatch(c.Path); m != nil && one.method == c.Method {
			c.Op, answer = one.op, one.answer
			if len(m) > 1 {
				c.Target = m[1]
			}
			break
		}
	}
	if !pause(r, latency) {
		return
	}
	c, before, after := e.record(c)
	w.Header().Set("Api-Version", e.kind.API)
	w.Header().Set("Server", "Fake/"+e.kind.Version)
	if before != nil {
		if f := before(c); f != nil {
			if f.Late > 0 {
				e.late(f, c, asked, answer)
				f = &Fault{Drop: true}
			}
			e.fail(f, w, r, reply{})
			return
		}
	}
	result := e.carryOut(c, asked, answer)
	if result.wait > 0 && pause(r, result.wait) && result.then != nil {
		e.mu.Lock()
		result.then()
		e.mu.Unlock()
	}
	if after != nil {
		if f := after(c); f != nil {
			e.fail(f, w, r, result)
			return
		}
	}
	result.send(w, r)
}

// record keeps the call and returns the hooks in force.
func (e *Engine) record(c Call) (call Call, before, after func(Call) *Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c.N = len(e.calls) + 1
	e.calls = append(e.calls, c)
	return c, e.before, e.after
}

// carryOut does what the call asks for.
func (e *Engine) carryOut(c Call, asked string, answer func(*Engine, Call) reply) reply {
	if refused := e.kind.refuses(asked); refused != nil {
		return *refused
	}
	if answer == nil {
		return refusal(http.StatusNotFound, "page not found: "+c.Method+" "+c.Path)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	r := answer(e, c)
	if r.body != nil && r.raw == nil {
		r.raw = encode(r.body) // while nobody changes it
	}
	return r
}

// refuses is the answer to an API version that the engine does not speak.
func (p Personality) refuses(asked string) *reply {
	switch {
	case asked == "":
		return nil
	case minor(asked) > minor(p.API):
		r := refusal(http.StatusBadRequest, "client version "+asked+" is too new. Maximum supported API version is "+p.API)
		return &r
	case minor(asked) < minor(p.MinAPI):
		r := refusal(http.StatusBadRequest, "client version "+asked+" is too old. Minimum supported API version is "+p.MinAPI+", please upgrade your client to a newer version")
		return &r
	}
	return nil
}

func minor(version string) int {
	_, after, _ := strings.Cut(version, ".")
	n, _ := strconv.Atoi(after)
	return n
}

// pause waits unless the caller goes away.
func pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// send writes the answer.
func (r reply) send(w http.ResponseWriter, request *http.Request) {
	if r.serve != nil {
		r.serve(w, request)
		return
	}
	for key, value := range r.header {
		w.Header().Set(key, value)
	}
	text := r.raw
	if r.body != nil {
		if text == nil {
			text = encode(r.body)
		}
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(r.status)
	if r.status != http.StatusNoContent && r.status != http.StatusNotModified {
		_, _ = w.Write(text) // a caller that is gone
	}
	if r.hang {
		_ = http.NewResponseController(w).Flush()
		<-request.Context().Done()
	}
}

func encode(body any) []byte {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // a document of ours
	}
	return text
}
