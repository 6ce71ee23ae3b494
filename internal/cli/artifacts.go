package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/cli/report"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/lock"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
	"golang.org/x/sync/errgroup"
)

// The bounds of the evidence.
const (
	// evidenceWithin bounds the time in which it is taken, on an engine that
	// answers soon.
	evidenceWithin = 10 * time.Second
	// evidenceLines are the last lines of each container that are kept, each of
	// at most evidenceLine bytes.
	evidenceLines = 5000
	evidenceLine  = 16 << 10
	// evidenceLog are the last bytes of each log that are kept.
	evidenceLog = 4 << 20
	// evidenceEvents are the last events that are kept.
	evidenceEvents = 2000
	// evidenceContainers are the containers that are looked at.
	evidenceContainers = 100
)

// artifactsOnCI is where the evidence goes where nobody says and CI is set.
const artifactsOnCI = "stackctl-artifacts"

// evidenceDir is where the evidence of a failure goes, "" for nowhere.
func (a *app) evidenceDir(o testOptions) string {
	if o.artifacts == "" && a.env.get("CI") != "" {
		return artifactsOnCI
	}
	return o.artifacts
}

// keepEvidence keeps what is known of a failure, before anything is removed. t
// is nil when the copy was never begun. What cannot be kept is a remark.
func (a *app) keepEvidence(ctx context.Context, t *throwaway, o testOptions, failure error) {
	dir := a.evidenceDir(o)
	if dir == "" {
		return
	}
	class := exitClass(ctx, failure)
	within := evidenceWithin
	if t != nil {
		within = orchestrator.Patience(t.engine, evidenceWithin)
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), within, fault.New(fault.Engine, "no more than %s are spent on it", within))
	defer cancel()
	folder, err := a.claimEvidence(ctx, t, dir)
	if err == nil {
		e, run := evidence{folder: folder, app: a}, a.runOf(failure, class)
		err = e.reports(run)
		if t != nil {
			err = errors.Join(err, e.timings(run.Report), e.events(t.events), e.containers(ctx, t))
		}
		dir = folder.dir
	}
	if err != nil {
		a.remark("warning: keep the evidence: " + strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	a.remark("evidence: " + dir)
}

// claimEvidence makes a place for the evidence in dir, once for each copy.
func (a *app) claimEvidence(ctx context.Context, t *throwaway, dir string) (*evidenceFolder, error) {
	locks, err := lock.Dir(a.env.get("XDG_RUNTIME_DIR"), os.TempDir())
	if err != nil {
		locks = "" // then two runs that fail at the same moment may both write there
	}
	if t == nil {
		return claimFolder(ctx, dir, "", locks, a.begin)
	}
	if t.folder != nil {
		return t.folder, nil
	}
	t.folder, err = claimFolder(ctx, dir, t.Project, locks, a.begin)
	return t.folder, err
}

// evidence writes what is known of a failure to a directory.
type evidence struct {
	folder *evidenceFolder
	app    *app
}

// save writes one file without the secrets that are known.
func (e evidence) save(name string, text []byte) error {
	return e.folder.save(name, []byte(e.app.redacted(string(text))))
}

// reports are those that --report has too.
func (e evidence) reports(run report.Run) error {
	var failed []error
	for _, name := range []string{"report.json", "junit.xml", "summary.md"} {
		text, err := run.Encode(name)
		if err == nil {
			err = e.save(name, text)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// timings say where the time went, which of it the whole had to wait for.
func (e evidence) timings(r orchestrator.Report) error {
	if len(r.Timings) == 0 {
		return nil
	}
	return e.save("timings.txt", []byte(show.Timings(e.app.showOptions(false, engineTime(r.Engine)), r)))
}

// events are what happened to the containers, a line each.
func (e evidence) events(r *eventRecord) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	for _, event := range r.taken() {
		line := eventLine{Time: event.At.UTC(), Service: event.Service, ID: event.ContainerID, Action: event.Action, ExitCode: event.ExitCode, Signal: event.Signal, Health: event.Health}
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return e.save("events.jsonl", out.Bytes())
}

// eventLine is an event for programs.
type eventLine struct {
	Time     time.Time `json:"time"`
	Service  string    `json:"service"`
	ID       string    `json:"container_id"`
	Action   string    `json:"action"`
	ExitCode *int      `json:"exit_code,omitempty"`
	Signal   string    `json:"signal,omitempty"`
	Health   string    `json:"health,omitempty"`
}

// containers are the log of each container and all that the engine says of it.
func (e evidence) containers(ctx context.Context, t *throwaway) error {
	traces, err := t.engine.Traces(ctx, t.Run)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(4)
	var mu sync.Mutex
	var failed []error
	for i, trace := range traces {
		if trace.Kind != orchestrator.TraceContainer || trace.Reaper || i >= evidenceContainers {
			continue
		}
		name := strings.TrimPrefix(trace.Name, t.Project+"-")
		group.Go(func() error {
			err := errors.Join(e.log(ctx, t, trace.ID, name), e.inspect(ctx, t, trace.ID, name))
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, err)
			return nil
		})
	}
	_ = group.Wait() // each has its own error
	return errors.Join(failed...)
}

// log is what a container said last, line by line, each with its time.
func (e evidence) log(ctx context.Context, t *throwaway, id, name string) error {
	tail := sanitize.NewTail(e.app.hide(t.project), evidenceLines, evidenceLine)
	err := t.engine.Logs(ctx, id, orchestrator.LogOptions{Timestamps: true, Tail: evidenceLines}, tail, tail)
	_ = tail.Close()
	text := lastBytes(tail.Lines(), evidenceLog)
	switch {
	case errors.Is(err, orchestrator.ErrNoLog):
		text, err = "("+err.Error()+")\n", nil
	case err != nil:
		text += "(not all of it could be read)\n"
	}
	return errors.Join(err, e.save(filepath.Join("logs", name+".log"), []byte(text)))
}

// lastBytes are the last whole lines of at most limit bytes; what is left out
// is said in front of them.
func lastBytes(lines []string, limit int) string {
	from, size := len(lines), 0
	for ; from > 0 && size+len(lines[from-1])+1 <= limit; from-- {
		size += len(lines[from-1]) + 1
	}
	text := ""
	if from > 0 {
		text = "(" + console.Count(from, "line") + " before these left out)\n"
	}
	return text + strings.Join(append(lines[from:len(lines):len(lines)], ""), "\n")
}

// inspect is what the engine says of a container, without secrets.
func (e evidence) inspect(ctx context.Context, t *throwaway, id, name string) error {
	raw, err := t.engine.Describe(ctx, id)
	if err != nil {
		return err
	}
	var said any
	if err := json.Unmarshal(raw, &said); err != nil {
		return fmt.Errorf("inspect %s: %w", name, err)
	}
	text, err := json.MarshalIndent(veiled(said), "", "  ")
	if err != nil {
		return err
	}
	return e.save(filepath.Join("inspect", name+".json"), append(text, '\n'))
}

// veiled is a value of JSON in which no variable with the name of a secret has
// a value.
func veiled(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, entry := range v {
			v[key] = veiled(entry)
		}
	case []any:
		for i, entry := range v {
			v[i] = veiled(entry)
		}
	case string:
		if name, _, ok := strings.Cut(v, "="); ok && !strings.ContainsAny(name, " \t\n/") && compose.LooksSecret(name) {
			return name + "=***"
		}
	}
	return value
}

// eventRecord keeps what happens to the containers of a copy.
type eventRecord struct {
	mu   sync.Mutex
	last []orchestrator.Event
	stop func()
}

// recordEvents begins to take events down; a stream that breaks leaves a gap.
func recordEvents(ctx context.Context, e orchestrator.Observer, project string) *eventRecord {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &eventRecord{}
	ended := make(chan struct{})
	r.stop = func() {
		cancel()
		<-ended
	}
	go func() {
		defer close(ended)
		events, broken := e.Events(ctx, project, time.Time{})
		for {
			select {
			case event, ok := <-events:
				if !ok {
					return
				}
				r.keep(event)
			case err := <-broken:
				_ = err // the evidence has a gap
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return r
}

func (r *eventRecord) keep(event orchestrator.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = append(r.last, event)
	if extra := len(r.last) - evidenceEvents; extra > 0 {
		r.last = r.last[extra:]
	}
}

// taken are the events so far.
func (r *eventRecord) taken() []orchestrator.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]orchestrator.Event(nil), r.last...)
}
