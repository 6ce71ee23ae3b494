package docker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
	"github.com/stackctl/stackctl/internal/fault"
)

// errNoAnswer says that a call's own time was over.
var errNoAnswer = errors.New("no answer in time")

// engineError is the engine's word without the client library's preamble.
type engineError struct{ err error }

func (e *engineError) Error() string {
	text := strings.TrimPrefix(e.err.Error(), "Error response from daemon: ")
	return strings.ReplaceAll(strings.TrimSpace(text), ":\n", ": ") // the cause is on the next line
}

func (e *engineError) Unwrap() error { return e.err }

// fail turns the error of a call into one with a class: the only place where
// that is decided. What the caller's own context ended has no class.
func (e *Engine) fail(ctx context.Context, op string, limit time.Duration, err error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil && !isAnswer(err) {
		return fmt.Errorf("%s: %w", op, ended)
	}
	if lost := e.unreachable(op, limit, e.cause(err)); lost != nil {
		return lost
	}
	if known := explainResource(err); known != nil {
		return fault.New(fault.Resource, "%s: %w", op, known).WithHint("%s", known.hint)
	}
	said := &engineError{err}
	if class := classOf(err); class != fault.None {
		return fault.New(class, "%s: %w", op, said)
	}
	return fmt.Errorf("%s: %w", op, said)
}

// isAnswer says that the engine itself said so: an HTTP status.
func isAnswer(err error) bool {
	return errdefs.IsNotFound(err) || errdefs.IsConflict(err) || errdefs.IsInvalidArgument(err) ||
		errdefs.IsPermissionDenied(err) || errdefs.IsUnauthorized(err) || isStumble(err)
}

// isForbidden says that the engine refuses this user, or that a plugin or a
// proxy in front of it does. 403 alone does not say so: it is also the engine's
// word for a network, an address or an endpoint that cannot be beside another
// one (libnetwork's types.ForbiddenErrorf), whoever asks for it.
func isForbidden(err error) bool {
	if !errdefs.IsPermissionDenied(err) {
		return errdefs.IsUnauthorized(err)
	}
	var said *engineError
	if errors.As(err, &said) {
		err = said
	}
	text := strings.ToLower(err.Error())
	return slices.ContainsFunc([]string{"authorization denied by plugin", "forbidden", "<html", "no error-message"}, func(sign string) bool {
		return strings.Contains(text, sign)
	})
}

// classOf is the class of what the engine answered, as far as the status
// alone says it. None leaves it to the caller.
func classOf(err error) fault.Class {
	switch {
	case errdefs.IsNotFound(err):
		return fault.None
	case errdefs.IsConflict(err):
		return fault.Conflict
	case errdefs.IsInvalidArgument(err), errdefs.IsNotImplemented(err):
		return fault.None
	default:
		return fault.Engine
	}
}

// reclass gives an error that has no class of its own, or only the general
// one of an engine that answered with a failure, the class that its step has.
func reclass(err error, class fault.Class) error {
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case !errors.As(err, &known):
		return &fault.Error{Class: class, Err: err}
	case known.Class == fault.Engine && isAnswer(err) && !isForbidden(err):
		return &fault.Error{Class: class, Hint: known.Hint, Err: err}
	default:
		return err
	}
}

// reclassAnswer is reclass for what is there: that something is missing stays
// without a class, since only the caller knows whether that is a failure.
func reclassAnswer(err error, class fault.Class) error {
	if isGone(err) {
		return err
	}
	return reclass(err, class)
}

// asResource gives what the engine answered to a change the class Resource,
// conflicts included: they are about use, not about names.
func asResource(err error) error {
	var known *fault.Error
	if errors.As(err, &known) && known.Class == fault.Conflict {
		return &fault.Error{Class: fault.Resource, Hint: known.Hint, Err: err}
	}
	return reclassAnswer(err, fault.Resource)
}

// unreachable explains an engine that cannot be reached or does not answer,
// nil when it did answer.
func (e *Engine) unreachable(op string, limit time.Duration, err error) error {
	var dial *dialError
	switch {
	case errors.Is(err, errNoAnswer):
		return fault.New(fault.Engine, "%s: the engine at %s did not answer within %s: %w", op, e.at.host, limit, err).
			WithHint("look at the engine's own log; it accepts connections but does not serve them")
	case isCertificate(err):
		return fault.New(fault.Engine, "the certificate of the engine at %s is not valid: %w", e.at.host, err).
			WithHint("check DOCKER_CERT_PATH or the context's certificates; there is no way around verification")
	case errors.As(err, &dial):
		return fault.New(fault.Engine, "cannot reach the engine at %s: %w", e.at.host, rootCause(err))
	case isLost(err):
		return fault.New(fault.Engine, "%s: lost the engine at %s: %w", op, e.at.host, err)
	default:
		return nil
	}
}

// isCertificate says that the engine's certificate was not accepted.
func isCertificate(err error) bool {
	var unknown x509.UnknownAuthorityError
	var verify *tls.CertificateVerificationError
	return errors.As(err, &unknown) || errors.As(err, &verify)
}

// rootCause returns the system's own words when there are any: "connection
// refused" rather than the chain that leads to it.
func rootCause(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// withSocketHint adds what a reader can do about an engine that is not
// there, or that refuses this user.
func withSocketHint(err error, host string, env map[string]string) error {
	var known *fault.Error
	if !errors.As(err, &known) || known.Hint != "" {
		return err
	}
	switch {
	case errors.Is(err, os.ErrPermission):
		return known.WithHint("join the group docker (sudo usermod -aG docker $USER, then log in again) or run a rootless engine")
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		if socket := rootlessSocket(host, env); socket != "" {
			return known.WithHint("a rootless engine listens at unix://%s: set DOCKER_HOST to it", socket)
		}
		return known.WithHint("is it running? start it, or point --host, --context or DOCKER_HOST at another one")
	default:
		return err
	}
}

// rootlessSocket returns the socket of the user's own engine when it is
// another one than host and exists.
func rootlessSocket(host string, env map[string]string) string {
	socket := filepath.Join(env["XDG_RUNTIME_DIR"], "docker.sock")
	if env["XDG_RUNTIME_DIR"] == "" || host == "unix://"+socket {
		return ""
	}
	if _, err := os.Stat(socket); err != nil {
		return ""
	}
	return socket
}

// isBadRequest says that the engine did not take the request as it was.
func isBadRequest(err error) bool { return errdefs.IsInvalidArgument(err) }

// isGone says that what a call was about is not there: for a removal, and
// for a look in a race, that is an answer and no failure.
func isGone(err error) bool { return errdefs.IsNotFound(err) && !client.IsErrConnectionFailed(err) }
