package corpus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stackctl/stackctl/compose"
	"gopkg.in/yaml.v3"
)

// environment is that of both programs: nothing of whoever runs the test.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "CI=", "COMPOSE_PROFILES="}
}

// longest is how long a program may take: one that fetches a file from
// elsewhere has no answer here.
const longest = 10 * time.Second

// run returns the model that a program prints, and what that took.
func run(ctx context.Context, c Case, program string, args ...string) (map[string]any, Cost, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append(c.args(), args...)...)
	cmd.Dir, cmd.Env = c.Dir, environment()
	cmd.WaitDelay = time.Second
	var stderr strings.Builder
	cmd.Stderr = &stderr
	began := time.Now()
	out, err := cmd.Output()
	wall := time.Since(began)
	if err != nil {
		return nil, Cost{}, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var model map[string]any
	if err := yaml.Unmarshal(out, &model); err != nil {
		return nil, Cost{}, fmt.Errorf("what it prints is no YAML: %w", err)
	}
	return model, Cost{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

var (
	index = regexp.MustCompile(`\[\d+\]`)
	// files are the keys that name files, blanks those that a blank changes.
	files  = regexp.MustCompile(`\.(env_file|label_file|file|volumes|dockerfile|context|additional_contexts|seccomp)\b|^(include|secrets|configs)\b|\.extends\b|\.build\b`)
	blanks = regexp.MustCompile(`\.(image|ports|volumes|container_name|networks|context|source|target|name|POSTGRES_PASSWORD)\b|^name$`)
)

// classify says why stackctl refuses a file that docker compose takes.
func classify(ctx context.Context, c Case, listed []Difference) (Outcome, []string) {
	_, err := compose.Load(ctx, compose.Options{Files: c.Files, WorkingDir: c.Dir, Environ: environment()})
	problems := compose.ProblemsOf(err)
	if len(problems) == 0 {
		return DisagreeInExit, nil
	}
	outcome, detail := Same, []string(nil)
	for _, p := range problems {
		detail = append(detail, p.String())
		outcome = max(outcome, reasonOf(p, listed))
	}
	return outcome, detail
}

func reasonOf(p compose.Problem, listed []Difference) Outcome {
	switch {
	case isRefusedKey(p.Key):
		return RefusedKey
	case files.MatchString(p.Key) && errors.Is(statOf(p), os.ErrNotExist):
		return MissingFile
	case blanks.MatchString(p.Key) && (strings.Contains(p.Message, "not set") || strings.Contains(p.Message, `""`)):
		return RefusedBlank
	}
	if slices.ContainsFunc(listed, func(d Difference) bool { return d.Holds(Field{p.Key, Accepted, RefusedAlone}) }) {
		return Expected
	}
	return DisagreeInExit
}

var namedPath = regexp.MustCompile(`/[^\s:]+`)

// statOf looks for the file that a problem names.
func statOf(p compose.Problem) error {
	for _, m := range namedPath.FindAllString(p.Message, -1) {
		if _, err := os.Stat(m); err != nil {
			return err
		}
	}
	if strings.Contains(p.Message, "not exist") || strings.Contains(p.Message, "not a directory") {
		return os.ErrNotExist
	}
	return nil
}

// isRefusedKey says whether the support table refuses a key, or values of it.
func isRefusedKey(key string) bool {
	key = index.ReplaceAllString(key, "[]")
	for _, row := range compose.Support() {
		if (row.Status == compose.Refused || row.Remedy != "") && keyPattern(row.Key).MatchString(key) {
			return true
		}
	}
	return false
}

func keyPattern(key string) *regexp.Regexp {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(key), `\*`, `[^.]+`)
	return regexp.MustCompile("^" + pattern + `($|[.\[])`)
}
