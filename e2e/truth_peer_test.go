//go:build peer

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// peerCommand prepares a run of docker compose on the stack.
func (s *stack) peerCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Getenv("COMPOSE_BIN"), append([]string{"-p", s.name}, args...)...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), s.env...)
	return cmd
}

func TestTheTruthTable(t *testing.T) {
	if os.Getenv("COMPOSE_BIN") == "" {
		t.Fatal("COMPOSE_BIN names no docker compose program")
	}
	rows := make([]row, len(scenarios()))
	t.Run("all", func(t *testing.T) {
		for i, x := range scenarios() {
			t.Run(x.name, func(t *testing.T) {
				t.Parallel()
				rows[i] = x.compare(t)
			})
		}
	})
	today, before := time.Now().UTC().Format(time.DateOnly), ""
	if page, err := os.ReadFile(truthPage); err == nil {
		before = unasked(rows, string(page))
	}
	text := truthText(rows, peerVersion, engineVersion(t), "make test-peer ARGS=-update", today+before)
	if *update {
		must(t, os.WriteFile(truthPage, []byte(text), 0o644))
	}
	t.Log(text)
	for _, r := range rows {
		if r.ours.up == (r.ours.untrue != nil) || !r.ours.up && !r.ours.named || r.ourCode != r.code {
			t.Errorf("%s: %s of stackctl with code %d, cause named: %t", r.name, r.ours.word(), r.ourCode, r.ours.named)
		}
	}
}

// unasked fills in, for scenarios that -run left out, what the page says of them,
// and says of when that is, "" when there are none.
func unasked(rows []row, page string) string {
	before, n := map[string]row{}, 0
	for line := range strings.Lines(page) {
		if cells := strings.Split(strings.Trim(line, "|\n"), "|"); len(cells) == 6 {
			r := row{}
			r.theirs, r.theirCode, r.asked = saidBefore(cells[2], cells[3])
			r.ours, r.ourCode, _ = saidBefore(cells[4], cells[5])
			before[strings.TrimSpace(cells[0])] = r
		}
	}
	for i, x := range scenarios() {
		if old, ok := before[x.name]; ok && rows[i].name == "" {
			old.scenario = x
			rows[i], n = old, n+1
		}
	}
	if n == 0 {
		return ""
	}
	_, date, _ := strings.Cut(page, "Generated on ")
	date, _, _ = strings.Cut(date, " ")
	return fmt.Sprintf(" (%d rows on %s)", n, date)
}

// saidBefore reads what saidCell and namedCell wrote; false when the tool was
// not asked.
func saidBefore(said, cause string) (v verdict, code int, asked bool) {
	if _, err := fmt.Sscan(said, &code); err != nil {
		return v, 0, false
	}
	v.up, v.named = code == 0, strings.TrimSpace(cause) == "named"
	if v.up == strings.Contains(said, "false success") && !strings.Contains(said, "false failure") {
		v.untrue = errors.New("the oracle found so")
	}
	return v, code, true
}

// compare stages the scenario for both tools.
func (x scenario) compare(t *testing.T) row {
	t.Helper()
	r := row{scenario: x, asked: x.own == ""}
	s := x.stage(t)
	o := x.up(s, s.command, "up", "--progress", "quiet", "--wait-timeout", x.limit().String())
	r.ours, r.ourCode = x.judge(s, o, headline(o.stderr)), o.code
	t.Logf("stackctl ended with %d after %s, a %s (%v)\n%s", o.code, o.took.Round(time.Millisecond), r.ours.word(), r.ours.untrue, o.stderr)
	if t.Failed() || !r.asked {
		return r
	}
	s = x.stage(t)
	o = x.up(s, s.peerCommand, slices.Concat([]string{"up", "-d", "--wait", "--wait-timeout"}, []string{strconv.Itoa(int(x.limit().Seconds()))})...)
	r.theirs, r.theirCode = x.judge(s, o, o.stdout+o.stderr), o.code
	t.Logf("docker compose ended with %d after %s, a %s (%v)\n%s", o.code, o.took.Round(time.Millisecond), r.theirs.word(), r.theirs.untrue, o.stderr)
	return r
}

// verdicts counts what came of all scenarios with one tool.
type verdicts struct {
	asked, falseSuccesses, falseFailures, failures, named int
}

// add counts one more. The cause counts where the stack really is not up and
// the tool says so.
func (n *verdicts) add(v verdict) {
	n.asked++
	switch v.word() {
	case "false success":
		n.falseSuccesses++
	case "false failure":
		n.falseFailures++
	case "true failure":
		n.failures++
		if v.named {
			n.named++
		}
	}
}

// row is a scenario with what came of it: stackctl's verdict, and the peer's
// where it can be asked.
type row struct {
	scenario
	ours, theirs       verdict
	ourCode, theirCode int
	asked              bool
}

// truthText is the page. The rows are in the order of the scenarios.
func truthText(rows []row, peer, engine, command, date string) string {
	var ours, theirs verdicts
	for _, r := range rows {
		ours.add(r.ours)
		if r.asked {
			theirs.add(r.theirs)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# What is said, and what is true

Each scenario of `+"`e2e/scenarios_*_test.go`"+` is staged twice on Engine %s: for `+"`stackctl up`"+` and for
`+"`docker compose up -d --wait`"+` %s. When the tool has ended, an oracle that shares no code with either looks for
a while whether the stack is what its file describes. A *false success* is exit code 0 over a stack that is not, a
*false failure* another code over one that is. The cause is *named* when a reader finds service and reason in what the
tool says: in the first paragraph for stackctl, anywhere for docker compose.

Generated on %s by `+"`%s`"+`; nothing here is typed by hand.

| | scenarios | false successes | false failures | failures told | of these with the cause |
|---|---|---|---|---|---|
`, engine, peer, date, command)
	for _, line := range []struct {
		name string
		verdicts
	}{{"docker compose", theirs}, {"stackctl", ours}} {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d |\n", line.name, line.asked, line.falseSuccesses, line.falseFailures, line.failures, line.named)
	}
	b.WriteString("\n| scenario | is it up? | docker compose | cause | stackctl | cause |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		truth := "no"
		if r.works {
			truth = "yes"
		}
		code, cause := "–", "–"
		if r.asked {
			code, cause = saidCell(r.theirCode, r.theirs), namedCell(r.theirs)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.name, truth, code, cause, saidCell(r.ourCode, r.ours), namedCell(r.ours))
	}
	b.WriteString("\n– : docker compose is not asked, since the stack begins as one of stackctl's or the proof is declared in `x-stackctl`.\n")
	return b.String()
}

// saidCell is an exit code, and what is false about it.
func saidCell(code int, v verdict) string {
	if word := v.word(); strings.HasPrefix(word, "false") {
		return fmt.Sprintf("%d, **%s**", code, word)
	}
	return fmt.Sprint(code)
}

func namedCell(v verdict) string {
	switch {
	case v.up:
		return ""
	case v.named:
		return "named"
	}
	return "not named"
}
