package show

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

// Proven is what a reader is told of a stack that is proven, or unchecked.
func Proven(o Options, r orchestrator.Report) string {
	return Services(o, r, false) + "\n" + Summary(o, r) + Addresses(o, r) + Notes(o, r)
}

// Summary is the result on one line: how much is proven, and how long it took
// where that is known.
func Summary(o Options, r orchestrator.Report) string {
	services, jobs := 0, 0
	var waived []string
	for _, s := range r.Services {
		switch {
		case s.Proof == proofWaived:
			waived = append(waived, s.Name)
		case s.Unchecked:
		case isJob(s):
			jobs++
		default:
			services++
		}
	}
	parts := []string{console.Count(services, "service")}
	if jobs > 0 {
		parts = append(parts, console.Count(jobs, "job")+" completed")
	}
	text := "proven: " + strings.Join(parts, ", ")
	if r.Took > 0 {
		text += " in " + seconds(r.Took)
	}
	if r.ReadyAfter > 0 && r.ReadyAfter < r.Took {
		text += fmt.Sprintf(" (ready after %s)", seconds(r.ReadyAfter))
	}
	if unchecked := r.Unchecked(); len(unchecked) > 0 {
		text = o.Style.Doubtful("! up, not all of it "+text) + "\n" +
			o.Style.Doubtful(strings.TrimSuffix(list(o, "! unchecked, so not proven: ", unchecked), "\n")) + "\n"
	} else {
		text = o.Style.Good("✔ "+text) + "\n"
	}
	if len(waived) > 0 {
		text += o.Style.Doubtful(strings.TrimSuffix(list(o, "! waived, so not proven: ", waived), "\n")) + "\n"
	}
	return text
}

// seconds are a duration to the tenth, up to ten minutes.
func seconds(d time.Duration) string {
	if d < time.Second || d >= 10*time.Minute {
		return console.Duration(d)
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}

// Addresses are the pages that a browser can open.
func Addresses(o Options, r orchestrator.Report) string {
	var urls []string
	for _, e := range r.Endpoints {
		if e.URL != "" {
			urls = append(urls, e.URL+" ("+e.Service+")")
		}
	}
	if len(urls) == 0 {
		return ""
	}
	return list(o, "  web: ", urls)
}

// list is a list broken between its items.
func list(o Options, lead string, items []string) string {
	indent := strings.Repeat(" ", console.Width(lead))
	var b strings.Builder
	line := lead
	for i, item := range items {
		if i < len(items)-1 {
			item += ","
		}
		if strings.TrimSpace(line) != strings.TrimSpace(lead) && console.Width(line)+1+console.Width(item) > o.prose() {
			b.WriteString(line + "\n")
			line = indent
		}
		if !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += item
	}
	b.WriteString(line + "\n")
	return b.String()
}

// Notes are what the reader should know although all is proven.
func Notes(o Options, r orchestrator.Report) string {
	var b strings.Builder
	if open := openPorts(r); len(open) > 0 {
		b.WriteString(o.paragraph("  note: ", "open to the network: "+strings.Join(open, ", ")))
	}
	for _, n := range r.Notes {
		b.WriteString(o.paragraph("  note: ", n))
	}
	return b.String()
}

// openPorts are the host ports that every interface of the host offers.
func openPorts(r orchestrator.Report) []string {
	var open []string
	for _, e := range r.Endpoints {
		port := e.Address[strings.LastIndexByte(e.Address, ':')+1:]
		if e.Proto != "" && e.Proto != "tcp" {
			port += "/" + e.Proto
		}
		if e.Open && !slices.Contains(open, port) {
			open = append(open, port)
		}
	}
	return open
}

// Timings is the table of where the time of a start went.
func Timings(o Options, r orchestrator.Report) string {
	if len(r.Timings) == 0 {
		return "nothing was started\n"
	}
	rows := make([][]console.Cell, 0, len(r.Timings))
	for _, t := range r.Timings {
		row := []console.Cell{console.Plain(t.Service)}
		for _, d := range []time.Duration{t.Create, t.Wait, t.Start, t.Probe, t.Healthy, t.Begin, t.End} {
			text := "-"
			if d > 0 {
				text = console.Duration(d)
			}
			row = append(row, console.Plain(text))
		}
		rows = append(rows, row)
	}
	return console.Table(o.Style, o.Width, []string{"SERVICE", "CREATE", "WAIT", "START", "PROBE", "HEALTHY", "FROM", "TO"}, rows) +
		critical(r.Critical)
}

// critical is the chain of services that decided how long a start took.
func critical(c orchestrator.Critical) string {
	if len(c.Steps) == 0 {
		return ""
	}
	steps := make([]string, 0, len(c.Steps))
	for _, s := range c.Steps {
		steps = append(steps, s.Service+" "+console.Duration(s.Added))
	}
	return "\nwhat it waited for: " + strings.Join(steps, " → ") + "\n" + c.Advice + "\n"
}
