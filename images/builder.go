package images

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/grpcerrors"
	"github.com/stackctl/stackctl/internal/fault"
	"google.golang.org/grpc/codes"
)

// cancelGrace is how long a cancelled build may take to end by itself before
// its connection is cut.
const cancelGrace = time.Second

// builder is the connection to the engine's BuildKit, made when the first
// build needs it.
type builder struct {
	client *client.Client
	auth   *configfile.ConfigFile
	// modern says that the builder is BuildKit 0.11 or later: it knows named
	// contexts, attestations and limits of a build.
	modern func() bool
	// gateway is the address that "host-gateway" stands for, "" when the
	// builder does not say.
	gateway func() string
	closing sync.Once
}

// connect returns the connection, made once for all builds.
func (w *worker) connect(ctx context.Context) (*builder, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.builder != nil {
		return w.builder, nil
	}
	c, err := client.New(ctx, "",
		client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return w.engine.DialBuildKit(ctx, "/grpc", nil)
		}),
		client.WithSessionDialer(func(ctx context.Context, _ string, meta map[string][]string) (net.Conn, error) {
			return w.engine.DialBuildKit(ctx, "/session", meta)
		}))
	if err != nil {
		return nil, fault.New(fault.Engine, "connect to the engine's builder: %w", err)
	}
	auth := w.opts.Auth
	if auth == nil {
		auth = config.LoadDefaultConfigFile(io.Discard)
	}
	w.builder = &builder{
		client:  c,
		auth:    auth,
		modern:  sync.OnceValue(func() bool { return isModern(ctx, c) }),
		gateway: sync.OnceValue(func() string { return hostGateway(ctx, c) }),
	}
	return w.builder, nil
}

func (b *builder) close() {
	b.closing.Do(func() { _ = b.client.Close() })
}

// isModern asks for what only later builders answer.
func isModern(ctx context.Context, c *client.Client) bool {
	_, err := c.Info(ctx)
	return err == nil || grpcerrors.Code(err) != codes.Unimplemented
}

func hostGateway(ctx context.Context, c *client.Client) string {
	workers, err := c.ListWorkers(ctx)
	if err != nil {
		return ""
	}
	for _, worker := range workers {
		if address := worker.Labels["org.mobyproject.buildkit.worker.moby.host-gateway-ip"]; address != "" {
			return address
		}
	}
	return ""
}

// outcome is what the builder answered in the end.
type outcome struct {
	response *client.SolveResponse
	err      error
}

// solve runs one build to its end and returns the ID the builder gave the
// image. A build that does not end when ctx does is cut off.
func (b *builder) solve(ctx context.Context, opt client.SolveOpt, watch *watcher) (string, error) {
	events := make(chan *client.SolveStatus)
	ended := make(chan outcome, 1)
	go func() {
		response, err := b.client.Solve(ctx, nil, opt, events)
		ended <- outcome{response, err}
	}()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for status := range events {
			watch.take(status)
		}
	}()
	out := b.await(ctx, ended)
	<-watched
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case out.err == nil:
		return imageID(out.response)
	case watch.failed() == nil && grpcerrors.Code(out.err) == codes.Unavailable:
		return "", fault.New(fault.Engine, "the connection to the engine's builder broke: %w", out.err)
	default:
		return "", watch.failure(out.err)
	}
}

// await waits for the end of a build, and after a cancellation not for long.
func (b *builder) await(ctx context.Context, ended <-chan outcome) outcome {
	select {
	case out := <-ended:
		return out
	case <-ctx.Done():
	}
	timer := time.NewTimer(cancelGrace)
	defer timer.Stop()
	select {
	case out := <-ended:
		return out
	case <-timer.C:
		b.close()
		return <-ended
	}
}

// imageID reads the ID of the image from a builder's answer: the digest of its
// configuration, or with a containerd image store that of its manifest.
func imageID(response *client.SolveResponse) (string, error) {
	for _, key := range []string{"containerimage.digest", "containerimage.config.digest"} {
		if id := response.ExporterResponse[key]; id != "" {
			return id, nil
		}
	}
	return "", errNoID
}

// isCanceled says whether an error is only the echo of an end asked for.
func isCanceled(err error) bool {
	return errors.Is(err, context.Canceled) || grpcerrors.Code(err) == codes.Canceled
}

// check refuses what this builder would silently leave out and that changes
// what is built; what only changes how it is built is a warning.
func (b *builder) check(r *recipe) (warnings []string, err error) {
	config := r.config
	attest := isWanted(config.Provenance) || isWanted(config.SBOM)
	limits := config.ShmSize > 0 || len(config.Ulimits) > 0
	if (len(r.named) == 0 || r.file.syntax != "") && !attest && !limits {
		return nil, nil
	}
	if b.modern() {
		return nil, nil
	}
	if len(r.named) > 0 && r.file.syntax == "" {
		return nil, fault.New(fault.Image, "this engine's builder is too old for additional_contexts").
			WithHint("use an engine from version 23.0 on, or begin the Dockerfile with # syntax=docker/dockerfile:1")
	}
	if attest {
		return nil, fault.New(fault.Image, "this engine's builder is too old for provenance and sbom").
			WithHint("use an engine from version 23.0 on, or remove the keys")
	}
	return []string{"this engine's builder is too old for shm_size and ulimits of a build: they have no effect"}, nil
}

// isWanted reads a setting that is false, true or a list of parameters.
func isWanted(setting string) bool {
	return setting != "" && setting != "false" && setting != "0"
}
