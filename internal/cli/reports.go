package cli

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/report"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// reportFlag declares --report.
func reportFlag(f *pflag.FlagSet, files *[]string) {
	f.Var(words{files}, "report", "write the report to this `file` (.json, .xml for JUnit, .md), whatever the result; may be repeated")
}

// dues are the reports that a run owes, whatever becomes of it, and what it
// has found out so far. A run that is abandoned may still write to it.
type dues struct {
	mu sync.Mutex
	// files are those of --report; told says that the CI system is told, too.
	files []string
	told  bool

	project *compose.Project
	report  orchestrator.Report
	kept    bool
}

// owe promises reports in these files and, where told is set, to the CI system
// that the run is part of. A file that cannot be written is an error now, and
// not after minutes.
func (a *app) owe(files []string, told bool) error {
	for _, file := range files {
		if !report.Known(file) {
			return fault.New(fault.Usage, "--report %s: the name must end in .json, .xml (JUnit) or .md", file)
		}
	}
	for _, file := range files {
		if err := report.Writable(file); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	a.dues.mu.Lock()
	defer a.dues.mu.Unlock()
	a.dues.files, a.dues.told = files, told
	return nil
}

// about says which project the run is about.
func (d *dues) about(p *compose.Project) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.project = p
}

// found keeps what the run found out; kept says that what it made is left.
func (d *dues) found(r orchestrator.Report, kept bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.report, d.kept = r, kept
}

// settle writes the reports that are due. That one cannot be written makes a
// failure of a success; behind another failure it is a remark.
func (a *app) settle(class fault.Class, err error) (fault.Class, error) {
	a.dues.mu.Lock()
	files := a.dues.files
	a.dues.mu.Unlock()
	failed := saveAll(a.runOf(err, class), files)
	switch {
	case failed == nil:
		return class, err
	case err == nil:
		_ = saveAll(a.runOf(failed, fault.Failure), files) // those that can be written say so
		return fault.Failure, failed
	default:
		a.remark("warning: " + failed.Error())
		return class, err
	}
}

// saveAll writes the report to every file and joins what went wrong.
func saveAll(run report.Run, files []string) error {
	var all []error
	for _, file := range files {
		text, err := run.Encode(file)
		if err == nil {
			err = report.Save(file, text)
		}
		if err != nil {
			all = append(all, fmt.Errorf("write the report: %w", err))
		}
	}
	return errors.Join(all...)
}

// runOf is what the reports are made of.
func (a *app) runOf(err error, class fault.Class) report.Run {
	a.dues.mu.Lock()
	defer a.dues.mu.Unlock()
	found := a.dues.report
	code := 0
	if errors.As(err, new(exitedError)) || class == cannotRun || class == noCommand {
		code, class = int(class), fault.Failure // a code of the user's own command means none of our classes
	}
	host, _ := os.Hostname() // it is left out where it is not known
	run := report.Run{
		Command: a.command, Version: a.version, Report: found, Err: err, Exit: class, Code: code, Kept: a.dues.kept,
		Began: a.begin, Took: time.Since(a.begin), Host: host,
		Show: a.showOptions(false, engineTime(found.Engine)), Redact: a.redacted,
	}
	if p := a.dues.project; p != nil {
		run.Project = p.Name
		if run.Report.Dir == "" {
			run.Report.Dir = p.Dir
		}
	}
	return run
}
