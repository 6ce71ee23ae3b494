package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/pkg/jsonmessage"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
)

// HasBuildKit says whether the engine carries BuildKit. Engine 20.10 does
// and does not announce it; Podman never does.
func (e *Engine) HasBuildKit(context.Context) bool {
	return !e.podman() && e.server.Os != "windows"
}

// DialBuildKit opens a connection to the engine's BuildKit. It stays open
// when ctx ends after it was made.
func (e *Engine) DialBuildKit(ctx context.Context, endpoint string, headers map[string][]string) (net.Conn, error) {
	type answer struct {
		conn net.Conn
		err  error
	}
	// The library reads the engine's answer without regard to ctx.
	answers := make(chan answer, 1)
	go func() {
		conn, err := e.cli.DialHijack(context.WithoutCancel(ctx), endpoint, "h2c", headers)
		answers <- answer{conn, err}
	}()
	bounded, cancel := context.WithTimeout(ctx, e.limits.answer)
	defer cancel()
	op := "connect to the engine's builder"
	select {
	case a := <-answers:
		return a.conn, e.fail(ctx, op, e.limits.answer, a.err)
	case <-bounded.Done():
		go func() {
			if a := <-answers; a.err == nil {
				_ = a.conn.Close()
			}
		}()
		return nil, e.fail(ctx, op, e.limits.answer, errNoAnswer)
	}
}

// errNoImage says that a build ended well without naming its image.
var errNoImage = errors.New("the builder named no image")

// BuildClassic runs the engine's own builder on a tar of the context and
// returns the ID of the image that this very build made. Errors are of class
// Image.
func (e *Engine) BuildClassic(ctx context.Context, spec images.ClassicBuild, tar io.Reader, report func(line string)) (string, error) {
	op := "build " + strings.Join(spec.Tags, ", ")
	answer, err := e.cli.ImageBuild(ctx, tar, buildOptions(spec, e.allAuth()))
	if err != nil {
		return "", reclass(e.fail(ctx, op, e.limits.answer, err), fault.Image)
	}
	defer answer.Body.Close() //nolint:errcheck // a stream that was read to its end
	id, err := readBuild(answer.Body, report)
	switch {
	case err == nil:
		return id, nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s: %w", op, ctx.Err())
	default:
		return "", fault.New(fault.Image, "%s: %w", op, err)
	}
}

// allAuth is the user's credentials for all registries: the builder pulls
// base images itself. A helper that fails only means that none are sent.
func (e *Engine) allAuth() map[string]registry.AuthConfig {
	stored, err := e.config.GetAllCredentials()
	if err != nil {
		e.log.Warn().Err(err).Msg("credentials not read")
		return nil
	}
	all := map[string]registry.AuthConfig{}
	for host, a := range stored {
		all[host] = registry.AuthConfig{
			Username: a.Username, Password: a.Password, Auth: a.Auth,
			ServerAddress: a.ServerAddress, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
		}
	}
	return all
}

func buildOptions(spec images.ClassicBuild, auth map[string]registry.AuthConfig) build.ImageBuildOptions {
	return build.ImageBuildOptions{
		Tags: spec.Tags, Dockerfile: spec.Dockerfile, BuildArgs: spec.Args, Labels: spec.Labels,
		Target: spec.Target, Platform: spec.Platform, NetworkMode: spec.Network, CacheFrom: spec.CacheFrom,
		ExtraHosts: spec.ExtraHosts, ShmSize: spec.ShmSize, NoCache: spec.NoCache, PullParent: spec.PullParent,
		AuthConfigs: auth, Remove: true, ForceRemove: true, Version: build.BuilderV1,
	}
}

// readBuild reads the builder's output to its end and returns the image's ID.
func readBuild(body io.Reader, report func(string)) (string, error) {
	decoder := json.NewDecoder(body)
	id := ""
	for {
		var m jsonmessage.JSONMessage
		err := decoder.Decode(&m)
		switch {
		case errors.Is(err, io.EOF) && id != "":
			return id, nil
		case errors.Is(err, io.EOF):
			return "", errNoImage
		case err != nil:
			return "", fmt.Errorf("%w: %w", ErrCutOff, err)
		}
		if err := messageError(m); err != nil {
			return "", err
		}
		if found := builtID(m); found != "" {
			id = found
		}
		for line := range strings.Lines(firstOf(m.Stream, m.Status)) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				report(line)
			}
		}
	}
}

// builtID is the image that a message names as the outcome, "" for none.
func builtID(m jsonmessage.JSONMessage) string {
	var result build.Result
	if m.Aux == nil || json.Unmarshal(*m.Aux, &result) != nil {
		return ""
	}
	return result.ID
}
