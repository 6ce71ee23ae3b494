package show

import (
	"fmt"
	"strings"

	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

// Preview is what an up would do, and why: images first.
func Preview(o Options, project string, p orchestrator.Preview) string {
	var b strings.Builder
	rows := append(imageRows(o, p.Images), actionRows(o, p.Plan)...)
	if len(rows) == 0 {
		b.WriteString("no changes: " + project + " is as the file says\n")
	} else {
		b.WriteString(console.Table(o.Style, 0, []string{"ACTION", "TARGET", "CAUSE"}, rows))
		b.WriteString("\n" + console.Count(len(rows), "change") + "\n")
	}
	for _, need := range p.Images {
		for _, w := range need.Warnings {
			b.WriteString(o.paragraph("  warning: ", need.Ref+": "+w))
		}
	}
	if text := p.Plan.UncheckedText(); text != "" {
		b.WriteString(o.paragraph("  ", text))
	}
	for _, text := range p.Plan.Vain() {
		b.WriteString(o.paragraph("  warning: ", text+": up refuses it"))
	}
	for _, note := range p.Plan.Notes {
		b.WriteString(o.paragraph("  note: ", note))
	}
	return b.String()
}

func imageRows(o Options, needs []images.Need) [][]console.Cell {
	var rows [][]console.Cell
	for _, n := range needs {
		if n.Action == images.None {
			continue
		}
		cause := n.Cause
		if len(n.Services) > 0 {
			cause += o.Style.Dim(", for " + strings.Join(n.Services, ", "))
		}
		rows = append(rows, []console.Cell{
			{Text: n.Action.String() + " image", Paint: o.Style.Good}, console.Plain(n.Ref), console.Plain(cause),
		})
	}
	return rows
}

func actionRows(o Options, plan orchestrator.Plan) [][]console.Cell {
	var rows [][]console.Cell
	for _, a := range plan.Actions {
		if a.Wait() {
			continue
		}
		cause := a.InFull()
		if whom := waitsFor(a, plan); len(whom) > 0 {
			cause += o.Style.Dim(", once " + strings.Join(whom, " and "))
		}
		rows = append(rows, []console.Cell{{Text: string(a.Kind), Paint: o.paintOf(a.Kind)}, console.Plain(a.Target), console.Plain(cause)})
	}
	return rows
}

// waitsFor are the waits that stand directly before an action.
func waitsFor(a orchestrator.Action, plan orchestrator.Plan) []string {
	var whom []string
	for _, other := range plan.Actions {
		for _, id := range a.DependsOn {
			if other.ID == id && other.Wait() {
				whom = append(whom, fmt.Sprintf("%s is %s", other.Target, strings.TrimPrefix(string(other.Kind), "wait ")))
			}
		}
	}
	return whom
}

// paintOf tells what takes something away from what adds.
func (o Options) paintOf(k orchestrator.Kind) func(string) string {
	switch k {
	case orchestrator.RemoveContainer, orchestrator.RemoveNetwork, orchestrator.RemoveVolume, orchestrator.RemoveImage,
		orchestrator.StopContainer:
		return o.Style.Bad
	case orchestrator.CreateContainer, orchestrator.CreateNetwork, orchestrator.CreateVolume, orchestrator.CreateDirectory:
		return o.Style.Good
	default:
		return o.Style.Doubtful
	}
}

// PlanDocument is a preview for programs.
type PlanDocument struct {
	SchemaVersion int          `json:"schema_version"`
	Project       string       `json:"project"`
	Directory     string       `json:"directory"`
	Changes       int          `json:"changes"`
	Engine        *Engine      `json:"engine,omitempty"`
	Images        []PlanImage  `json:"images"`
	Actions       []PlanAction `json:"actions"`
	Notes         []string     `json:"notes"`
	// Unchecked are the services that nothing can prove; Refused are the reasons
	// for which up would not carry the plan out.
	Unchecked []string `json:"unchecked,omitempty"`
	Refused   []string `json:"refused,omitempty"`
}

// PlanImage is one image and what would be done for it.
type PlanImage struct {
	Ref      string   `json:"ref"`
	Action   string   `json:"action"`
	Cause    string   `json:"cause"`
	Services []string `json:"services"`
	Warnings []string `json:"warnings"`
}

// PlanAction is one engine call or one wait.
type PlanAction struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Target  string `json:"target"`
	Service string `json:"service,omitempty"`
	Number  int    `json:"number,omitempty"`
	Cause   string `json:"cause,omitempty"`
	// Changes are all fields because of which a container is replaced, on the
	// action that creates the new one.
	Changes   []PlanChange `json:"changes,omitempty"`
	DependsOn []string     `json:"depends_on"`
	// Wait says that it changes nothing.
	Wait bool `json:"wait"`
}

// PlanChange is one field that differs: old is what runs, new what the file
// says, null where there is none. Secrets are digests.
type PlanChange struct {
	Field string  `json:"field"`
	Old   *string `json:"old"`
	New   *string `json:"new"`
}

func planChanges(changes []orchestrator.FieldChange) []PlanChange {
	var out []PlanChange
	for _, c := range changes {
		out = append(out, PlanChange(c))
	}
	return out
}

// MakePlanDocument turns a preview into a document.
func MakePlanDocument(project, dir string, p orchestrator.Preview) PlanDocument {
	d := PlanDocument{
		SchemaVersion: SchemaVersion, Project: project, Directory: dir, Changes: changes(p),
		Engine: EngineOf(p.Engine), Images: []PlanImage{}, Actions: []PlanAction{}, Notes: filled(p.Plan.Notes),
	}
	for _, u := range p.Plan.Unchecked {
		d.Unchecked = append(d.Unchecked, u.Name)
	}
	if err := p.Plan.Refused(); err != nil {
		d.Refused = strings.Split(err.Error(), "\n")
	}
	for _, n := range p.Images {
		d.Images = append(d.Images, PlanImage{Ref: n.Ref, Action: n.Action.String(), Cause: n.Cause,
			Services: filled(n.Services), Warnings: filled(n.Warnings)})
	}
	for _, a := range p.Plan.Actions {
		d.Actions = append(d.Actions, PlanAction{ID: a.ID, Kind: string(a.Kind), Target: a.Target, Service: a.Service,
			Number: a.Number, Cause: a.InFull(), Changes: planChanges(a.Changes), DependsOn: filled(a.DependsOn), Wait: a.Wait()})
	}
	return d
}

// changes counts what would be changed.
func changes(p orchestrator.Preview) int {
	n := p.Plan.Changes()
	for _, need := range p.Images {
		if need.Action != images.None {
			n++
		}
	}
	return n
}
