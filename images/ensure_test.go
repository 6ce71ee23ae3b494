package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	"github.com/stackctl/stackctl/internal/fault"
)

func countingHasher(count *int) Hasher {
	var mu sync.Mutex
	return func(path string, info fs.FileInfo, open func() (io.ReadCloser, error)) (digest.Digest, error) {
		mu.Lock()
		*count++
		mu.Unlock()
		return readAll(path, info, open)
	}
}

func pullNeeds(t *testing.T, engine Engine, refs ...string) []Need {
	t.Helper()
	var requests []Request
	for i, ref := range refs {
		requests = append(requests, Request{Service: fmt.Sprint("s", i), Ref: ref})
	}
	needs, err := Decide(t.Context(), engine, requests, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return needs
}

func TestAPullIsTriedAgainOnlyWhenThatCanHelp(t *testing.T) {
	cases := map[string]struct {
		failures []error
		pulls    int
		ok       bool
		wait     time.Duration
		hint     string
	}{
		"the network twice":    {failures: []error{errors.New("dial tcp: i/o timeout"), errors.New("unexpected EOF")}, pulls: 3, ok: true, wait: firstRetry + nextRetry},
		"the network always":   {failures: []error{errors.New("a: connection refused"), errors.New("b"), errors.New("no such host")}, pulls: 3, wait: firstRetry + nextRetry, hint: "does not reach the registry"},
		"a server's mishap":    {failures: []error{errors.New("received unexpected HTTP status: 503")}, pulls: 2, ok: true, wait: firstRetry},
		"the limit once":       {failures: []error{errors.New("toomanyrequests: slow down")}, pulls: 2, ok: true, wait: limitRetry},
		"the limit twice":      {failures: []error{errors.New("toomanyrequests"), errors.New("toomanyrequests")}, pulls: 2, wait: limitRetry, hint: "docker login"},
		"not found":            {failures: []error{fmt.Errorf("manifest unknown: %w", errdefs.ErrNotFound)}, pulls: 1, hint: "check the name"},
		"not found, as text":   {failures: []error{errors.New("manifest for x:1 not found: manifest unknown")}, pulls: 1, hint: "check the name"},
		"access denied":        {failures: []error{errors.New("pull access denied for x")}, pulls: 1, hint: "docker login"},
		"the disk is full":     {failures: []error{errors.New("write /var/lib: no space left on device")}, pulls: 1, hint: "docker system df"},
		"the engine is lost":   {failures: []error{fault.New(fault.Engine, "gone")}, pulls: 1},
		"no image of our kind": {failures: []error{errors.New("no matching manifest for linux/s390x")}, pulls: 1, hint: "platform"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := newFake()
				tries := 0
				engine.onPull = func(context.Context, string) error {
					tries++
					if tries <= len(c.failures) {
						return c.failures[tries-1]
					}
					return nil
				}
				needs := pullNeeds(t, engine, "x:1")
				start := time.Now()
				_, err := Ensure(t.Context(), engine, needs, Options{}, nil)
				if (err == nil) != c.ok || tries != c.pulls || time.Since(start) != c.wait {
					t.Errorf("%v after %d pulls and %v", err, tries, time.Since(start))
				}
				if !strings.Contains(fault.HintOf(err), c.hint) {
					t.Errorf("hint %q", fault.HintOf(err))
				}
				if name == "the engine is lost" {
					if fault.ClassOf(err) != fault.Engine {
						t.Errorf("class %v", fault.ClassOf(err))
					}
				} else if !c.ok && fault.ClassOf(err) != fault.Image {
					t.Errorf("class %v", fault.ClassOf(err))
				}
			})
		})
	}
}

