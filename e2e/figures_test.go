//go:build figures

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stamped keeps each line of a log with the time at which it came.
type stamped struct {
	mu    sync.Mutex
	rest  []byte
	lines []stampedLine
}

type stampedLine struct {
	at   time.Time
	text string
}

// Write implements io.Writer.
func (s *stamped) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.rest = append(s.rest, data...)
	for {
		line, rest, found := bytes.Cut(s.rest, []byte("\n"))
		if !found {
			return len(data), nil
		}
		s.lines = append(s.lines, stampedLine{now, string(line)})
		s.rest = slices.Clone(rest)
	}
}

// first is when the first line after a time came that has all these words.
func (s *stamped) first(after time.Time, words ...string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.lines {
		if line.at.After(after) && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line.text, w) }) {
			return line.at, true
		}
	}
	return time.Time{}, false
}

// eventAfter is the engine's time of the first event of an action of a container.
func eventAfter(t *testing.T, after time.Time, id, action string) (time.Time, bool) {
	t.Helper()
	filters, err := json.Marshal(map[string][]string{"container": {id}, "event": {action}})
	must(t, err)
	q := url.Values{"since": {fmt.Sprintf("%d.%09d", after.Unix(), after.Nanosecond())},
		"until": {fmt.Sprint(time.Now().Unix() + 1)}, "filters": {string(filters)}}
	answer, err := ask(context.Background(), http.MethodGet, "/events?"+q.Encode(), nil)
	must(t, err)
	var e struct{ TimeNano int64 }
	if json.Unmarshal(bytes.SplitN(answer, []byte("\n"), 2)[0], &e) != nil {
		return time.Time{}, false
	}
	return time.Unix(0, e.TimeNano), true
}

// series are the values of one figure, in seconds.
type series struct {
	name, goal string
	values     []float64
}

func (s *series) add(d time.Duration) { s.values = append(s.values, d.Seconds()) }

// row is the figure's row of the table.
func (s *series) row() string {
	slices.Sort(s.values)
	n := len(s.values)
	return fmt.Sprintf("| %s | %s | %d | %.3f s | %.3f s | %.3f s |\n", s.name, s.goal, n, s.values[n/2], s.values[n*9/10], s.values[n-1])
}

// rounds is how often each thing is measured, hangs how often an illness, which
// takes five failed probes of five seconds each to come.
const (
	rounds = 10
	hangs  = 3
)

// measured is a supervisor whose times are taken.
type measured struct {
	*supervisor
	log *stamped
}

func (m *measured) ready() bool { code, _ := m.asked("/readyz"); return code == http.StatusOK }

// line is when the operator said a line with these words.
func (m *measured) line(after time.Time, words ...string) (at time.Time) {
	m.t.Helper()
	eventually(m.t, 2*time.Minute, "it says "+strings.Join(words, " "), func() (ok bool) {
		at, ok = m.log.first(after, words...)
		return ok
	})
	return at
}

// event is the engine's time of an event.
func (m *measured) event(after time.Time, id, action string) (at time.Time) {
	m.t.Helper()
	eventually(m.t, 2*time.Minute, "the engine tells of "+action, func() (ok bool) {
		at, ok = eventAfter(m.t, after, id, action)
		return ok
	})
	return at
}

// idle is what the operator takes while nothing happens: processor in percent of
// a core, resident memory in megabytes, descriptors.
func (m *measured) idle(d time.Duration) (cpu, memory float64, descriptors int) {
	m.t.Helper()
	before := m.figure("process_cpu_seconds_total")
	<-time.After(d) // what is measured is a time
	if !m.ready() {
		m.t.Error("something happened while nothing was to happen")
	}
	return (m.figure("process_cpu_seconds_total") - before) / d.Seconds() * 100, m.figure("process_resident_memory_bytes") / 1e6, m.open()
}

// onlyOurs lets nobody but the operator heal one service, as often as it is hurt.
const onlyOurs = `
x-stackctl: {supervise: {budget: 1000, window: 1s, backoff: 1ms}}
services:
  system_monitor: {restart: "no"}
`

