package images

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stackctl/stackctl/internal/fault"
)

// up decides and does what was decided.
func up(t *testing.T, engine Engine, requests []Request, opts Options) ([]Need, map[string]Image) {
	t.Helper()
	needs, err := Decide(t.Context(), engine, requests, opts)
	if err != nil {
		t.Fatal(err)
	}
	images, err := Ensure(t.Context(), engine, needs, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return needs, images
}

// outline is what of the needs a plan shows.
func outline(needs []Need) []string {
	var out []string
	for _, need := range needs {
		line := need.Action.String() + " " + need.Ref + " for " + strings.Join(need.Services, ",") + ": " + need.Cause
		if len(need.After) > 0 {
			line += " (after " + strings.Join(need.After, ",") + ")"
		}
		out = append(out, line)
	}
	return out
}

func decideOutline(t *testing.T, engine Engine, requests []Request, opts Options) []string {
	t.Helper()
	needs, err := Decide(t.Context(), engine, requests, opts)
	if err != nil {
		t.Fatal(err)
	}
	return outline(needs)
}

func TestABuiltImageIsBuiltAgainExactlyWhenAnInputChanges(t *testing.T) {
	value := func(s string) *string { return &s }
	cases := map[string]struct {
		change func(t *testing.T, dir string, engine *fakeEngine, request *Request, opts *Options)
		want   string
	}{
		"nothing": {
			change: func(*testing.T, string, *fakeEngine, *Request, *Options) {},
			want:   "none app:1 for web: inputs unchanged"},
		"a file": {
			change: func(t *testing.T, dir string, _ *fakeEngine, _ *Request, _ *Options) { putFile(t, dir+"/main.go", "2") },
			want:   "build app:1 for web: context: main.go changed"},
		"an ignored file": {
			change: func(t *testing.T, dir string, _ *fakeEngine, _ *Request, _ *Options) { putFile(t, dir+"/x.log", "2") },
			want:   "none app:1 for web: inputs unchanged"},
		"the Dockerfile": {
			change: func(t *testing.T, dir string, _ *fakeEngine, _ *Request, _ *Options) {
				putFile(t, dir+"/Dockerfile", "FROM base:1\nCOPY . /x\n")
			},
			want: "build app:1 for web: Dockerfile changed, context: Dockerfile changed"},
		"an argument": {
			change: func(_ *testing.T, _ string, _ *fakeEngine, r *Request, _ *Options) { r.Build.Args["V"] = value("2") },
			want:   "build app:1 for web: args.V changed"},
		"an argument from the environment": {
			change: func(_ *testing.T, _ string, _ *fakeEngine, _ *Request, o *Options) {
				o.Environ = map[string]string{"FROM_ENV": "2"}
			},
			want: "build app:1 for web: args.FROM_ENV changed"},
		"a proxy": {
			change: func(_ *testing.T, _ string, _ *fakeEngine, r *Request, _ *Options) {
				r.Build.Args["HTTP_PROXY"] = value("http://proxy")
			},
			want: "none app:1 for web: inputs unchanged"},
		"the target": {
			change: func(_ *testing.T, _ string, _ *fakeEngine, r *Request, _ *Options) { r.Build.Target = "other" },
			want:   "build app:1 for web: target added"},
		"a label": {
			change: func(_ *testing.T, _ string, _ *fakeEngine, r *Request, _ *Options) {
				r.Build.Labels = types.Labels{"a": "b"}
			},
			want: "build app:1 for web: labels.a added"},
		"the base image": {
			change: func(_ *testing.T, _ string, e *fakeEngine, _ *Request, _ *Options) {
				e.add("base:1", Image{ID: "sha256:new"})
			},
			want: "build app:1 for web: base image base:1 changed"},
		"another base that nobody uses": {
			change: func(_ *testing.T, _ string, e *fakeEngine, _ *Request, _ *Options) {
				e.add("base:2", Image{ID: "sha256:new"})
			},
			want: "none app:1 for web: inputs unchanged"},
		"another build under the same name": {
			change: func(_ *testing.T, _ string, e *fakeEngine, _ *Request, _ *Options) {
				e.add("app:1", Image{ID: "sha256:foreign", OS: "linux", Architecture: "amd64"})
			},
			want: "build app:1 for web: the image here was not built by stackctl"},
		"a further name": {
			change: func(_ *testing.T, _ string, _ *fakeEngine, r *Request, _ *Options) {
				r.Build.Tags = []string{"app:extra"}
			},
			want: "tag app:1 for web: build.tags: app:extra"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			engine := newFake()
			engine.add("base:1", Image{ID: "sha256:old"})
			dir := writeFiles(t, map[string]string{
				"Dockerfile": "FROM base:1\nCOPY . /\n", "main.go": "1", "x.log": "1", ".dockerignore": "*.log",
			})
			request := Request{Service: "web", Ref: "app:1", Build: &types.BuildConfig{
				Context: dir, Args: types.MappingWithEquals{"V": value("1"), "FROM_ENV": nil, "UNSET": nil},
			}}
			opts := Options{Environ: map[string]string{"FROM_ENV": "1"}}
			up(t, engine, []Request{request}, opts)
			c.change(t, dir, engine, &request, &opts)
			if diff := cmp.Diff([]string{c.want}, decideOutline(t, engine, []Request{request}, opts)); diff != "" {
				t.Error(diff)
			}
			needs, _ := up(t, engine, []Request{request}, opts)
			again := decideOutline(t, engine, []Request{request}, opts)
			if again[0] != "none app:1 for web: inputs unchanged" {
				t.Errorf("after %v there is still %v", outline(needs), again)
			}
		})
	}
}