func TestAFailedPullNamesImageServiceAndReasonWithoutCredentials(t *testing.T) {
	engine := newFake()
	engine.onPull = func(context.Context, string) error {
		return errors.New("denied: https://user:hunter22@reg.example.org/v2/?access_token=abcdef12 \x1b[2J")
	}
	_, err := Ensure(t.Context(), engine, pullNeeds(t, engine, "x:1"), Options{}, nil)
	want := `pull image x:1 (service s0): denied: https://***@reg.example.org/v2/?access_token=***`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestNoMoreRunsAtOnceThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFake()
		engine.onPull = func(ctx context.Context, _ string) error { return pause(ctx, time.Second) }
		needs := pullNeeds(t, engine, "a", "b", "c", "d", "e")
		start := time.Now()
		if _, err := Ensure(t.Context(), engine, needs, Options{Parallel: 2}, nil); err != nil {
			t.Fatal(err)
		}
		if engine.most != 2 || time.Since(start) != 3*time.Second {
			t.Errorf("%d at once, %v", engine.most, time.Since(start))
		}
	})
}

func TestTheFirstFailureEndsTheOthersAndIsTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFake()
		engine.onPull = func(ctx context.Context, ref string) error {
			if ref == "bad" {
				if err := pause(ctx, time.Second); err != nil {
					return err
				}
				return errdefs.ErrNotFound
			}
			return pause(ctx, time.Hour)
		}
		needs := pullNeeds(t, engine, "slow", "bad")
		var events []Progress
		start := time.Now()
		_, err := Ensure(t.Context(), engine, needs, Options{}, func(p Progress) { events = append(events, p) })
		if err == nil || !strings.Contains(err.Error(), "pull image bad") || strings.Contains(err.Error(), "slow") {
			t.Errorf("got %v", err)
		}
		if time.Since(start) != time.Second {
			t.Errorf("took %v", time.Since(start))
		}
		ended := map[string]error{}
		for _, p := range events {
			if p.Done {
				ended[p.Ref] = p.Err
			}
		}
		if len(ended) != 2 || !errors.Is(ended["slow"], context.Canceled) || !errdefs.IsNotFound(ended["bad"]) {
			t.Errorf("ends: %v", ended)
		}
	})
}

func TestAllFailuresAreListedTheFirstOneFirst(t *testing.T) {
	engine := newFake()
	var both sync.WaitGroup
	both.Add(2)
	engine.onPull = func(_ context.Context, ref string) error {
		both.Done()
		both.Wait()
		return fmt.Errorf("%s: %w", ref, errdefs.ErrNotFound)
	}
	_, err := Ensure(t.Context(), engine, pullNeeds(t, engine, "a", "b"), Options{}, nil)
	if err == nil || !strings.Contains(err.Error(), "image a") || !strings.Contains(err.Error(), "image b") || fault.ClassOf(err) != fault.Image {
		t.Errorf("got %v", err)
	}
}

func TestAnInterruptedRunSaysSoAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFake()
		engine.onPull = func(ctx context.Context, _ string) error { return pause(ctx, time.Hour) }
		needs := pullNeeds(t, engine, "a", "b")
		stop := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(stop) })
		_, err := Ensure(ctx, engine, needs, Options{}, nil)
		if !errors.Is(err, stop) || fault.ClassOf(err) != fault.Failure {
			t.Errorf("got %v", err)
		}
	})
}

