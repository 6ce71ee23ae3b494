package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/orchestrator"
)

func TestJSONLinesAreAllThereIsOnTheStandardError(t *testing.T) {
	for _, flag := range []string{"--progress json", "--log-format json"} {
		p := newProgram(t, shop)
		p.ops.up = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, o orchestrator.Options) (orchestrator.Report, error) {
			o.Listen(orchestrator.Progress{Service: "web", Phase: orchestrator.PhaseStarted})
			o.Log.Warn().Msg("a log line")
			return broken(project)
		}
		p.expect(t, 7, flag+" up")
		type jsonLine struct {
			Message  string           `json:"message"`
			ExitCode int              `json:"exit_code"`
			Class    string           `json:"class"`
			Failures []map[string]any `json:"failures"`
		}
		var last jsonLine
		messages := []string{}
		for line := range strings.Lines(p.err.String()) {
			last = jsonLine{}
			if err := json.Unmarshal([]byte(line), &last); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			messages = append(messages, last.Message)
		}
		if got := strings.Join(messages, ", "); got != "progress, a log line, failed" {
			t.Errorf("got %s", got)
		}
		if last.ExitCode != 7 || last.Class != "service" || len(last.Failures) != 1 {
			t.Errorf("the last line is %+v", last)
		}
	}
}

func TestStatusPrintsWhatIsTrueInEveryForm(t *testing.T) {
	for form, word := range map[string]string{"table": "SERVICE", "wide": "RESTARTS", "json": `"schema_version": 1`, "yaml": "schema_version: 1"} {
		p := newProgram(t, shop)
		p.expect(t, 0, "status -o "+form)
		if !strings.Contains(p.out.String(), word) {
			t.Errorf("%s: %q", form, p.out.String())
		}
	}
}

func TestProgressIsPlainWhereNobodyCanSeeAPicture(t *testing.T) {
	for _, c := range []struct {
		terminal bool
		env      string
		flags    string
		live     bool
	}{
		{terminal: true, live: true},
		{terminal: false},
		{terminal: true, env: "CI=true"},
		{terminal: true, env: "CI=true", flags: "--progress tty ", live: true},
		{terminal: true, env: "TERM=dumb", flags: "--progress tty "},
		{terminal: false, flags: "--progress tty "},
		{terminal: true, flags: "--progress plain "},
		{terminal: true, flags: "--progress quiet "},
	} {
		p := newProgram(t, shop)
		p.streams.ErrTerminal = c.terminal
		p.env = append(p.env, c.env)
		p.ops.up = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, o orchestrator.Options) (orchestrator.Report, error) {
			o.Listen(orchestrator.Progress{Service: "web", Phase: orchestrator.PhaseStarted})
			return proven(project), nil
		}
		p.expect(t, 0, c.flags+"up")
		if live := strings.Contains(p.err.String(), "\x1b[?25l"); live != c.live {
			t.Errorf("%+v: %q", c, p.err.String())
		}
		if strings.Contains(c.flags, "quiet") && p.err.String() != "" {
			t.Errorf("quiet says %q", p.err.String())
		}
	}
}
