// Package docker speaks to a container engine through the Docker API. It is
// the only importer of the Docker SDK, and the place where the engine's
// dialects, versions and errors are turned into the project's own words.
package docker

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
	"github.com/rs/zerolog"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
	"golang.org/x/sync/semaphore"
)

var (
	_ orchestrator.Engine = (*Engine)(nil)
	_ images.Engine       = (*Engine)(nil)
)

// The range of API versions that this package speaks: Engine 20.10 is the
// oldest that is supported, the newest is the client library's own.
const (
	oldestAPI = "1.41"
	newestAPI = "1.51"
)

// Options say which engine to connect to and how patient to be with it.
type Options struct {
	// Host and Context are the flags --host and --context; "" when not
	// given. Only one of them may be.
	Host, Context string
	// Environ holds KEY=value pairs: DOCKER_HOST, DOCKER_CONTEXT,
	// DOCKER_CONFIG, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH,
	// DOCKER_API_VERSION, HOME and XDG_RUNTIME_DIR are read. Nil means the
	// process's own environment.
	Environ []string
	// Logger is told of retries; the zero value is silent.
	Logger zerolog.Logger
	// RetryFor is how long a call that cannot reach the engine is tried
	// again, once Connect has succeeded: it bridges a restart of the
	// engine. 0 means not at all.
	RetryFor time.Duration
	// AnswerWithin bounds each call that should be quick: 0 means 30 s.
	// An engine that takes longer counts as lost.
	AnswerWithin time.Duration
	// PortsHost is the flag --ports-host: where the engine's published ports are
	// reached; "" finds out.
	PortsHost string
	// Dial replaces the connection to the host; nil dials the host.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Engine is one container engine, reached through one endpoint. Its methods
// may be called from several goroutines.
type Engine struct {
	cli      *client.Client
	at       endpoint
	dial     *dialer
	config   *configfile.ConfigFile
	server   types.Version
	log      zerolog.Logger
	limits   limits
	retryFor time.Duration
	// portsHost is the flag; dialled says that the connection to the host was
	// replaced, so that nothing is known of who is there.
	portsHost string
	dialled   bool
	placing   sync.Mutex
	place     place
	// known is what was asked a moment ago.
	known recent
	// answers are how long its last calls took.
	answers answers
	// making holds the names of the containers that are being made now.
	making sync.Map
}

// Connect finds the engine as the docker command line would, and makes sure
// that it answers and speaks an API of ours. Every error is of class Engine
// or, for a wrong flag or context, Usage.
func Connect(ctx context.Context, opts Options) (*Engine, error) {
	environ := opts.Environ
	if environ == nil {
		environ = os.Environ()
	}
	env := parseEnviron(environ)
	config, err := loadConfig(env)
	if err != nil {
		return nil, err
	}
	at, err := resolveEndpoint(opts.Host, opts.Context, env, config)
	if err != nil {
		return nil, err
	}
	e := &Engine{portsHost: opts.PortsHost, dialled: opts.Dial != nil, at: at, config: config, log: opts.Logger, limits: newLimits(opts.AnswerWithin), known: recent{turn: semaphore.NewWeighted(1)}}
	if err := e.open(env["DOCKER_API_VERSION"], opts.Dial); err != nil {
		return nil, fault.New(fault.Engine, "connect to the engine at %s: %w", at.host, err)
	}
	if err := e.handshake(ctx, env); err != nil {
		_ = e.Close()
		return nil, err
	}
	e.retryFor = opts.RetryFor
	return e, nil
}

// Close lets go of idle connections. Streams end with their contexts.
func (e *Engine) Close() error { return e.cli.Close() }

// open makes the client; nothing is sent yet.
func (e *Engine) open(apiVersion string, dial dialFunc) error {
	transport := &http.Transport{
		TLSClientConfig:     e.at.tls,
		MaxIdleConns:        observers,
		MaxIdleConnsPerHost: observers,
		IdleConnTimeout:     30 * time.Second,
	}
	host, helper, err := e.at.helper()
	if err != nil {
		return err
	}
	cli, err := client.NewClientWithOpts(
		client.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: client.CheckRedirect}),
		client.WithHost(host),
		client.WithVersion(apiVersion),
	)
	if err != nil {
		return err
	}
	switch {
	case dial != nil:
	case helper != nil:
		dial = helper
	default:
		dial = transport.DialContext
	}
	e.cli, e.dial = cli, &dialer{dial: dial}
	transport.DialContext = e.dial.DialContext
	return nil
}

// handshake asks who is there, and settles the API version: the library
// would do so only with the first call, and swallow the error.
func (e *Engine) handshake(ctx context.Context, env map[string]string) error {
	ping, err := ask(ctx, e, "reach", e.cli.Ping)
	if err != nil {
		return withSocketHint(reclass(err, fault.Engine), e.at.host, env)
	}
	if ping.APIVersion == "" {
		return fault.New(fault.Engine, "what answers at %s is no container engine", e.at.host)
	}
	e.cli.NegotiateAPIVersionPing(ping)
	if versions.LessThan(e.cli.ClientVersion(), oldestAPI) {
		return wrongVersion(e.at.host, e.cli.ClientVersion(), nil)
	}
	server, err := ask(ctx, e, "version", e.cli.ServerVersion)
	if isBadRequest(err) {
		return wrongVersion(e.at.host, ping.APIVersion, err)
	}
	if err != nil {
		return reclass(err, fault.Engine)
	}
	e.server = server
	return nil
}

// wrongVersion names both ranges; said is the engine's own refusal, nil when
// it was not asked.
func wrongVersion(host, theirs string, said error) error {
	err := fault.New(fault.Engine, "the engine at %s speaks API %s; stackctl speaks %s to %s", host, theirs, oldestAPI, newestAPI)
	if said != nil {
		err.Err = fmt.Errorf("%w (%w)", err.Err, said)
	}
	return err.WithHint("use an engine between 20.10 and 28.5, and leave DOCKER_API_VERSION unset")
}

// api returns the API version that is spoken.
func (e *Engine) api() apiVersion { return apiVersion(e.cli.ClientVersion()) }

// apiVersion is a version of the Docker API, e.g. "1.44".
type apiVersion string

// atLeast says whether v is want or newer.
func (v apiVersion) atLeast(want string) bool {
	return versions.GreaterThanOrEqualTo(string(v), want)
}

// podman says whether the engine is Podman behind its compatible API.
func (e *Engine) podman() bool {
	for _, c := range e.server.Components {
		if c.Name == "Podman Engine" {
			return true
		}
	}
	return false
}
