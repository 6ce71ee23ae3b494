package show

import (
	"strings"

	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

// Provisions are a row for each image: what was done and what it is now.
func Provisions(o Options, all []orchestrator.Provision) string {
	var rows [][]console.Cell
	for _, p := range all {
		rows = append(rows, []console.Cell{
			console.Plain(p.Ref), provisionCell(o, p), console.Plain(shortID(p.After)), console.Plain(strings.Join(p.Services, ", ")),
		})
	}
	return console.Table(o.Style, o.Width, []string{"IMAGE", "RESULT", "ID", "SERVICES"}, rows)
}

// provisionCell is the result in a word or two: an image that was made again
// and came out the same is told from a new one.
func provisionCell(o Options, p orchestrator.Provision) console.Cell {
	same := p.Before == p.After
	switch {
	case p.Err != nil:
		return console.Cell{Text: "not pulled", Paint: o.Style.Doubtful}
	case p.Action == images.Build && same:
		return console.Plain("built, as before")
	case p.Action == images.Build:
		return console.Cell{Text: "built", Paint: o.Style.Good}
	case p.Action == images.Pull && same:
		return console.Plain("up to date")
	case p.Action == images.Pull:
		return console.Cell{Text: "pulled", Paint: o.Style.Good}
	case p.Action == images.Tag:
		return console.Cell{Text: "tagged", Paint: o.Style.Good}
	default:
		return console.Plain(p.Cause)
	}
}

// shortID is an image's ID as people read it.
func shortID(id string) string {
	_, digits, ok := strings.Cut(id, ":")
	if !ok {
		digits = id
	}
	return digits[:min(len(digits), 12)]
}
