package fakeengine

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// event is one event of a container.
type event struct {
	action     string
	id         string
	attributes map[string]string
	at         time.Time
}

// kept is how many events a late subscriber can still be told.
const kept = 256

// subscription is one stream. Its queue has no bound: the reader's slowness is
// its own business.
type subscription struct {
	label string
	// actions are the beginnings of those that are told of, none for all.
	actions []string
	podman  bool
	mu      sync.Mutex
	queue   []event
	wake    chan struct{}
	done    chan struct{}
	once    sync.Once
}

func (s *subscription) end() { s.once.Do(func() { close(s.done) }) }

func (s *subscription) add(ev event) {
	if s.label != "" && !ev.has(s.label) || !s.wants(word(ev.action, s.podman)) {
		return
	}
	s.mu.Lock()
	s.queue = append(s.queue, ev)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscription) wants(action string) bool {
	return len(s.actions) == 0 ||
		slices.ContainsFunc(s.actions, func(begin string) bool { return strings.HasPrefix(action, begin) })
}

// word is what an engine calls an action.
func word(action string, podman bool) string {
	switch {
	case podman && action == "die":
		return "died"
	case podman && action == "destroy":
		return "remove"
	}
	return action
}

func (s *subscription) take() []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.queue
	s.queue = nil
	return out
}

// has says whether the event's attributes hold a label "key=value".
func (ev event) has(label string) bool {
	key, value, _ := strings.Cut(label, "=")
	return ev.attributes[key] == value
}

// emit tells every subscriber; the caller holds the lock.
func (e *Engine) emit(c *container, action string, more map[string]string) {
	attributes := map[string]string{"name": c.name, "image": c.config.Image}
	for key, value := range c.config.Labels {
		attributes[key] = value
	}
	for key, value := range more {
		attributes[key] = value
	}
	ev := event{action: action, id: c.id, attributes: attributes, at: e.now()}
	times := 1
	if e.omit != nil {
		times = e.omit(action)
	}
	for range times {
		e.events = append(e.events, ev)
		for s := range e.streams {
			s.add(ev)
		}
	}
	if len(e.events) > kept {
		e.events = e.events[len(e.events)-kept:]
	}
}

// document is the event in the engine's dialect.
func (e *Engine) eventDocument(ev event) []byte {
	action, attributes := word(ev.action, e.kind.Podman), map[string]string{}
	for key, value := range ev.attributes {
		attributes[key] = value
	}
	health, isHealth := attributes["health"]
	delete(attributes, "health")
	switch {
	case isHealth && e.kind.Podman:
		attributes["health_status"] = health
	case isHealth:
		action += ": " + health
	case action == "died":
		attributes["containerExitCode"] = attributes["exitCode"]
		delete(attributes, "exitCode")
	}
	text, err := json.Marshal(map[string]any{
		"Type": "container", "Action": action, "status": action, "id": ev.id, "scope": "local",
		"Actor": map[string]any{"ID": ev.id, "Attributes": attributes},
		"time":  ev.at.Unix(), "timeNano": ev.at.UnixNano(),
	})
	if err != nil {
		panic(err) // strings and numbers
	}
	return append(text, '\n')
}

// subscribe is GET /events.
func (e *Engine) subscribe(c Call) reply {
	s := &subscription{wake: make(chan struct{}, 1), done: make(chan struct{})}
	if labels := c.filter("label"); len(labels) > 0 {
		s.label = labels[0]
	}
	s.actions, s.podman = c.filter("event"), e.kind.Podman
	if since := parseSince(c.Query.Get("since")); !since.IsZero() {
		for _, ev := range e.events {
			if !ev.at.Before(since) {
				s.add(ev)
			}
		}
	}
	e.streams[s] = true
	return reply{status: http.StatusOK, serve: func(w http.ResponseWriter, r *http.Request) {
		e.stream(s, w, r)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.streams, s)
	}}
}

func parseSince(text string) time.Time {
	whole, part, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}
	}
	nanos, _ := strconv.ParseInt(part, 10, 64)
	return time.Unix(seconds, nanos)
}

// stream writes events until the reader goes or the stream is broken.
func (e *Engine) stream(s *subscription, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	controller := http.NewResponseController(w)
	for {
		for _, ev := range s.take() {
			if _, err := w.Write(e.eventDocument(ev)); err != nil {
				return
			}
		}
		if controller.Flush() != nil {
			return
		}
		select {
		case <-s.wake:
		case <-s.done:
			panic(http.ErrAbortHandler) // in the middle, without a last chunk
		case <-r.Context().Done():
			return
		}
	}
}
