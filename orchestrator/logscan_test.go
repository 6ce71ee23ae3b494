package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// search writes pieces of a log to a finder with one pattern.
func search(pattern string, redact *sanitize.Redactor, pieces ...string) *finder {
	f := &finder{patterns: []compose.CriticalLog{{Pattern: pattern, Regexp: regexp.MustCompile(pattern)}}, redact: redact, found: make([]Match, 1)}
	cutter := &lineCutter{take: f.take}
	for _, p := range pieces {
		_, _ = cutter.Write([]byte(p))
	}
	cutter.end()
	return f
}

func TestALineOfALogIsFoundWhereverItIsCut(t *testing.T) {
	long := strings.Repeat("x", scanLineMax)
	for name, c := range map[string]struct {
		pieces []string
		count  int
		line   string
	}{
		"one line":                     {[]string{"a FATAL b\n"}, 1, "a FATAL b"},
		"a line without an end":        {[]string{"ok\na FATAL b"}, 1, "a FATAL b"},
		"a line in pieces":             {[]string{"a FA", "TAL b", "\nok\n"}, 1, "a FATAL b"},
		"the last of several":          {[]string{"FATAL 1\nFATAL 2\n", "FATAL 3\n"}, 3, "FATAL 3"},
		"a dyed word":                  {[]string{"\x1b[31mFATAL\x1b[0m boom\n"}, 1, "FATAL boom"},
		"not part of a word":           {[]string{"NONFATAL FATALITY\n"}, 0, ""},
		"beyond what is searched":      {[]string{long, " FATAL\n"}, 0, ""},
		"a line after a very long one": {[]string{long, long, "\nFATAL\n"}, 1, "FATAL"},
		"control bytes are shown":      {[]string{"FATAL \x1b]52;c;x\a\n"}, 1, `FATAL \x1b]52;c;x\x07`},
		"nothing":                      {nil, 0, ""},
	} {
		got := search(`\bFATAL\b`, nil, c.pieces...).found[0]
		if got.Count != c.count || got.Line != c.line {
			t.Errorf("%s: %d lines, the last %q", name, got.Count, got.Line)
		}
	}
}

func TestASecretInACriticalLineIsNotShown(t *testing.T) {
	const secret = "correct-horse-battery"
	redact := sanitize.NewRedactor([]string{secret}, nil)
	if got := search("FATAL", redact, "FATAL: wrong password "+secret+"\n").found[0].Line; got != "FATAL: wrong password "+sanitize.Redacted {
		t.Errorf("shown as %q", got)
	}
}

func TestALogIsReadFromWhereThisIncarnationBegan(t *testing.T) {
	start := epoch()
	for name, c := range map[string]struct {
		c    Container
		want time.Time
	}{
		"the first run":            {Container{State: StateRunning, StartedAt: start}, time.Time{}},
		"a run soon after another": {Container{State: StateRunning, StartedAt: start, FinishedAt: start.Add(-time.Second)}, start.Add(-time.Second / 4)},
		"a run long after another": {Container{State: StateRunning, StartedAt: start, FinishedAt: start.Add(-time.Minute)}, start.Add(-time.Minute + scanLate)},
		"a job that has ended":     {Container{State: StateExited, StartedAt: start, FinishedAt: start.Add(time.Second)}, start.Add(-scanEarly)},
		"one that never started":   {Container{State: StateCreated}, time.Time{}},
		"an end after this start":  {Container{State: StateRunning, StartedAt: start, FinishedAt: start.Add(time.Second)}, time.Time{}},
	} {
		if got := scanSince(c.c); !got.Equal(c.want) {
			t.Errorf("%s: since %s", name, got)
		}
	}
}

// loud is a file whose service logs are searched for patterns.
func loud(patterns string) string {
	return strings.Replace(webWithCheck, "interval: 1s, timeout: 1s}", "interval: 1s, timeout: 1s}\n    x-stackctl: {critical_logs: "+patterns+"}", 1)
}

