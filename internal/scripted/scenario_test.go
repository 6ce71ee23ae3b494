package scripted

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/fault"
)

// scenario is one way in which a stack is not what it seems, or seems not what
// it is, and what has to be said about it.
type scenario struct {
	// id is the row of the catalogue of faults; several scenarios may be about
	// one.
	id string
	// says is the sentence that the scenario proves.
	says string
	yaml string
	// on are the engines it is about; nil means all four.
	on []fakeengine.Personality
	// play prepares the engine, and what happens later.
	play func(*stage)
	// args are the command line; nil means up.
	args []string
	// act replaces the one run by another course of events.
	act func(*stage) result
	// class is the exit code.
	class fault.Class
	// cond is the first condition that does not hold, "service/Type"; "" where
	// the run does not get to an assessment, or is proven.
	cond string
	// text are patterns that must occur in what the reader sees; never those
	// that must not.
	text, never []string
	// within bounds the run's time by the engine's clock; 0 is without bound.
	within time.Duration
	// check looks at what is left.
	check func(*stage, result)
}

// engines are those of the scenario.
func (c scenario) engines() []fakeengine.Personality {
	if c.on == nil {
		return fakeengine.All()
	}
	return c.on
}

// name is the test's.
func (c scenario) name(kind fakeengine.Personality) string {
	return c.id + " " + c.says + " on " + kind.Name
}

// perform plays the scenario on one engine.
func (c scenario) perform(s *stage) result {
	if c.play != nil {
		c.play(s)
	}
	if c.act != nil {
		return c.act(s)
	}
	return s.up(c.args...)
}

// up brings the project up and leaves a report.
func (s *stage) up(args ...string) result {
	return s.run(s.Context(), append([]string{"up", "--report", s.report()}, args...)...)
}

func (s *stage) report() string { return filepath.Join(s.dir, "report.json") }

// document is the part of a report that scenarios are judged by.
type document struct {
	Proven   bool `json:"proven"`
	ExitCode int  `json:"exit_code"`
	Services []struct {
		Name       string `json:"name"`
		State      string `json:"state"`
		Conditions []struct {
			Type, Status, Reason string
		} `json:"conditions"`
	} `json:"services"`
	Failures []struct {
		Service string `json:"service"`
	} `json:"failures"`
}

// unproven lists the first condition of each service that does not hold.
func (d document) unproven() []string {
	var out []string
	for _, service := range d.Services {
		for _, c := range service.Conditions {
			if c.Status != "True" {
				out = append(out, service.Name+"/"+c.Type)
				break
			}
		}
	}
	return out
}

func (s *stage) document() document {
	var d document
	text, err := os.ReadFile(s.report())
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		s.Errorf("the report: %v", err)
	}
	return d
}

// judge holds the result against what the scenario wants.
func (c scenario) judge(s *stage, r result) {
	s.Helper()
	if r.code != int(c.class) {
		s.Errorf("exit %d (%s), want %d (%s)", r.code, fault.Class(r.code), int(c.class), c.class)
	}
	if c.cond != "" {
		if got := s.document().unproven(); len(got) == 0 || !contains(got, c.cond) {
			s.Errorf("unproven conditions are %v, want %s", got, c.cond)
		}
	}
	for _, pattern := range c.text {
		if !matches(r.all(), pattern) {
			s.Errorf("nothing matches %q", pattern)
		}
	}
	for _, pattern := range c.never {
		if matches(r.all(), pattern) {
			s.Errorf("%q must not occur", pattern)
		}
	}
	if c.within > 0 && r.took > c.within {
		s.Errorf("it took %s, want at most %s", r.took, c.within)
	}
	if c.check != nil {
		c.check(s, r)
	}
	if s.Failed() {
		s.Logf("after %s:\n%s", r.took, r.all())
	}
}

func contains(list []string, one string) bool {
	for _, got := range list {
		if got == one {
			return true
		}
	}
	return false
}

// matches says whether text has the pattern, over line ends.
func matches(text, pattern string) bool {
	return regexp.MustCompile("(?s)" + pattern).MatchString(text)
}

// scenarios are all of them.
func scenarios() []scenario {
	var all []scenario
	for _, group := range [][]scenario{
		healthScenarios(), lifeScenarios(), hostScenarios(), imageScenarios(), engineScenarios(), processScenarios(), fileScenarios(),
	} {
		all = append(all, group...)
	}
	return all
}

// Under the race detector each scenario is played on one of its engines, in turn.
func TestStackctlCannotBeFooled(t *testing.T) {
	for i, c := range scenarios() {
		kinds := c.engines()
		first := pick(0, i%len(kinds))
		for _, kind := range kinds[first:pick(len(kinds), first+1)] {
			t.Run(c.name(kind), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newStage(t, kind, c.yaml)
					defer s.Close()
					c.judge(s, c.perform(s))
				})
			})
		}
	}
}

// The engines by what they have in common.
func moby() []fakeengine.Personality {
	return []fakeengine.Personality{fakeengine.Moby20(), fakeengine.Moby26(), fakeengine.Moby28()}
}

func withoutStartInterval() []fakeengine.Personality {
	return []fakeengine.Personality{fakeengine.Moby20(), fakeengine.Podman()}
}

func only(kind fakeengine.Personality) []fakeengine.Personality {
	return []fakeengine.Personality{kind}
}

// checked is a file with one service web that has a healthcheck.
func checked(more ...string) string { return service("web", append([]string{everySecond}, more...)...) }

const everySecond = "healthcheck: {test: [CMD, check], interval: 1s, timeout: 1s, retries: 3}"

// service is a file with one service.
func service(name string, lines ...string) string { return file(part(name, lines...)) }

// file is a Compose file of services.
func file(parts ...string) string { return "services:\n" + strings.Join(parts, "") }

// part is one service of a file.
func part(name string, lines ...string) string {
	out := "  " + name + ":\n    image: app:1\n"
	for _, line := range lines {
		out += "    " + strings.ReplaceAll(line, "\n", "\n    ") + "\n"
	}
	return out
}

const published = `ports: ["127.0.0.1:8080:80"]`

// script is a play that only sets the script of web.
func script(x fakeengine.Script) func(*stage) {
	return func(s *stage) { s.Script("web", x) }
}

// name is the container of a service's first replica.
func (s *stage) name(service string) string { return "p-" + service + "-1" }

// interrupted is a context that ends after d as by a signal.
func (s *stage) interrupted(d time.Duration, class fault.Class) context.Context {
	ctx, cancel := context.WithCancelCause(s.Context())
	s.after(d, func() { cancel(fault.New(class, "a signal came")) })
	return ctx
}
