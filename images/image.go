// Package images makes sure that every image a stack needs is one the engine
// really has: built from these very inputs, or pulled, and confirmed by ID.
package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/healthchecks"
)

// Image is what the engine says about an image it has.
type Image struct {
	// ID is the digest of the image's configuration, "sha256:...".
	ID string
	// Digests are the repository digests, "name@sha256:...".
	Digests []string
	// Tags are its names on the engine.
	Tags []string
	// OS, Architecture and Variant are the platform, e.g. linux/arm64/v8.
	OS, Architecture, Variant string
	Labels                    map[string]string
	Env                       []string
	Entrypoint, Cmd           []string
	User                      string
	// Volumes are the paths the image declares as volumes, sorted.
	Volumes []string
	// Ports are the exposed ports, "80/tcp", sorted.
	Ports []string
	// Check is the image's own HEALTHCHECK, nil when it has none.
	Check   *healthchecks.Check
	Created time.Time
	// Tagged is when the image last got a name on this engine, zero when
	// the engine does not say.
	Tagged time.Time
	// Size in bytes.
	Size int64
}

// Request is the need of one service for an image.
type Request struct {
	// Service is the service it is for.
	Service string
	// Ref is the name the image has or gets.
	Ref string
	// Build is how to make it; nil when it can only be pulled.
	Build *types.BuildConfig
	// Policy is the service's pull_policy, "" when the file does not say.
	Policy string
	// Platform is "os/arch[/variant]", "" for the engine's own.
	Platform string
	// Place says where a key of the service is written, as file:line:column,
	// "" where nobody knows; nil knows nothing.
	Place func(key ...string) string
}

// fault is an error about who wants the image, with the place of the key it is about.
func (r Request) fault(who string, err error) error {
	var place string
	if r.Place != nil {
		at := &keyError{}
		errors.As(err, &at)
		if place = r.Place(at.key...); place != "" {
			place += ": "
		}
	}
	return fmt.Errorf("%s%s: %w", place, who, err)
}

// keyError is an error about the value of a key.
type keyError struct {
	key []string
	err error
}

func (e *keyError) Error() string { return strings.Join(e.key, ".") + ": " + e.err.Error() }

func (e *keyError) Unwrap() error { return e.err }

// Engine is what this package needs of a container engine. An image that is
// not there is an error for which errdefs.IsNotFound is true.
type Engine interface {
	// InspectImage returns the image that ref (a name or an ID) means.
	InspectImage(ctx context.Context, ref string) (Image, error)
	// PullImage pulls ref with the user's own credentials. report is called
	// with each step of progress from one goroutine. An error that the
	// registry sends inside a successful response, and a stream that ends
	// early, are errors.
	PullImage(ctx context.Context, ref, platform string, report func(PullProgress)) error
	// TagImage gives the image id another name.
	TagImage(ctx context.Context, id, ref string) error
	// HasBuildKit says whether DialBuildKit can work.
	HasBuildKit(ctx context.Context) bool
	// DialBuildKit opens a connection to the engine's BuildKit: endpoint is
	// "/grpc" or "/session"; headers are sent along.
	DialBuildKit(ctx context.Context, endpoint string, headers map[string][]string) (net.Conn, error)
	// BuildClassic runs the engine's own builder on a tar of the context.
	// Each line of its output goes to report; it returns the ID of the
	// image this very build made.
	BuildClassic(ctx context.Context, spec ClassicBuild, tar io.Reader, report func(line string)) (id string, err error)
}

// PullProgress is one step of a pull.
type PullProgress struct {
	// Layer is a short layer ID, "" for the image as a whole.
	Layer  string
	Status string
	// Current and Total are bytes; Total is 0 when unknown.
	Current, Total int64
}

// ClassicBuild is a build for the engine's own builder, where BuildKit is not
// to be had.
type ClassicBuild struct {
	Tags       []string
	Dockerfile string
	Args       map[string]*string
	Labels     map[string]string
	Target     string
	Platform   string
	Network    string
	CacheFrom  []string
	ExtraHosts []string
	ShmSize    int64
	NoCache    bool
	PullParent bool
}
