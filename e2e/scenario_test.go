package e2e

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scenario is one way in which a stack is, or is not, what a tool says it is.
type scenario struct {
	// name is a sentence that says what is the matter.
	name string
	// core scenarios are run each time, the others with STACKCTL_E2E=all.
	core bool
	// file and files may hold the placeholders of a specimen; @CHECK@ is a
	// healthcheck of every half a second.
	file  string
	files map[string]string
	env   []string
	// before is done to the engine before up, during while it runs, after
	// when it has ended, before the oracle looks.
	before, during, after func(s *stack)
	// ceiling is the time that up is given; 0 is three minutes.
	ceiling time.Duration
	// facts are what the file describes. They all hold in the end where the
	// stack works; elsewhere one does not within the watch (0 is 3 s).
	facts []fact
	works bool
	watch time.Duration
	// code is how stackctl ends.
	code int
	// cause is what an answer that names the root cause matches, in small
	// letters: with stackctl the first paragraph, with a peer any line.
	cause string
	// says are further words of stackctl's.
	says []string
	// own says why only stackctl can be asked for it.
	own string
}

// defaultCheck is what @CHECK@ stands for.
const defaultCheck = "healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 4}"

// scenarios are all of them.
func scenarios() []scenario {
	return slices.Concat(healthScenarios(), startScenarios(), lifecycleScenarios(), jobScenarios(), outsideScenarios(),
		reachScenarios(), databaseScenarios(), sourceScenarios(), ownershipScenarios())
}

// everything says whether what tells less is run too.
func everything() bool { return os.Getenv("STACKCTL_E2E") == "all" }

func TestScenariosEndAsTheOracleSeesThem(t *testing.T) {
	t.Parallel()
	for _, x := range scenarios() {
		if !x.core && !everything() {
			continue
		}
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			s := x.stage(t)
			o := x.up(s, s.command, "up", "--progress", "quiet", "--wait-timeout", x.limit().String())
			v := x.judge(s, o, headline(o.stderr))
			x.check(t, o, v)
		})
	}
}

// limit is the ceiling of up.
func (x scenario) limit() time.Duration { return cmp.Or(x.ceiling, 3*time.Minute) }

// stage writes the files and makes what has to be there before.
func (x scenario) stage(t *testing.T) *stack {
	t.Helper()
	s := newStack(t, "")
	file := strings.ReplaceAll(x.file, "@CHECK@", defaultCheck)
	s.values = placeholders(t, s, file)
	for name, content := range x.files {
		s.put(name, content)
	}
	s.put("docker-compose.yml", file)
	if strings.Contains(file, "_IMAGE") {
		s.baseImages()
	}
	for _, variable := range x.env {
		s.env = append(s.env, s.fill(variable))
	}
	if x.before != nil {
		x.before(s)
	}
	return s
}

// up runs a tool's up to its end, with what happens meanwhile.
func (x scenario) up(s *stack, command func(ctx context.Context, args ...string) *exec.Cmd, args ...string) outcome {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 4*time.Minute)
	defer cancel()
	cmd := command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	must(s.t, cmd.Start())
	if x.during != nil {
		x.during(s)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("run %v: %v", cmd.Args, err)
	}
	if x.after != nil {
		x.after(s)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(begin)}
}

// verdict is what came of a scenario with one tool.
type verdict struct {
	// up says that the tool says so; untrue is what the oracle finds instead
	// of the stack that the file describes, nil for nothing.
	up     bool
	untrue error
	// named says that the tool names the cause.
	named bool
}

// word is the verdict in two words.
func (v verdict) word() string {
	switch {
	case v.up && v.untrue != nil:
		return "false success"
	case !v.up && v.untrue == nil:
		return "false failure"
	case v.up:
		return "true success"
	}
	return "true failure"
}

// judge asks the oracle and looks for the cause in what was said.
func (x scenario) judge(s *stack, o outcome, said string) verdict {
	s.t.Helper()
	return verdict{
		up:     o.code == 0,
		untrue: s.untrue(x.facts, cmp.Or(x.watch, 3*time.Second)),
		named:  regexp.MustCompile(s.fill(x.cause)).MatchString(strings.ToLower(said)),
	}
}

// check fails the test unless stackctl told the truth, the cause and the class.
func (x scenario) check(t *testing.T, o outcome, v verdict) {
	t.Helper()
	if v.up == (v.untrue != nil) || v.up != x.works {
		t.Errorf("a %s: up ended with %d, and the oracle finds: %v", v.word(), o.code, v.untrue)
	}
	if o.code != x.code {
		t.Errorf("up ended with %d, want %d", o.code, x.code)
	}
	if !v.named {
		t.Errorf("the cause %q is not in the first paragraph", x.cause)
	}
	for _, word := range x.says {
		if !strings.Contains(o.stdout+o.stderr, word) {
			t.Errorf("up does not say %q", word)
		}
	}
	if t.Failed() {
		t.Logf("up took %s and said\n%s\n%s", o.took.Round(time.Millisecond), o.stdout, o.stderr)
	}
}

// headline is the first paragraph of an explanation.
func headline(stderr string) string {
	from := max(strings.Index(stderr, "✖"), 0)
	head, _, _ := strings.Cut(stderr[from:], "\n\n")
	return head
}

func TestEveryScenarioIsASentenceOfItsOwnWithAnOracle(t *testing.T) {
	t.Parallel()
	known, core := map[string]bool{}, 0
	for _, x := range scenarios() {
		if known[x.name] {
			t.Errorf("there are two scenarios %q", x.name)
		}
		known[x.name] = true
		if x.core {
			core++
		}
		if len(x.facts) == 0 {
			t.Errorf("%s: nothing says what would be true of it", x.name)
		}
		if x.works != (x.code == 0) || !x.works && x.cause == "" {
			t.Errorf("%s: code %d, works %t, cause %q do not go together", x.name, x.code, x.works, x.cause)
		}
	}
	t.Log(strconv.Itoa(len(known)) + " scenarios, " + strconv.Itoa(core) + " of them run each time")
}
