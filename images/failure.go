package images

import (
	"errors"
	"strings"

	"github.com/containerd/errdefs"
)

// safeErr shows an error without credentials and control characters and keeps
// what it is for errors.Is and errors.As.
type safeErr struct{ err error }

func safeError(err error) error {
	if err == nil {
		return nil
	}
	return &safeErr{err: err}
}

func (e *safeErr) Error() string {
	lines := strings.Split(strings.TrimSpace(e.err.Error()), "\n")
	for i, line := range lines {
		lines[i] = safeLine(line)
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the error as it came.
func (e *safeErr) Unwrap() error { return e.err }

// hintFor is the next thing to do about a failed pull or build; "" when there
// is nothing that fits. What a step of a build wrote says nothing about
// registries, except where the step is the builder's own look at one.
func hintFor(err error) string {
	var failed *stepError
	if errors.As(err, &failed) {
		err = failed.err
	}
	switch {
	case containsAny(err, "no space left"):
		return "free disk space: docker system df shows what takes it, docker system prune removes what is unused"
	case failed != nil && !strings.Contains(failed.step, "load metadata"):
		return ""
	case containsAny(err, "unknown instruction"):
		return "if that line is within a here-document (RUN <<EOF), this engine's builder does not know them: " +
			"begin the Dockerfile with # syntax=docker/dockerfile:1, or use an engine from version 23.0 on"
	case isRateLimit(err):
		return "the registry limits anonymous pulls: docker login, or wait"
	case errdefs.IsUnauthorized(err), errdefs.IsPermissionDenied(err),
		containsAny(err, "denied", "unauthorized", "authentication required", "no basic auth credentials"):
		return "check the name, or docker login to its registry"
	case containsAny(err, "no such host", "connection refused", "i/o timeout", "network is unreachable",
		"tls handshake timeout", "server misbehaving", "deadline exceeded"):
		return "the engine does not reach the registry: check its network and proxy settings"
	case containsAny(err, "no matching manifest"):
		return "the image does not exist for this platform: set the service's platform, or use another image"
	case errdefs.IsNotFound(err), containsAny(err, "manifest unknown", "not found"):
		return "check the name and the tag"
	default:
		return ""
	}
}

// stepError is a build that failed in one of its steps.
type stepError struct {
	// step is the builder's name of the step, "" when it failed outside any.
	step string
	// output are the last lines the step wrote.
	output []string
	err    error
}

func (e *stepError) Error() string {
	var out strings.Builder
	if e.step != "" {
		out.WriteString("step " + e.step + ": ")
	}
	out.WriteString(shorten(e.err.Error()))
	for _, line := range e.output {
		out.WriteString("\n    " + line)
	}
	return out.String()
}

// Unwrap returns what the builder said.
func (e *stepError) Unwrap() error { return e.err }

// shorten removes what the layers of the protocol put before the builder's
// own words.
func shorten(text string) string {
	for _, prefix := range []string{"failed to solve: ", "rpc error: code = Unknown desc = ", "failed to solve with frontend dockerfile.v0: "} {
		text = strings.ReplaceAll(text, prefix, "")
	}
	return strings.TrimSpace(text)
}

var errNoID = errors.New("the builder did not say which image it made")