func TestACriticalLineIsANoteOrAFailureAsTheFileSays(t *testing.T) {
	for name, c := range map[string]struct {
		yaml, says, image string
		fails             bool
		note              string
	}{
		"a panic is told":                         {webWithCheck, "panic: boom", "web", false, `"panic: boom"`},
		"FATAL is told":                           {webWithCheck, "FATAL cannot reach the bank", "web", false, `"FATAL cannot reach the bank"`},
		"CRITICAL is told":                        {webWithCheck, "[CRITICAL] disk", "web", false, `"[CRITICAL] disk"`},
		"a part of a word is not":                 {webWithCheck, "fatal FATALITY panicked", "web", false, ""},
		"a session's end in Postgres is not":      {strings.Replace(webWithCheck, "image: web", "image: postgres:17", 1) + "    command: [sleep]\n", "FATAL:  the database system is starting up", "postgres:17", false, ""},
		"a declared pattern is told":              {loud("[boom]"), "it went boom", "web", false, `"it went boom"`},
		"declared patterns replace the usual":     {loud("[boom]"), "FATAL", "web", false, ""},
		"an empty list asks for none":             {loud("[]"), "FATAL", "web", false, ""},
		"a pattern that fails":                    {loud("[{pattern: boom, fail: true}]"), "it went boom", "web", true, ""},
		"a pattern that would fail and is absent": {loud("[{pattern: boom, fail: true}]"), "all is well", "web", false, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			e, p := newFake().has(c.image), load(t, c.yaml)
			e.scripts["web"] = script{says: c.says}
			r, err := Up(t.Context(), e, p, Options{})
			if c.fails {
				wantFailure(t, r, err, fault.Service, "web", c.says)
				got, _ := condition(r, "web", GateQuiet)
				if got.Status != False || !got.Final || len(got.Evidence) == 0 || got.Evidence[0].Passed {
					t.Errorf("%s: the condition is %+v", name, got)
				}
				if r.Took > 2*time.Second {
					t.Errorf("%s: it was told only after %s", name, r.Took)
				}
				_, err = Look(t.Context(), e, p, Options{})
				if fault.ClassOf(err) != fault.Service {
					t.Errorf("%s: status says %v", name, err)
				}
				return
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, conditions(r))
			}
			notes := strings.Join(r.Notes, "\n")
			if c.note == "" && strings.Contains(notes, "logged") || !strings.Contains(notes, c.note) {
				t.Errorf("%s: the notes are %q", name, notes)
			}
		})
	}
}

func TestALogThatCannotBeReadProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, loud("[{pattern: boom, fail: true}]"))
		e.before = func(call string) error {
			if strings.HasPrefix(call, "logs ") {
				return errors.New("the logging driver does not support reading")
			}
			return nil
		}
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Service, "web", "cannot be read")
		e.before = nil
		mustUp(t, e, p, Options{})
	})
}

func TestALogIsReadOnceOrTwiceInARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, strings.Replace(loud("[{pattern: boom, fail: true}]"), "timeout: 1s", "start_period: 20s", 1))
		e.scripts["web"] = script{probe: func(up time.Duration, _ int) int {
			if up < 8*time.Second {
				return 1
			}
			return 0
		}}
		read := 0
		e.before = func(call string) error {
			if strings.HasPrefix(call, "logs ") {
				read++
			}
			return nil
		}
		mustUp(t, e, p, Options{})
		if read < 2 || read > 5 {
			t.Errorf("the log was read %d times", read)
		}
		read = 0
		_ = pause(t.Context(), time.Minute, nil)
		mustUp(t, e, p, Options{})
		if read != 1 {
			t.Errorf("for an unchanged stack the log was read %d times", read)
		}
	})
}

func TestASearchThatTakesTooLongIsNoProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFake()
		e.before = func(string) error { return pause(context.WithoutCancel(t.Context()), time.Minute, nil) }
		scan := scanLog(t.Context(), e, nil, Container{ID: "x"}, criticalLogs(&compose.Service{}))
		if scan.Err == nil || fault.ClassOf(scan.Err) != fault.Engine || !strings.Contains(fmt.Sprint(scan.Err), "within 5s") {
			t.Errorf("the error is %v", scan.Err)
		}
	})
}
