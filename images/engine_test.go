package images_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/fault"
)

// connect connects to the engine of this machine.
func connect(t *testing.T) *docker.Engine {
	t.Helper()
	engine, err := docker.Connect(t.Context(), docker.Options{})
	if err != nil {
		t.Fatalf("these tests need a container engine: %v", err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	return engine
}

// workshop is an engine with image names of this test alone.
type workshop struct {
	engine *docker.Engine
	prefix string
	events []images.Progress
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	w := &workshop{engine: connect(t), prefix: "stackctl-test-" + strings.ToLower(rand.Text()[:10])}
	return w
}

// ref is a name of this test's own; its image is removed at the end.
func (w *workshop) ref(t *testing.T, name string) string {
	t.Helper()
	ref := w.prefix + "/" + name + ":1"
	t.Cleanup(func() { _ = w.engine.RemoveImage(context.WithoutCancel(t.Context()), ref) })
	return ref
}

func (w *workshop) up(t *testing.T, opts images.Options, requests ...images.Request) ([]images.Need, map[string]images.Image, error) {
	t.Helper()
	needs, err := images.Decide(t.Context(), w.engine, requests, opts)
	if err != nil {
		t.Fatal(err)
	}
	w.events = nil
	made, err := images.Ensure(t.Context(), w.engine, needs, opts, func(p images.Progress) { w.events = append(w.events, p) })
	for _, image := range made {
		// A later build takes its name; then only the ID finds it.
		t.Cleanup(func() { _ = w.engine.RemoveImage(context.WithoutCancel(t.Context()), image.ID) })
	}
	return needs, made, err
}

func (w *workshop) mustUp(t *testing.T, opts images.Options, requests ...images.Request) ([]images.Need, map[string]images.Image) {
	t.Helper()
	needs, made, err := w.up(t, opts, requests...)
	if err != nil {
		t.Fatal(err)
	}
	return needs, made
}

func files(t *testing.T, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range content {
		put(t, filepath.Join(dir, name), text)
	}
	return dir
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// program compiles a static program, which can be all of an image.
func program(t *testing.T, source string) string {
	t.Helper()
	dir := files(t, map[string]string{"main.go": source, "go.mod": "module program\n\ngo 1.26\n"})
	command := exec.CommandContext(t.Context(), "go", "build", "-o", "program", ".")
	command.Dir = dir
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-trimpath -buildvcs=false")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "program")
}

func TestTheEngineBuildsExactlyWhenAnInputChanges(t *testing.T) {
	w := newWorkshop(t)
	dir := files(t, map[string]string{
		"Dockerfile": "FROM scratch\nARG V=1\nCOPY dir /dir\nENV V=$V\n", "dir/file": "1", "other.log": "1",
		".dockerignore": "*.log\n",
	})
	if err := os.Symlink("/etc/passwd", dir+"/dir/link"); err != nil {
		t.Fatal(err)
	}
	request := images.Request{Service: "web", Ref: w.ref(t, "app"), Build: &types.BuildConfig{
		Context: dir, Labels: types.Labels{"a": "b"}, Tags: []string{w.ref(t, "extra")}}}

	needs, first := w.mustUp(t, images.Options{}, request)
	if needs[0].Action != images.Build || first["web"].ID == "" || first["web"].Labels["a"] != "b" {
		t.Fatalf("first: %+v, %+v", needs[0], first)
	}
	if !w.sawStep("COPY dir /dir") {
		t.Errorf("no step was reported: %+v", w.events)
	}
	expect := func(action images.Action, cause string) images.Image {
		t.Helper()
		needs, made := w.mustUp(t, images.Options{}, request)
		if needs[0].Action != action || needs[0].Cause != cause {
			t.Errorf("got %v %q, want %v %q", needs[0].Action, needs[0].Cause, action, cause)
		}
		return made["web"]
	}
	if again := expect(images.None, "inputs unchanged"); again.ID != first["web"].ID {
		t.Error("another image without a build")
	}
	put(t, dir+"/other.log", "2")
	expect(images.None, "inputs unchanged")
	put(t, dir+"/dir/file", "2")
	second := expect(images.Build, "context: dir/file changed")
	if second.ID == first["web"].ID {
		t.Error("a changed file made the same image")
	}
	two := "2"
	request.Build.Args = types.MappingWithEquals{"V": &two}
	third := expect(images.Build, "args.V added")
	if !strings.Contains(strings.Join(third.Env, " "), "V=2") {
		t.Errorf("the argument did not arrive: %v", third.Env)
	}
	expect(images.None, "inputs unchanged")
	extra, err := w.engine.InspectImage(t.Context(), request.Build.Tags[0])
	if err != nil || extra.ID != third.ID {
		t.Errorf("the further name: %v, %v", extra.ID, err)
	}
}

func (w *workshop) sawStep(text string) bool {
	for _, p := range w.events {
		if strings.Contains(p.Step, text) {
			return true
		}
	}
	return false
}

const failingProgram = `package main

import ("fmt"; "os")

func main() {
	fmt.Println("compiling \x1b[31mred\x1b[0m")
	for i := range 30 { fmt.Println("line", i) }
	fmt.Print("undefined: x")
	os.Exit(3)
}
`

func TestAFailedStepIsTheErrorAndTheOldImageIsNotUsed(t *testing.T) {
	w := newWorkshop(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY program /program\n"})
	if err := os.Rename(program(t, failingProgram), dir+"/program"); err != nil {
		t.Fatal(err)
	}
	base := images.Request{Service: "base", Ref: w.ref(t, "base"), Build: &types.BuildConfig{Context: dir}}
	w.mustUp(t, images.Options{}, base)

	app := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY ok /\n", "ok": "ok"})
	request := images.Request{Service: "web", Ref: w.ref(t, "app"), Build: &types.BuildConfig{Context: app}}
	w.mustUp(t, images.Options{}, request)

	put(t, app+"/Dockerfile", "FROM "+base.Ref+"\nRUN [\"/program\"]\n")
	_, made, err := w.up(t, images.Options{}, request)
	if made != nil || fault.ClassOf(err) != fault.Image {
		t.Fatalf("images %v, error %v of class %v", made, err, fault.ClassOf(err))
	}
	for _, want := range []string{"build image " + request.Ref, `RUN ["/program"]`, "exit code: 3", "line 29", "undefined: x", "(service web)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if strings.Contains(err.Error(), "line 5\n") || strings.Contains(err.Error(), "\x1b") {
		t.Error("the error shows more than the last lines, or raw control characters")
	}
	t.Log(err)
}

func TestSecretsReachTheBuildAndNotTheImage(t *testing.T) {
	w := newWorkshop(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY program /\nRUN --mount=type=secret,id=token [\"/program\"]\n"})
	source := `package main

import ("os"; "fmt")

func main() {
	text, err := os.ReadFile("/run/secrets/token")
	if string(text) != "s3cret-value" { fmt.Println("got", string(text), err); os.Exit(1) }
}
`
	if err := os.Rename(program(t, source), dir+"/program"); err != nil {
		t.Fatal(err)
	}
	request := images.Request{Service: "web", Ref: w.ref(t, "app"), Build: &types.BuildConfig{
		Context: dir, Secrets: []types.ServiceSecretConfig{{Source: "from_env", Target: "token"}}}}
	opts := images.Options{
		Environ: map[string]string{"TOKEN": "s3cret-value"},
		Secrets: types.Secrets{"from_env": {Environment: "TOKEN"}},
	}
	_, made := w.mustUp(t, opts, request)
	if text := fmt.Sprintf("%+v", made["web"]); strings.Contains(text, "s3cret-value") {
		t.Errorf("the secret is in the image: %s", text)
	}
}

func TestALinkInTheContextArrivesAsALinkAndAPipeNotAtAll(t *testing.T) {
	w := newWorkshop(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY program /\nCOPY dir /dir\nRUN [\"/program\"]\n", "dir/file": "1"})
	source := `package main

import ("os"; "fmt")

func main() {
	target, err := os.Readlink("/dir/link")
	entries, _ := os.ReadDir("/dir")
	if target != "/etc/passwd" || len(entries) != 2 { fmt.Println(target, err, entries); os.Exit(1) }
}
`
	if err := os.Rename(program(t, source), dir+"/program"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", dir+"/dir/link"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(dir+"/dir/pipe", 0o644); err != nil {
		t.Fatal(err)
	}
	request := images.Request{Service: "web", Ref: w.ref(t, "app"), Build: &types.BuildConfig{Context: dir}}
	needs, _ := w.mustUp(t, images.Options{}, request)
	if len(needs[0].Warnings) != 1 || !strings.Contains(needs[0].Warnings[0], "dir/pipe is a named pipe") {
		t.Errorf("warnings %v", needs[0].Warnings)
	}
}

func TestIdenticalBuildsBecomeOneImageOnTheEngine(t *testing.T) {
	w := newWorkshop(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a /\n", "a": "a"})
	var requests []images.Request
	for _, name := range []string{"one", "two", "three"} {
		requests = append(requests, images.Request{Service: name, Ref: w.ref(t, name), Build: &types.BuildConfig{Context: dir}})
	}
	_, made := w.mustUp(t, images.Options{}, requests...)
	if made["one"].ID != made["two"].ID || made["one"].ID != made["three"].ID {
		t.Errorf("images %v", made)
	}
	needs, _ := w.mustUp(t, images.Options{}, requests...)
	for _, need := range needs {
		if need.Action != images.None {
			t.Errorf("again: %v %s", need.Action, need.Cause)
		}
	}
}

func TestAnImageBuiltOnAnotherFollowsIt(t *testing.T) {
	w := newWorkshop(t)
	lib := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a /\n", "a": "1"})
	app := files(t, map[string]string{"Dockerfile": "ARG BASE\nFROM ${BASE}\nCOPY b /\n", "b": "1"})
	base := w.ref(t, "lib")
	requests := []images.Request{
		{Service: "app", Ref: w.ref(t, "app"), Build: &types.BuildConfig{Context: app, Args: types.MappingWithEquals{"BASE": &base}}},
		{Service: "lib", Ref: base, Build: &types.BuildConfig{Context: lib}},
	}
	_, first := w.mustUp(t, images.Options{}, requests...)
	put(t, lib+"/a", "2")
	_, second := w.mustUp(t, images.Options{}, requests...)
	if first["app"].ID == second["app"].ID || first["lib"].ID == second["lib"].ID {
		t.Error("the image did not follow its base")
	}
	needs, _ := w.mustUp(t, images.Options{}, requests...)
	for _, need := range needs {
		if need.Action != images.None {
			t.Errorf("again: %s %v %s", need.Ref, need.Action, need.Cause)
		}
	}
}

func TestAnInlineDockerfileAndASpecialIgnoreFileWork(t *testing.T) {
	w := newWorkshop(t)
	dir := files(t, map[string]string{
		"web.Dockerfile": "FROM scratch\nCOPY . /\n", "web.Dockerfile.dockerignore": "no\n", ".dockerignore": "yes\n", "yes": "1", "no": "1",
	})
	special := images.Request{Service: "a", Ref: w.ref(t, "special"), Build: &types.BuildConfig{Context: dir, Dockerfile: "web.Dockerfile"}}
	inline := images.Request{Service: "b", Ref: w.ref(t, "inline"), Build: &types.BuildConfig{Context: dir, DockerfileInline: "FROM scratch\nCOPY no /\n"}}
	w.mustUp(t, images.Options{}, special, inline)
	put(t, dir+"/no", "2")
	needs, _ := w.mustUp(t, images.Options{}, special, inline)
	for _, need := range needs {
		want := images.None
		if need.Services[0] == "b" {
			want = images.Build
		}
		if need.Action != want {
			t.Errorf("%s: %v %s", need.Ref, need.Action, need.Cause)
		}
	}
	special.Build.DockerfileInline, special.Build.Dockerfile = "FROM scratch\nCOPY yes /\n", ""
	if _, _, err := w.up(t, images.Options{}, special); err == nil || !strings.Contains(err.Error(), "yes") {
		t.Errorf("a file that .dockerignore takes out was found: %v", err)
	}
}

func TestABuildThatIsCancelledEndsPromptly(t *testing.T) {
	w := newWorkshop(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY program /\nRUN [\"/program\"]\n"})
	if err := os.Rename(program(t, "package main\n\nimport \"time\"\n\nfunc main() { println(\"sleeping\"); time.Sleep(time.Hour) }\n"), dir+"/program"); err != nil {
		t.Fatal(err)
	}
	request := images.Request{Service: "web", Ref: w.ref(t, "app"), Build: &types.BuildConfig{Context: dir}}
	needs, err := images.Decide(t.Context(), w.engine, []images.Request{request}, images.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	var cancelled time.Time
	_, err = images.Ensure(ctx, w.engine, needs, images.Options{}, func(p images.Progress) {
		if strings.Contains(p.Line, "sleeping") {
			cancelled = time.Now()
			cancel(stop)
		}
	})
	if !errors.Is(err, stop) {
		t.Fatalf("got %v", err)
	}
	if took := time.Since(cancelled); took > 2*time.Second {
		t.Errorf("took %v", took)
	} else {
		t.Log("ended after", took)
	}
}

func TestABaseImageNobodyHasIsAnImageErrorThatNamesIt(t *testing.T) {
	w := newWorkshop(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM 127.0.0.1:1/nobody/has:this\n"})
	request := images.Request{Service: "web", Ref: w.ref(t, "app"), Build: &types.BuildConfig{Context: dir}}
	_, _, err := w.up(t, images.Options{}, request)
	if fault.ClassOf(err) != fault.Image || !strings.Contains(err.Error(), "nobody/has:this") {
		t.Errorf("got %v", err)
	}
	t.Log(err, "/", fault.HintOf(err))
}

func TestAdditionalContextsAreUsedOrRefusedAndNeverIgnored(t *testing.T) {
	w := newWorkshop(t)
	lib := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY lib /\n", "lib": "1"})
	assets := files(t, map[string]string{"picture": "1", "skipped": "1", ".dockerignore": "skipped\n"})
	app := files(t, map[string]string{"Dockerfile": "FROM base\nCOPY --from=assets picture /\n"})
	requests := []images.Request{
		{Service: "lib", Ref: w.ref(t, "lib"), Build: &types.BuildConfig{Context: lib}},
		{Service: "app", Ref: w.ref(t, "app"), Build: &types.BuildConfig{
			Context: app, AdditionalContexts: types.Mapping{"base": "service:lib", "assets": assets},
		}},
	}
	_, _, err := w.up(t, images.Options{}, requests...)
	if err != nil {
		// Engine 20.10 would look for an image with the context's name.
		if fault.ClassOf(err) != fault.Image || !strings.Contains(err.Error(), "too old for additional_contexts") || fault.HintOf(err) == "" {
			t.Fatal(err)
		}
		return
	}
	put(t, assets+"/skipped", "2")
	needs, _ := w.mustUp(t, images.Options{}, requests...)
	if needs[0].Action != images.None {
		t.Errorf("again: %v %s", needs[0].Action, needs[0].Cause)
	}
	put(t, assets+"/picture", "2")
	needs, _ = w.mustUp(t, images.Options{}, requests...)
	if needs[0].Action != images.Build || needs[0].Cause != "additional_contexts.assets changed" {
		t.Errorf("after a change: %v %s", needs[0].Action, needs[0].Cause)
	}
	put(t, lib+"/lib", "2")
	needs, _ = w.mustUp(t, images.Options{}, requests...)
	if needs[0].Action != images.Build || needs[1].Action != images.Build {
		t.Errorf("after a change of the base: %v and %v", needs[0].Action, needs[1].Action)
	}
}

func TestSettingsOfABuildReachTheBuilder(t *testing.T) {
	w := newWorkshop(t)
	dir := files(t, map[string]string{
		"Dockerfile": "FROM scratch AS first\nCOPY program /\nRUN [\"/program\"]\nFROM scratch AS second\nCOPY nothing /\n",
	})
	source := `package main

import ("os"; "fmt"; "strings")

func main() {
	hosts, _ := os.ReadFile("/etc/hosts")
	if !strings.Contains(string(hosts), "1.2.3.4") || !strings.Contains(string(hosts), "db.example") { fmt.Println(string(hosts)); os.Exit(1) }
	entries, _ := os.ReadDir("/sys/class/net")
	if len(entries) != 1 { fmt.Println("interfaces", entries); os.Exit(1) }
}
`
	if err := os.Rename(program(t, source), dir+"/program"); err != nil {
		t.Fatal(err)
	}
	request := images.Request{Service: "web", Ref: w.ref(t, "app"), Platform: "", Build: &types.BuildConfig{
		Context: dir, Target: "first", Network: "none", NoCache: true,
		ExtraHosts: types.HostsList{"db.example": []string{"1.2.3.4"}},
		ShmSize:    128 << 20, Ulimits: map[string]*types.UlimitsConfig{"nofile": {Single: 1000}},
	}}
	w.mustUp(t, images.Options{}, request)
	needs, _ := w.mustUp(t, images.Options{}, request)
	if needs[0].Action != images.None {
		t.Errorf("again: %v %s", needs[0].Action, needs[0].Cause)
	}
}
