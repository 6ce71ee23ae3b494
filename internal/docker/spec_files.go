package docker

import (
	"archive/tar"
	"bytes"
	"path"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// defaultFileMode is the mode of secrets and configs: readable to all, since
// the container's user is not known.
const defaultFileMode = 0o444

// injected is a file to copy into a container.
type injected struct {
	// what names it in messages, e.g. "secret token".
	what string
	// path is absolute and clean.
	path     string
	content  []byte
	mode     int64
	uid, gid int
	// readOnly says that the service's root file system is.
	readOnly bool
}

// fileReference is a secret or config at its place in the container.
type fileReference struct {
	injected
	// source is the file on the engine's host that is mounted; "" when the
	// content is copied.
	source string
}

// fileReferences resolves the secrets and configs of a service.
func fileReferences(spec orchestrator.ContainerSpec) ([]fileReference, error) {
	var all []fileReference
	for _, s := range spec.Service.Secrets {
		object, ok := spec.Project.Secrets[s.Source]
		r, err := resolveFile(spec, "secret", "/run/secrets", types.FileReferenceConfig(s), types.FileObjectConfig(object), ok)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	for _, c := range spec.Service.Configs {
		object, ok := spec.Project.Configs[c.Source]
		r, err := resolveFile(spec, "config", "/", types.FileReferenceConfig(c), types.FileObjectConfig(object), ok)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func resolveFile(spec orchestrator.ContainerSpec, kind, dir string, ref types.FileReferenceConfig, object types.FileObjectConfig, declared bool) (fileReference, error) {
	what := kind + " " + ref.Source
	switch {
	case !declared:
		return fileReference{}, fault.New(fault.Config, "%s: %s is not declared", spec.Service.Name, what)
	case bool(object.External), object.Driver != "", object.TemplateDriver != "":
		return fileReference{}, fault.New(fault.Config, "%s: %s is external, which only a cluster has", spec.Service.Name, what).
			WithHint("declare it with file:, environment: or content:")
	}
	r := fileReference{source: object.File, injected: injected{what: what, path: filePath(dir, ref), readOnly: spec.Service.ReadOnly}}
	if r.source != "" {
		return r, nil
	}
	content, err := fileContent(spec, what, object)
	if err != nil {
		return fileReference{}, err
	}
	r.content = []byte(content)
	return r, r.setOwner(spec.Service.Name, ref)
}

// filePath is where a reference ends up: relative targets are below dir.
func filePath(dir string, ref types.FileReferenceConfig) string {
	target := firstOf(ref.Target, ref.Source)
	if strings.HasPrefix(target, "/") {
		return path.Clean(target)
	}
	return path.Join("/", dir, path.Join("/", target))
}

func fileContent(spec orchestrator.ContainerSpec, what string, object types.FileObjectConfig) (string, error) {
	if object.Content != "" || object.Environment == "" {
		return object.Content, nil
	}
	value, ok := spec.Project.Environment[object.Environment]
	if !ok {
		return "", fault.New(fault.Config, "%s: %s takes its value from %s, which is not set", spec.Service.Name, what, object.Environment)
	}
	return value, nil
}

func (r *fileReference) setOwner(service string, ref types.FileReferenceConfig) error {
	r.mode = defaultFileMode
	if ref.Mode != nil {
		r.mode = int64(*ref.Mode)
	}
	for _, id := range []struct {
		key, value string
		to         *int
	}{{"uid", ref.UID, &r.uid}, {"gid", ref.GID, &r.gid}} {
		number, err := strconv.ParseUint(firstOf(id.value, "0"), 10, 31)
		if err != nil {
			return fault.New(fault.Config, "%s: %s: %s %q is not a number", service, r.what, id.key, id.value)
		}
		*id.to = int(number)
	}
	return nil
}

// parents are the directories above a clean absolute path, "/" aside, the
// outermost first.
func parents(file string) []string {
	var dirs []string
	for dir := path.Dir(file); dir != "/" && dir != "."; dir = path.Dir(dir) {
		dirs = append([]string{dir}, dirs...)
	}
	return dirs
}

// packFiles makes the archive that the engine unpacks at "/".
func packFiles(files []injected, dirs []string) ([]byte, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, dir := range dirs {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(dir, "/") + "/", Mode: 0o755}); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: strings.TrimPrefix(f.path, "/"),
			Size: int64(len(f.content)), Mode: f.mode, Uid: f.uid, Gid: f.gid,
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return archive.Bytes(), nil
}
