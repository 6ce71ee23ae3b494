package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/progress"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// stackError is the error of a run whose report explains it.
type stackError struct {
	err    error
	report orchestrator.Report
	// brief leaves the cards out; kept says that the run left what it made.
	brief, kept bool
}

func (e *stackError) Error() string { return e.err.Error() }

// Unwrap returns the error that ended the run.
func (e *stackError) Unwrap() error { return e.err }

// explain tells the user why the run ended with class.
func (a *app) explain(err error, class fault.Class) {
	if a.jsonLines() {
		a.explainToPrograms(err, class)
		return
	}
	o := a.showOptions(a.streams.ErrTerminal, engineTimeOf(err))
	for i, piece := range pieces(o, err, class) {
		if piece.Title != "" {
			a.openSection(fmt.Sprint("failure_", i), piece.Title, true)
		}
		_, _ = io.WriteString(a.err, a.redacted(piece.Text)) // there is nowhere else to say it
		a.closeSection()
	}
}

// pieces are the explanation of a run that ended with class.
func pieces(o show.Options, err error, class fault.Class) []show.Piece {
	var all []show.Piece
	var stack *stackError
	var broken *defectError
	switch {
	case errors.As(err, &broken):
		all = []show.Piece{{Text: show.Error(o, err) + strings.Join(broken.lines(), "\n") + "\n"}}
	case errors.As(err, &stack):
		all = show.Failure{Err: stack.err, Report: stack.report, Brief: stack.brief, Kept: stack.kept}.Pieces(o)
	default:
		all = []show.Piece{{Text: show.Error(o, err)}}
	}
	if class != fault.Usage {
		all = append(all, show.Piece{Text: show.Exit(o, class)})
	}
	return all
}

// explainToPrograms is explain as one line of JSON.
func (a *app) explainToPrograms(err error, class fault.Class) {
	log := zerolog.New(a.logs) // redacts whatever goes into the event
	event := log.WithLevel(zerolog.ErrorLevel).Int("schema_version", show.SchemaVersion).
		Str("time", time.Now().UTC().Format(time.RFC3339Nano)).
		Str("class", class.String()).Int("exit_code", int(class)).
		Str("error", sanitize.Text(a.redacted(err.Error()), maxErrorText))
	if hint := fault.HintOf(err); hint != "" {
		event.Str("hint", sanitize.Text(a.redacted(hint), maxErrorText))
	}
	var stack *stackError
	if errors.As(err, &stack) {
		document := show.MakeDocument(a.showOptions(false, engineTimeOf(err)), stack.report, stack.err, class)
		event.Interface("failures", document.Failures)
	}
	var broken *defectError
	if errors.As(err, &broken) {
		event.Strs("stack", broken.lines())
	}
	event.Msg("failed")
}

// maxErrorText bounds an error's text in JSON, in bytes.
const maxErrorText = 32 << 10

// engineTimeOf is now by the clock of the engine that an error's report is
// about.
func engineTimeOf(err error) time.Time {
	var stack *stackError
	if errors.As(err, &stack) {
		return engineTime(stack.report.Engine)
	}
	return time.Now()
}

// showOptions are for text on one of the streams.
func (a *app) showOptions(terminal bool, now time.Time) show.Options {
	return show.Options{Style: a.style(terminal), Width: a.width(terminal), Now: now, Program: a.program(), Redact: a.redacted}
}

// program is how the user calls stackctl with this project.
func (a *app) program() string { return a.programFor(a.global.name) }

// programFor is the same with the project of this name, "" for the default one.
func (a *app) programFor(name string) string {
	words := []string{"stackctl"}
	add := func(flag string, values ...string) {
		for _, value := range values {
			if value != "" {
				words = append(words, flag, sanitize.ShellWord(value))
			}
		}
	}
	for _, file := range a.global.files {
		if compose.IsDescriptor(file) {
			file = "-" // the pipe that it names is this run's
		}
		add("-f", file)
	}
	add("-p", name)
	add("--project-directory", a.global.dir)
	add("--profile", a.global.profiles...)
	add("--env-file", a.global.envFiles...)
	add("--host", a.global.host)
	add("--context", a.global.context)
	if a.global.strictEnv {
		words = append(words, "--strict-env")
	}
	return strings.Join(words, " ")
}

// remark tells the user something beside the progress.
func (a *app) remark(text string) {
	if a.jsonLines() {
		log := a.logger()
		log.Warn().Msg(text)
		return
	}
	if a.progressMode() != progress.Quiet {
		fmt.Fprintln(a.err, a.redacted(text))
	}
}

// print writes a command's result.
func (a *app) print(text string) error {
	_, err := io.WriteString(a.out, a.redacted(text))
	return err
}
