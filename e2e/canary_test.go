package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// canary is a service that says all its secrets, in its output and in its
// healthcheck; secret values begin with kanari.
const canary = `
services:
  well: &one
    image: IMAGE
    command: [tell, file=/run/secrets/file, --password, kanari-option-word, --api-key=kanari-option]
    env_file: vars
    environment:
      POSTGRES_PASSWORD: 'kanari "postgres" <&> $$x'
      DATABASE_URL: postgres://app:kanari-url@db/app
      MESSAGE: "with ${SOME_TOKEN}"
    labels: {app.token: kanari-label, app.url: "http://x:kanari-label-url@y/"}
    secrets: [file, outside]
    healthcheck: {test: [CMD, /testimage, tell, exit=0], interval: 1s, retries: 3}
  ill:
    <<: *one
    healthcheck: {test: [CMD, /testimage, tell, file=/run/secrets/outside, exit=1, --token=kanari-check], interval: 1s, retries: 1}
secrets:
  file: {file: ./file.secret}
  outside: {environment: OUTSIDE}
`

// canaryStack is that stack in a directory of its own.
func canaryStack(t *testing.T) *stack {
	t.Helper()
	s := newStack(t, canary)
	s.write("file.secret", "kanari-first-line\nkanari-second-line\n")
	must(t, os.Chmod(filepath.Join(s.dir, "file.secret"), 0o644))
	s.write("vars", "FILE_SECRET=kanari-env-file\n")
	s.env = []string{"OUTSIDE=kanari-outside", "SOME_TOKEN=kanari-interpolated"}
	return s
}

func TestNoSecretIsShownAnywhere(t *testing.T) {
	t.Parallel()
	s := canaryStack(t)
	runs := map[string]outcome{
		"up":         s.expect(0, []string{"proven"}, "--log-level", "trace", "up", "--report", "up.json", "--report", "up.xml", "--report", "up.md", "well"),
		"json lines": s.expect(0, nil, "--progress", "json", "--log-level", "trace", "restart", "well"),
		"logs":       s.expect(0, []string{"[redacted]"}, "logs", "well"),
		"config":     s.expect(0, []string{"[redacted]"}, "config"),
		"plan":       s.expect(0, nil, "plan", "-o", "json"),
		"failing":    s.expect(7, []string{"[redacted]", "✖ ill: unhealthy"}, "up"),
		"status":     s.expect(7, []string{"ill"}, "status", "-o", "json", "--report", "status.md"),
		"yaml":       s.run("status", "-o", "yaml"),
	}
	s.env = append(s.env, "GITHUB_ACTIONS=true", "GITHUB_WORKSPACE="+s.dir, "GITHUB_STEP_SUMMARY="+filepath.Join(s.dir, "summary.md"))
	runs["in a job"] = s.expect(7, []string{"::error title=ill%3A unhealthy,file=docker-compose.yml,line=14::", "::group::"}, "up", "--report", "job.xml")
	runs["down"] = s.expect(0, nil, "--log-level", "trace", "down", "-v")
	for name, o := range runs {
		if at := strings.Index(o.stdout+o.stderr, "kanari"); at >= 0 {
			t.Errorf("%s shows %.100q", name, (o.stdout + o.stderr)[at:])
		}
	}
	for _, file := range []string{"up.json", "up.xml", "up.md", "status.md", "job.xml", "summary.md"} {
		text, err := os.ReadFile(filepath.Join(s.dir, file))
		must(t, err)
		if len(text) == 0 || strings.Contains(string(text), "kanari") {
			t.Errorf("%s shows a secret, or nothing: %s", file, text)
		}
	}
	if o := s.expect(0, nil, "config", "--no-redact"); strings.Count(o.stdout, "kanari") < 8 {
		t.Errorf("--no-redact hides secrets:\n%s", o.stdout)
	}
}

func TestNoLabelOfOursHoldsASecret(t *testing.T) {
	t.Parallel()
	s := canaryStack(t)
	s.expect(0, nil, "up", "well")
	labels := 0
	own := map[string]string{"app.token": "", "app.url": ""}
	check := func(where string, all map[string]string) {
		for name, value := range all {
			if _, users := own[name]; users {
				continue
			}
			if labels++; strings.Contains(value, "kanari") {
				t.Errorf("%s: label %s is %q", where, name, value)
			}
		}
	}
	for _, id := range ids(t, "containers", s.name) {
		check("the container", inspect(t, id).Config.Labels)
	}
	for _, id := range ids(t, "networks", s.name) {
		var network struct{ Labels map[string]string }
		must(t, call(t.Context(), http.MethodGet, "/networks/"+id, nil, &network))
		check("the network", network.Labels)
	}
	if labels < 8 {
		t.Errorf("only %d labels were looked at", labels)
	}
}
