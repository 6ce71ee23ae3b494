package doctor

import (
	"maps"
	"slices"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Text is the findings as a table for people, each remedy below its finding.
func Text(style console.Style, width int, all []Finding) string {
	column := 0
	for _, f := range all {
		column = max(column, console.Width(f.Name))
	}
	if width <= 0 {
		width = 1 << 20
	}
	text := ""
	for _, f := range all {
		lead := mark(style, f.Status) + " " + console.Pad(f.Name, column) + "  "
		text += block(lead, column+4, width, f.Message)
		if f.Remedy != "" && f.Status != Fit {
			text += block("", column+4, width, "→ "+f.Remedy)
		}
	}
	return text
}

// block is text behind lead, or indented as if lead were there.
func block(lead string, indent, width int, text string) string {
	out := ""
	for i, line := range console.Wrap(sanitize.Text(text, 4<<10), max(width-indent, 20)) {
		if i == 0 && lead != "" {
			out += lead + line + "\n"
			continue
		}
		out += console.Pad("", indent) + line + "\n"
	}
	return out
}

func mark(style console.Style, s Status) string {
	switch s {
	case Fit:
		return style.Good("✔")
	case Warning:
		return style.Doubtful("!")
	case Unfit:
		return style.Bad("✖")
	default:
		return style.Dim("·")
	}
}

// Document is the findings for programs, docs/json.md.
type Document struct {
	SchemaVersion int               `json:"schema_version"`
	Fit           bool              `json:"fit"`
	Class         string            `json:"class"`
	ExitCode      int               `json:"exit_code"`
	Engine        *show.Engine      `json:"engine,omitempty"`
	Findings      []FindingDocument `json:"findings"`
}

// FindingDocument is one finding for programs.
type FindingDocument struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
	Class   string `json:"class"`
}

// MakeDocument turns the findings into a document.
func MakeDocument(info orchestrator.EngineInfo, all []Finding) Document {
	worst := Worst(all)
	d := Document{SchemaVersion: show.SchemaVersion, Fit: worst == fault.None, Class: worst.String(), ExitCode: int(worst), Engine: show.EngineOf(info), Findings: []FindingDocument{}}
	for _, f := range all {
		class := fault.None
		if f.Status == Unfit {
			class = f.Class
		}
		d.Findings = append(d.Findings, FindingDocument{Name: f.Name, Status: string(f.Status), Message: f.Message, Remedy: f.Remedy, Class: class.String()})
	}
	return d
}