func TestServicesWithOneImageAndOneBuildNeedItOnce(t *testing.T) {
	engine := newFake()
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n"})
	build := func() *types.BuildConfig { return &types.BuildConfig{Context: dir} }
	requests := []Request{
		{Service: "b", Ref: "app", Build: build()},
		{Service: "a", Ref: "docker.io/library/app:latest", Build: build()},
		{Service: "worker", Ref: "app:latest"},
	}
	needs, images := up(t, engine, requests, Options{})
	if diff := cmp.Diff([]string{"build app for a,b,worker: not on the engine"}, outline(needs)); diff != "" {
		t.Error(diff)
	}
	if len(engine.builds) != 1 || images["a"].ID == "" || images["a"].ID != images["worker"].ID {
		t.Errorf("%d builds, images %v", len(engine.builds), images)
	}
}

func TestIdenticalBuildsOfSeveralImagesRunOnce(t *testing.T) {
	engine := newFake()
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n"})
	var requests []Request
	for _, name := range []string{"c", "a", "b"} {
		requests = append(requests, Request{Service: name, Ref: "p-" + name, Build: &types.BuildConfig{Context: dir}})
	}
	needs, images := up(t, engine, requests, Options{})
	want := []string{
		"build p-a for a: not on the engine",
		"tag p-b for b: same build as p-a (after p-a)",
		"tag p-c for c: same build as p-a (after p-a)",
	}
	if diff := cmp.Diff(want, outline(needs)); diff != "" {
		t.Error(diff)
	}
	if len(engine.builds) != 1 || images["a"].ID != images["c"].ID {
		t.Errorf("%d builds, images %v", len(engine.builds), images)
	}
	requests = append(requests, Request{Service: "0", Ref: "p-0", Build: &types.BuildConfig{Context: dir}})
	if got := decideOutline(t, engine, requests, Options{})[0]; got != "tag p-0 for 0: same build as p-a (after p-a)" {
		t.Errorf("a later service with the same build: %s", got)
	}
}

func TestAnImageBuiltFromAnothersIsBuiltAfterIt(t *testing.T) {
	engine := newFake()
	base := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n", "lib": "1"})
	app := writeFiles(t, map[string]string{"Dockerfile": "FROM lib:1\nCOPY . /\n"})
	requests := []Request{
		{Service: "app", Ref: "app:1", Build: &types.BuildConfig{Context: app}},
		{Service: "lib", Ref: "lib:1", Build: &types.BuildConfig{Context: base}},
	}
	needs, _ := up(t, engine, requests, Options{})
	want := []string{"build app:1 for app: not on the engine (after lib:1)", "build lib:1 for lib: not on the engine"}
	if diff := cmp.Diff(want, outline(needs)); diff != "" {
		t.Error(diff)
	}
	if engine.builds[0].Tags[0] != "lib:1" {
		t.Errorf("built first: %v", engine.builds[0].Tags)
	}
	for _, line := range decideOutline(t, engine, requests, Options{}) {
		if !strings.HasPrefix(line, "none ") {
			t.Errorf("unchanged, but %s", line)
		}
	}
	putFile(t, base+"/lib", "2")
	needs, _ = up(t, engine, requests, Options{})
	want = []string{"build app:1 for app: base image lib:1 is made anew (after lib:1)", "build lib:1 for lib: context: lib changed"}
	if diff := cmp.Diff(want, outline(needs)); diff != "" {
		t.Error(diff)
	}
	if len(engine.builds) != 4 {
		t.Errorf("%d builds", len(engine.builds))
	}
}

