package progress

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/testkit"
	"github.com/stackctl/stackctl/orchestrator"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// run is what a cold start of two services tells.
func run() []orchestrator.Progress {
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	return []orchestrator.Progress{
		{At: at(50), Service: "db", Phase: orchestrator.PhaseWarning, Message: "no named volume"},
		{At: at(100), Service: "api", Target: "shop/api:1", Phase: orchestrator.PhaseBuilding, Message: "[build 1/2] FROM golang"},
		{At: at(200), Service: "api", Target: "shop/api:1", Phase: orchestrator.PhaseBuilding, Message: "[build 2/2] RUN go build"},
		{At: at(300), Service: "api", Target: "shop/api:1", Phase: orchestrator.PhaseBuilding, Message: "[build 2/2] RUN go build: compiling \x1b[2Jx"},
		{At: at(900), Service: "api", Target: "shop/api:1", Phase: orchestrator.PhaseBuilt, Took: 800 * time.Millisecond},
		{At: at(950), Target: "shop_default", Phase: orchestrator.PhaseCreating, Message: "missing"},
		{At: at(1000), Target: "shop_default", Phase: orchestrator.PhaseCreated},
		{At: at(1010), Service: "api", Target: "shop-api-1", Phase: orchestrator.PhaseWaiting, Message: "for db (healthy)"},
		{At: at(1020), Service: "db", Target: "shop-db-1", Phase: orchestrator.PhaseCreating, Message: "environment.PORT \"1\" → \"2\""},
		{At: at(1030), Service: "api", Target: "shop-api-1", Phase: orchestrator.PhaseCreating, Message: "missing"},
		{At: at(1100), Service: "api", Target: "shop-api-1", Phase: orchestrator.PhaseCreated},
		{At: at(1110), Service: "db", Target: "shop-db-1", Phase: orchestrator.PhaseCreated},
		{At: at(1300), Service: "db", Target: "shop-db-1", Phase: orchestrator.PhaseStarting, Message: "created"},
		{At: at(1400), Service: "db", Target: "shop-db-1", Phase: orchestrator.PhaseStarted},
		{At: at(1500), Service: "db", Target: "shop-db-1", Phase: orchestrator.PhaseProbing, Message: "exit 2: "},
		{At: at(2500), Service: "db", Target: "shop-db-1", Phase: orchestrator.PhaseProbing, Message: "exit 2: "},
		{At: at(3500), Service: "db", Target: "shop-db-1", Phase: orchestrator.PhaseHealthy, Took: 2100 * time.Millisecond},
		{At: at(3600), Service: "api", Target: "shop-api-2", Phase: orchestrator.PhaseStarted},
		{At: at(3700), Phase: orchestrator.PhaseProving, Message: "all services are up"},
	}
}

func options(out io.Writer) Options {
	return Options{
		Out: out, Title: "up shop", Services: []string{"db", "api"}, Begin: begin,
		Size: func() (int, int) { return 60, 20 },
	}
}

