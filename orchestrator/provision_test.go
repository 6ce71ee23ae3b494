package orchestrator

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
)

const provisioned = `
services:
  fresh: {image: fresh}
  kept: {image: kept, pull_policy: never}
  there: {image: there, pull_policy: missing}
  either: {image: either, build: {dockerfile_inline: "FROM scratch"}}
  own: {build: {dockerfile_inline: "FROM scratch"}, depends_on: [fresh]}
`

// registry lets the images that are pulled later be found by their IDs.
func (e *fakeEngine) registry(refs ...string) *fakeEngine {
	for _, ref := range refs {
		e.images[imageID(ref)] = images.Image{ID: imageID(ref), Tags: []string{ref}, OS: "linux", Architecture: "amd64"}
	}
	return e
}

// pulls are the images that the fake was asked to pull.
func (e *fakeEngine) pulls() []string {
	var out []string
	for _, call := range e.calls {
		if ref, ok := strings.CutPrefix(call, "pull "); ok {
			out = append(out, ref)
		}
	}
	slices.Sort(out)
	return out
}

func TestPullTakesWhatIsNewAndKeepsToTheFile(t *testing.T) {
	for _, c := range []struct {
		names []string
		mode  images.PullMode
		want  []string
	}{
		{want: []string{"either", "fresh"}},
		{names: []string{"own", "there"}},
		{names: []string{"kept", "fresh"}, want: []string{"fresh"}},
		{mode: images.PullMissing},
		{mode: images.PullAlways, want: []string{"either", "fresh", "kept", "there"}},
	} {
		e, p := newFake().has("fresh", "kept", "there", "either").registry("fresh", "kept", "there", "either"), load(t, provisioned)
		if _, err := Pull(t.Context(), e, p, c.names, Options{Images: images.Options{Pull: c.mode}}); err != nil {
			t.Fatal(err)
		}
		if got := e.pulls(); !slices.Equal(got, c.want) {
			t.Errorf("pull %v %q takes %q, want %q", c.names, c.mode, got, c.want)
		}
		if strings.Contains(strings.Join(e.calls, ","), "create") {
			t.Errorf("a container was touched: %q", e.calls)
		}
	}
}

func TestOnlyAnImageThatCannotBeBuiltMayNotFailToBePulled(t *testing.T) {
	for ref, fails := range map[string]bool{"either": false, "fresh": true} {
		e, p := newFake().registry("fresh", "there", "either"), load(t, provisioned)
		e.before = func(call string) error {
			if call == "pull "+ref {
				return errors.New("no route to the registry")
			}
			return nil
		}
		done, err := Pull(t.Context(), e, p, nil, Options{})
		if fails != (fault.ClassOf(err) == fault.Image) {
			t.Errorf("%s: %v", ref, err)
		}
		if fails {
			continue
		}
		i := slices.IndexFunc(done, func(d Provision) bool { return d.Ref == ref })
		if i < 0 || done[i].Err == nil || !strings.Contains(done[i].Err.Error(), "no route") {
			t.Errorf("%s: %+v", ref, done)
		}
	}
}

func TestBuildIsForTheNamedAndWhatTheyAreMadeOf(t *testing.T) {
	needs := []images.Need{
		{Ref: "app", Services: []string{"app"}, After: []string{"base"}},
		{Ref: "base", Services: []string{"base"}},
		{Ref: "copy", Services: []string{"copy"}, From: "app"},
		{Ref: "other", Services: []string{"other"}},
	}
	for names, want := range map[string]string{"": "app base copy other", "base": "base", "app": "app base", "copy": "app base copy"} {
		var got []string
		for _, n := range withSources(needs, strings.Fields(names)) {
			got = append(got, n.Ref)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("build %q makes %v", names, got)
		}
	}
}

func TestBuildLooksAtNothingThatIsOnlyPulled(t *testing.T) {
	e, p := newFake(), load(t, `
services:
  app: {build: {dockerfile_inline: "FROM scratch"}}
  absent: {image: absent, pull_policy: never}
`)
	_, err := Build(t.Context(), e, p, nil, Options{Images: images.Options{Build: images.BuildNever}})
	if !errors.Is(err, errors.ErrUnsupported) { // the fake has no builder: it was asked to build
		t.Errorf("the build ends with %v", err)
	}
	if slices.Contains(e.calls, "image absent") {
		t.Errorf("it asked for %q", e.calls)
	}
}

func TestTheSourcesOfAServiceAreThoseOfItsAdditionalContexts(t *testing.T) {
	p := load(t, `
services:
  a: {build: {context: ., additional_contexts: {b: "service:b", x: "docker-image://x"}}}
  b: {build: {context: ., additional_contexts: {c: "service:c"}}}
  c: {build: .}
  d: {image: d}
`)
	if got := Sources(p, []string{"a", "d"}); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("the sources are %v", got)
	}
}
