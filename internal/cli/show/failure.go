package show

import (
	"errors"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// Failure is a stack that is not proven.
type Failure struct {
	Err    error
	Report orchestrator.Report
	// Brief leaves the cards out and says each reason in a line.
	Brief bool
	// Kept says that a run left what it made in place.
	Kept bool
}

// Piece is a part of an explanation. One with a title may be folded away under
// it.
type Piece struct{ Title, Text string }

// Text explains the failure: the root cause first, then a card for each
// service that failed, then those that only wait for them.
func (f Failure) Text(o Options) string {
	var b strings.Builder
	for _, p := range f.Pieces(o) {
		b.WriteString(p.Text)
	}
	return b.String()
}

// Pieces is Text in its parts: the cards of all failures but the first have
// titles.
func (f Failure) Pieces(o Options) []Piece {
	cards := f.Report.Cards
	switch {
	case interrupted(f.Err):
		return []Piece{{Text: Error(o, innermost(f.Err)) + f.leftover(o)}} // nobody failed
	case f.Brief && !hasContainers(f.Report):
		return []Piece{{Text: Error(o, f.Err)}}
	}
	shown := map[string]bool{}
	pieces := []Piece{{Text: f.opening(o, cards)}}
	for i, card := range cards {
		switch {
		case f.Brief:
			pieces = append(pieces, Piece{Text: o.brief(card, i > 0, shown)})
		case i == 0 && f.Report.Failure == nil:
			pieces = append(pieces, Piece{Text: "\n" + o.card(card, false, shown)})
		default:
			pieces = append(pieces, Piece{Title: card.Service + ": " + Reason(card), Text: "\n" + o.card(card, true, shown)})
		}
	}
	return append(pieces, Piece{Text: f.ending(o, cards, shown)})
}

// ending are the victims, the hint and what is left behind.
func (f Failure) ending(o Options, cards []orchestrator.Card, shown map[string]bool) string {
	text := ""
	if len(cards) > 0 && !f.Brief {
		text = "\n"
	}
	text += o.victims(f.Report, cards)
	for _, gap := range f.Report.Gaps {
		text += o.paragraph("", gap)
	}
	if hint := fault.HintOf(f.Err); hint != "" && !shown[hint] {
		text += o.hint(hint)
	}
	return text + f.leftover(o)
}

// Headline is why a run failed, in a sentence: the root cause by name, or else
// the error, without what follows its first line.
func Headline(err error, r orchestrator.Report) string {
	if interrupted(err) {
		err = innermost(err)
	} else if len(r.Cards) > 0 && r.Failure == nil {
		return r.Cards[0].Service + ": " + Reason(r.Cards[0])
	}
	if problems := compose.ProblemsOf(err); len(problems) > 1 {
		return console.Count(len(problems), "problem") + " in the configuration"
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return sanitize.Line(first, maxHint)
}

// Blocked names the services that only wait for those of the cards.
func Blocked(o Options, r orchestrator.Report) string { return o.victims(r, r.Cards) }

// leftover says what a run leaves behind.
func (f Failure) leftover(o Options) string {
	switch {
	case !f.Kept || !hasContainers(f.Report):
		return ""
	case len(f.Report.Unselected) > 0: // down would take these with it
		return o.paragraph("", "everything was left in place for a look")
	case interrupted(f.Err):
		return o.paragraph("  ", "what there is was left as it is; "+o.command("stackctl up")+" goes on, "+o.command("stackctl down")+" removes it")
	default:
		return o.paragraph("", "everything was left in place for a look; "+o.command("stackctl down")+" removes it")
	}
}

// opening is the first line: the root cause by name. Where the run ended for
// another reason, a time-out for instance, that follows.
func (f Failure) opening(o Options, cards []orchestrator.Card) string {
	if len(cards) == 0 || f.Report.Failure != nil {
		return Error(o, bare{f.Err})
	}
	first := cards[0]
	text := o.headline("✖", first.Service+": "+Reason(first))
	if because := Because(f.Err, f.Report); because != "" {
		text += o.paragraph("  ", because)
	}
	return text
}

// Because is why the run ended, where that is something else than its root
// cause, a time-out for instance; else "".
func Because(err error, r orchestrator.Report) string {
	if len(r.Cards) == 0 || interrupted(err) || r.Failure != nil {
		return ""
	}
	if first := r.Cards[0]; strings.Contains(err.Error(), first.Service) && fault.ClassOf(err) == first.Class {
		return ""
	}
	return err.Error()
}

// bare is an error without its hint, which stands at the end.
type bare struct{ err error }

func (e bare) Error() string { return e.err.Error() }

// innermost is the error that was given a class: here, the signal by name.
func innermost(err error) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	var below *fault.Error
	if errors.As(e.Err, &below) {
		return innermost(e.Err)
	}
	return e
}

// interrupted says whether a signal ended the run.
func interrupted(err error) bool {
	return fault.ClassOf(err).Signal()
}

// Reason is why a service failed, beginning with its state, where that says
// something, and without its name, which stands before it. Of several containers
// the one that failed is named.
func Reason(c orchestrator.Card) string {
	text, replica := c.Reason, ""
	if c.Replicas > 1 && c.Container != "" && strings.HasPrefix(strings.TrimPrefix(text, c.Service+": "), c.Container) {
		replica = c.Container + ": "
	}
	for again := true; again; {
		again = false
		for _, lead := range []string{c.Service + ": ", c.Container + ": ", c.Service + " is ", c.Container + " is ", c.Container + " "} {
			if rest, ok := strings.CutPrefix(text, lead); ok && lead != " " && lead != ": " && lead != " is " {
				text, again = rest, true
			}
		}
	}
	switch {
	case text == "":
		return replica + c.State
	case wellWord(c.State), strings.Contains(text, c.State):
		return replica + text
	default:
		return replica + c.State + ": " + text
	}
}

// wellWord says whether a state is one in which a service looks fine: what
// keeps it from being proven is something else.
func wellWord(state string) bool {
	for _, word := range []string{"healthy", "answering", "completed", "running", "unproven", "waived", ""} {
		if state == word || word != "" && strings.HasPrefix(state, word+" (") {
			return true
		}
	}
	return false
}

// next is the command that helps with a failure.
func (o Options) next(c orchestrator.Card) string {
	if c.Class == fault.Differs {
		return o.command("stackctl plan") // shows all of it; its output would not
	}
	return o.command(c.Next)
}

// brief is a card in a few lines; the reason of the first one stands above.
func (o Options) brief(c orchestrator.Card, withReason bool, shown map[string]bool) string {
	text := ""
	if withReason {
		text = o.headline("✖", c.Service+": "+Reason(c))
	}
	if c.Probe != "" && c.ProbeExit != nil && *c.ProbeExit != 0 && c.ProbeOutput != "" && !strings.Contains(c.Reason, c.ProbeOutput) {
		text += o.paragraph("  check said: ", c.ProbeOutput)
	}
	if c.Hint != "" && !shown[c.Hint] {
		shown[c.Hint] = true
		text += o.hint(c.Hint)
	}
	if next := o.next(c); next != "" {
		text += "  next: " + next + "\n"
	}
	return text
}

// victims are the services that are not proven for no fault of their own, a
// line for each that they wait for.
func (o Options) victims(r orchestrator.Report, cards []orchestrator.Card) string {
	carded := map[string]bool{}
	for _, c := range cards {
		carded[c.Service] = true
	}
	waiting := map[string][]string{}
	var culprits, differ []string
	for _, s := range r.Services {
		if s.Proven || len(s.BlockedBy) == 0 || carded[s.Name] {
			continue
		}
		if s.Class == fault.Differs {
			differ = append(differ, s.Name)
			continue
		}
		by := strings.Join(roots(r, s), ", ")
		if waiting[by] == nil {
			culprits = append(culprits, by)
		}
		waiting[by] = append(waiting[by], s.Name)
	}
	var b strings.Builder
	for _, by := range culprits {
		b.WriteString(list(o, "blocked by "+by+": ", waiting[by]))
	}
	if len(differ) > 0 {
		b.WriteString(list(o, "differ from the file, too: ", differ))
	}
	return b.String()
}

// roots are the services at the beginning of the chains that block s.
func roots(r orchestrator.Report, s orchestrator.ServiceReport) []string {
	seen, out := map[string]bool{}, []string{}
	var follow func(orchestrator.ServiceReport)
	follow = func(s orchestrator.ServiceReport) {
		for _, by := range s.BlockedBy {
			i := slices.IndexFunc(r.Services, func(other orchestrator.ServiceReport) bool { return other.Name == by })
			if seen[by] || i < 0 {
				continue
			}
			seen[by] = true
			if len(r.Services[i].BlockedBy) == 0 {
				out = append(out, by)
				continue
			}
			follow(r.Services[i])
		}
	}
	follow(s)
	if len(out) == 0 {
		return s.BlockedBy
	}
	slices.Sort(out)
	return out
}

func hasContainers(r orchestrator.Report) bool {
	return slices.ContainsFunc(r.Services, func(s orchestrator.ServiceReport) bool { return len(s.Containers) > 0 })
}
