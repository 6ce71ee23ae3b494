package operator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/stackctl/stackctl/orchestrator"
)

const (
	// quietest is how long a stream says nothing at most, so that both ends
	// see a connection that is gone.
	quietest = 10 * time.Second
	// writeTime is how long a reader may take for one message.
	writeTime = 5 * time.Second
	// fastest is the least pause between two pictures.
	fastest = 200 * time.Millisecond
	// logTail is how many lines of a log come first.
	logTail = 200
)

// feed is one stream of server-sent events.
type feed struct {
	mu   sync.Mutex
	w    http.ResponseWriter
	ctrl *http.ResponseController
}

// open begins a stream, unless there are too many.
func (p *Page) open(w http.ResponseWriter) (*feed, func(), bool) {
	select {
	case p.streams <- struct{}{}:
	default:
		http.Error(w, "too many readers", http.StatusServiceUnavailable)
		return nil, nil, false
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	return &feed{w: w, ctrl: http.NewResponseController(w)}, func() { <-p.streams }, true
}

// send writes one message; data without line ends.
func (f *feed) send(event, id string, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.ctrl.SetWriteDeadline(time.Now().Add(writeTime)) // where it can be set
	var err error
	if event == "" {
		_, err = fmt.Fprint(f.w, ": still here\n\n")
	} else {
		_, err = fmt.Fprintf(f.w, "id: %s\nevent: %s\ndata: %s\n\n", id, event, data)
	}
	if err != nil {
		return err
	}
	return f.ctrl.Flush()
}

// events sends the whole picture whenever it is another one: who was cut off
// is right again with the next message, whatever was missed.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	f, done, ok := p.open(w)
	if !ok {
		return
	}
	defer done()
	show := p.shower(f)
	timer := time.NewTicker(quietest)
	defer timer.Stop()
	for {
		s, changed := p.o.Boss.Snapshot()
		if s != nil && show(*s) != nil || !rested(r.Context()) {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-timer.C:
			if f.send("", "", nil) != nil {
				return
			}
		}
	}
}

// shower sends a picture unless it is the one that it sent last.
func (p *Page) shower(f *feed) func(orchestrator.Snapshot) error {
	var last []byte
	return func(s orchestrator.Snapshot) error {
		data, err := p.picture(s)
		if err != nil || bytes.Equal(data, last) {
			return err
		}
		last = data
		return f.send("view", fmt.Sprint(s.Pass), data)
	}
}

// rested waits for the shortest pause between two pictures; false when ctx
// has ended.
func rested(ctx context.Context) bool {
	gap := time.NewTimer(fastest)
	defer gap.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-gap.C:
		return true
	}
}

// logs follows what a container of a service says: the first one, or the one
// that ?container= names.
func (p *Page) logs(w http.ResponseWriter, r *http.Request) {
	id := p.containerOf(r.PathValue("service"), r.URL.Query().Get("container"))
	if id == "" {
		http.Error(w, "it has no such container", http.StatusNotFound)
		return
	}
	f, done, ok := p.open(w)
	if !ok {
		return
	}
	defer done()
	lines := &lineFeed{feed: f}
	if err := p.o.Logs(r.Context(), id, logTail, lines); err != nil && r.Context().Err() == nil {
		_ = f.send("end", "0", mustJSON(text(err.Error())))
		return
	}
	_ = f.send("end", "0", mustJSON("the container has ended"))
}

// containerOf finds the container of a service by the beginning of its ID, "" for
// the first one; what is not the stack's is not found.
func (p *Page) containerOf(service, wanted string) string {
	s, _ := p.o.Boss.Snapshot()
	if s == nil {
		return ""
	}
	for _, r := range s.Report.Services {
		for _, c := range r.Containers {
			if r.Name == service && strings.HasPrefix(c.ID, wanted) {
				return c.ID
			}
		}
	}
	return ""
}

// lineFeed sends each line as a message.
type lineFeed struct {
	feed *feed
	n    int
	rest string
}

// Write implements io.Writer.
func (l *lineFeed) Write(data []byte) (int, error) {
	l.rest += string(data)
	for {
		line, rest, found := strings.Cut(l.rest, "\n")
		if !found {
			return len(data), nil
		}
		l.rest = rest
		l.n++
		if err := l.feed.send("line", fmt.Sprint(l.n), mustJSON(line)); err != nil {
			return 0, err
		}
	}
}

// mustJSON is a text as JSON, on one line.
func mustJSON(s string) []byte {
	data, err := json.Marshal(s)
	if err != nil { // a string always encodes
		return []byte(`""`)
	}
	return data
}
