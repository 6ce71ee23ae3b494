package orchestrator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

func TestTheCriticalPathIsTheChainThatEndedLast(t *testing.T) {
	p := load(t, `
services:
  db: {image: db}
  cache: {image: cache}
  api: {image: api, depends_on: [db, cache]}
  side: {image: side, depends_on: [cache]}
  web: {image: web, depends_on: [api, side]}
`)
	s := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	timing := func(name string, end float64, change func(*Timing)) Timing {
		one := Timing{Service: name, Start: s(0.1), Healthy: s(0.2), Probe: s(0.1), Gap: s(0.05), End: s(end)}
		change(&one)
		return one
	}
	as := func(*Timing) {}
	for _, c := range []struct {
		name    string
		timings []Timing
		chain   string
		advice  string
	}{
		{"nothing was started", nil, "[]", ""},
		{"the database", []Timing{timing("api", 2.4, as), timing("cache", 0.4, as), timing("db", 1.9, as), timing("side", 0.8, as), timing("web", 3.1, as)},
			"[db 1.9s api 500ms web 700ms]", "db took 1.9 s of 3.1 s; its healthcheck interval adds nothing here"},
		{"a check that asks seldom", []Timing{timing("cache", 0.4, as), timing("side", 10.8, func(t *Timing) { t.Healthy, t.Gap = s(10.1), s(10) }), timing("web", 11.5, as)},
			"[cache 400ms side 10.4s web 700ms]", "side took 10.4 s of 11.5 s; its healthcheck asked 10.0 s apart when it passed"},
		{"a slow engine", []Timing{timing("web", 3, func(t *Timing) { t.Start = s(2.5) })}, "[web 3s]", "web took 3.0 s of 3.0 s: the engine needed 2.5 s to start it"},
		{"a job", []Timing{timing("api", 5, func(t *Timing) { t.Healthy, t.Probe, t.Gap = s(4), 0, 0 })}, "[api 5s]", "4.0 s from its start until it was done"},
		{"nothing after its start", []Timing{timing("api", 1, func(t *Timing) { t.Healthy, t.Gap = 0, 0 })}, "[api 1s]", "nothing more was waited for"},
	} {
		got := criticalPath(p, c.timings)
		var chain []string
		for _, step := range got.Steps {
			chain = append(chain, fmt.Sprint(step.Service, " ", step.Added))
		}
		if fmt.Sprint(chain) != c.chain || !strings.Contains(got.Advice, c.advice) || (c.advice == "") != (got.Advice == "") {
			t.Errorf("%s: the chain is %v, the advice %q; want %s and %q", c.name, chain, got.Advice, c.chain, c.advice)
		}
	}
}

func TestTimingsKnowTheFirstProbeAndThePauseBeforeTheOneThatPassed(t *testing.T) {
	begin := epoch()
	timings := newTimings(begin)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	run := func(from, to, code int) healthchecks.Result {
		return healthchecks.Result{Start: at(from), End: at(to), ExitCode: code}
	}
	timings.action(Action{Kind: StartContainer, Service: "db"}, at(0), at(100))
	sight := Sight{Container: Container{State: StateRunning, StartedAt: at(50)}}
	timings.probed("db", sight, 0)
	sight.Health.Log = []healthchecks.Result{run(10, 20, 0), run(200, 250, 1)}
	timings.probed("db", sight, 0)
	sight.Health.Log = []healthchecks.Result{run(400, 450, 1), run(650, 700, 0), run(900, 950, 0)}
	timings.probed("db", sight, 0)
	timings.healthy("db", at(720))
	got := timings.list()
	if len(got) != 1 || got[0].Probe != 150*time.Millisecond || got[0].Gap != 200*time.Millisecond || got[0].End != 720*time.Millisecond {
		t.Errorf("the timings are %+v", got)
	}
}
