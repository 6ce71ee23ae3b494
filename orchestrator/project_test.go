package orchestrator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
)

// load makes a project called "p" of a file in a directory of its own.
func load(t testing.TB, yaml string) *compose.Project {
	t.Helper()
	return loadIn(t, t.TempDir(), yaml)
}

func loadIn(t testing.TB, dir, yaml string) *compose.Project {
	t.Helper()
	file := filepath.Join(dir, "compose.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := compose.Load(t.Context(), compose.Options{Files: []string{file}, Name: "p", WorkingDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// edited is the same project after its file was edited.
func edited(t testing.TB, p *compose.Project, yaml string) *compose.Project {
	t.Helper()
	return loadIn(t, p.Dir, yaml)
}

// imagesOf are images with an ID of their own for each reference.
func imagesOf(p *compose.Project) map[string]images.Image {
	out := map[string]images.Image{}
	for name, s := range p.Services {
		out[name] = images.Image{ID: imageID(imageRef(p, s))}
	}
	return out
}

// epoch is when the stacks of these tests were brought up.
func epoch() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// upOf is a stack that was brought up from the file an hour ago, and is
// well.
func upOf(p *compose.Project) Observed {
	now := epoch().Add(time.Hour)
	o := Observed{At: now, Engine: EngineInfo{Host: "127.0.0.1", Local: true, StartInterval: true}, Images: map[string]images.Image{}}
	ids := imagesOf(p)
	for _, key := range sortedKeys(p.Networks) {
		n := p.Networks[key]
		labels := projectLabels(p)
		labels[LabelHash] = networkHash(n)
		o.Networks = append(o.Networks, Network{ID: "net-" + key, Name: n.Name, Labels: labels})
	}
	for _, key := range sortedKeys(p.Volumes) {
		v := p.Volumes[key]
		labels := projectLabels(p)
		labels[LabelHash] = volumeHash(v)
		o.Volumes = append(o.Volumes, Volume{Name: v.Name, Labels: labels, Created: epoch()})
	}
	for _, level := range p.Order() {
		for _, name := range level {
			s := p.Services[name]
			for n := 1; n <= s.Replicas(); n++ {
				o.Containers = append(o.Containers, replicaOf(p, s, n, ids[name]))
			}
		}
	}
	return o
}

// replicaOf is a container as the file wants it; a job has ended.
func replicaOf(p *compose.Project, s *compose.Service, n int, image images.Image) Container {
	name := p.ContainerName(s.Name, n)
	c := Container{
		ID: "id-" + name, Name: name, Project: p.Name, Service: s.Name, Number: n,
		Labels: containerLabels(p, s, n, image.ID, ""), ImageID: image.ID, Check: effectiveCheck(s, image),
		Created: epoch(), StartedAt: epoch().Add(time.Second), State: StateRunning, NetworkMode: s.NetworkMode,
	}
	for _, key := range sortedKeys(s.Networks) {
		c.Endpoints = append(c.Endpoints, Endpoint{
			Network: p.Networks[key].Name, NetworkID: "net-" + key, EndpointID: "ep-" + name + key, IPv4: "192.0.2.7", Aliases: aliasesOf(s, key),
		})
	}
	for _, v := range s.Volumes {
		m := Mount{Type: v.Type, Destination: v.Target, Name: p.VolumeName(v.Source)}
		if v.Source == "" {
			m.Name = digest(name + v.Target)
		}
		c.Mounts = append(c.Mounts, m)
	}
	for _, port := range fixedPorts(s) {
		port.HostIP = "127.0.0.1"
		c.Published = append(c.Published, port)
	}
	if c.Check.Defined() {
		c.Health = passing(epoch().Add(time.Hour))
	}
	if s.IsJob(p) {
		c.State, c.FinishedAt, c.Published = StateExited, epoch().Add(10*time.Second), nil
	}
	return c
}

// aliasesOf are the names of a service in a network.
func aliasesOf(s *compose.Service, key string) []string {
	names := []string{s.Name}
	if config := s.Networks[key]; config != nil {
		names = append(names, config.Aliases...)
	}
	return names
}

// passing is a health whose last five probes passed, a second apart, the
// newest a second before now.
func passing(now time.Time) healthchecks.Health {
	h := healthchecks.Health{Status: healthchecks.StatusHealthy}
	for i := range 5 {
		at := now.Add(time.Duration(i-5) * time.Second)
		h.Log = append(h.Log, healthchecks.Result{Start: at, End: at})
	}
	return h
}

// container finds an observed container by its name.
func container(t testing.TB, o *Observed, name string) *Container {
	t.Helper()
	for i := range o.Containers {
		if o.Containers[i].Name == name {
			return &o.Containers[i]
		}
	}
	t.Fatalf("no container %s", name)
	return nil
}

// without leaves out the containers with these names.
func without(o Observed, names ...string) Observed {
	var kept []Container
	for _, c := range o.Containers {
		drop := false
		for _, name := range names {
			drop = drop || c.Name == name
		}
		if !drop {
			kept = append(kept, c)
		}
	}
	o.Containers = kept
	return o
}

// text takes the indentation and the first newline from a golden text.
func text(s string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimPrefix(s, "\n")) {
		lines = append(lines, strings.TrimLeft(line, "\t"))
	}
	return strings.Join(lines, "")
}
