package healthchecks

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"syscall"

	"github.com/stackctl/stackctl/internal/sanitize"
)

// The bounds of what is shown of a check, in bytes.
const (
	outputLimit  = 400
	commandLimit = 200
)

// Explain says in one line how a run of a check ended, and what can be done
// about a failure. The engine's own texts choose the hint and nothing else.
func Explain(c Check, r Result) (text, hint string) {
	output := sanitize.Line(r.Output, outputLimit)
	if r.Passed() {
		return "passed in " + span(r.Duration()), ""
	}
	text, hint = cause(c, r, strings.ToLower(output))
	if output != "" {
		text += ": " + output
	}
	return text, hint
}

// cause names the failure without the output; said is the output in lower case.
func cause(c Check, r Result, said string) (text, hint string) {
	timeout := c.WithDefaults().Timeout
	switch {
	case r.ExitCode == -1 && strings.Contains(said, "exceeded timeout"), r.ExitCode < 0 && r.Duration() >= timeout:
		return fmt.Sprintf("the healthcheck exceeded its %s timeout", span(timeout)),
			"make the check faster, or raise healthcheck.timeout"
	case strings.Contains(said, "timed out starting health check"):
		return "the engine could not start the check", "the engine may be stuck in exec; look at its load and its log"
	case r.ExitCode < 0 || strings.HasPrefix(said, "oci runtime"):
		return notRun(c, said)
	case r.ExitCode == 127:
		return "exit 127: the check's shell did not find the command", notInImage(c)
	case r.ExitCode == 126:
		return "exit 126: the check's command cannot be executed", notExecutable(c)
	case r.ExitCode > 128 && r.ExitCode <= 128+64:
		signal := syscall.Signal(r.ExitCode - 128)
		return fmt.Sprintf("exit %d: the check was ended by signal %d (%s)", r.ExitCode, int(signal), signal), ""
	}
	return fmt.Sprintf("exit %d", r.ExitCode), programHint(c, r.ExitCode)
}

// checkDenied and checkMissing match what runtimes say, in lower case, of a program
// that they may not run, or that is not there.
//
//nolint:gochecknoglobals // compiled once, never changed
var (
	checkDenied  = regexp.MustCompile(`exec: "[^"]*": (?:is a directory: )?permission denied|exec /\S+: permission denied`)
	checkMissing = regexp.MustCompile(`exec: "[^"]*": (?:stat [^:]+: )?(?:no such file or directory|executable file not found)|executable file .* not found in \$path|exec /\S+: no such file or directory|no such executable`)
)

// notRun is about a check that the container runtime could not execute.
func notRun(c Check, said string) (text, hint string) {
	switch {
	case checkDenied.MatchString(said):
		return "the check's command cannot be executed", notExecutable(c)
	case !checkMissing.MatchString(said):
		return "the engine could not run the check", ""
	case shellForm(c):
		return "the image has no shell to run the check", `use the form ["CMD", program, argument…] with a program that the image has`
	}
	return "the healthcheck's binary is not in the image", notInImage(c)
}

func notInImage(c Check) string {
	return fmt.Sprintf("%s is not in the image: add it, or check with a program that the image has", programOf(c))
}

func notExecutable(c Check) string {
	return fmt.Sprintf("make %s executable for the container's user (chmod +x, a valid #! line, no noexec mount)", programOf(c))
}

func shellForm(c Check) bool { return len(c.Test) > 0 && c.Test[0] == "CMD-SHELL" }

// programOf returns the name of the program that a check runs, safe to show.
func programOf(c Check) string {
	if len(c.Test) < 2 {
		return "the program"
	}
	program := c.Test[1]
	if words := strings.Fields(program); shellForm(c) && len(words) > 0 {
		program = words[0]
	}
	return sanitize.Line(program, commandLimit)
}

// programHint translates the exit codes of programs that are common in checks.
func programHint(c Check, code int) string {
	hints := map[string]map[int]string{
		"curl": {
			6: "curl could not resolve the host", 7: "curl could not connect: the app does not listen there (yet)",
			22: "curl got an HTTP error status", 28: "curl ran into its own time limit",
			52: "the app closed the connection without an answer", 56: "the app reset the connection",
		},
		"wget":       {4: "wget could not connect: the app does not listen there (yet)", 8: "wget got an HTTP error status"},
		"pg_isready": {1: "Postgres is still starting", 2: "Postgres does not answer at this address", 3: "pg_isready was given wrong arguments"},
	}
	return hints[path.Base(programOf(c))][code]
}

// command returns the check in one line, safe to show.
func (s Subject) command() string {
	if len(s.Check.Test) < 2 {
		return strings.Join(s.Check.Test, " ")
	}
	return sanitize.Line(s.redact(strings.Join(s.Check.Test[1:], " ")), commandLimit)
}

func (s Subject) redact(text string) string {
	if s.Redact == nil {
		return text
	}
	return s.Redact(text)
}

func (s Subject) explain(r Result) (text, hint string) {
	r.Output = s.redact(r.Output)
	text, hint = Explain(*s.Check, r)
	return text, sanitize.Line(s.redact(hint), outputLimit)
}

// evidence turns one run of the check into what can be shown; name says who
// ran it.
func (s Subject) evidence(r Result, name string) Evidence {
	text, hint := s.explain(r)
	e := Evidence{
		Probe: name + ": " + s.command(), Result: text, Hint: hint,
		Passed: r.Passed(), At: r.Start, Took: r.Duration(),
	}
	if !e.Passed {
		e.Code = CodeExit
	}
	return e
}
