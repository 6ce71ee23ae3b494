package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// contained runs the released stackctl in a container of the engine.
func (s *stack) contained(network string, args ...string) outcome {
	s.t.Helper()
	return s.job(image, network, []string{"NO_COLOR=1"}, append([]string{"/usr/local/bin/stackctl", "-p", s.name}, args...)...)
}

// job runs a command in a container that has the engine's socket, the released
// stackctl and the stack's directory, as a job of a CI system does.
func (s *stack) job(image, network string, env []string, cmd ...string) outcome {
	s.t.Helper()
	socket, ok := strings.CutPrefix(endpoint(), "unix://")
	if !ok {
		s.t.Skip("the engine is not reached by a socket, so no container can be given it: " + endpoint())
	}
	ctx := context.WithoutCancel(s.t.Context())
	spec, err := json.Marshal(map[string]any{
		"Image": image, "Entrypoint": cmd, "WorkingDir": s.dir, "Tty": true, "Env": env,
		"HostConfig": map[string]any{
			"NetworkMode": network,
			"Binds":       []string{static(s.t) + ":/usr/local/bin/stackctl:ro", socket + ":/var/run/docker.sock", s.dir + ":" + s.dir},
		},
	})
	must(s.t, err)
	var made struct{ ID string }
	must(s.t, call(ctx, http.MethodPost, "/containers/create", strings.NewReader(string(spec)), &made))
	defer func() { must(s.t, call(ctx, http.MethodDelete, "/containers/"+made.ID+"?force=1", nil, nil)) }()
	begin := time.Now()
	must(s.t, call(ctx, http.MethodPost, "/containers/"+made.ID+"/start", nil, nil))
	var ended seen
	eventually(s.t, 5*time.Minute, "the job has ended", func() bool {
		ended = inspect(s.t, made.ID)
		return ended.State.Status == "exited"
	})
	said, err := ask(ctx, http.MethodGet, "/containers/"+made.ID+"/logs?stdout=1&stderr=1", nil)
	must(s.t, err)
	return outcome{code: ended.State.ExitCode, stdout: string(said), took: time.Since(begin)}
}

func TestInAContainerWithTheEnginesSocketThePortsAreAskedAtTheGateway(t *testing.T) {
	t.Parallel()
	if os.Getenv("DOCKER_HOST") != "" {
		t.Skip("the socket of an engine elsewhere is at another path in its containers")
	}
	s := newStack(t, `services: {web: {image: CHECKEDIMAGE, ports: ["0.0.0.0:`+freePort(t)+`:8080"]}}`)
	for _, x := range []struct {
		network string
		args    []string
		code    int
		words   []string
	}{
		{"bridge", []string{"up"}, 0, []string{"proven: 1 service"}},
		{"bridge", []string{"status"}, 0, []string{"proven: 1 service"}},
		{"bridge", []string{"doctor"}, 0, []string{"stackctl runs in a container", "and this is the gateway of its network"}},
		{"bridge", []string{"test", "--", "/testimage", "exit", "5"}, 5, nil},
		{"host", []string{"status"}, 0, []string{"http://127.0.0.1:"}},
		{"none", []string{"status"}, 9, []string{"stackctl is not in the network of the engine's host", "--ports-host"}},
		{"none", []string{"doctor"}, 0, []string{"stackctl is not in the network of the engine's host"}},
	} {
		o := s.contained(x.network, x.args...)
		if o.code != x.code {
			t.Errorf("in network %s, %v ended with %s, want %d:\n%s", x.network, x.args, strconv.Itoa(o.code), x.code, o.stdout)
		}
		for _, words := range x.words {
			if !strings.Contains(strings.Join(strings.Fields(o.stdout), " "), words) {
				t.Errorf("in network %s, %v does not say %q:\n%s", x.network, x.args, words, o.stdout)
			}
		}
	}
	s.expect(0, []string{"http://127.0.0.1:"}, "status") // from the host itself
}

func TestTheRecipesWorkInAJobThatIsAContainerWithTheEnginesSocket(t *testing.T) {
	t.Parallel()
	if os.Getenv("DOCKER_HOST") != "" || !everything() {
		t.Skip("a Go toolchain compiles in a container without a cache: STACKCTL_E2E=all")
	}
	for file, env := range map[string][]string{"github-actions.yml": {"GITHUB_ACTIONS=true"}, "gitlab-ci.yml": {"GITLAB_CI=true"}} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s := newCopied(t, strings.ReplaceAll(tested, "127.0.0.1:PORT", "0.0.0.0:"+freePort(t)))
			s.baseImages()
			s.write("go.mod", "module asking\n\ngo 1.24\n")
			s.write("asking_test.go", asking)
			chosen, err := os.ReadFile(filepath.Join(s.dir, ".env"))
			must(t, err)
			toolchain := "golang:1.26"
			for line := range strings.Lines(string(chosen)) {
				if value, ok := strings.CutPrefix(strings.TrimSpace(line), "GO_IMAGE="); ok {
					toolchain = value
				}
			}
			job, after := stepsOf(t, file)
			env := append([]string{"CI=true", "GOFLAGS=-count=1", "GOTOOLCHAIN=local", "COMPOSE_PROJECT_NAME=" + s.name, "HOME=/tmp",
				"PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"}, env...)
			step := func(text string, more ...string) outcome {
				return s.job(toolchain, "bridge", append(more, env...), "sh", "-e", "-c", text)
			}
			if o := step(job[0]); o.code != 0 {
				t.Errorf("it ended with %d\n%s", o.code, o.stdout)
			}
			if o := step(job[0], "FAIL=1"); o.code != 1 || !strings.Contains(o.stdout, "--- FAIL: TestTheStack") {
				t.Errorf("a test that fails ended with %d\n%s", o.code, o.stdout)
			}
			if o := step(after[0]); o.code != 0 {
				t.Errorf("what comes after ended with %d\n%s", o.code, o.stdout)
			}
			s.clean(gone)
		})
	}
}
