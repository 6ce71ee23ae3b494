package show

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

// The words for a service's proof that decide how it is shown.
const (
	proofJob    = "job"
	proofWaived = "waived"
	proofPort   = "port"
)

// Services is the table of a report, a service a row; wide adds what is
// behind each.
func Services(o Options, r orchestrator.Report, wide bool) string {
	header := []string{"SERVICE", "STATE", "PROOF", "UP"}
	if wide {
		header = append(header, "RESTARTS", "CONTAINER", "IMAGE")
	}
	header = append(header, "PORTS")
	rows := make([][]console.Cell, 0, len(r.Services))
	for _, s := range r.Services {
		cells := RowOf(o, r, s)
		row := []console.Cell{
			console.Plain(cells.Service), {Text: cells.State, Paint: o.paintOfState(s)}, console.Plain(cells.Proof), console.Plain(cells.Up),
		}
		if wide {
			row = append(row, console.Plain(fmt.Sprint(s.Restarts)), console.Plain(containers(s)), console.Plain(dash(s.Image)))
		}
		rows = append(rows, append(row, console.Plain(cells.Ports)))
	}
	return console.Table(o.Style, o.Width, header, rows)
}

// Row is what a table says about a service.
type Row struct{ Service, State, Proof, Up, Ports string }

// RowOf is the row of a service of r.
func RowOf(o Options, r orchestrator.Report, s orchestrator.ServiceReport) Row {
	return Row{Service: s.Name, State: o.state(s), Proof: proof(r, s), Up: o.uptime(s), Ports: ports(r, s.Name)}
}

// proof is what a service is proven by, with what answered from outside
// besides its own check.
func proof(r orchestrator.Report, s orchestrator.ServiceReport) string {
	words := []string{dash(s.Proof)}
	for _, c := range s.Conditions {
		switch {
		case c.Status != orchestrator.True:
		case c.Type == orchestrator.GateDatabase:
			words = append(words, "database")
		case c.Type == orchestrator.GateReachable && s.Proof != proofPort && answersTCP(r, s.Name):
			words = append(words, proofPort)
		}
	}
	return strings.Join(words, ", ")
}

// answersTCP says whether something was exchanged with a port of a service
// that can be reached; of UDP and SCTP the mapping alone was looked at.
func answersTCP(r orchestrator.Report, service string) bool {
	return slices.ContainsFunc(r.Endpoints, func(e orchestrator.PublishedEndpoint) bool {
		return e.Service == service && e.Proto == "tcp"
	})
}

// state is the word for what is true of a service.
func (o Options) state(s orchestrator.ServiceReport) string {
	text := s.State
	if isJob(s) && !s.Since.IsZero() {
		text += " " + o.ago(s.Since)
	}
	if !s.Proven && s.State == "healthy" {
		text += " (not proven)"
	}
	return text
}

// paintOfState is the colour of a service's verdict.
func (o Options) paintOfState(s orchestrator.ServiceReport) func(string) string {
	switch {
	case s.Unchecked, !s.Proven && onlyDoubtful(s):
		return o.Style.Doubtful
	case !s.Proven:
		return o.Style.Bad
	case s.Proof == proofWaived:
		return o.Style.Doubtful
	default:
		return o.Style.Good
	}
}

// onlyDoubtful says whether the engine calls a service healthy and what is missing
// is one answer, which the next one may make up for.
func onlyDoubtful(s orchestrator.ServiceReport) bool {
	healthy := false
	for _, c := range s.Conditions {
		switch {
		case c.Final && c.Status != orchestrator.True:
			return false
		case c.Type == orchestrator.GateHealthy:
			healthy = c.Status == orchestrator.True || c.Reason == orchestrator.ReasonProbeFailed
		case c.Type == orchestrator.GateReachable, c.Type == orchestrator.GateDatabase, c.Type == orchestrator.GateStable:
		case c.Status != orchestrator.True:
			return false
		}
	}
	return healthy
}

// isJob says whether the service was proven by its end.
func isJob(s orchestrator.ServiceReport) bool {
	return s.Proof == proofJob && strings.HasPrefix(s.State, "completed")
}

// uptime is how long a service has been running; what does not run has none.
func (o Options) uptime(s orchestrator.ServiceReport) string {
	if s.Since.IsZero() || ended(s.State) || len(s.Containers) == 0 {
		return "-"
	}
	return o.since(s.Since)
}

// ended says whether a state is one without a running process.
func ended(state string) bool {
	for _, word := range []string{"completed", "exited", "oom", "created", "start failed", "missing", "dead", "not up", "scaled"} {
		if strings.HasPrefix(state, word) {
			return true
		}
	}
	return false
}

// ports are the published addresses of a service, as URLs where HTTP was
// spoken.
func ports(r orchestrator.Report, service string) string {
	var out []string
	for _, e := range r.Endpoints {
		if e.Service != service {
			continue
		}
		switch {
		case e.URL != "":
			out = append(out, e.URL)
		case e.Proto == "tcp":
			out = append(out, e.Address)
		default:
			out = append(out, e.Address+"/"+e.Proto)
		}
	}
	return strings.Join(out, ", ")
}

func containers(s orchestrator.ServiceReport) string {
	names := make([]string, 0, len(s.Containers))
	for _, c := range s.Containers {
		names = append(names, c.Name)
	}
	return dash(strings.Join(names, ","))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
