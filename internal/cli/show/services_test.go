package show

import (
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

func TestTheTableSaysWhatElseAnsweredFromOutside(t *testing.T) {
	reach := orchestrator.PublishedEndpoint{Service: "it", Proto: "tcp", Address: "127.0.0.1:80"}
	mapped := orchestrator.PublishedEndpoint{Service: "it", Proto: "udp", Address: "127.0.0.1:53"}
	for name, c := range map[string]struct {
		proof    string
		gate     string
		status   orchestrator.Status
		endpoint orchestrator.PublishedEndpoint
		want     string
	}{
		"its port":                  {"healthcheck", orchestrator.GateReachable, orchestrator.True, reach, "healthcheck, port"},
		"a port that is the proof":  {"port", orchestrator.GateReachable, orchestrator.True, reach, "port"},
		"a port that is mapped":     {"healthcheck", orchestrator.GateReachable, orchestrator.True, mapped, "healthcheck"},
		"a port of something else":  {"healthcheck", orchestrator.GateReachable, orchestrator.True, orchestrator.PublishedEndpoint{Service: "other", Proto: "tcp"}, "healthcheck"},
		"a port that is dead":       {"healthcheck", orchestrator.GateReachable, orchestrator.False, reach, "healthcheck"},
		"its database":              {"healthcheck", orchestrator.GateDatabase, orchestrator.True, reach, "healthcheck, database"},
		"a database nobody asked":   {"built-in", orchestrator.GateDatabase, orchestrator.Unknown, reach, "built-in"},
		"nothing, of what has none": {"", orchestrator.GateStable, orchestrator.True, reach, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			s := service("it", "healthy", c.proof, time.Second)
			s.Conditions = append(s.Conditions, orchestrator.Condition{Type: c.gate, Status: c.status})
			r := orchestrator.Report{Services: []orchestrator.ServiceReport{s}, Endpoints: []orchestrator.PublishedEndpoint{c.endpoint}}
			if got := RowOf(forReader(), r, s).Proof; got != c.want {
				t.Errorf("the table says %q, want %q", got, c.want)
			}
		})
	}
}

func TestOfSeveralContainersTheOneThatFailedIsNamed(t *testing.T) {
	card := orchestrator.Card{Service: "web", Container: "shop-web-2", State: "exited(5)", Reason: "shop-web-2 is exited(5): the process ended with code 5"}
	if got := Reason(card); got != "exited(5): the process ended with code 5" {
		t.Errorf("of one container: %q", got)
	}
	card.Replicas = 3
	if got := Reason(card); got != "shop-web-2: exited(5): the process ended with code 5" {
		t.Errorf("of three: %q", got)
	}
	card.Reason = "2 of 3 containers exist"
	if got := Reason(card); strings.Contains(got, "shop-web-2") {
		t.Errorf("of no container in particular: %q", got)
	}
}

func TestAServiceThatTheEngineCallsHealthyIsNotRedForOneAnswer(t *testing.T) {
	o := Options{Style: console.Style{Colour: true}}
	service := func(kind string, status orchestrator.Status, reason string, final bool) orchestrator.ServiceReport {
		s := orchestrator.ServiceReport{Conditions: []orchestrator.Condition{{Type: orchestrator.GateHealthy, Status: orchestrator.True}}}
		c := orchestrator.Condition{Type: kind, Status: status, Reason: reason, Final: final}
		if kind == orchestrator.GateHealthy {
			s.Conditions[0] = c
		} else {
			s.Conditions = append(s.Conditions, c)
		}
		return s
	}
	for name, c := range map[string]struct {
		service orchestrator.ServiceReport
		red     bool
	}{
		"one probe failed":            {service(orchestrator.GateHealthy, orchestrator.False, orchestrator.ReasonProbeFailed, false), false},
		"the database did not answer": {service(orchestrator.GateDatabase, orchestrator.False, "NoAnswer", false), false},
		"it does not answer for good": {service(orchestrator.GateDatabase, orchestrator.False, "NoAnswer", true), true},
		"it is unhealthy":             {service(orchestrator.GateHealthy, orchestrator.False, "NotHealthy", true), true},
		"its network is gone":         {service(orchestrator.GateWired, orchestrator.False, "NotWired", false), true},
	} {
		if red := o.paintOfState(c.service)("x") == o.Style.Bad("x"); red != c.red {
			t.Errorf("%s: it is red: %t", name, red)
		}
	}
}
