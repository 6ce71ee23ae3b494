package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an engine of which only the logs matter.
type fake struct {
	mu         sync.Mutex
	containers []orchestrator.Container
	// said are whole lines with their times, by container ID.
	said map[string][]string
	// asked are the options of each call, in order.
	asked  []orchestrator.LogOptions
	events chan orchestrator.Event
	broken chan error
	failed error
	// unreadable are the errors of single containers, by ID.
	unreadable map[string]error
}

func (f *fake) Observe(context.Context, orchestrator.Scope) (orchestrator.Observed, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return orchestrator.Observed{Containers: append([]orchestrator.Container(nil), f.containers...)}, nil
}

func (f *fake) Events(context.Context, string, time.Time) (<-chan orchestrator.Event, <-chan error) {
	return f.events, f.broken
}

func (f *fake) Logs(ctx context.Context, id string, o orchestrator.LogOptions, stdout, stderr io.Writer) error {
	f.mu.Lock()
	f.asked = append(f.asked, o)
	lines, failed := f.said[id], f.failed
	if one := f.unreadable[id]; one != nil {
		failed = one
	}
	f.mu.Unlock()
	if failed != nil {
		return failed
	}
	for i, line := range lines {
		at, rest, _ := strings.Cut(line, " ")
		when, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			return err
		}
		if when.Before(o.Since) {
			continue
		}
		if !o.Timestamps {
			line = rest
		}
		w := stdout
		if i%2 == 1 {
			w = stderr
		}
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func container(id, service string, number int) orchestrator.Container {
	return orchestrator.Container{ID: id, Name: "shop-" + service, Project: "shop", Service: service, Number: number,
		Labels: map[string]string{orchestrator.LabelOwner: "me"}}
}

var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// at is a line said that many seconds after the start.
func at(seconds float64, text string) string {
	return start.Add(time.Duration(seconds*float64(time.Second))).Format(time.RFC3339Nano) + " " + text
}

// text takes the writes of several goroutines.
type text struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.Write(p)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

func options(out io.Writer) Options {
	return Options{Out: out, Project: "shop", Owns: func(id string) bool { return id == "me" }, Order: []string{"db", "api"}, Tail: All, Now: start.Add(time.Hour)}
}

func TestLinesOfAllContainersAreShownByTheirTime(t *testing.T) {
	var out text
	f := &fake{
		containers: []orchestrator.Container{container("c2", "api", 2), container("c1", "api", 1), container("d1", "db", 1)},
		said: map[string][]string{
			"d1": {at(1, "db starts"), at(3, "db is ready, \x1b[2Jpassword is hunter2-hunter2")},
			"c1": {at(2, "one waits"), at(4, "one runs")},
			"c2": {at(2.5, "two waits"), at(2.6, "")},
		},
	}
	o := options(&out)
	o.Redact = sanitize.NewRedactor([]string{"hunter2-hunter2"}, nil)
	if err := Show(t.Context(), f, o); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`db    | db starts
api-1 | one waits
api-2 | two waits
api-2 |.
db    | db is ready, \x1b[2Jpassword is [redacted]
api-1 | one runs
`, "|.", "| ")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestPrefixAndTimeAreShownAsTheUserWishes(t *testing.T) {
	var out text
	f := &fake{containers: []orchestrator.Container{container("d1", "db", 1)}, said: map[string][]string{"d1": {at(1, "x")}}}
	o := options(&out)
	o.NoPrefix, o.Timestamps, o.Tail, o.Since = true, true, 5, start
	if err := Show(t.Context(), f, o); err != nil {
		t.Fatal(err)
	}
	if out.String() != "2000-01-01T00:00:01Z x\n" {
		t.Errorf("got %q", out.String())
	}
	if got := f.asked[0]; got.Tail != 5 || !got.Since.Equal(start) || got.Follow {
		t.Errorf("asked for %+v", got)
	}
	o.Tail = 0
	if err := Show(t.Context(), f, o); err != nil || len(f.asked) != 1 {
		t.Errorf("no lines were asked for and the engine was: %v", err)
	}
}

func TestOnlyContainersOfTheProjectAndTheNamedServicesAreRead(t *testing.T) {
	elsewhere := container("e1", "db", 1)
	elsewhere.Labels = map[string]string{orchestrator.LabelOwner: "somebody else"}
	oneOff := container("o1", "db", 1)
	oneOff.OneOff = true
	foreign := container("f1", "db", 1)
	foreign.Labels = nil
	f := &fake{containers: []orchestrator.Container{elsewhere, oneOff, foreign, container("c1", "api", 1)}}
	o := options(io.Discard)
	if got := len(o.choose(f.containers)); got != 2 {
		t.Errorf("%d containers are read", got)
	}
	o.Services = []string{"nobody"}
	err := Show(t.Context(), f, o)
	if fault.ClassOf(err) != fault.Service || !strings.Contains(err.Error(), "nobody of shop has no containers") {
		t.Errorf("got %v", err)
	}
}

func TestAFailureOfReadingOrWritingEndsWithItsCause(t *testing.T) {
	cause := fault.New(fault.Engine, "gone")
	f := &fake{containers: []orchestrator.Container{container("d1", "db", 1), container("c1", "api", 1)}, failed: cause}
	if err := Show(t.Context(), f, options(io.Discard)); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	f.failed, f.said = nil, map[string][]string{"d1": make([]string, 5000)}
	for i := range f.said["d1"] {
		f.said["d1"][i] = at(float64(i), "line")
	}
	broken := errors.New("broken pipe")
	if err := Show(t.Context(), f, options(writer(func([]byte) (int, error) { return 0, broken }))); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestOneThatCannotBeReadDoesNotSilenceTheOthers(t *testing.T) {
	f := &fake{
		containers: []orchestrator.Container{container("d1", "db", 1), container("c1", "api", 1), container("c2", "api", 2), container("c3", "api", 3)},
		said:       map[string][]string{"c1": {at(1, "api runs"), at(2, "api goes on")}},
		unreadable: map[string]error{"d1": fmt.Errorf("read: %w", orchestrator.ErrNoLog), "c2": fmt.Errorf("gone: %w", errdefs.ErrNotFound)},
	}
	broken := errors.New("the file is damaged")
	for _, failed := range []error{nil, broken} {
		f.unreadable["c3"] = failed
		var out text
		var notes []string
		o := options(&out)
		o.Note = func(text string) { notes = append(notes, text) }
		if err := Show(t.Context(), f, o); !errors.Is(err, failed) {
			t.Errorf("it ends with %v, want %v", err, failed)
		}
		if want := "api-1 | api runs\napi-1 | api goes on\n"; out.String() != want {
			t.Errorf("got %q", out.String())
		}
		if len(notes) != 1 || !strings.Contains(notes[0], "shop-db: its logging driver") {
			t.Errorf("the notes are %q", notes)
		}
	}
}

func TestFollowingGoesOnBesideOneThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out text
		db, api := container("d1", "db", 1), container("c1", "api", 1)
		db.StartedAt, api.StartedAt = start, start
		f := &fake{
			containers: []orchestrator.Container{db, api}, said: map[string][]string{"c1": {at(1, "first life")}},
			events: make(chan orchestrator.Event), broken: make(chan error),
			unreadable: map[string]error{"d1": orchestrator.ErrNoLog},
		}
		notes := 0
		o := options(&out)
		o.Follow, o.Note = true, func(string) { notes++ }
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() { done <- Show(ctx, f, o) }()
		synctest.Wait()
		f.mu.Lock()
		for i := range f.containers {
			f.containers[i].FinishedAt, f.containers[i].StartedAt = start.Add(2*time.Second), start.Add(3*time.Second)
		}
		f.said["c1"] = append(f.said["c1"], at(2.9, "second life"))
		f.mu.Unlock()
		f.events <- orchestrator.Event{Action: "start", ContainerID: "c1"}
		synctest.Wait()
		if want := "api | first life\napi | second life\n"; out.String() != want || notes != 1 {
			t.Errorf("got %q and %d notes", out.String(), notes)
		}
		cause := fault.New(fault.Interrupted, "interrupted")
		cancel(cause)
		if err := <-done; !errors.Is(err, cause) {
			t.Errorf("ends with %v", err)
		}
	})
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestFollowingGoesOnThroughRestartsAndNewContainers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out text
		db := container("d1", "db", 1)
		db.StartedAt = start
		f := &fake{
			containers: []orchestrator.Container{db}, said: map[string][]string{"d1": {at(1, "first life")}},
			events: make(chan orchestrator.Event), broken: make(chan error),
		}
		o := options(&out)
		o.Follow = true
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() { done <- Show(ctx, f, o) }()
		synctest.Wait()

		f.mu.Lock()
		f.containers[0].FinishedAt, f.containers[0].StartedAt = start.Add(2*time.Second), start.Add(3*time.Second)
		f.said["d1"] = append(f.said["d1"], at(2.9, "second life"))
		f.mu.Unlock()
		f.events <- orchestrator.Event{Action: "start", ContainerID: "d1"}
		synctest.Wait()

		f.mu.Lock()
		api := container("c1", "api", 1)
		api.StartedAt = start.Add(10 * time.Second)
		f.containers = append(f.containers, api)
		f.said["c1"] = []string{at(10, "api is new")}
		f.mu.Unlock()
		f.broken <- errors.New("the stream broke") // a look on the timer finds it
		<-time.After(2 * again)

		want := "db  | first life\ndb  | second life\napi | api is new\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Error(diff)
		}
		cause := fault.New(fault.Interrupted, "interrupted")
		cancel(cause)
		if err := <-done; !errors.Is(err, cause) {
			t.Errorf("ends with %v", err)
		}
	})
}

func TestFollowingEndsWhenNobodyReads(t *testing.T) {
	db := container("d1", "db", 1)
	f := &fake{containers: []orchestrator.Container{db}, said: map[string][]string{"d1": {at(1, "x")}}}
	o := options(writer(func([]byte) (int, error) { return 0, fmt.Errorf("write: %w", io.ErrClosedPipe) }))
	o.Follow = true
	if err := Show(t.Context(), f, o); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

func TestFollowingFromNowShowsNothingOld(t *testing.T) {
	o := options(io.Discard)
	o.Follow, o.Tail = true, 0
	if got := o.options(time.Time{}); !got.Since.Equal(o.Now) || got.Tail != 0 {
		t.Errorf("asks for %+v", got)
	}
}
