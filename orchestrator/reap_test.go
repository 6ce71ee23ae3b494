package orchestrator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// leftovers is an engine with nothing but what copies have left.
type leftovers struct {
	mu     sync.Mutex
	traces []Trace
	// gone are the names that were removed, in their order.
	gone []string
	// stuck are the names that cannot be removed this often.
	stuck map[string]int
	// late appear when everything else is gone.
	late []Trace
	down int
	// slow is how long a look takes.
	slow time.Duration
}

func (e *leftovers) Traces(_ context.Context, run string) ([]Trace, error) {
	time.Sleep(e.slow)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down > 0 {
		e.down--
		return nil, fault.New(fault.Engine, "lost")
	}
	var out []Trace
	for _, t := range e.traces {
		if run == "" || t.Run == run {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		e.traces, e.late = append(e.traces, e.late...), nil
	}
	return out, nil
}

func (e *leftovers) remove(name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stuck[name] > 0 {
		e.stuck[name]--
		return errors.New(name + " is in use")
	}
	e.gone = append(e.gone, name)
	e.traces = slices.DeleteFunc(e.traces, func(t Trace) bool { return t.ID == name })
	return nil
}

func (e *leftovers) RemoveContainer(_ context.Context, id string, _ bool) error { return e.remove(id) }
func (e *leftovers) RemoveNetwork(_ context.Context, id string) error           { return e.remove(id) }
func (e *leftovers) RemoveVolume(_ context.Context, name string) error          { return e.remove(name) }

func leftOf(run string, kind TraceKind, id string, reaper bool) Trace {
	return Trace{Copy: Copy{Run: run}, Kind: kind, ID: id, Name: id, Reaper: reaper}
}

func TestReapRemovesACopyContainersFirstAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &leftovers{stuck: map[string]int{"net": 2}, down: 1, traces: []Trace{
			leftOf("a", TraceVolume, "vol", false), leftOf("a", TraceNetwork, "net", false), leftOf("a", TraceContainer, "one", false),
			leftOf("a", TraceContainer, "watcher", true), leftOf("b", TraceContainer, "other", false),
		}, late: []Trace{leftOf("a", TraceContainer, "late", false)}}
		if err := Reap(t.Context(), e, "a", ReapOptions{Quiet: time.Second, Reapers: true}); err != nil {
			t.Fatal(err)
		}
		// The list was never empty while the watcher was there, so nothing came late.
		if want := []string{"one", "vol", "net", "watcher"}; !slices.Equal(e.gone, want) {
			t.Errorf("removed were %v, want %v", e.gone, want)
		}
		if len(e.traces) != 1 || e.traces[0].ID != "other" {
			t.Errorf("left are %v", e.traces)
		}
	})
}

func TestReapWaitsForWhatTheEngineIsStillMaking(t *testing.T) {
	for name, slow := range map[string]time.Duration{"looks at once": 0, "looks that take longer than the quiet time": 2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &leftovers{slow: slow, late: []Trace{leftOf("a", TraceContainer, "late", false)}}
				if err := Reap(t.Context(), e, "a", ReapOptions{Quiet: time.Second}); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(e.gone, []string{"late"}) {
					t.Errorf("removed were %v", e.gone)
				}
			})
		})
	}
}

func TestReapSaysWhatIsInTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &leftovers{stuck: map[string]int{"vol": 1 << 30}, traces: []Trace{leftOf("a", TraceVolume, "vol", false)}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := Reap(ctx, e, "a", ReapOptions{})
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "vol is in use") {
			t.Errorf("got %v", err)
		}
		if err := Reap(ctx, e, "", ReapOptions{}); fault.ClassOf(err) != fault.Internal {
			t.Errorf("without an identity: %v", err)
		}
	})
}

func TestACopyExpiresByItsLabelAlone(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	labels := Copy{Run: "a", Base: "shop", Expires: at, Maker: "me"}.Labels()
	labels[LabelProject] = "shop-a"
	c, ok := CopyOf(labels)
	if !ok || c != (Copy{Run: "a", Project: "shop-a", Base: "shop", Expires: at, Maker: "me"}) {
		t.Errorf("read back it is %+v", c)
	}
	if c.Expired(at) || !c.Expired(at.Add(time.Second)) {
		t.Error("it does not expire when it says")
	}
	delete(labels, LabelExpires)
	if c, _ := CopyOf(labels); c.Expired(at.Add(1000 * time.Hour)) {
		t.Error("a copy without a date expired")
	}
	if _, ok := CopyOf(map[string]string{LabelExpires: labels[LabelExpires]}); ok {
		t.Error("what has no identity is taken for a copy's")
	}
}
