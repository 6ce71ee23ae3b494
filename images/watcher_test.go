package images

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
)

func TestTheEventsOfABuildBecomeSteps(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	later := at.Add(3 * time.Second)
	var got []Progress
	w := newWatcher(func(p Progress) { got = append(got, p) })
	w.take(&client.SolveStatus{Vertexes: []*client.Vertex{{Digest: "a", Name: "[1/2] FROM x", Started: &at, Completed: &at, Cached: true}}})
	w.take(&client.SolveStatus{
		Vertexes: []*client.Vertex{{Digest: "b", Name: "[2/2] RUN make    all", Started: &at}},
		Logs:     []*client.VertexLog{{Vertex: "b", Data: []byte("one\ntw")}, {Vertex: "b", Data: []byte("o\nthree")}},
	})
	w.take(&client.SolveStatus{Statuses: []*client.VertexStatus{{Vertex: "b", Current: 5, Total: 9}, {Vertex: "b", Current: 6, Total: 9}}})
	w.take(&client.SolveStatus{Vertexes: []*client.Vertex{{Digest: "b", Name: "[2/2] RUN make    all", Started: &at, Completed: &later}}})
	step := "[2/2] RUN make all"
	want := []Progress{
		{Step: "[1/2] FROM x", StepDone: true, Cached: true},
		{Step: step},
		{Step: step, Line: "one"},
		{Step: step, Line: "two"},
		{Step: step, Current: 5, Total: 9},
		{Step: step, Line: "three"},
		{Step: step, StepDone: true, Took: 3 * time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheStepThatFailedIsToldNotThoseItStopped(t *testing.T) {
	at := time.Now()
	w := newWatcher(func(Progress) {})
	w.take(&client.SolveStatus{Vertexes: []*client.Vertex{
		{Digest: "a", Name: "[a] RUN other", Started: &at, Completed: &at, Error: "context canceled"},
		{Digest: "b", Name: "[b] RUN make", Started: &at},
	}})
	var text strings.Builder
	for i := range 3 * lastLines {
		fmt.Fprintln(&text, "line", i)
	}
	w.take(&client.SolveStatus{
		Vertexes: []*client.Vertex{{Digest: "b", Completed: &at, Error: "exit code: 2"}},
		Logs:     []*client.VertexLog{{Vertex: "b", Data: []byte(text.String())}},
	})
	err := w.failure(errors.New("failed to solve: rpc error: code = Unknown desc = executor failed: exit code: 2"))
	lines := strings.Split(err.Error(), "\n")
	if lines[0] != "step [b] RUN make: executor failed: exit code: 2" || len(lines) != lastLines+1 || !strings.HasSuffix(lines[lastLines], "line 59") {
		t.Errorf("got %q", lines)
	}
}

func TestALineWithoutEndIsCutAndKeptSmall(t *testing.T) {
	var got []Progress
	w := newWatcher(func(p Progress) { got = append(got, p) })
	for range 64 {
		w.take(&client.SolveStatus{Logs: []*client.VertexLog{{Vertex: "a", Data: []byte(strings.Repeat("x", 1024))}}})
	}
	if kept := len(w.steps["a"].partial); kept > maxPartial {
		t.Errorf("%d bytes kept", kept)
	}
	for _, p := range got {
		if len(p.Line) > maxLine {
			t.Errorf("a line of %d bytes", len(p.Line))
		}
	}
}