func TestABaseThatTurnsOutTheSameIsNotBuiltUpon(t *testing.T) {
	engine := newFake()
	base := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n"})
	app := writeFiles(t, map[string]string{"Dockerfile": "FROM lib:1\nCOPY . /\n"})
	requests := []Request{
		{Service: "app", Ref: "app:1", Build: &types.BuildConfig{Context: app}},
		{Service: "lib", Ref: "lib:1", Build: &types.BuildConfig{Context: base}, Policy: "build"},
	}
	up(t, engine, requests, Options{})
	up(t, engine, requests, Options{})
	if len(engine.builds) != 3 {
		t.Errorf("%d builds, want app once and lib twice", len(engine.builds))
	}
}

func TestABaseImagePulledInTheSameRunDoesNotAskForAnotherBuild(t *testing.T) {
	engine := newFake()
	app := writeFiles(t, map[string]string{"Dockerfile": "FROM db:17\nCOPY . /\n"})
	requests := []Request{
		{Service: "app", Ref: "app:1", Build: &types.BuildConfig{Context: app}},
		{Service: "db", Ref: "db:17"},
	}
	up(t, engine, requests, Options{})
	want := []string{"none app:1 for app: inputs unchanged", "none db:17 for db: on the engine"}
	if diff := cmp.Diff(want, decideOutline(t, engine, requests, Options{})); diff != "" {
		t.Error(diff)
	}
}

