package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/ci"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// system is the CI system whose job this run is part of.
func (a *app) system() ci.System { return ci.Detect(a.env.get) }

// guard keeps what is written from being taken for commands by the runner of a
// CI job.
func (a *app) guard() {
	if a.system() != ci.GitHub {
		return
	}
	a.out.guard, a.err.guard = &ci.Guard{}, &ci.Guard{}
	a.err.json = a.jsonLines
}

// openSection begins a part of the job's log that can be folded; the last one
// ends.
func (a *app) openSection(name, title string, folded bool) {
	a.closeSection()
	text := a.system().Open(name, sanitize.Line(a.redacted(title), maxTitle), folded, time.Now())
	if text == "" || a.jsonLines() {
		return
	}
	a.mu.Lock()
	a.section = name
	a.mu.Unlock()
	_, _ = io.WriteString(a.err.asIs(), text) // as all progress: a broken pipe does not stop the run
}

// closeSection ends the part that is open, if one is.
func (a *app) closeSection() {
	a.mu.Lock()
	name := a.section
	a.section = ""
	a.mu.Unlock()
	if name != "" {
		_, _ = io.WriteString(a.err.asIs(), a.system().Close(name, time.Now()))
	}
}

// maxTitle bounds the title of a section, in bytes.
const maxTitle = 200

// tellJob tells the CI system how the run ended, where that is wanted: the
// job's summary and, for a failure, errors at the lines of the compose file.
func (a *app) tellJob(err error, class fault.Class) {
	a.dues.mu.Lock()
	told := a.dues.told
	a.dues.mu.Unlock()
	if !told {
		return
	}
	if file := a.env.get("GITHUB_STEP_SUMMARY"); file != "" {
		if failed := appendTo(file, a.runOf(err, class).Markdown()); failed != nil {
			a.remark("warning: the job's summary cannot be written: " + failed.Error())
		}
	}
	if err == nil || class.Signal() || a.jsonLines() {
		return
	}
	for _, annotation := range a.annotations(err) {
		_, _ = io.WriteString(a.err.asIs(), a.system().Command(annotation))
	}
}

// appendTo adds to a file that others add to as well.
func appendTo(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // for others to read
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// maxAnnotations is how many errors GitHub shows of one step.
const maxAnnotations = 10

// annotations say what is wrong and where in the compose files, the root cause
// first.
func (a *app) annotations(err error) []ci.Annotation {
	a.dues.mu.Lock()
	p, r := a.dues.project, a.dues.report
	a.dues.mu.Unlock()
	var all []ci.Annotation
	for _, problem := range compose.ProblemsOf(err) {
		all = append(all, ci.Annotation{Title: "compose file", File: a.inRepository(problem.File), Line: problem.Line,
			Column: problem.Column, Message: problemText(problem)})
	}
	for _, card := range r.Cards {
		all = append(all, a.annotation(p, card))
	}
	if len(all) == 0 || r.Failure != nil {
		first := ci.Annotation{Title: strings.TrimSpace(a.command), Message: show.Headline(err, r), File: a.firstFile(p)}
		if hint := fault.HintOf(err); hint != "" {
			first.Message += "\n" + hint
		}
		all = append([]ci.Annotation{first}, all...)
	}
	all = all[:min(len(all), maxAnnotations)]
	for i := range all {
		all[i].Title = sanitize.Line(a.redacted(all[i].Title), maxTitle)
		all[i].Message = sanitize.Text(a.redacted(all[i].Message), maxAnnotation)
	}
	return all
}

// maxAnnotation bounds the message of an annotation, in bytes; GitHub cuts it
// at 4 KiB.
const maxAnnotation = 3 << 10

// problemText is a problem without its place, which the annotation has.
func problemText(p compose.Problem) string {
	p.File, p.Line, p.Column = "", 0, 0
	return p.String()
}

// annotation is the failure of a service at the line that declares it.
func (a *app) annotation(p *compose.Project, c orchestrator.Card) ci.Annotation {
	out := ci.Annotation{Title: c.Service + ": " + c.State, Message: show.Reason(c), File: a.firstFile(p)}
	if p != nil && p.Services[c.Service] != nil {
		if s := p.Services[c.Service]; s.File != "" {
			out.File, out.Line = a.inRepository(s.File), s.Line
		}
	}
	if len(c.Logs) > 0 {
		out.Message += "\nlast output:\n" + strings.Join(c.Logs, "\n")
	}
	if c.Hint != "" {
		out.Message += "\nhint: " + c.Hint
	}
	return out
}

// firstFile is the project's first file, "" where none is known.
func (a *app) firstFile(p *compose.Project) string {
	if p == nil || len(p.Given) == 0 {
		return ""
	}
	return a.inRepository(p.Given[0])
}

// inRepository is a path as GitHub knows it: relative to the workspace. Of a
// file outside of it nothing is left.
func (a *app) inRepository(file string) string {
	root := a.env.get("GITHUB_WORKSPACE")
	absolute, err := filepath.Abs(file)
	if file == "" || file == "-" || root == "" || err != nil {
		return ""
	}
	for _, resolve := range []func(string) (string, error){filepath.Abs, filepath.EvalSymlinks} {
		base, err := resolve(root)
		if err != nil {
			continue
		}
		if relative, err := filepath.Rel(base, absolute); err == nil && filepath.IsLocal(relative) {
			return filepath.ToSlash(relative)
		}
	}
	return ""
}
