package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// tested is a stack that the tests of examples/ ask.
const tested = `
services:
  web:
    image: IMAGE
    command: [serve, "name=web"]
    ports: ["127.0.0.1:PORT:8080"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 60}
`

// newTested is that stack with the programs of this run in its PATH.
func newTested(t *testing.T) *stack {
	t.Helper()
	s := newCopied(t, strings.ReplaceAll(tested, "PORT", freePort(t)))
	s.env = []string{"PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"), "COMPOSE_PROJECT_NAME=" + s.name}
	return s
}

func TestTheMakefileOfTheRecipesTestsAndKeepsTheEvidence(t *testing.T) {
	t.Parallel()
	s := newTested(t)
	recipe, err := filepath.Abs("../examples/ci/Makefile")
	must(t, err)
	make := func(tests string) outcome {
		cmd := exec.CommandContext(t.Context(), "make", "-f", recipe, "test", "TESTS="+tests)
		cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.env...)
		return s.finish(cmd)
	}
	if o := make("true"); o.code != 0 {
		t.Errorf("it ended with %d\n%s", o.code, o.stderr)
	}
	if o := make("false"); o.code != 2 { // make's own code for a recipe that failed
		t.Errorf("it ended with %d\n%s", o.code, o.stderr)
	}
	if r := reportIn(t, filepath.Join(s.dir, "stackctl-artifacts")); !strings.Contains(r.Error, "code 1") {
		t.Errorf("the report says %+v", r)
	}
	s.clean(gone)
}

// shellIn are the commands of a pipeline of Jenkins.
var shellIn = regexp.MustCompile(`\bsh '([^']*)'`)

// stepsOf are the commands of a recipe for a CI system: those of its job, and
// those that come after it whatever its end.
func stepsOf(t *testing.T, file string) (job, after []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../examples/ci", file))
	must(t, err)
	switch file {
	case "github-actions.yml":
		var w struct {
			Jobs map[string]struct {
				Steps []struct{ Run, If string }
			}
		}
		must(t, yaml.Unmarshal(text, &w))
		for _, step := range w.Jobs["test"].Steps {
			switch {
			case step.Run != "" && step.If == "always()":
				after = append(after, step.Run)
			case step.Run != "":
				job = append(job, step.Run)
			}
		}
	case "gitlab-ci.yml":
		var w map[string]struct {
			Script []string
			After  []string `yaml:"after_script"`
		}
		must(t, yaml.Unmarshal(text, &w))
		job, after = w["test"].Script, w["test"].After
	default:
		stages, post, _ := strings.Cut(string(text), "post {")
		for _, m := range shellIn.FindAllStringSubmatch(stages, -1) {
			job = append(job, m[1])
		}
		for _, m := range shellIn.FindAllStringSubmatch(post, -1) {
			after = append(after, m[1])
		}
	}
	return job, after
}

// asking is a Go test that asks the stack, and fails where it is told to.
const asking = `package asking

import (
	"net/http"
	"os"
	"testing"
)

func TestTheStack(t *testing.T) {
	answer, err := http.Get(os.Getenv("STACKCTL_URL_WEB"))
	if err != nil || answer.Header.Get("X-Service") != "web" || os.Getenv("FAIL") != "" {
		t.Errorf("%v %v", answer, err)
	}
}
`

func TestTheRecipesOfTheCISystemsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	for file, env := range map[string][]string{
		"github-actions.yml": {"GITHUB_ACTIONS=true", "RUNNER_TRACKING_ID=1"},
		"gitlab-ci.yml":      {"GITLAB_CI=true"},
		"Jenkinsfile":        {"BUILD_ID=1", "JENKINS_NODE_COOKIE=x"},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s := newTested(t)
			s.write("go.mod", "module asking\n\ngo 1.24\n")
			s.write("asking_test.go", asking)
			job, after := stepsOf(t, file)
			if len(job) != 1 || len(after) != 1 {
				t.Fatalf("the recipe has the steps %q and %q", job, after)
			}
			step := func(text string, more ...string) outcome {
				cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", text) //nolint:gosec // a recipe of ours
				cmd.Dir, cmd.Env = s.dir, slices.Concat(os.Environ(), s.env, env, []string{"CI=true", "GOFLAGS=-count=1"}, more)
				return s.finish(cmd)
			}
			if o := step(job[0]); o.code != 0 {
				t.Errorf("it ended with %d\n%s\n%s", o.code, o.stdout, o.stderr)
			}
			o := step(job[0], "FAIL=1")
			if o.code != 1 || !strings.Contains(o.stdout, "--- FAIL: TestTheStack") {
				t.Errorf("a test that fails ended with %d\n%s\n%s", o.code, o.stdout, o.stderr)
			}
			if r := reportIn(t, filepath.Join(s.dir, "stackctl-artifacts")); !strings.Contains(r.Error, "code 1") {
				t.Errorf("the report says %+v", r)
			}
			if o := step(after[0]); o.code != 0 {
				t.Errorf("what comes after ended with %d\n%s", o.code, o.stderr)
			}
			s.clean(gone)
		})
	}
}

func TestTheGoTestsOfTheExamplesAskTheStack(t *testing.T) {
	t.Parallel()
	s := newTested(t)
	s.baseImages()
	s.write("docker-compose.yml", strings.ReplaceAll(tested, "PORT", freePort(t))+`
  db:
    image: ${POSTGRES_IMAGE:-postgres:17}
    environment: {POSTGRES_PASSWORD: kanari-password}
    healthcheck: {test: [CMD, pg_isready, -h, 127.0.0.1], interval: 1s, retries: 90}
`)
	module, err := filepath.Abs("..")
	must(t, err)
	o := s.expect(0, nil, "test", "--", "go", "-C", module, "test", "-v", "-count", "1", "./examples/gotest")
	if !strings.Contains(o.stdout, "--- PASS: TestTheSiteAnswers") || !strings.Contains(o.stdout, "--- PASS: TestTheDatabaseTakesRows") {
		t.Errorf("the tests say\n%s", o.stdout)
	}
}

func TestThePythonTestsOfTheExamplesAskTheStack(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3")
	}
	s := newTested(t)
	tests, err := filepath.Abs("../examples/pytest/test_stack.py")
	must(t, err)
	o := s.expect(0, []string{"Ran 1 test", "OK"}, "test", "--", "python3", "-B", tests, "-v")
	if strings.Contains(o.stderr, "skipped") {
		t.Errorf("the tests say\n%s", o.stderr)
	}
}
