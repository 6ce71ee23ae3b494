package images

import (
	"fmt"
	"strings"
	"testing"
)

func someParts(texts ...string) parts {
	p := parts{}
	for i := 0; i < len(texts); i += 2 {
		p.set(texts[i], texts[i+1])
	}
	return p
}

func TestThePartThatChangedIsNamed(t *testing.T) {
	old := someParts("Dockerfile", "1", "context", "1", contextPart+"main.go", "1", contextPart+"a.go", "1", "args.V", "1", "base image a", "1")
	cases := map[string]struct {
		now  parts
		want string
	}{
		"nothing": {now: old, want: ""},
		"one file": {
			now:  someParts("Dockerfile", "1", "context", "2", contextPart+"main.go", "2", contextPart+"a.go", "1", "args.V", "1", "base image a", "1"),
			want: "context: main.go changed"},
		"several files": {
			now:  someParts("Dockerfile", "1", "context", "2", contextPart+"main.go", "2", contextPart+"b.go", "1", "args.V", "1", "base image a", "1"),
			want: "context: a.go removed and 2 more"},
		"an argument and a base": {
			now:  someParts("Dockerfile", "1", "context", "1", contextPart+"main.go", "1", contextPart+"a.go", "1", "args.V", "2", "base image a", "2"),
			want: "args.V changed, base image a changed"},
		"a target added": {
			now:  someParts("Dockerfile", "1", "context", "1", contextPart+"main.go", "1", contextPart+"a.go", "1", "args.V", "1", "base image a", "1", "target", "x"),
			want: "target added"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.now.difference(old.labels()); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnImageOfUnknownOriginDiffers(t *testing.T) {
	p := someParts("Dockerfile", "1")
	if got := p.difference(nil); got != "the image here was not built by stackctl" {
		t.Errorf("no label: %q", got)
	}
	if got := p.difference(map[string]string{InputsLabel: "x", PartsLabel: "{broken"}); got != "inputs changed" {
		t.Errorf("broken label: %q", got)
	}
	if got := p.difference(map[string]string{InputsLabel: "x", PartsLabel: p.labels()[PartsLabel]}); !strings.Contains(got, "another way") {
		t.Errorf("other recipe version: %q", got)
	}
}

func TestNamesInTheContextExplainADigestAndAreNoPartOfIt(t *testing.T) {
	with := someParts("context", "1", contextPart+"a", "1")
	if with.digest() != someParts("context", "1").digest() {
		t.Error("the digest depends on how a context is remembered")
	}
	if someParts("a", "1", "b", "2").digest() == someParts("a", "2", "b", "1").digest() {
		t.Error("parts can be exchanged")
	}
}

func TestManyChangesAreCounted(t *testing.T) {
	old, now := parts{}, parts{}
	for i := range 6 {
		old.set(fmt.Sprint("args.", i), "1")
		now.set(fmt.Sprint("args.", i), "2")
	}
	want := "args.0 changed, args.1 changed, args.2 changed, 3 more"
	if got := now.difference(old.labels()); got != want {
		t.Errorf("got %q", got)
	}
}
