package images

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
)

// lastLines is how many of a failed step's last lines go into its error.
const lastLines = 20

// maxPartial bounds what is kept of a line that has not ended yet, in bytes.
const maxPartial = 16 << 10

// watcher turns the builder's events into progress and remembers the output
// of each step, for the case that it fails.
type watcher struct {
	report func(Progress)
	steps  map[digest.Digest]*step
	// order are the steps as they appeared.
	order []*step
}

// step is one vertex of a build.
type step struct {
	name              string
	started, finished bool
	failure           string
	// reported is when bytes were last reported.
	reported time.Time
	partial  []byte
	tail     []string
}

func newWatcher(report func(Progress)) *watcher {
	return &watcher{report: report, steps: map[digest.Digest]*step{}}
}

// take takes in a batch of events: steps that begin first, then what they
// say, then those that end.
func (w *watcher) take(status *client.SolveStatus) {
	for _, vertex := range status.Vertexes {
		s := w.step(vertex.Digest)
		s.name = cmp.Or(vertex.Name, s.name)
		if vertex.Started != nil && !s.started && !vertex.Cached {
			s.started = true
			w.report(Progress{Step: stepName(s.name)})
		}
	}
	for _, log := range status.Logs {
		w.output(w.step(log.Vertex), log.Data)
	}
	for _, transfer := range status.Statuses {
		w.transfer(w.step(transfer.Vertex), transfer)
	}
	for _, warning := range status.Warnings {
		w.report(Progress{Step: stepName(w.step(warning.Vertex).name), Line: safeLine("warning: " + string(warning.Short))})
	}
	for _, vertex := range status.Vertexes {
		w.end(w.step(vertex.Digest), vertex)
	}
}

func (w *watcher) step(id digest.Digest) *step {
	s, ok := w.steps[id]
	if !ok {
		s = &step{}
		w.steps[id] = s
		w.order = append(w.order, s)
	}
	return s
}

// transfer reports the bytes that a step has moved, now and then.
func (w *watcher) transfer(s *step, transfer *client.VertexStatus) {
	now := time.Now()
	if s.finished || transfer.Current == 0 || now.Sub(s.reported) < reportEvery {
		return
	}
	s.reported = now
	w.report(Progress{Step: stepName(s.name), Current: transfer.Current, Total: transfer.Total})
}

// output splits what a step writes into lines.
func (w *watcher) output(s *step, data []byte) {
	s.partial = append(s.partial, data...)
	for {
		at := bytes.IndexByte(s.partial, '\n')
		if at < 0 && len(s.partial) < maxPartial {
			return
		}
		if at < 0 {
			at = len(s.partial) - 1
		}
		w.line(s, string(s.partial[:at+1]))
		s.partial = s.partial[at+1:]
	}
}

func (w *watcher) line(s *step, text string) {
	text = safeLine(text)
	s.tail = append(s.tail, text)
	if len(s.tail) > lastLines {
		s.tail = slices.Delete(s.tail, 0, len(s.tail)-lastLines)
	}
	if text != "" {
		w.report(Progress{Step: stepName(s.name), Line: text})
	}
}

func (w *watcher) end(s *step, vertex *client.Vertex) {
	if vertex.Completed == nil || s.finished {
		return
	}
	s.finished = true
	if len(s.partial) > 0 {
		w.line(s, string(s.partial))
		s.partial = nil
	}
	s.failure = vertex.Error
	if vertex.Error != "" {
		return
	}
	out := Progress{Step: stepName(s.name), StepDone: true, Cached: vertex.Cached}
	if vertex.Started != nil && !vertex.Cached {
		out.Took = vertex.Completed.Sub(*vertex.Started)
	}
	w.report(out)
}

// stepName makes a step's name fit for one line; heredocs have many, and
// continued lines bring their indentation.
func stepName(name string) string {
	first, _, more := strings.Cut(name, "\n")
	first = strings.Join(strings.Fields(first), " ")
	if more {
		first += " …"
	}
	return safeLine(first)
}

// failed is the step that failed, nil when none did. A step that was merely
// stopped because another failed is not the one.
func (w *watcher) failed() *step {
	for _, s := range w.order {
		if s.failure != "" && !strings.Contains(s.failure, "context canceled") && !strings.Contains(s.failure, "code = Canceled") {
			return s
		}
	}
	return nil
}

// failure is the error of the build, told by the step that failed.
func (w *watcher) failure(err error) error {
	if s := w.failed(); s != nil {
		return &stepError{step: stepName(s.name), output: trimBlank(s.tail), err: err}
	}
	return &stepError{err: err}
}

// trimBlank removes empty lines at both ends.
func trimBlank(lines []string) []string {
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}
