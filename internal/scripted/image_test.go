package scripted

import (
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/fault"
)

// imageScenarios are about images that come, or do not (E). What is about
// builds is proven where they are.
func imageScenarios() []scenario {
	yaml := file("  web:\n    image: registry.example/far:1\n    " + everySecond + "\n")
	const ref = "registry.example/far:1"
	offer := func(r fakeengine.Remote) func(*stage) { return func(s *stage) { s.Offer(ref, r) } }
	fails := func(id, says string, r fakeengine.Remote, text ...string) scenario {
		return scenario{id: id, says: says, yaml: yaml, play: offer(r), class: fault.Image, text: append(text, ref), check: nothingMade}
	}
	return []scenario{
		{id: "E00", says: "an image that is pulled is run", yaml: yaml, play: offer(fakeengine.Remote{}), class: fault.None},
		{id: "E01", says: "a tag that is not there is told as that", yaml: yaml, class: fault.Image, text: []string{"manifest unknown", "name and tag"}, check: nothingMade},
		fails("E02", "an image that may not be pulled says how to log in, and no credentials",
			fakeengine.Remote{Status: 404, Message: "pull access denied for far, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"},
			"docker login"),
		fails("E03", "a registry that limits the rate is asked once more and then told",
			fakeengine.Remote{Status: 500, Message: "toomanyrequests: You have reached your pull rate limit"}, "rate"),
		{id: "E03", says: "a rate limit that passes is waited for", yaml: yaml, class: fault.None,
			play: offer(fakeengine.Remote{Status: 500, Message: "toomanyrequests: You have reached your pull rate limit", Once: true})},
		fails("E04", "an error inside a stream that began well is an error", fakeengine.Remote{Error: "unexpected EOF from the registry"}, "unexpected EOF"),
		{id: "E05", says: "a stream that ends before its last word is no pull", yaml: yaml, on: moby(), class: fault.Image,
			play: offer(fakeengine.Remote{Cut: true}), text: []string{"ended before it was done"}, check: nothingMade},
		{id: "E05", says: "a pull that leaves no image is no pull", yaml: yaml, on: only(fakeengine.Podman()), class: fault.Image,
			play: offer(fakeengine.Remote{Cut: true}), check: nothingMade},
		{id: "E06", says: "an image for another platform than the file's is not used", class: fault.Image, text: []string{"arm64"}, check: nothingMade,
			yaml: yaml + "    platform: linux/amd64\n", play: offer(fakeengine.Remote{Image: fakeengine.Image{Arch: "arm64"}})},
		{id: "E07", says: "a tag that moved makes what runs differ from the file", yaml: checked(), class: fault.Differs, text: []string{"image"},
			act: func(s *stage) result {
				if r := s.up(); r.code != 0 {
					return r
				}
				s.Add(fakeengine.Image{ID: "sha256:" + string(make64('b')), Tags: []string{"app:1"}})
				return s.run(s.Context(), "status")
			}},
		{id: "E07", says: "a file that was edited since makes what runs differ from it", yaml: checked(), class: fault.Differs, text: []string{"EDITED"},
			act: func(s *stage) result {
				if r := s.up(); r.code != 0 {
					return r
				}
				s.write(checked(`environment: {EDITED: "yes"}`))
				return s.run(s.Context(), "status")
			}},
		fails("E14", "a full disk during a pull is told as that",
			fakeengine.Remote{Error: "write /var/lib/docker/tmp/x: no space left on device"}, "no space left on device", "disk"),
		{id: "E14", says: "a full disk at a creation is told as that", yaml: checked(), class: fault.Resource, text: []string{"no space left on device", "disk|docker system"},
			play: func(s *stage) {
				s.Hook(func(c fakeengine.Call) *fakeengine.Fault {
					if c.Op == "container create" {
						return &fakeengine.Fault{Status: 500, Message: "write /var/lib/docker/x: no space left on device"}
					}
					return nil
				}, nil)
			}},
		{id: "E15", says: "a registry that sends nothing more is given up", yaml: yaml, play: offer(fakeengine.Remote{Stall: true}), class: fault.Image,
			text: []string{"no bytes for"}, within: 5 * time.Minute, check: nothingMade},
	}
}

func make64(b byte) []byte {
	out := make([]byte, 64)
	for i := range out {
		out[i] = b
	}
	return out
}

func nothingMade(s *stage, _ result) {
	if n := len(s.Containers()); n > 0 {
		s.Errorf("%d containers were made", n)
	}
}