func TestTheFiguresOfTheOperator(t *testing.T) {
	quick := filepath.Join(t.TempDir(), "stackctl")
	must(t, build(t.Context(), quick, "0", "-trimpath", "-ldflags", "-s -w", "../cmd/stackctl"))
	program = quick // what is measured is what is used: no race detector
	r := newReference(t)
	r.make("secrets")
	r.env = append(r.env, "XDG_STATE_HOME="+t.TempDir())
	r.write("docker-compose.override.yml", onlyOurs)
	m := &measured{log: &stamped{}}
	r.watcher = m.log
	r.longest = 20 * time.Minute
	m.supervisor = r.supervise()
	eventually(t, 5*time.Minute, "all is proven", func() bool { _, ok := m.log.first(time.Time{}, "proven"); return ok && m.ready() })
	begun := load()
	cpu, memory, descriptors := m.idle(time.Minute)
	times := m.hurt("system_monitor")
	must(t, os.WriteFile(filepath.Join("..", "docs", "operator-figures.md"), []byte(figuresPage(times, begun, cpu, memory, descriptors)), 0o644))
	if code := m.end(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	m.expect(0, nil, "down", "-v")
}

// hurt kills a service and cuts it off, again and again, and takes the times.
func (m *measured) hurt(service string) []*series {
	m.t.Helper()
	seen := &series{name: "a death: from the engine's event to `failed`", goal: "0.2 s"}
	started := &series{name: "… to the start of its container", goal: "0.5 s"}
	healed := &series{name: "… to `healed`, its own start and first probe included"}
	cut := &series{name: "a network cut, which no event tells: to `failed`", goal: "5 s"}
	proven := func() { eventually(m.t, time.Minute, "all is proven", m.ready) }
	for range rounds {
		c, begin := m.only(service), time.Now()
		killProcess(m.t, m.stack, service)
		died := m.event(begin, c.ID, "die")
		seen.add(m.line(begin, "failed", "service="+service).Sub(died))
		started.add(m.event(begin, c.ID, "start").Sub(died))
		healed.add(m.line(begin, "healed", "service="+service).Sub(died))
		proven()
		begin = time.Now()
		engine(m.t, http.MethodPost, "/networks/"+m.name+"_back/disconnect", fmt.Sprintf(`{"Container": %q, "Force": true}`, c.ID))
		cutAt := time.Now()
		cut.add(m.line(begin, "failed", "service="+service).Sub(cutAt))
		proven()
	}
	return []*series{seen, started, healed, cut, m.hang(service)}
}

// hang lets a service answer nobody any more, and takes the time from the
// engine's word that it is unhealthy to the decision to heal it.
func (m *measured) hang(service string) *series {
	m.t.Helper()
	ill := &series{name: "an illness: from the engine's event `unhealthy` to the decision", goal: "5 s"}
	for range hangs {
		c, begin := m.only(service), time.Now()
		onHost(m.t, "strike", "hang=1", "pid="+pidOf(m.t, m.stack, service))
		ill.add(m.line(begin, "acting", "service="+service).Sub(m.event(begin, c.ID, "health_status")))
		eventually(m.t, time.Minute, "all is proven", m.ready)
	}
	return ill
}

// figuresPage is the page of docs.
func figuresPage(times []*series, begun string, cpu, memory float64, descriptors int) string {
	var b strings.Builder
	var version struct{ Version string }
	if err := call(context.Background(), http.MethodGet, "/version", nil, &version); err != nil {
		version.Version = "unknown"
	}
	fmt.Fprintf(&b, "# The operator's figures\n\nWritten by `make figures-operator`; not to be edited.\n\n%s, Engine %s, %d cores, load %s at the beginning\n"+
		"and %s at the end. The reference stack: eleven services and a job.\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		version.Version, runtime.NumCPU(), begun, load())
	b.WriteString("| | goal | measured | median | 9 of 10 | longest |\n|---|---|---|---|---|---|\n")
	for _, one := range times {
		b.WriteString(one.row())
	}
	fmt.Fprintf(&b, "\n| while nothing happens, for a minute | goal | |\n|---|---|---|\n"+
		"| processor | 0.5 %% of a core | %.2f %% |\n| resident memory | 40 MB | %.1f MB |\n| descriptors | | %d |\n", cpu, memory, descriptors)
	return b.String()
}