func TestEverythingWrongWithTheFileIsToldAtOnce(t *testing.T) {
	good := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	circle := func(from string) *types.BuildConfig {
		return &types.BuildConfig{Context: good, DockerfileInline: "FROM " + from}
	}
	cases := map[string]struct {
		requests []Request
		want     []string
	}{
		"files": {
			requests: []Request{
				{Service: "a", Ref: "a", Build: &types.BuildConfig{Context: good + "/nowhere"}},
				{Service: "b", Ref: "b", Build: &types.BuildConfig{Context: good, Dockerfile: "missing"}},
				{Service: "c", Ref: "c", Build: &types.BuildConfig{Context: good, Network: "mine", Platforms: []string{"linux/amd64", "linux/arm64"}}},
				{Service: "d", Ref: "d", Build: &types.BuildConfig{Context: good, Secrets: []types.ServiceSecretConfig{{Source: "s"}}}},
				{Service: "e", Ref: "e", Build: &types.BuildConfig{Context: good, AdditionalContexts: types.Mapping{"x": "service:gone"}}},
			},
			want: []string{
				"service a: build.context", "service b: build.dockerfile", "there is no such file",
				"service c: build.platforms names 2 platforms", `build.network "mine"`,
				"service d: build.secrets.s", "service e: build.additional_contexts.x",
			}},
		"names": {
			requests: []Request{{Service: "a", Ref: "UPPER:case"}, {Service: "b", Ref: ""}, {Service: "c", Ref: "c", Policy: "sometimes"}},
			want:     []string{"service a", "service b", `service c: invalid pull_policy "sometimes"`}},
		"two builds for one image": {
			requests: []Request{
				{Service: "a", Ref: "x", Build: &types.BuildConfig{Context: good}},
				{Service: "b", Ref: "x", Build: &types.BuildConfig{Context: good, Target: "t"}},
			},
			want: []string{"service b: it builds x in another way than service a does"}},
		"two platforms for one image": {
			requests: []Request{{Service: "a", Ref: "x", Platform: "linux/amd64"}, {Service: "b", Ref: "x", Platform: "linux/arm64"}},
			want:     []string{"service b: image x is wanted for linux/arm64"}},
		"a circle": {
			requests: []Request{{Service: "a", Ref: "a", Build: circle("b")}, {Service: "b", Ref: "b", Build: circle("a")}},
			want:     []string{"images are built from each other in a circle: docker.io/library/a:latest from docker.io/library/b:latest from"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Decide(t.Context(), newFake(), c.requests, Options{})
			if fault.ClassOf(err) != fault.Config {
				t.Fatalf("error %v of class %v", err, fault.ClassOf(err))
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

func TestAMachineThatOnlyRunsImagesNeedsNoSources(t *testing.T) {
	engine := newFake()
	engine.add("app:1", Image{OS: "linux", Architecture: "amd64"})
	requests := []Request{{Service: "a", Ref: "app:1", Build: &types.BuildConfig{Context: "/nowhere/at/all"}}}
	want := []string{"none app:1 for a: inputs unchanged"}
	if diff := cmp.Diff(want, decideOutline(t, engine, requests, Options{Build: BuildNever})); diff != "" {
		t.Error(diff)
	}
}

func TestAnEngineThatIsLostEndsTheDecisionWithItsClass(t *testing.T) {
	engine := lostEngine{newFake()}
	_, err := Decide(t.Context(), engine, []Request{{Service: "a", Ref: "a"}, {Service: "b", Ref: "UPPER"}}, Options{})
	if fault.ClassOf(err) != fault.Config {
		t.Errorf("names are checked first: %v", err)
	}
	_, err = Decide(t.Context(), engine, []Request{{Service: "a", Ref: "a"}}, Options{})
	if fault.ClassOf(err) != fault.Engine {
		t.Errorf("got %v", err)
	}
}

type lostEngine struct{ *fakeEngine }

func (lostEngine) InspectImage(context.Context, string) (Image, error) {
	return Image{}, fault.New(fault.Engine, "gone")
}

func TestADecisionEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch"})
	_, err := Decide(ctx, newFake(), []Request{{Service: "a", Ref: "a", Build: &types.BuildConfig{Context: dir}}}, Options{})
	if !errors.Is(err, stop) || fault.ClassOf(err) != fault.Failure {
		t.Errorf("got %v", err)
	}
}

func TestAContextThatSeveralServicesShareIsReadOnce(t *testing.T) {
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch", "a": "a"})
	opened := 0
	opts := Options{Hash: countingHasher(&opened)}
	var requests []Request
	for _, name := range []string{"a", "b", "c"} {
		requests = append(requests, Request{Service: name, Ref: name, Build: &types.BuildConfig{Context: dir, Target: name}})
	}
	if _, err := Decide(t.Context(), newFake(), requests, opts); err != nil {
		t.Fatal(err)
	}
	if opened != 2 {
		t.Errorf("%d files hashed, want 2", opened)
	}
}

func TestWarningsTellOfForeignFrontendsAndSpecialFiles(t *testing.T) {
	dir := writeFiles(t, map[string]string{"Dockerfile": "# syntax=example.org/frontend:1\nFROM scratch"})
	needs, err := Decide(t.Context(), newFake(), []Request{{Service: "a", Ref: "a", Build: &types.BuildConfig{Context: dir}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	has := slices.ContainsFunc(needs[0].Warnings, func(w string) bool { return strings.Contains(w, "example.org/frontend:1") })
	if !has {
		t.Errorf("warnings %v", needs[0].Warnings)
	}
}

func TestSecretsOfABuildComeFromWhereTheFileSays(t *testing.T) {
	path := t.TempDir() + "/token"
	if err := os.WriteFile(path, []byte("from file"), 0o600); err != nil {
		t.Fatal(err)
	}
	declared := types.Secrets{
		"file": {File: path}, "env": {Environment: "TOKEN"}, "gone": {Environment: "GONE"},
		"text": {Content: "inline"}, "ext": {External: true},
	}
	used := []types.ServiceSecretConfig{{Source: "file"}, {Source: "env", Target: "id"}, {Source: "text"}}
	sources, err := secretSources(used, declared, map[string]string{"TOKEN": "from env"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, id := range []string{"file", "id", "text"} {
		value, err := secretStore(sources).GetSecret(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		got[id] = string(value)
	}
	want := map[string]string{"file": "from file", "id": "from env", "text": "inline"}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if _, err := secretStore(sources).GetSecret(t.Context(), "other"); err == nil {
		t.Error("a secret nobody declared is given out")
	}
	for _, name := range []string{"gone", "ext", "unknown"} {
		if _, err := secretSources([]types.ServiceSecretConfig{{Source: name}}, declared, nil); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
