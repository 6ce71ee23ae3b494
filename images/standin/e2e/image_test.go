// Package e2e_test holds the base images to what the reference stack and the examples need of them.
// It tests whichever images this machine has, official ones or stand-ins: they must be
// interchangeable. The tests need a Docker engine, and fail without one.
package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds each wait for something that takes a second or two on an idle machine.
const patience = 90 * time.Second

// baseImage returns the name under which the engine has the image: its own, or its stand-in's.
// variable is the one that chooses it in the compose file.
func baseImage(t *testing.T, image, variable string) string {
	t.Helper()
	if chosen := os.Getenv(variable); chosen != "" {
		return chosen
	}
	env := filepath.Join(t.TempDir(), "env")
	out, err := exec.CommandContext(t.Context(), "../ensure", "--env-file", env, image).CombinedOutput()
	if err != nil {
		t.Fatalf("ensure %s: %v\n%s", image, err, out)
	}
	content, err := os.ReadFile(env)
	if errors.Is(err, os.ErrNotExist) {
		return image
	}
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(content), variable+"=")
	name, _, _ := strings.Cut(rest, "\n")
	return name
}

// docker runs the command and returns what it printed on both streams.
func docker(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return text, fmt.Errorf("docker %s: %w: %s", args[0], err, text)
	}
	return text, nil
}

func mustDocker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := docker(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// mustDockerAfter is mustDocker for what has to be done when the test has ended.
func mustDockerAfter(t *testing.T, args ...string) {
	t.Helper()
	if _, err := docker(context.Background(), args...); err != nil {
		t.Error(err)
	}
}

// A container is removed, with its anonymous volumes, when its test ends.
type container struct {
	t  *testing.T
	id string
}

// start runs an image in the background; args are those of docker run, the image included.
func start(t *testing.T, args ...string) container {
	t.Helper()
	name := fmt.Sprintf("stackctl-standin-%d-%d", os.Getpid(), time.Now().UnixNano())
	// The name first: a container that was created and could not be started is removed, too.
	t.Cleanup(func() {
		if out, err := docker(context.Background(), "rm", "--force", "--volumes", name); err != nil {
			t.Logf("remove %s: %v %s", name, err, out)
		}
	})
	mustDocker(t, append([]string{"run", "--detach", "--name", name}, args...)...)
	return container{t: t, id: name}
}

func (c container) logs() string {
	c.t.Helper()
	return mustDocker(c.t, "logs", c.id)
}

// exec runs a command in the container.
func (c container) exec(args ...string) (string, error) {
	return docker(c.t.Context(), append([]string{"exec", c.id}, args...)...)
}

func (c container) inspect(format string) string {
	c.t.Helper()
	return mustDocker(c.t, "inspect", "--format", format, c.id)
}

// eventually calls check until it returns nil, and fails the test with its last error and the
// container's log when that takes too long or the container ends.
func (c container) eventually(what string, check func() error) {
	c.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
			if c.inspect("{{.State.Running}}") != "true" {
				c.t.Fatalf("%s: the container has ended; its log:\n%s", what, c.logs())
			}
		case <-deadline:
			c.t.Fatalf("%s: not within %s: %v; the log:\n%s", what, patience, err, c.logs())
		}
	}
}

// exitCode waits for the container's end.
func (c container) exitCode() int {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	out, err := docker(ctx, "wait", c.id)
	if err != nil {
		c.t.Fatalf("%v; the log:\n%s", err, c.logs())
	}
	code, err := strconv.Atoi(out)
	if err != nil {
		c.t.Fatal(err)
	}
	return code
}
