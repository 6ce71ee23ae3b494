package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// sight is one thing that the oracle must see, and the rows of the support
// table that it shows.
type sight struct {
	// keys are the rows that it covers, separated by blanks.
	keys string
	// of names the document that is looked at, see stack.document.
	of string
	// at is a path in that document: a.b[key.with.dots][0].
	at string
	// want is JSON. It is compared by how.
	want string
	how  func(got, want any) bool
	// unless is what up may say instead: the engine cannot do it here, and
	// nobody is left to believe it.
	unless string
}

// is sees exactly the value.
func is(keys, of, at, want string) sight {
	return sight{keys: keys, of: of, at: at, want: want, how: equal}
}

// has sees at least the value: a part of a text, an element of a list, some
// entries of a mapping.
func has(keys, of, at, want string) sight {
	return sight{keys: keys, of: of, at: at, want: want, how: includes}
}

// lacks sees a list, a mapping or a text without the value.
func lacks(keys, of, at, want string) sight {
	return sight{keys: keys, of: of, at: at, want: want, how: func(got, want any) bool { return !includes(got, want) }}
}

// or lets up say words instead of the engine doing it.
func (x sight) or(words string) sight {
	x.unless = words
	return x
}

func equal(got, want any) bool { return reflect.DeepEqual(got, want) }

func includes(got, want any) bool {
	switch got := got.(type) {
	case string:
		part, ok := want.(string)
		return ok && strings.Contains(got, part)
	case []any:
		for _, element := range got {
			if equal(element, want) {
				return true
			}
		}
	case map[string]any:
		entries, ok := want.(map[string]any)
		if name, isName := want.(string); isName {
			_, there := got[name]
			return there
		}
		for key, value := range entries {
			if !ok || !equal(got[key], value) {
				return false
			}
		}
		return ok
	}
	return equal(got, want)
}

// check looks and reports what is seen instead.
func (x sight) check(s *stack) {
	s.t.Helper()
	var want any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(s.fill(x.want), "IMAGE", image)), &want); err != nil {
		s.t.Fatalf("%s: the expectation %s is no JSON: %v", x.keys, x.want, err)
	}
	if x.unless != "" && strings.Contains(s.said, x.unless) {
		return
	}
	document, err := s.document(s.fill(x.of))
	if err != nil {
		s.t.Errorf("%s: %v", x.keys, err)
		return
	}
	got, err := walk(document, s.fill(x.at))
	if err != nil {
		s.t.Errorf("%s: %s: %v", x.keys, x.of, err)
		return
	}
	if !x.how(got, want) {
		text, _ := json.Marshal(got)
		s.t.Errorf("%s: %s %s is %s, not as wanted: %s", x.keys, x.of, x.at, text, s.fill(x.want))
	}
}

// walk follows a path. What is not there is nil.
func walk(value any, path string) (any, error) {
	for path != "" {
		var step string
		switch path[0] {
		case '[':
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return nil, fmt.Errorf("the path %q does not end", path)
			}
			step, path = path[1:end], path[end+1:]
		default:
			end := strings.IndexAny(path[1:], ".[") + 1
			if end == 0 {
				end = len(path)
			}
			step, path = strings.TrimPrefix(path[:end], "."), path[end:]
		}
		switch v := value.(type) {
		case nil:
			return nil, nil
		case map[string]any:
			value = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil {
				return nil, fmt.Errorf("%q is no place in a list", step)
			}
			if value = nil; i < len(v) {
				value = v[i]
			}
		default:
			return nil, fmt.Errorf("there is nothing below %v to call %q", value, step)
		}
	}
	return value, nil
}

