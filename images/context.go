package images

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// namedContext is an additional context of a build. Exactly one field group is
// set: a directory with its ignore file's patterns, an image, or an address.
type namedContext struct {
	dir      string
	excludes []string
	image    string
	url      string
}

// namedContexts resolves additional_contexts. "service:x" is the image that
// the service x runs.
func (c *cookbook) namedContexts(given map[string]string) (map[string]namedContext, error) {
	out := map[string]namedContext{}
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		resolved, err := c.namedContext(given[name])
		if err != nil {
			wrong = append(wrong, fmt.Errorf("build.additional_contexts.%s: %w", name, err))
			continue
		}
		out[name] = resolved
	}
	return out, errors.Join(wrong...)
}

func (c *cookbook) namedContext(value string) (namedContext, error) {
	if service, ok := strings.CutPrefix(value, "service:"); ok {
		ref, known := c.refs[service]
		if !known {
			return namedContext{}, fmt.Errorf("there is no service %q", service)
		}
		return namedContext{image: ref}, nil
	}
	if ref, ok := strings.CutPrefix(value, "docker-image://"); ok {
		return namedContext{image: ref}, nil
	}
	if isRemote(value) {
		return namedContext{url: value}, nil
	}
	if strings.Contains(value, "://") || strings.HasPrefix(value, "target:") {
		return namedContext{}, fmt.Errorf("%q is neither a directory, an image (docker-image://), a service nor an address", value)
	}
	return localContext(value)
}

func localContext(path string) (namedContext, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return namedContext{}, err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return namedContext{}, err
	}
	if !info.IsDir() {
		return namedContext{}, fmt.Errorf("%s is not a directory", dir)
	}
	content, name, err := readIgnore(dir, "")
	if err != nil {
		return namedContext{}, err
	}
	excludes, err := parseIgnore(content, name)
	return namedContext{dir: dir, excludes: excludes}, err
}

// addNamed digests the additional contexts that are directories or addresses;
// images among them count as base images.
func (c *cookbook) addNamed(ctx context.Context, r *recipe) error {
	for name, named := range r.named {
		part := "additional_contexts." + name
		switch {
		case named.dir != "":
			found, err := c.scan(ctx, named.dir, named.excludes)
			if err != nil {
				return err
			}
			r.parts[part] = found.digest
			r.warnings = append(r.warnings, found.warnings...)
		case named.url != "":
			r.parts.set(part, named.url)
		default:
			r.parts.set(part, named.image)
		}
	}
	return nil
}

// unpinned returns the first address that the recipe reads and that may show
// something else tomorrow; "" when there is none.
func (r *recipe) unpinned() string {
	if isRemote(r.context) && !isPinned(r.context) {
		return r.context
	}
	for _, name := range slices.Sorted(maps.Keys(r.named)) {
		if url := r.named[name].url; url != "" && !isPinned(url) {
			return url
		}
	}
	return ""
}

// images are all images that the build starts from or copies from, sorted.
func (r *recipe) images() []string {
	out := slices.Clone(r.file.bases)
	for _, named := range r.named {
		if named.image != "" {
			out = append(out, named.image)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