func TestAPulledImageOfAnotherPlatformIsAnError(t *testing.T) {
	engine := newFake()
	needs, err := Decide(t.Context(), engine, []Request{{Service: "a", Ref: "x", Platform: "linux/arm64"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Ensure(t.Context(), engine, needs, Options{}, nil)
	if fault.ClassOf(err) != fault.Image || !strings.Contains(err.Error(), "image x (service a): it is for linux/amd64, wanted is linux/arm64") {
		t.Errorf("got %v", err)
	}
}

func TestAPullThatSucceedsWithoutAnImageIsAnError(t *testing.T) {
	engine := newFake()
	needs := pullNeeds(t, engine, "x")
	_, err := Ensure(t.Context(), forgetful{engine}, needs, Options{}, nil)
	if fault.ClassOf(err) != fault.Image {
		t.Errorf("got %v", err)
	}
}

// forgetful says that pulls succeed and keeps nothing.
type forgetful struct{ *fakeEngine }

func (forgetful) PullImage(context.Context, string, string, func(PullProgress)) error { return nil }

func TestAFailedBuildNeverYieldsTheOldImage(t *testing.T) {
	engine := newFake()
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n", "a": "1"})
	requests := []Request{{Service: "web", Ref: "app:1", Build: &types.BuildConfig{Context: dir}}}
	up(t, engine, requests, Options{})
	putFile(t, dir+"/a", "2")
	engine.onBuild = func(context.Context, ClassicBuild) error { return errors.New("exit code: 1") }
	needs, err := Decide(t.Context(), engine, requests, Options{})
	if err != nil {
		t.Fatal(err)
	}
	images, err := Ensure(t.Context(), engine, needs, Options{}, nil)
	if images != nil || fault.ClassOf(err) != fault.Image {
		t.Errorf("images %v, error %v", images, err)
	}
	for _, want := range []string{"build image app:1 (service web)", "exit code: 1", "Step 1/1 : FROM scratch"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}

func TestAnImageThatWasNotMadeByThisBuildIsRefused(t *testing.T) {
	engine := newFake()
	old := engine.add("app:1", Image{OS: "linux", Architecture: "amd64", Labels: map[string]string{InputsLabel: "old"}})
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	needs, err := Decide(t.Context(), engine, []Request{{Service: "a", Ref: "app:1", Build: &types.BuildConfig{Context: dir}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Ensure(t.Context(), liar{engine, old.ID}, needs, Options{}, nil)
	if fault.ClassOf(err) != fault.Image {
		t.Errorf("got %v", err)
	}
}

// liar builds nothing and says an old image's ID.
type liar struct {
	*fakeEngine
	id string
}

func (l liar) BuildClassic(context.Context, ClassicBuild, io.Reader, func(string)) (string, error) {
	return l.id, nil
}

func TestWhatCannotBePulledIsBuiltWhenTheFileSaysHow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFake()
		engine.onPull = func(context.Context, string) error { return errors.New("no such host") }
		dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\n"})
		_, images := up(t, engine, []Request{{Service: "a", Ref: "app:1", Policy: "missing", Build: &types.BuildConfig{Context: dir}}}, Options{})
		if len(engine.builds) != 1 || images["a"].ID == "" {
			t.Errorf("%d builds, %v", len(engine.builds), images)
		}
	})
}

func TestTheClassicBuilderIsNotGivenWhatItCannotDo(t *testing.T) {
	engine := newFake()
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	needs, err := Decide(t.Context(), engine, []Request{{Service: "a", Ref: "a", Build: &types.BuildConfig{
		Context: dir, AdditionalContexts: types.Mapping{"x": dir}}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Ensure(t.Context(), engine, needs, Options{}, nil)
	if fault.ClassOf(err) != fault.Image || !strings.Contains(err.Error(), "build.additional_contexts needs BuildKit") {
		t.Errorf("got %v", err)
	}
}

func TestReportsComeOneAtATimeAndEndWithDone(t *testing.T) {
	engine := newFake()
	var inside atomic.Int32
	last := map[string]Progress{}
	_, err := Ensure(t.Context(), engine, pullNeeds(t, engine, "a", "b", "c"), Options{}, func(p Progress) {
		if inside.Add(1) > 1 {
			t.Error("two reports at once")
		}
		if last[p.Ref].Done {
			t.Errorf("%s goes on after its end", p.Ref)
		}
		last[p.Ref] = p
		inside.Add(-1)
	})
	if err != nil || len(last) != 3 {
		t.Fatal(err, last)
	}
	for ref, p := range last {
		if !p.Done || p.Kind != Pull || len(p.Services) != 1 {
			t.Errorf("%s: %+v", ref, p)
		}
	}
}

func TestAPullAddsUpItsLayers(t *testing.T) {
	var got []Progress
	m := newMeter(func(p Progress) { got = append(got, p) })
	m.step(PullProgress{Status: "Pulling from x"})
	m.step(PullProgress{Layer: "a", Status: "Downloading", Current: 5, Total: 10})
	m.step(PullProgress{Layer: "b", Status: "Downloading", Current: 1, Total: 20})
	m.last = time.Time{}
	m.step(PullProgress{Layer: "a", Status: "Extracting", Current: 1, Total: 10})
	m.step(PullProgress{Layer: "b", Status: "Pull complete"})
	want := []Progress{
		{Step: "downloading", Current: 5, Total: 10},
		{Step: "downloading", Current: 11, Total: 30},
		{Step: "extracting", Current: 30, Total: 30},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
