// Package report writes down what a run of stackctl proved, or why it did not,
// for those who were not there: JSON for programs, JUnit XML for CI systems,
// Markdown for a job's summary. What it makes is pure; only Save touches files.
package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// Run is what a report is about.
type Run struct {
	// Command is what was run, e.g. "stackctl up"; Version is stackctl's.
	Command, Version string
	// Project is the name of the project, "" where the run failed before it
	// was known.
	Project string
	// Report is what was found out; empty where the run failed before.
	Report orchestrator.Report
	// Err is why the run is no success, nil when it is one, and Exit the exit
	// code of the process.
	Err  error
	Exit fault.Class
	// Code is the exit code where it is a user's own command's, which means no
	// class; 0 where it is that of Exit.
	Code int
	// Kept says that the run left what it made in place.
	Kept bool
	// Began is when the run began, Took how long it took.
	Began time.Time
	Took  time.Duration
	// Host is the name of the machine, or "".
	Host string
	// Show says what "ago" is counted from and how the reader calls stackctl.
	Show show.Options
	// Redact takes secrets out of a text; nil leaves it as it is.
	Redact func(string) string
}

// Formats are the endings of the files that can be written.
func Formats() []string { return []string{".json", ".xml", ".md"} }

// Known says whether a file's name ends in one of the formats.
func Known(file string) bool {
	for _, ending := range Formats() {
		if strings.EqualFold(filepath.Ext(file), ending) {
			return true
		}
	}
	return false
}

// Encode is the report in the format that the file's name ends in.
func (r Run) Encode(file string) ([]byte, error) {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".json":
		return r.JSON()
	case ".xml":
		return r.JUnit()
	case ".md":
		return r.Markdown(), nil
	default:
		return nil, fmt.Errorf("%s: the name must end in %s", file, strings.Join(Formats(), ", "))
	}
}

// JSON is the document that docs/json.md describes.
func (r Run) JSON() ([]byte, error) {
	d := show.MakeDocument(r.Show, r.Report, r.Err, r.Exit)
	d.Stackctl, d.Command = r.Version, r.Command
	d.ExitCode = r.code()
	if d.Project == "" {
		d.Project = r.Project
	}
	text, err := show.JSON(d)
	return []byte(r.clean(string(text))), err
}

// code is the exit code of the process.
func (r Run) code() int { return cmp.Or(r.Code, int(r.Exit)) }

// clean is text without secrets.
func (r Run) clean(text string) string {
	if r.Redact == nil {
		return text
	}
	return r.Redact(text)
}

// proven says whether the run is a success.
func (r Run) proven() bool { return r.Err == nil && r.Report.Proven }

// unchecked says whether the run is a success but for services that nothing could
// prove, which test leaves to its command.
func (r Run) unchecked() bool {
	return r.Report.Settled() && !r.Report.Proven && (r.Err == nil || r.Exit == fault.Unchecked)
}

// name is the project's, or a word for the whole where that is not known.
func (r Run) name() string {
	switch {
	case r.Project != "":
		return r.Project
	case r.Report.Project != "":
		return r.Report.Project
	default:
		return "stackctl"
	}
}

// explanation is what a terminal was told about the failure.
func (r Run) explanation() string {
	if r.Err == nil {
		return ""
	}
	if len(r.Report.Services) == 0 {
		return show.Error(r.Show, r.Err)
	}
	return show.Failure{Err: r.Err, Report: r.Report, Kept: r.Kept}.Text(r.Show)
}
