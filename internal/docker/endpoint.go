package docker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	cliconfig "github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/cli/cli/context"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/tlsconfig"
	"github.com/stackctl/stackctl/internal/fault"
)

// dockerEndpoint is the name of the engine's endpoint within a context.
const dockerEndpoint = "docker"

// endpoint is where an engine is, and what to show and check there.
type endpoint struct {
	// host is a URL: unix, npipe, tcp or ssh.
	host string
	// tls is nil for a plain connection.
	tls *tls.Config
}

// parseEnviron turns KEY=value pairs into a map; the last one wins.
func parseEnviron(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, pair := range environ {
		if key, value, ok := strings.Cut(pair, "="); ok {
			env[key] = value
		}
	}
	return env
}

// configDir is where the user's docker configuration lives.
func configDir(env map[string]string) string {
	if dir := env["DOCKER_CONFIG"]; dir != "" {
		return dir
	}
	return filepath.Join(env["HOME"], ".docker")
}

// loadConfig reads the user's docker configuration; a missing one is empty.
func loadConfig(env map[string]string) (*configfile.ConfigFile, error) {
	config, err := cliconfig.Load(configDir(env))
	if err != nil {
		return nil, fault.New(fault.Engine, "read the docker configuration: %w", err)
	}
	return config, nil
}

// resolveEndpoint follows the docker command line: the flags, then
// DOCKER_HOST, DOCKER_CONTEXT, the configuration's current context, and the
// default socket.
func resolveEndpoint(host, name string, env map[string]string, config *configfile.ConfigFile) (endpoint, error) {
	if host != "" && name != "" {
		return endpoint{}, fault.New(fault.Usage, "--host and --context exclude each other")
	}
	if name == "" && host == "" {
		if host = env["DOCKER_HOST"]; host == "" {
			name = firstOf(env["DOCKER_CONTEXT"], config.CurrentContext)
		}
	}
	if name != "" && name != "default" {
		return contextEndpoint(name, configDir(env))
	}
	if host == "" {
		host = firstOf(env["DOCKER_HOST"], client.DefaultDockerHost)
	}
	return hostEndpoint(host, env)
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// hostEndpoint is an endpoint given by its URL; the environment says whether
// and how TLS is spoken.
func hostEndpoint(host string, env map[string]string) (endpoint, error) {
	host, err := normalizeHost(host, env["DOCKER_TLS_VERIFY"] != "")
	if err != nil {
		return endpoint{}, err
	}
	at := endpoint{host: host}
	if env["DOCKER_TLS_VERIFY"] == "" || !strings.HasPrefix(host, "tcp://") {
		return at, nil
	}
	dir := firstOf(env["DOCKER_CERT_PATH"], configDir(env))
	at.tls, err = tlsconfig.Client(tlsconfig.Options{
		CAFile:             existing(dir, "ca.pem"),
		CertFile:           existing(dir, "cert.pem"),
		KeyFile:            existing(dir, "key.pem"),
		ExclusiveRootPools: true,
	})
	if err != nil {
		return endpoint{}, fault.New(fault.Engine, "read the certificates in %s: %w", dir, err)
	}
	return at, nil
}

// existing returns the path of a file when it is there: each of the three
// certificates may be missing.
func existing(dir, name string) string {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return path
}

// normalizeHost adds what the docker command line lets its users leave out:
// the scheme tcp, and its port.
func normalizeHost(host string, secure bool) (string, error) {
	if !strings.Contains(host, "://") {
		host = "tcp://" + host
	}
	u, err := url.Parse(host)
	if err != nil {
		return "", fault.New(fault.Usage, "the engine's address %q is not valid: %w", host, err)
	}
	switch u.Scheme {
	case "unix", "npipe", "ssh":
		return host, nil
	case "tcp":
		return withPort(u, secure), nil
	default:
		return "", fault.New(fault.Usage, "the engine's address %q has the scheme %q; unix, tcp, ssh and npipe are known", host, u.Scheme)
	}
}

func withPort(u *url.URL, secure bool) string {
	if u.Port() == "" {
		port := "2375"
		if secure {
			port = "2376"
		}
		u.Host = net.JoinHostPort(firstOf(u.Hostname(), "localhost"), port)
	}
	return u.String()
}

// contextEndpoint reads an endpoint from the user's docker contexts.
func contextEndpoint(name, dir string) (endpoint, error) {
	contexts := store.New(filepath.Join(dir, "contexts"), store.NewConfig(
		func() any { return &map[string]any{} },
		store.EndpointTypeGetter(dockerEndpoint, func() any { return &context.EndpointMetaBase{} }),
	))
	metadata, err := contexts.GetMetadata(name)
	if err != nil {
		return endpoint{}, fault.New(fault.Usage, "read the docker context %q: %w", name, err).
			WithHint("list the contexts with: docker context ls")
	}
	meta, ok := metadata.Endpoints[dockerEndpoint].(context.EndpointMetaBase)
	if !ok {
		return endpoint{}, fault.New(fault.Usage, "the docker context %q has no docker endpoint", name)
	}
	files, err := context.LoadTLSData(contexts, name, dockerEndpoint)
	if err != nil {
		return endpoint{}, fault.New(fault.Engine, "read the certificates of the docker context %q: %w", name, err)
	}
	config, err := contextTLS(meta, files)
	if err != nil {
		return endpoint{}, fault.New(fault.Engine, "read the certificates of the docker context %q: %w", name, err)
	}
	host, err := normalizeHost(firstOf(meta.Host, client.DefaultDockerHost), config != nil)
	return endpoint{host: host, tls: config}, err
}

// contextTLS is the TLS configuration of a context, nil for none. That a
// peer is not verified is only ever the user's own choice in the context.
func contextTLS(meta context.EndpointMetaBase, files *context.TLSData) (*tls.Config, error) {
	if !strings.HasPrefix(meta.Host, "tcp://") || (files == nil && !meta.SkipTLSVerify) {
		return nil, nil
	}
	config := tlsconfig.ClientDefault()
	config.InsecureSkipVerify = meta.SkipTLSVerify //nolint:gosec // the user's own choice, see above
	if files == nil {
		return config, nil
	}
	if files.CA != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(files.CA) {
			return nil, errors.New("ca.pem holds no certificate")
		}
	}
	if files.Cert != nil && files.Key != nil {
		pair, err := tls.X509KeyPair(files.Cert, files.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// helper returns the host to hand to the client, and for ssh the function
// that connects to it.
func (at endpoint) helper() (string, dialFunc, error) {
	if !strings.HasPrefix(at.host, "ssh://") {
		return at.host, nil, nil
	}
	helper, err := connhelper.GetConnectionHelper(at.host)
	if err != nil {
		return "", nil, fmt.Errorf("prepare ssh: %w", err)
	}
	return helper.Host, helper.Dialer, nil
}

// local says whether the engine's published ports are this host's.
func (at endpoint) local() bool {
	u, err := url.Parse(at.host)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "unix", "npipe":
		return true
	default:
		ip := net.ParseIP(u.Hostname())
		return u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	}
}

// socket is the path of the engine's socket on this host, "" for none.
func (at endpoint) socket() string {
	path, ok := strings.CutPrefix(at.host, "unix://")
	if !ok {
		return ""
	}
	return path
}

// publishedHost is the address at which the engine's published ports are.
func (at endpoint) publishedHost() string {
	if u, err := url.Parse(at.host); err == nil && !at.local() {
		return u.Hostname()
	}
	return loopback
}
