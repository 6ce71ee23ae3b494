package cli

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/orchestrator"
)

// trade is a project in which web follows a restart of db.
const trade = `name: trade
services:
  db: {image: db}
  api: {image: api, depends_on: [db]}
  web: {image: web, depends_on: {db: {condition: service_started, restart: true}}}
`

func TestStartIsForTheNamedServicesAndWhatTheyNeed(t *testing.T) {
	p := newProgram(t, trade)
	var services, of []string
	p.ops.start = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, names []string, o orchestrator.Options) (orchestrator.Report, error) {
		services, of, p.got = names, project.ServiceNames(), o
		return proven(project), nil
	}
	p.expect(t, 0, "start --wait-timeout 9 --stable-for 0 --allow-unverified --wait api")
	if want := []string{"api", "db"}; !slices.Equal(services, want) || !slices.Equal(of, want) {
		t.Errorf("it starts %v of %v", services, of)
	}
	if p.got.WaitTimeout != 9*time.Second || *p.got.StableFor != 0 || !p.got.Plan.AllowUnverified {
		t.Errorf("got %+v", p.got)
	}
	if !strings.Contains(p.out.String(), "✔ proven: 2 services") {
		t.Errorf("got %q", p.out.String())
	}
}

func TestRestartTakesThoseAlongThatFollowARestart(t *testing.T) {
	p := newProgram(t, trade)
	var services []string
	p.ops.restart = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, names []string, o orchestrator.Options) (orchestrator.Report, error) {
		services, p.got = names, o
		return proven(project), nil
	}
	for line, want := range map[string][]string{
		"restart -t 4":        {"api", "db", "web"},
		"restart -t 4 db":     {"db", "web"},
		"restart -t 4 api":    {"api"},
		"restart -t 4 web db": {"web", "db"},
	} {
		p.expect(t, 0, line)
		if !slices.Equal(services, want) || *p.got.Plan.Grace != 4*time.Second {
			t.Errorf("%q restarts %v", line, services)
		}
	}
}

func TestAStartThatIsNotProvenIsExplainedAsAnUpIs(t *testing.T) {
	p := newProgram(t, shop)
	p.ops.start = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, _ []string, _ orchestrator.Options) (orchestrator.Report, error) {
		return broken(project)
	}
	p.expect(t, 7, "start", "✖ web: exited(1)", "│ no route")
	p.ops.start = func(context.Context, orchestrator.FullEngine, *compose.Project, []string, orchestrator.Options) (orchestrator.Report, error) {
		return orchestrator.Report{}, nil
	}
	p.expect(t, 70, "start")
}

func TestStopStopsTheNamedAloneAndCountsThem(t *testing.T) {
	p := newProgram(t, trade)
	var services []string
	var grace *time.Duration
	stopping := 2
	p.ops.stop = func(_ context.Context, _ orchestrator.Engine, project *compose.Project, names []string, g *time.Duration, listen orchestrator.Listener) error {
		services, grace, p.project = names, g, project
		for range stopping {
			listen(orchestrator.Progress{Service: "db", Phase: orchestrator.PhaseStopped})
		}
		return nil
	}
	p.expect(t, 0, "stop -t 1m db")
	if !slices.Equal(services, []string{"db"}) || *grace != time.Minute || len(p.project.Services) != 3 {
		t.Errorf("it stops %v within %v", services, grace)
	}
	stopping = 0
	p.expect(t, 0, "stop")
	if got := p.out.String(); got != "trade: 2 containers stopped\ntrade: nothing was running\n" {
		t.Errorf("got %q", got)
	}
}