// document is what the engine says about an object, as it says it:
//
//	app            the container of service app (app#2: its second one)
//	network:front  the project's network front; network=NAME by its name
//	volume:data    the project's volume data; volume=NAME by its name
//	image=REF      an image
//	file:app:/x    a file in app's container: content, mode, uid, gid
//	host:x         the content of file x in the project's directory, or "a directory"
//	config         what stackctl config prints
//	layout=REF     the configuration of an image as it is exported
//	containers     the names of the services that have a container, with their number
func (s *stack) document(of string) (any, error) {
	kind, name, _ := strings.Cut(of, ":")
	switch kind {
	case "network", "volume":
		return s.object(kind+"s", s.name+"_"+name)
	case "file":
		service, path, _ := strings.Cut(name, ":")
		return s.fileIn(service, path)
	case "host":
		return s.shown(name), nil
	case "config":
		return s.resolved()
	case "containers":
		return s.census()
	}
	if kind, name, ok := strings.Cut(of, "="); ok {
		if kind == "layout" {
			return s.layout(name)
		}
		return s.object(kind+"s", name)
	}
	id, err := s.container(of)
	if err != nil {
		return nil, err
	}
	return s.object("containers", id)
}

// object is one object's raw inspection.
func (s *stack) object(kind, name string) (any, error) {
	path := "/" + kind + "/" + name
	if kind == "containers" || kind == "images" {
		path += "/json"
	}
	var out any
	err := call(context.WithoutCancel(s.t.Context()), http.MethodGet, path, nil, &out)
	return out, err
}

// container is the ID of a service's container: app, or app#2.
func (s *stack) container(of string) (string, error) {
	service, number, ok := strings.Cut(of, "#")
	if !ok {
		number = "1"
	}
	for _, id := range ids(s.t, "containers", s.name) {
		c, ok := look(s.t, id)
		if labels := c.Config.Labels; ok && labels["com.docker.compose.service"] == service && labels["com.docker.compose.container-number"] == number {
			return id, nil
		}
	}
	return "", fmt.Errorf("service %s has no container with the number %s", service, number)
}

// census maps each service to the number of its containers.
func (s *stack) census() (any, error) {
	out := map[string]any{}
	for _, id := range ids(s.t, "containers", s.name) {
		service := inspect(s.t, id).Config.Labels["com.docker.compose.service"]
		count, _ := out[service].(float64)
		out[service] = count + 1
	}
	return out, nil
}

// fileIn reads a file out of a container, running or not.
func (s *stack) fileIn(service, path string) (any, error) {
	id, err := s.container(service)
	if err != nil {
		return nil, err
	}
	archive, err := ask(context.WithoutCancel(s.t.Context()), http.MethodGet, "/containers/"+id+"/archive?path="+url.QueryEscape(path), nil)
	if err != nil {
		return nil, err
	}
	r := tar.NewReader(bytes.NewReader(archive))
	h, err := r.Next()
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	return map[string]any{
		"content": string(content), "mode": fmt.Sprintf("%04o", h.Mode&0o7777), "uid": float64(h.Uid), "gid": float64(h.Gid),
	}, err
}

// layout is the configuration of an image as the engine exports it.
func (s *stack) layout(ref string) (any, error) {
	archive, err := ask(context.WithoutCancel(s.t.Context()), http.MethodGet, "/images/"+ref+"/get", nil)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	var manifests []struct{ Config string }
	if err := json.Unmarshal(files["manifest.json"], &manifests); err != nil || len(manifests) != 1 {
		return nil, fmt.Errorf("export %s: %d images, %w", ref, len(manifests), err)
	}
	var out any
	err = json.Unmarshal(files[manifests[0].Config], &out)
	return out, err
}

// resolved is what stackctl config prints.
func (s *stack) resolved() (any, error) {
	o := s.run("config")
	if o.code != 0 {
		return nil, fmt.Errorf("config ended with %d\n%s", o.code, o.stderr)
	}
	var fromYAML, out any
	if err := yaml.Unmarshal([]byte(o.stdout), &fromYAML); err != nil {
		return nil, err
	}
	text, err := json.Marshal(fromYAML)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(text, &out)
	return out, err
}
