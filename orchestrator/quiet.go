package orchestrator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// reasonNotRead is the reason of a condition Quiet whose log was not read yet.
const reasonNotRead = "NotRead"

// quiet holds when no container has logged, since its start, a line that the
// file declares to be a failure. It does not apply where the file declares
// none.
func quiet(s subject) Condition {
	patterns := failPatterns(s.service)
	if len(patterns) == 0 {
		return Condition{}
	}
	var evidence []healthchecks.Evidence
	for _, c := range s.ours {
		scan, ok := s.scan(c)
		if !ok {
			return unknown(GateQuiet, fault.Service, reasonNotRead, "the log of "+c.Name+" was not read in its present state")
		}
		if scan.Err != nil {
			cond := unknown(GateQuiet, fault.Engine, "Unreadable", fmt.Sprintf("the log of %s cannot be read: %v", c.Name, scan.Err))
			if fault.ClassOf(scan.Err) != fault.Engine {
				cond.Class, cond.Final = fault.Service, true
			}
			return withHint(cond, "x-stackctl.critical_logs needs a logging driver that the engine can read, as json-file or local", scan.At)
		}
		e := scan.evidence(c.Name)
		evidence = append(evidence, e)
		if !e.Passed {
			cond := fails(GateQuiet, fault.Service, "CriticalLog", "%s logged what the file calls a failure: %s", c.Name, e.Result)
			cond.Final, cond.Evidence = true, evidence
			return cond
		}
	}
	cond := holds(GateQuiet, "no line of its log matches "+sanitize.Line(strings.Join(patterns, ", "), cardLineMax))
	cond.Evidence = evidence
	return cond
}

// failPatterns are the patterns that the file makes failures.
func failPatterns(s *compose.Service) []string {
	var out []string
	for _, p := range s.Settings.CriticalLogs {
		if p.Fail {
			out = append(out, p.Pattern)
		}
	}
	return out
}

// scan finds the search through the log of this very incarnation.
func (s subject) scan(c Sight) (Scan, bool) {
	scan, ok := s.Scans[c.ID]
	return scan, ok && scan.StartedAt.Equal(c.StartedAt)
}

// evidence is what a search says about the patterns that are failures.
func (scan Scan) evidence(container string) healthchecks.Evidence {
	e := healthchecks.Evidence{
		Probe: "log of " + container + " since its start", Passed: true, At: scan.At, Took: scan.Took,
		Result: fmt.Sprintf("%d lines read, none is a failure", scan.Lines),
	}
	if scan.Cut {
		e.Notes = append(e.Notes, fmt.Sprintf("only the last %d lines were read", scanLines))
	}
	if i := slices.IndexFunc(scan.Matches, func(m Match) bool { return m.Fail }); i >= 0 {
		e.Passed, e.Code, e.Result = false, "critical-log", scan.Matches[i].text()
	}
	return e
}

// text is one match in a line.
func (m Match) text() string {
	if m.Count == 1 {
		return fmt.Sprintf("%q", m.Line)
	}
	return fmt.Sprintf("%q, and %d more like it", m.Line, m.Count-1)
}

// criticalNotes are the lines that matter and are no failures.
func (s subject) criticalNotes(c Sight) []string {
	scan, ok := s.scan(c)
	if !ok {
		return nil
	}
	var out []string
	for _, m := range scan.Matches {
		if !m.Fail {
			out = append(out, c.Name+" logged "+m.text())
		}
	}
	return out
}
