package orchestrator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// The bounds of a card.
const (
	cardLogLines = 12
	cardLineMax  = 300
	// cardReadLines is how many of the last lines are read, to have enough
	// when some are empty.
	cardReadLines = 40
)

// cards explain every service that failed: root causes first, then those that
// only wait are left to their line in the report.
func (s *session) cards(ctx context.Context, r Report) []Card {
	return makeCards(ctx, s.engine, s.project, s.opts.Redact, r, s.look)
}

// look finds what is known about a container.
func (s *session) look(id string) (Sight, bool) {
	sights, _, _ := s.world.view()
	sight, ok := sights[id]
	return sight, ok
}

// makeCards makes a card for each service that is not proven and not merely
// blocked, those that waiting cannot heal first.
func makeCards(ctx context.Context, engine Engine, p *compose.Project, redact *sanitize.Redactor, r Report, look func(id string) (Sight, bool)) []Card {
	var failed []ServiceReport
	for _, service := range r.Services {
		if !service.Proven && (service.Final || len(service.BlockedBy) == 0) && !onlyUnstable(service) {
			failed = append(failed, service)
		}
	}
	slices.SortStableFunc(failed, func(a, b ServiceReport) int { return rank(a) - rank(b) })
	cards := make([]Card, len(failed))
	each(len(failed), looks, func(i int) {
		cards[i] = makeCard(ctx, engine, redact, failed[i], look)
		cards[i].Blanks = p.BlanksOf(failed[i].Name)
		if cards[i].Container == "" && len(r.Unselected) > 0 {
			cards[i].Next += " " + failed[i].Name
		}
	})
	hintCycles(cards)
	return cards
}

// rank puts root causes before victims, and the final before the unfinished.
func rank(r ServiceReport) int {
	if causesOthers(r) {
		return 0
	}
	n := 1
	if len(r.BlockedBy) > 0 {
		n += 2
	}
	if !r.Final {
		n++
	}
	return n
}

// onlyUnstable says that a service is well and has merely not been so for
// long enough, or that its log was not read yet: a run that ended for another's
// sake has nothing to explain.
func onlyUnstable(r ServiceReport) bool {
	for _, c := range r.Conditions {
		if c.Status != True && !c.unchecked() && c.Type != GateStable && (c.Type != GateQuiet || c.Reason != reasonNotRead) {
			return false
		}
	}
	return true
}

func makeCard(ctx context.Context, engine Engine, redact *sanitize.Redactor, r ServiceReport, look func(id string) (Sight, bool)) Card {
	card := Card{
		Service: r.Name, State: r.State, Class: r.Class, Reason: r.Reason, Since: r.Since, Restarts: r.Restarts,
		Blocks: r.Blocks, Hint: r.Hint, Conditions: r.Conditions, Replicas: len(r.Containers),
	}
	c := worst(r)
	if c == nil {
		card.Next = "stackctl up"
		return card
	}
	card.Container = c.Name
	card.Next = "stackctl logs --tail 100 " + r.Name
	sight, _ := look(c.ID)
	probeHint := card.describe(sight, redact)
	card.readLogs(ctx, engine, redact, c.ID)
	said := logHint(card.Logs, sight.Container)
	switch {
	case strings.HasPrefix(r.State, crashLoopWord), c.State == string(StateRestarting):
		// Nobody answers for a process that ends again and again, and why is in
		// its words.
		card.Hint = firstText(said, card.Hint, probeHint)
	case sight.State == StateRunning:
		card.Hint = firstText(card.Hint, probeHint, said)
	default:
		// Of a process that has ended, its words tell more than the check.
		card.Hint = firstText(card.Hint, said)
	}
	if card.Probe != "" && card.ProbeExit != nil && *card.ProbeExit != 0 && strings.HasPrefix(r.State, "unhealthy") {
		card.Next = "docker exec " + c.Name + " " + redact.Redact(pasteable(look, c.ID))
	}
	return card
}

// pasteable is the check of a container as the words of a shell.
func pasteable(look func(id string) (Sight, bool), id string) string {
	sight, ok := look(id)
	if !ok || !sight.Check.Defined() {
		return ""
	}
	words := sight.Check.ExecCommand()
	for i, w := range words {
		if strings.ContainsAny(w, " \t\n\"'$`\\;&|<>(){}[]*?!#~") || w == "" {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// worst is the replica that a card is about: the one that the reason names,
// else the first that is not fine.
func worst(r ServiceReport) *ContainerReport {
	if len(r.Containers) == 0 {
		return nil
	}
	for _, is := range []func(ContainerReport) bool{
		func(c ContainerReport) bool { return len(r.Containers) > 1 && names(r.Reason, c.Name) },
		func(c ContainerReport) bool { return c.State == r.State },
	} {
		if i := slices.IndexFunc(r.Containers, is); i >= 0 {
			return &r.Containers[i]
		}
	}
	return &r.Containers[0]
}

// names says whether a sentence begins with a name: web-1 is not web-11.
func names(sentence, name string) bool {
	rest, ok := strings.CutPrefix(sentence, name)
	return ok && (rest == "" || rest[0] == ' ' || rest[0] == ':')
}

// describe takes the end of the process and the last run of the check in this
// incarnation. The result is what can be done about the check, or "".
func (c *Card) describe(s Sight, redact *sanitize.Redactor) string {
	if s.State == StateExited || s.State == StateRestarting || s.State == StateDead {
		c.ExitCode = &s.ExitCode
	}
	if !s.Check.Defined() {
		return ""
	}
	c.Probe = sanitize.Line(redact.Redact(strings.Join(s.Check.Test[1:], " ")), cardLineMax)
	runs := append(runsOf(s.Container), s.Execs...)
	if len(runs) == 0 {
		return ""
	}
	last := slices.MaxFunc(runs, func(a, b healthchecks.Result) int { return a.End.Compare(b.End) })
	c.ProbeExit, c.ProbeTook = &last.ExitCode, last.Duration()
	c.ProbeOutput = sanitize.Line(strings.TrimSpace(last.Output), cardLineMax)
	_, hint := healthchecks.Explain(*s.Check, last)
	return redact.Redact(hint)
}

// readLogs takes the last lines of a container's output.
func (c *Card) readLogs(ctx context.Context, engine Engine, redact *sanitize.Redactor, id string) {
	tail := sanitize.NewTail(redact, cardLogLines, cardLineMax)
	err := engine.Logs(ctx, id, LogOptions{Tail: cardReadLines}, tail, tail)
	_ = tail.Close() // writes to memory only
	c.Logs, c.LogsDropped = tail.Lines(), int(tail.Dropped())
	if err != nil && len(c.Logs) == 0 {
		c.Logs = []string{"(its output cannot be read: " + sanitize.Line(err.Error(), cardLineMax) + ")"}
	}
}

func firstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Headline is the failure on one line: the root cause by name.
func (c Card) Headline() string {
	if c.Class == fault.None {
		return fmt.Sprintf("%s is %s", c.Service, c.State)
	}
	return fmt.Sprintf("%s: %s", c.Service, firstText(c.Reason, c.State))
}
