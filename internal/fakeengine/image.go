package fakeengine

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Image is an image that the engine has.
type Image struct {
	// ID is made from the first tag when "".
	ID   string
	Tags []string
	// OS and Arch are linux and amd64 when "".
	OS, Arch string
	Env, Cmd []string
	Volumes  []string
	// Check is its HEALTHCHECK; nil for none.
	Check *Check
}

// Checked gives the image a HEALTHCHECK with an interval.
func (i Image) Checked(interval time.Duration, test ...string) Image {
	i.Check = &Check{Test: test, Interval: interval}
	return i
}

// Remote is what the registry answers to a pull.
type Remote struct {
	// Image is what the pull leads to.
	Image Image
	// Status and Message refuse it before the stream, Error inside it.
	Status         int
	Message, Error string
	// Cut ends the stream before the last word; Stall lets it stand still.
	Cut, Stall bool
	// Once applies the failure to the first pull alone.
	Once bool
}

// Add gives the engine images.
func (e *Engine) Add(images ...Image) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, i := range images {
		e.add(i)
	}
}

func (e *Engine) add(i Image) {
	if i.ID == "" {
		i.ID = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(i.Tags[0])))
	}
	if i.OS == "" {
		i.OS = "linux"
	}
	if i.Arch == "" {
		i.Arch = "amd64"
	}
	for _, tag := range i.Tags { // a tag means one image
		if other := e.image(tag); other != nil {
			other.Tags = slices.DeleteFunc(slices.Clone(other.Tags), func(t string) bool { return t == tag })
		}
	}
	e.images[i.ID] = &i
}

// Offer lets an image be pulled.
func (e *Engine) Offer(ref string, r Remote) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.remote[ref] = r
}

// image is the image with a name or ID.
func (e *Engine) image(ref string) *Image {
	if i := e.images[ref]; i != nil {
		return i
	}
	for _, i := range e.images {
		if slices.Contains(i.Tags, ref) || slices.Contains(i.Tags, ref+":latest") || slices.Contains(i.Tags, strings.TrimSuffix(ref, ":latest")) {
			return i
		}
	}
	return nil
}

func (e *Engine) inspectImage(c Call) reply {
	i := e.image(c.Target)
	if i == nil {
		return refusal(http.StatusNotFound, "No such image: "+c.Target)
	}
	volumes := map[string]struct{}{}
	for _, v := range i.Volumes {
		volumes[v] = struct{}{}
	}
	return ok(map[string]any{
		"Id": i.ID, "RepoTags": i.Tags, "Os": i.OS, "Architecture": i.Arch, "Created": "2026-01-02T03:04:05Z",
		"Config": map[string]any{"Env": i.Env, "Cmd": i.Cmd, "Volumes": volumes, "Healthcheck": i.Check},
	})
}

func (e *Engine) removeImage(c Call) reply {
	i := e.image(c.Target)
	if i == nil {
		return refusal(http.StatusNotFound, "No such image: "+c.Target)
	}
	for _, one := range e.containers {
		if one.image == i {
			return refusal(http.StatusConflict, "conflict: unable to remove repository reference: container "+one.id+" is using it")
		}
	}
	delete(e.images, i.ID)
	return ok([]map[string]string{{"Deleted": i.ID}})
}

func (e *Engine) tagImage(c Call) reply {
	i := e.image(c.Target)
	if i == nil {
		return refusal(http.StatusNotFound, "No such image: "+c.Target)
	}
	i.Tags = append(i.Tags, c.Query.Get("repo")+":"+c.Query.Get("tag"))
	return reply{status: http.StatusCreated}
}

// pullImage is POST /images/create.
func (e *Engine) pullImage(c Call) reply {
	ref := c.Query.Get("fromImage")
	if tag := c.Query.Get("tag"); tag != "" {
		ref += ":" + tag
	}
	ref = strings.TrimPrefix(strings.TrimPrefix(ref, "docker.io/"), "library/")
	r, known := e.remote[ref]
	if !known {
		return refusal(http.StatusNotFound, "manifest for "+ref+" not found: manifest unknown: manifest unknown")
	}
	if r.Once {
		e.remote[ref] = Remote{Image: r.Image}
	}
	if r.Status != 0 {
		return refusal(r.Status, r.Message)
	}
	lines := []any{
		map[string]string{"status": "Pulling from " + ref},
		map[string]any{"status": "Downloading", "id": "layer", "progressDetail": map[string]int{"current": 1, "total": 2}},
	}
	switch {
	case r.Error != "":
		lines = append(lines, map[string]any{"errorDetail": map[string]string{"message": r.Error}, "error": r.Error})
	case !r.Cut && !r.Stall:
		image := r.Image
		image.Tags = []string{ref}
		e.add(image)
		lines = append(lines, map[string]string{"status": "Status: Downloaded newer image for " + ref})
	}
	return reply{status: http.StatusOK, raw: encodeLines(lines), hang: r.Stall}
}

func encodeLines(lines []any) []byte {
	var out []byte
	for _, line := range lines {
		text, err := json.Marshal(line)
		if err != nil {
			panic(err) // maps of strings
		}
		out = append(append(out, text...), '\r', '\n')
	}
	return out
}
