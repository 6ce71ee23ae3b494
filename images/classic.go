package images

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"
	"github.com/stackctl/stackctl/internal/fault"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// runClassic gives the recipe to the engine's own builder, for engines
// without BuildKit.
func (w *worker) runClassic(ctx context.Context, need *Need, r *recipe, report func(Progress)) (string, error) {
	if err := checkClassic(r); err != nil {
		return "", err
	}
	t, err := openTree(r.context, r.excludes)
	if err != nil {
		return "", err
	}
	defer func() { _ = t.Close() }()
	reader, writer := io.Pipe()
	go func() { _ = writer.CloseWithError(writeTar(ctx, writer, t, r)) }()
	defer func() { _ = reader.Close() }()

	var tail []string
	id, err := w.engine.BuildClassic(ctx, r.classic(need.names(), w.opts), reader, func(line string) {
		line = safeLine(line)
		tail = append(tail, line)
		if len(tail) > lastLines {
			tail = tail[1:]
		}
		report(Progress{Line: line})
	})
	if err != nil {
		return "", &stepError{output: trimBlank(tail), err: err}
	}
	if id == "" {
		return "", errNoID
	}
	return id, nil
}

// checkClassic refuses what only BuildKit can do.
func checkClassic(r *recipe) error {
	config := r.config
	for _, found := range []struct {
		key  string
		used bool
	}{
		{"secrets", len(config.Secrets) > 0},
		{"ssh", len(config.SSH) > 0},
		{"additional_contexts", len(r.named) > 0},
		{"cache_to", len(config.CacheTo) > 0},
		{"no_cache_filter", len(config.NoCacheFilter) > 0},
		{"entitlements", len(config.Entitlements) > 0},
		{"privileged", config.Privileged},
		{"ulimits", len(config.Ulimits) > 0},
		{"provenance", isWanted(config.Provenance)},
		{"sbom", isWanted(config.SBOM)},
		{"context", isRemote(r.context)},
	} {
		if found.used {
			return fault.New(fault.Image, "build.%s needs BuildKit, which this engine does not have", found.key)
		}
	}
	return nil
}

// classic is the recipe in the classic builder's terms.
func (r *recipe) classic(names []string, opts Options) ClassicBuild {
	config := r.config
	out := ClassicBuild{
		Tags:       names,
		Dockerfile: r.tarDockerfile(),
		Args:       map[string]*string{},
		Labels:     map[string]string{},
		Target:     config.Target,
		Platform:   r.platform,
		Network:    config.Network,
		CacheFrom:  config.CacheFrom,
		ExtraHosts: config.ExtraHosts.AsList(":"),
		ShmSize:    int64(config.ShmSize),
		NoCache:    config.NoCache || opts.NoCache,
		PullParent: config.Pull || opts.Pull == PullAlways,
	}
	for name, value := range r.args {
		out.Args[name] = &value
	}
	maps.Copy(out.Labels, config.Labels)
	maps.Copy(out.Labels, r.parts.labels())
	return out
}

// tarDockerfile is a name for the Dockerfile that no file of the context has.
func (r *recipe) tarDockerfile() string {
	return ".dockerfile." + digest.FromBytes(r.file.content).Encoded()[:20]
}

// writeTar writes the context, and the Dockerfile under a name of its own.
// Links stay links; owners and times are the same for everybody.
func writeTar(ctx context.Context, out io.Writer, t *tree, r *recipe) error {
	archive := tar.NewWriter(out)
	header := &tar.Header{Name: r.tarDockerfile(), Mode: 0o644, Size: int64(len(r.file.content))}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	if _, err := archive.Write(r.file.content); err != nil {
		return err
	}
	err := t.walk(ctx, func(stat *fstypes.Stat) error { return writeEntry(archive, t, stat) })
	if err != nil {
		return fmt.Errorf("send build context %s: %w", t.dir, err)
	}
	return archive.Close()
}

func writeEntry(archive *tar.Writer, t *tree, stat *fstypes.Stat) error {
	mode := os.FileMode(stat.Mode)
	header := &tar.Header{Name: filepath.ToSlash(stat.Path), Mode: tarMode(mode)}
	switch {
	case mode.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
	case mode&fs.ModeSymlink != 0:
		header.Typeflag, header.Linkname = tar.TypeSymlink, stat.Linkname
	default:
		return writeFile(archive, t, stat.Path, header)
	}
	return archive.WriteHeader(header)
}

func writeFile(archive *tar.Writer, t *tree, path string, header *tar.Header) error {
	file, err := t.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := t.root.Lstat(path)
	if err != nil {
		return err
	}
	header.Typeflag, header.Size = tar.TypeReg, info.Size()
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.CopyN(archive, file, header.Size)
	return err
}

// tarMode is a mode in the numbers of a tar archive.
func tarMode(mode os.FileMode) int64 {
	out := int64(mode.Perm())
	for bit, number := range map[os.FileMode]int64{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if mode&bit != 0 {
			out |= number
		}
	}
	return out
}
