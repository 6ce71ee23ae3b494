package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/pkg/jsonmessage"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
)

// stallLimit is how long a registry may send nothing.
const stallLimit = 60 * time.Second

// ErrStalled says that nothing came from a registry for a minute.
var ErrStalled = errors.New("no bytes for 60 s")

// ErrCutOff says that a stream ended before it said how it went.
var ErrCutOff = errors.New("the stream ended before it was done")

// PullImage pulls ref with the user's credentials for its registry. Errors
// are of class Image, or Engine when the engine is lost; those for which
// errdefs has a word (NotFound, Unauthorized, PermissionDenied,
// ResourceExhausted for a rate limit) carry it.
func (e *Engine) PullImage(ctx context.Context, ref, platform string, report func(images.PullProgress)) error {
	op := "pull " + ref
	auth, err := e.registryAuth(ref)
	if err != nil {
		return fault.New(fault.Image, "%s: %w", op, err)
	}
	watched, watch := newWatch(ctx, stallLimit)
	defer watch.stop()
	body, err := e.cli.ImagePull(watched, ref, image.PullOptions{Platform: platform, RegistryAuth: auth})
	if err == nil {
		err = readPull(watch.reader(body), !e.podman(), report)
		_ = body.Close()
	}
	return e.pullFailed(ctx, op, watch.verdict(err))
}

// pullFailed classifies the end of a pull.
func (e *Engine) pullFailed(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", op, ctx.Err())
	}
	if !errors.Is(err, ErrCutOff) && !errors.Is(err, ErrStalled) && !isSaid(err) {
		if lost := e.unreachable(op, stallLimit, e.cause(err)); lost != nil {
			return lost
		}
	}
	failed := fault.New(fault.Image, "%s: %w", op, &engineError{err})
	if hint := pullHint(err); hint != "" {
		return failed.WithHint("%s", hint)
	}
	return failed
}

// accessDenied matches how registries refuse a user, notOffered how they say that
// they have no such image.
var (
	accessDenied = regexp.MustCompile(`(?:pull|requested) access (?:to the resource )?(?:is )?denied|unauthorized|no basic auth|authentication required|insufficient_scope|^denied: |: denied: |403 forbidden`)
	notOffered   = regexp.MustCompile(`manifest unknown|manifest for .* not found|: not found$|name unknown|repository .* not found`)
)

// pullHint is what a reader can do about a refused pull.
func pullHint(err error) string {
	text := strings.ToLower(err.Error())
	switch {
	case strings.Contains(text, "failed to register layer") && !isDiskFull(text):
		return "" // it came, and the engine could not unpack it
	case strings.Contains(text, "no matching manifest for "), strings.Contains(text, "does not match the specified platform"):
		return "the image is not made for this platform: set platform:, or use an image that is"
	case strings.Contains(text, "no such host"):
		return "the name of the registry is not known here: check the image's name, and this host's DNS"
	case errdefs.IsUnauthorized(err), errdefs.IsPermissionDenied(err), accessDenied.MatchString(text):
		return "check the image's name; if it is private, log in to its registry with docker login"
	case errdefs.IsResourceExhausted(err), strings.Contains(text, "toomanyrequests"):
		return "the registry limits the rate: log in with docker login, or wait"
	case isDiskFull(text):
		return "the engine's disk is full: look with docker system df, free space with docker system prune"
	case errdefs.IsNotFound(err), notOffered.MatchString(text):
		return "check the image's name and tag"
	default:
		return ""
	}
}

// registryAuth is the user's credentials for ref's registry as the engine
// takes them, "" for none.
func (e *Engine) registryAuth(ref string) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", err
	}
	host := reference.Domain(named)
	if host == "docker.io" {
		// The name under which credentials for Docker Hub are kept.
		host = "https://index.docker.io/v1/"
	}
	stored, err := e.config.GetAuthConfig(host)
	if err != nil {
		// A helper that fails must not keep a public image away.
		e.log.Warn().Str("registry", host).Err(err).Msg("credentials not read")
		return "", nil
	}
	auth := registry.AuthConfig{
		Username: stored.Username, Password: stored.Password, Auth: stored.Auth,
		ServerAddress: stored.ServerAddress, IdentityToken: stored.IdentityToken, RegistryToken: stored.RegistryToken,
	}
	if auth == (registry.AuthConfig{}) || auth == (registry.AuthConfig{ServerAddress: auth.ServerAddress}) {
		return "", nil
	}
	return registry.EncodeAuthConfig(auth)
}

// readPull reads the progress of a pull until it says that it is done. With
// final it insists on the engine's last word, "Status: ...".
func readPull(body io.Reader, final bool, report func(images.PullProgress)) error {
	done := !final
	decoder := json.NewDecoder(body)
	for {
		var m jsonmessage.JSONMessage
		err := decoder.Decode(&m)
		switch {
		case errors.Is(err, io.EOF) && done:
			return nil
		case errors.Is(err, io.EOF):
			return ErrCutOff
		case err != nil:
			return fmt.Errorf("%w: %w", ErrCutOff, err)
		}
		if err := messageError(m); err != nil {
			return err
		}
		if m.ID == "" && strings.HasPrefix(m.Status, "Status: ") {
			done = true
		}
		report(pullProgress(m))
	}
}

func pullProgress(m jsonmessage.JSONMessage) images.PullProgress {
	step := images.PullProgress{Layer: m.ID, Status: m.Status}
	if m.Progress != nil && (m.Progress.Units == "" || m.Progress.Units == "B") {
		step.Current, step.Total = m.Progress.Current, m.Progress.Total
	}
	return step
}

// saidError is an error that came inside a stream, after a successful status.
type saidError struct {
	text string
	kind error
}

func (s *saidError) Error() string { return s.text }

// Is makes the error one of errdefs' kinds when the stream gave a code.
func (s *saidError) Is(target error) bool { return s.kind != nil && errors.Is(s.kind, target) }

func isSaid(err error) bool {
	var said *saidError
	return errors.As(err, &said)
}

// messageError returns the error that a message of a stream carries.
func messageError(m jsonmessage.JSONMessage) error {
	switch {
	case m.Error != nil && m.Error.Message != "":
		return &saidError{text: m.Error.Message, kind: kindOf(m.Error.Code)}
	case m.ErrorMessage != "": //nolint:staticcheck // what older engines and Podman send
		return &saidError{text: m.ErrorMessage} //nolint:staticcheck // as above
	default:
		return nil
	}
}

// kindOf is errdefs' word for an HTTP status inside a stream, nil for those
// that change nothing for the caller.
func kindOf(status int) error {
	switch status {
	case http.StatusUnauthorized:
		return errdefs.ErrUnauthenticated
	case http.StatusForbidden:
		return errdefs.ErrPermissionDenied
	case http.StatusNotFound:
		return errdefs.ErrNotFound
	case http.StatusTooManyRequests:
		return errdefs.ErrResourceExhausted
	default:
		return nil
	}
}