func TestPlainProgressIsOneLineForEachTransition(t *testing.T) {
	var out bytes.Buffer
	newPlain(options(&out)).show(run())
	want := `   0.1s  db   warning: no named volume
   0.1s  shop/api:1  building [build 1/2] FROM golang
   0.2s  shop/api:1  building [build 2/2] RUN go build
   0.9s  shop/api:1  built in 800ms
   1.0s  shop_default  created
   1.0s  api           waiting for db (healthy)
   1.1s  api           created
   1.1s  db            created (environment.PORT "1" → "2")
   1.4s  db            started
   1.5s  db            probe: exit 2
   3.5s  db            healthy after 2.1s
   3.6s  api-2         started
   3.7s  all services are up
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestPlainProgressBreaksALongSilenceByNamingWhatIsWaitedFor(t *testing.T) {
	var out bytes.Buffer
	v := newPlain(options(&out))
	v.show(run()[:16])
	out.Reset()
	v.tick(begin.Add(5 * time.Second))
	if out.Len() > 0 {
		t.Errorf("after a short silence: %q", out.String())
	}
	v.tick(begin.Add(20 * time.Second))
	v.tick(begin.Add(21 * time.Second))
	want := "  20.0s  still waiting for db (probe: exit 2), api (waiting for db (healthy))\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestTheBoardShowsWhatEachServiceIsDoing(t *testing.T) {
	var out bytes.Buffer
	b := newBoard(options(&out))
	for _, p := range run()[:15] {
		b.apply(p, console.Style{})
	}
	got := strings.Join(b.lines(begin.Add(2*time.Second), 60, 20, console.Style{}), "\n")
	want := `✔ shop/api:1    built in 800ms                          0.8s
✔ shop_default  created                                 0.1s
⠋ db            probe: exit 2                           1.0s
⠋ api           waiting for db (healthy)                1.0s
up shop  0 of 2 services done  2.0s`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"warning: db: no named volume"}, b.said); diff != "" {
		t.Error(diff)
	}
}

func TestTheReportHasTheLastWordOnTheBoard(t *testing.T) {
	var out bytes.Buffer
	b := newBoard(options(&out))
	for _, p := range run() {
		b.apply(p, console.Style{})
	}
	b.conclude(&orchestrator.Report{Services: []orchestrator.ServiceReport{
		{Name: "db", State: "exited(1)", Final: true},
		{Name: "api", State: "answering", Proven: true},
	}}, begin.Add(5*time.Second))
	lines := b.lines(begin.Add(9*time.Second), 60, 20, console.Style{})
	if !strings.HasPrefix(lines[2], "✖ db            exited(1)") || !strings.HasPrefix(lines[3], "✔ api           answering") {
		t.Error(strings.Join(lines, "\n"))
	}
}

func TestASmallTerminalShowsWhatIsGoingOn(t *testing.T) {
	var out bytes.Buffer
	o := options(&out)
	o.Services = nil
	for i := range 50 {
		o.Services = append(o.Services, fmt.Sprintf("service_with_a_long_name_%02d", i))
	}
	b := newBoard(o)
	b.apply(orchestrator.Progress{At: begin, Service: o.Services[49], Phase: orchestrator.PhaseStarted}, console.Style{})
	lines := b.lines(begin, 40, 10, console.Style{})
	if len(lines) != 2 || !strings.Contains(lines[0], "started") || !strings.Contains(lines[1], "49 not shown") && !strings.Contains(lines[1], "…") {
		t.Error(strings.Join(lines, "\n"))
	}
	for _, line := range lines {
		if console.Width(line) > 40 {
			t.Errorf("%q is wider than the terminal", line)
		}
	}
}

func TestTheLivePictureIsRedrawnInPlaceAndGivesTheCursorBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out testkit.Buffer
		o := options(&out)
		o.Mode = Live
		p := Start(o)
		for _, event := range run() {
			p.Tell(event)
		}
		<-time.After(250 * time.Millisecond) // virtual
		fmt.Fprintln(p, "a log line")
		p.Close(&orchestrator.Report{})
		p.Close(nil)
		p.Tell(orchestrator.Progress{Phase: orchestrator.PhaseNote, Message: "too late"})
		text := out.String()
		if strings.Count(text, "\x1b[4A") == 0 && strings.Count(text, "\x1b[5A") == 0 {
			t.Errorf("nothing was drawn over: %q", text)
		}
		if !strings.HasPrefix(text, hideCursor) || !strings.HasSuffix(text, showCursor) {
			t.Errorf("the cursor is not given back: %q", text)
		}
		if !strings.Contains(text, "\x1b[2Ka log line\n") || strings.Contains(text, "too late") {
			t.Errorf("log lines are wrong: %q", text)
		}
		if strings.Contains(text, "\x1b[2Jx") {
			t.Error("text of a container steers the terminal")
		}
	})
}

func TestJSONProgressIsOneEventALine(t *testing.T) {
	var out bytes.Buffer
	events := append(run(), orchestrator.Progress{At: begin, Service: "api", Target: "shop/api:1", Phase: orchestrator.PhaseFailed,
		Message: "no", Class: fault.Image, Current: 3, Total: 4})
	newStructured(options(&out)).show(events)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(events) {
		t.Fatalf("%d lines for %d events", len(lines), len(events))
	}
	var last map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"schema_version": 1.0, "level": "error", "time": "2026-01-02T03:04:05Z", "elapsed_seconds": 0.0, "phase": "failed", "service": "api",
		"target": "shop/api:1", "detail": "no", "current_bytes": 3.0, "total_bytes": 4.0, "class": "image", "message": "progress",
	}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Error(diff)
	}
}

func TestABuildStepIsToldOncePerImage(t *testing.T) {
	out := &testkit.Buffer{}
	v := newPlain(Options{Out: out, Begin: time.Unix(0, 0)})
	for _, image := range []string{"shop/api:1", "shop/web:1"} {
		for _, step := range []string{"load build definition", "load metadata", "load build definition", "load metadata: 3 kB", "[1/2] COPY . .", "load build definition", "[1/2] COPY . ."} {
			v.show([]orchestrator.Progress{{At: time.Unix(1, 0), Target: image, Phase: orchestrator.PhaseBuilding, Message: step}})
		}
	}
	for _, step := range []string{"load build definition", "load metadata", "COPY . ."} {
		if n := strings.Count(out.String(), step); n != 2 {
			t.Errorf("%s is told %d times, want once for each image:\n%s", step, n, out.String())
		}
	}
}

func TestNobodyWhoTellsSomethingWaitsForASlowTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := Start(Options{Mode: Plain, Out: blockedWriter{release}, Begin: time.Now()})
		for i := range 1000 {
			p.Tell(orchestrator.Progress{Service: "api", Phase: orchestrator.PhaseNote, Message: fmt.Sprint(i)})
		}
		began := time.Now()
		p.Close(nil)
		if waited := time.Since(began); waited > 2*time.Second {
			t.Errorf("closing took %s", waited)
		}
		close(release)
	})
}

func TestManyMayTellAtOnceAndABrokenPipeStopsNobody(t *testing.T) {
	p := Start(Options{Mode: JSON, Out: blockedWriter{nil}, Begin: time.Now()})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				p.Tell(orchestrator.Progress{Service: "api", Phase: orchestrator.PhaseStarted})
			}
		})
	}
	group.Wait()
	p.Close(nil)
}

func TestADefectOfTheDisplayIsToldAndDoesNotCrash(t *testing.T) {
	told := make(chan any, 1)
	p := Start(Options{Mode: Plain, Out: panicWriter{}, Begin: time.Now(), Broken: func(v any) { told <- v }})
	p.Tell(orchestrator.Progress{Service: "api", Phase: orchestrator.PhaseStarted})
	if got := <-told; got != "boom" {
		t.Errorf("told %v", got)
	}
	p.Close(nil)
}

func TestQuietShowsLogLinesOnly(t *testing.T) {
	var out bytes.Buffer
	p := Start(Options{Mode: Quiet, Out: &out})
	p.Tell(run()[0])
	fmt.Fprint(p, "log\n")
	p.Close(nil)
	if out.String() != "log\n" {
		t.Errorf("got %q", out.String())
	}
}

// blockedWriter takes nothing until it is released, and then fails.
type blockedWriter struct{ release chan struct{} }

func (w blockedWriter) Write([]byte) (int, error) {
	if w.release != nil {
		<-w.release
	}
	return 0, errors.New("broken pipe")
}

type panicWriter struct{}

func (panicWriter) Write([]byte) (int, error) { panic("boom") }
