package docker

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// ReaperImage is the repository of the images that reapers run.
const ReaperImage = "stackctl-reaper"

// The places in a reaper's container.
const (
	reaperProgram = "/stackctl"
	reaperSocket  = "/var/run/docker.sock"
)

// ReaperSpec is a container that runs a program of ours with the engine's
// socket.
type ReaperSpec struct {
	// Program is the file of a static program on this host, Digest what tells
	// it from others: hexadecimal digits.
	Program, Digest string
	// Args are the program's arguments; the engine is at its default socket.
	Args []string
	// Name and Labels are the container's.
	Name   string
	Labels map[string]string
}

// Socket is the engine's own socket as its containers can mount it, "" where
// that is not known.
func (e *Engine) Socket() string {
	scheme, path, _ := strings.Cut(e.at.host, "://")
	switch scheme {
	case "unix":
		return path
	case "tcp", "ssh":
		return reaperSocket // the usual place; the reaper makes sure of the engine
	default:
		return ""
	}
}

// HasReaper says whether the image for the program with this digest is there.
func (e *Engine) HasReaper(ctx context.Context, digest string) bool {
	_, err := e.InspectImage(ctx, ReaperImage+":"+digest)
	return err == nil
}

// MakeReaper makes the image: nothing but the program.
func (e *Engine) MakeReaper(ctx context.Context, spec ReaperSpec) error {
	content, pack := io.Pipe()
	go func() { pack.CloseWithError(packProgram(pack, spec.Program)) }()
	defer func() { _ = content.Close() }()
	body, err := opening(ctx, e.limits.work, func(ctx context.Context) (io.ReadCloser, error) {
		return e.cli.ImageImport(ctx, image.ImportSource{Source: content, SourceName: "-"}, ReaperImage, image.ImportOptions{
			Tag: spec.Digest, Message: "the program that removes throw-away copies",
			Changes: []string{`ENTRYPOINT ["` + reaperProgram + `"]`, "LABEL " + orchestrator.LabelReaper + "=" + spec.Digest},
		})
	})
	if err == nil {
		defer body.Close()
		err = readPull(body, false, func(images.PullProgress) {})
	}
	return reclass(e.fail(ctx, "make image "+ReaperImage, e.limits.work, err), fault.Image)
}

// packProgram writes an archive with one executable file.
func packProgram(to io.Writer, program string) error {
	file, err := os.Open(program)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	archive := tar.NewWriter(to)
	header := &tar.Header{Name: strings.TrimPrefix(reaperProgram, "/"), Typeflag: tar.TypeReg, Mode: 0o755, Size: info.Size()}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	if _, err := io.Copy(archive, file); err != nil {
		return err
	}
	return archive.Close()
}

// Reaper is a container that runs for as long as its owner keeps it waiting.
type Reaper struct {
	attached types.HijackedResponse
}

// Write says something to the program.
func (r *Reaper) Write(p []byte) (int, error) { return r.attached.Conn.Write(p) }

// Close ends the program's standard input.
func (r *Reaper) Close() error {
	r.attached.Close()
	return nil
}

// errNotReady says that a reaper ended, or never said that it watches.
var errNotReady = errors.New("the reaper is not ready")

// readyWithin is how long a reaper may take to start.
const readyWithin = 20 * time.Second

// StartReaper starts the container and returns when its program has said
// "ready". The connection to it is all that keeps its standard input open. It
// is removed by the engine when it ends.
func (e *Engine) StartReaper(ctx context.Context, spec ReaperSpec) (*Reaper, error) {
	op := "start the reaper"
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	made, err := ask(ctx, e, op, func(ctx context.Context) (container.CreateResponse, error) {
		config, host := reaperConfig(spec, e.Socket())
		return e.cli.ContainerCreate(ctx, config, host, nil, nil, spec.Name)
	})
	if err != nil {
		return nil, err
	}
	attached, err := e.attachContainer(ctx, op, made.ID, true)
	if err == nil {
		err = e.StartContainer(ctx, made.ID)
	}
	if err == nil {
		err = awaitReady(ctx, attached)
	}
	if err != nil {
		if attached.Conn != nil {
			attached.Close()
		}
		return nil, errors.Join(err, e.discard(ctx, made.ID))
	}
	return &Reaper{attached}, nil
}

// reaperConfig asks for no more than the socket.
func reaperConfig(spec ReaperSpec, socket string) (*container.Config, *container.HostConfig) {
	return &container.Config{
			Image: ReaperImage + ":" + spec.Digest, Cmd: spec.Args, Labels: spec.Labels,
			Env: []string{"DOCKER_HOST=unix://" + reaperSocket}, User: "0:0",
			OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
		}, &container.HostConfig{
			AutoRemove: true, NetworkMode: network.NetworkNone, ReadonlyRootfs: true, CapDrop: []string{"ALL"},
			SecurityOpt: []string{"no-new-privileges", "label=disable"}, UsernsMode: "host",
			Mounts: []mount.Mount{{Type: mount.TypeBind, Source: socket, Target: reaperSocket}},
		}
}

// awaitReady reads what the program says until it is ready.
func awaitReady(ctx context.Context, attached types.HijackedResponse) error {
	stop := context.AfterFunc(ctx, attached.Close)
	defer stop()
	said, pipe := io.Pipe()
	complaint, ended := &head{left: 4 << 10}, make(chan struct{})
	go func() {
		defer close(ended)
		pipe.CloseWithError(demux(pipe, complaint, attached.Reader))
	}()
	line, err := bufio.NewReader(said).ReadString('\n')
	if strings.TrimSpace(line) == "ready" {
		go func() { _, _ = io.Copy(io.Discard, said) }() // ends with the connection
		return nil
	}
	_ = said.Close()
	attached.Close()
	<-ended
	return fault.New(fault.Engine, "%w: %s %w", errNotReady, strings.TrimSpace(line+string(complaint.kept)), errors.Join(err, ctx.Err()))
}

// UnusedReapers are the images of reapers of other programs than the one with
// this digest, by ID; RemoveImage refuses those that are in use.
func (e *Engine) UnusedReapers(ctx context.Context, digest string) ([]string, error) {
	listed, err := ask(ctx, e, "list images", func(ctx context.Context) ([]image.Summary, error) {
		return e.cli.ImageList(ctx, image.ListOptions{All: false, Filters: filters.NewArgs(filters.Arg("label", orchestrator.LabelReaper))})
	})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, i := range listed {
		if i.Labels[orchestrator.LabelReaper] != digest {
			out = append(out, i.ID)
		}
	}
	return out, nil
}

// FreeNetworks is how many more networks the engine's address pools have room
// for, as far as its own networks say: addresses that the host uses otherwise
// make it fewer. False means that it is not known.
func (e *Engine) FreeNetworks(ctx context.Context) (free int, known bool, err error) {
	said, err := ask(ctx, e, "ask for address pools", e.cli.Info)
	if err != nil {
		return 0, false, err
	}
	pools, ok := poolsOf(said.DefaultAddressPools)
	if !ok {
		return 0, false, nil
	}
	listed, err := ask(ctx, e, "list networks", func(ctx context.Context) ([]network.Summary, error) {
		return e.cli.NetworkList(ctx, network.ListOptions{})
	})
	if err != nil {
		return 0, false, fmt.Errorf("count networks: %w", err)
	}
	var used []string
	for _, n := range listed {
		for _, c := range n.IPAM.Config {
			used = append(used, c.Subnet)
		}
	}
	return pools.free(used), true, nil
}
