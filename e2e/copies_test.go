package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/testkit"
)

// gone is how long whatever is left of a copy may be there after its owner died.
const gone = 30 * time.Second

// staticProgram is stackctl as it is released: it can watch over its copies
// from a container. The one with the race detector needs libraries.
var staticProgram = sync.OnceValues(func() (string, error) {
	to := filepath.Join(filepath.Dir(program), "stackctl-static")
	return to, build(context.Background(), to, "0", "-trimpath", "-ldflags", "-s -w", "../cmd/stackctl")
})

func static(t *testing.T) string {
	t.Helper()
	path, err := staticProgram()
	must(t, err)
	return path
}

// traced is an object of some copy.
type traced struct {
	kind, name string
	labels     map[string]string
}

// tracesOf are all objects on the engine of copies of the stack, reapers
// included: those that carry its label, and those that have its name and should.
func (s *stack) tracesOf() []traced {
	s.t.Helper()
	type object struct {
		Name   string
		Names  []string
		Labels map[string]string
	}
	var out []traced
	ctx := context.WithoutCancel(s.t.Context())
	for kind, path := range map[string]string{"container": "/containers/json", "network": "/networks", "volume": "/volumes"} {
		path += "?all=1"
		var list []object
		if kind == "volume" {
			var answer struct{ Volumes []object }
			must(s.t, call(ctx, http.MethodGet, path, nil, &answer))
			list = answer.Volumes
		} else {
			must(s.t, call(ctx, http.MethodGet, path, nil, &list))
		}
		for _, o := range list {
			name := strings.TrimPrefix(strings.Join(append(o.Names, o.Name), ""), "/")
			if o.Labels["io.stackctl.run-of"] == s.name || strings.HasPrefix(name, s.name) {
				out = append(out, traced{kind, name, o.Labels})
			}
		}
	}
	return out
}

// clean waits until nothing of the stack's copies is left.
func (s *stack) clean(limit time.Duration) {
	s.t.Helper()
	deadline := time.Now().Add(limit)
	left := s.tracesOf()
	for ; len(left) > 0 && time.Now().Before(deadline); left = s.tracesOf() {
		<-time.After(100 * time.Millisecond) // the pace of looking
	}
	for _, x := range left {
		s.t.Errorf("after %s there still is the %s %s", limit, x.kind, x.name)
	}
}

// newCopied is a stack whose copies are removed, whatever the test leaves.
func newCopied(t *testing.T, file string) *stack {
	t.Helper()
	s := newStack(t, file)
	t.Cleanup(func() {
		for range 3 {
			for _, x := range s.tracesOf() {
				_ = call(context.Background(), http.MethodDelete, "/"+x.kind+"s/"+x.name+"?force=1&v=1", nil, nil)
			}
		}
	})
	return s
}

// attended is a run of `test` whose command says what it was given and then
// does what it is told: its exit code is what it reads.
type attended struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	said   *bufio.Reader
	stderr bytes.Buffer
}

// attend starts a run of `test`; flags stand before the command.
func (s *stack) attend(path string, flags ...string) *attended {
	s.t.Helper()
	args := append(append([]string{"test"}, flags...), "--", "sh", "-c", `echo "$STACKCTL_URL_WEB"; read code; exit "$code"`)
	r := &attended{cmd: s.command(context.WithoutCancel(s.t.Context()), args...)}
	r.cmd.Path = path
	r.cmd.Stderr = &r.stderr
	var err error
	r.in, err = r.cmd.StdinPipe()
	must(s.t, err)
	out, err := r.cmd.StdoutPipe()
	must(s.t, err)
	r.said = bufio.NewReader(out)
	must(s.t, r.cmd.Start())
	return r
}

// line is the next line of the command.
func (r *attended) line(t *testing.T) string {
	t.Helper()
	line, err := r.said.ReadString('\n')
	if err != nil {
		_ = r.cmd.Wait()
		t.Fatalf("the command was not run (%v): exit %d\n%s", err, r.cmd.ProcessState.ExitCode(), r.stderr.String())
	}
	return strings.TrimSpace(line)
}

// end tells the command its exit code and returns that of stackctl.
func (r *attended) end(t *testing.T, code string) int {
	t.Helper()
	_, err := io.WriteString(r.in, code+"\n")
	must(t, err)
	return r.wait(t)
}

func (r *attended) wait(t *testing.T) int {
	t.Helper()
	var exit *exec.ExitError
	if err := r.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return r.cmd.ProcessState.ExitCode()
}

// contended is a stack of which two cannot be there: everything in it is fixed.
const contended = `
services:
  store:
    image: IMAGE
    container_name: NAME-the-store
    volumes: ["data:/data", "/tmp"]
    networks: [net]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 60}
  web:
    build: {context: ., dockerfile_inline: "FROM IMAGE\nLABEL test=NAME\n"}
    command: [serve, "name=web"]
    ports: ["127.0.0.1:PORT:8080", "127.0.0.1:9000-9009:8080"]
    environment: {API_TOKEN: kanari-token-value}
    networks: [net]
    depends_on: {store: {condition: service_healthy}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 60}
volumes: {data: {name: NAME-the-data}}
networks: {net: {name: NAME-the-net}}
`

// newContended is that stack with names of the test's own.
func newContended(t *testing.T) *stack {
	t.Helper()
	s := newCopied(t, "services: {}")
	s.write("docker-compose.yml", strings.NewReplacer("NAME", s.name, "PORT", freePort(t)).Replace(contended))
	t.Cleanup(func() {
		_ = call(context.Background(), http.MethodDelete, "/images/"+s.name+"-web?force=1", nil, nil)
	})
	return s
}

func TestEightCopiesOfOneStackDoNotKnowOfEachOther(t *testing.T) {
	t.Parallel()
	s := newContended(t)
	const failing, killed = 2, 5
	var runs []*attended
	for i := range 8 {
		path := program
		if i%2 == 1 {
			path = static(t)
		}
		var flags []string
		if i == failing {
			flags = []string{"--artifacts", "evidence"}
		}
		runs = append(runs, s.attend(path, flags...))
	}
	urls := map[string]bool{}
	for i, r := range runs {
		address := r.line(t)
		if urls[address] {
			t.Errorf("copy %d is at %s, as another one is", i, address)
		}
		urls[address] = true
		if got := header(t, address); got != "web" {
			t.Errorf("copy %d at %s answers as %q", i, address, got)
		}
	}
	builds := 0
	for i, r := range runs {
		var code, want int
		switch i {
		case failing:
			code, want = r.end(t, "7"), 7
		case killed:
			must(t, r.cmd.Process.Kill())
			code, want = r.wait(t), -1
		default:
			code = r.end(t, "0")
		}
		if code != want {
			t.Errorf("copy %d ended with %d, want %d\n%s", i, code, want, r.stderr.String())
		}
		builds += strings.Count(r.stderr.String(), "built")
	}
	if builds != 1 {
		t.Errorf("the image was built %d times", builds)
	}
	s.clean(gone)
	checkEvidence(t, filepath.Join(s.dir, "evidence"), 7)
	if report := reportIn(t, filepath.Join(s.dir, "evidence")); !strings.Contains(report.Error, "code 7") || len(report.Services) != 2 {
		t.Errorf("the report says %+v", report)
	}
}

// header is what a service says it is called.
func header(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close()
	return answer.Header.Get("X-Service")
}

// evidenced is what is read of a report.
type evidenced struct {
	Proven   bool                    `json:"proven"`
	ExitCode int                     `json:"exit_code"`
	Error    string                  `json:"error"`
	Services []struct{ Name string } `json:"services"`
	Failures []struct {
		Service string `json:"service"`
		Class   string `json:"class"`
	} `json:"failures"`
}

func reportIn(t *testing.T, dir string) evidenced {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	must(t, err)
	var r evidenced
	must(t, json.Unmarshal(text, &r))
	return r
}

// checkEvidence looks for all that the evidence of a failure has to have, and
// for what it must not have.
func checkEvidence(t *testing.T, dir string, exitCode int) {
	t.Helper()
	if got := reportIn(t, dir); got.Proven || got.ExitCode != exitCode {
		t.Errorf("the report says proven %t, exit code %d", got.Proven, got.ExitCode)
	}
	for name, words := range map[string]string{
		"junit.xml": "<testsuite", "summary.md": "❌", "events.jsonl": `"health":"healthy"`, "timings.txt": "what it waited for: ",
		"logs/web-1.log": "listening on", "inspect/web-1.json": "API_TOKEN=", "logs/store-1.log": "listening on",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(text), words) {
			t.Errorf("%s does not say %q (%v):\n%.2000s", name, words, err, text)
		}
		if strings.HasSuffix(name, ".xml") && xml.Unmarshal(text, new(struct{ XMLName xml.Name })) != nil {
			t.Errorf("%s is no XML", name)
		}
	}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte("kanari")) {
			t.Errorf("%s shows a secret", path)
		}
		return err
	}))
}

func TestACopyThatIsNotProvenIsExplainedRemovedAndEndsWith125(t *testing.T) {
	t.Parallel()
	s := newCopied(t, `
services:
  store: {image: IMAGE, healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 60}}
  web:
    image: IMAGE
    command: [serve, "dies=500ms", "exit=3", "say=kanari-token-value"]
    environment: {API_TOKEN: kanari-token-value}
    depends_on: {store: {condition: service_healthy}}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, start_period: 1m}
    restart: "no"
`)
	s.env = []string{"CI=1"}
	o := s.expect(125, []string{"web: exited(3)", "exit 125 (unproven)", "evidence: stackctl-artifacts", "less stackctl-artifacts/logs/web-1.log"}, "test", "--", "sh", "-c", "echo run")
	if o.stdout != "" {
		t.Errorf("the command was run: %q", o.stdout)
	}
	s.clean(gone)
	dir := filepath.Join(s.dir, "stackctl-artifacts")
	checkEvidence(t, dir, 125)
	if r := reportIn(t, dir); len(r.Failures) != 1 || r.Failures[0].Service != "web" || r.Failures[0].Class != "service" {
		t.Errorf("the report says %+v", r)
	}
	s.write("docker-compose.yml", "services: {web: {imgae: x}}")
	s.expect(125, []string{"imgae"}, "test", "--", "true")
	if r := reportIn(t, dir); !strings.Contains(r.Error, "imgae") {
		t.Errorf("of a file that is wrong the report says %+v", r)
	}
	s.expect(2, []string{"--"}, "test", "true")
	s.expect(127, []string{"no-such-command"}, "test", "--", "no-such-command")
}

func TestTheCommandMayRunInsideOfTheStack(t *testing.T) {
	t.Parallel()
	s := newCopied(t, `
services:
  web:
    image: IMAGE
    command: [serve, "name=web"]
    ports: ["127.0.0.1::8080"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 60}
`)
	o := s.expect(1, nil, "test", "--in", "web", "--", "/testimage", "exit", "1", "say=inside of web")
	if o.stdout != "inside of web\n" {
		t.Errorf("in the service it says %q", o.stdout)
	}
	o = s.expect(0, nil, "test", "--in", image, "--", "check", "url=http://web:8080/")
	s.clean(gone)
	if strings.Contains(o.stderr, "warning: keep") {
		t.Errorf("it says %s", o.stderr)
	}
	s.expect(125, []string{"neither a service nor an image"}, "test", "--in", "no-such-image-"+s.name, "--", "true")
	s.clean(gone)
}

// begin starts a command and returns what it is going to say.
func begin(t *testing.T, cmd *exec.Cmd) (out io.Reader, stderr *testkit.Buffer) {
	t.Helper()
	stderr = &testkit.Buffer{}
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return out, stderr
}

func TestASignalReachesTheCommandAndThenTheCopyIsRemoved(t *testing.T) {
	t.Parallel()
	for sig, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := newCopied(t, chain)
			cmd := s.command(t.Context(), "test", "--", "sh", "-c", `trap 'echo told; exit 0' INT TERM; echo running; while :; do sleep 0.1; done`)
			out, stderr := begin(t, cmd)
			said := bufio.NewReader(out)
			if line, _ := said.ReadString('\n'); line != "running\n" {
				t.Fatalf("the command says %q\n%s", line, stderr.String())
			}
			must(t, cmd.Process.Signal(sig))
			rest, err := io.ReadAll(said)
			must(t, err)
			_ = cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != code || string(rest) != "told\n" {
				t.Errorf("it ended with %d, want %d; the command says %q\n%s", got, code, rest, stderr.String())
			}
			s.clean(gone)
		})
	}
}

func TestASignalReachesTheCommandInsideOfTheStack(t *testing.T) {
	t.Parallel()
	s := newCopied(t, chain)
	cmd := s.command(t.Context(), "test", "--in", image, "--", "serve", "farewell=told")
	out, stderr := begin(t, cmd)
	said := bufio.NewReader(out)
	if line, _ := said.ReadString('\n'); !strings.HasPrefix(line, "listening on") {
		t.Fatalf("the command says %q\n%s", line, stderr.String())
	}
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(said)
	must(t, err)
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 143 || !strings.Contains(string(rest), "told") {
		t.Errorf("it ended with %d; the command says %q\n%s", got, rest, stderr.String())
	}
	s.clean(gone)
}

func TestOtherSignalsAreTheCommandsOwn(t *testing.T) {
	t.Parallel()
	s := newCopied(t, chain)
	cmd := s.command(t.Context(), "test", "--", "sh", "-c", `trap 'echo one' USR1; trap 'echo two' USR2; trap 'echo three; exit 5' QUIT; echo running; while :; do sleep 0.1; done`)
	out, stderr := begin(t, cmd)
	said := bufio.NewReader(out)
	for i, sig := range []syscall.Signal{0, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGQUIT} {
		if sig != 0 {
			must(t, cmd.Process.Signal(sig))
		}
		if line, _ := said.ReadString('\n'); line != []string{"running\n", "one\n", "two\n", "three\n"}[i] {
			t.Fatalf("after %s the command says %q\n%s", sig, line, stderr.String())
		}
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 5 {
		t.Errorf("it ended with %d\n%s", got, stderr.String())
	}
	s.clean(gone)
}

func TestASecondCtrlCEndsAtOnceAndLeavesNothingEither(t *testing.T) {
	t.Parallel()
	s := newCopied(t, chain)
	cmd := s.command(context.WithoutCancel(t.Context()), "test", "--artifacts", "evidence", "--", "sh", "-c", `trap '' INT; echo running; while :; do sleep 0.1; done`)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	_, err = bufio.NewReader(out).ReadString('\n')
	must(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its code is looked at below
	}()
	for { // signals at the same moment may become one: a person goes on
		_ = cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(300 * time.Millisecond):
			continue
		}
		break
	}
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("it ended with %d", got)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "evidence")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it took the time for evidence")
	}
	s.clean(gone)
}

// atFirstContainer is the instant at which the engine has a container.
const atFirstContainer = time.Duration(-1)

// instants are after how long stackctl is killed: few spread over a run, or
// many at random.
func instants() []time.Duration {
	if everything() {
		var out []time.Duration
		for range 15 {
			out = append(out, rand.N(6*time.Second))
		}
		return out
	}
	return []time.Duration{300 * time.Millisecond, 1200 * time.Millisecond, atFirstContainer, 3 * time.Second}
}

func TestAKillAtAnyInstantLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]func(*testing.T) string{
		"watched over by a container": static,
		"watched over by a process":   func(*testing.T) string { return program },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCopied(t, chain)
			file := path(t)
			for _, after := range instants() {
				anonymous := s.killedTest(file, after)
				s.clean(gone)
				for volume := range anonymous {
					if err := call(t.Context(), http.MethodGet, "/volumes/"+volume, nil, &struct{}{}); err == nil {
						t.Errorf("killed after %s, the anonymous volume %s is left", after, volume)
					}
				}
				if t.Failed() {
					t.Fatalf("killed after %s", after)
				}
			}
		})
	}
}

// killedTest runs a test that never ends by itself and kills it; the result are
// the volumes that its containers had meanwhile.
func (s *stack) killedTest(path string, after time.Duration) map[string]bool {
	s.t.Helper()
	cmd := s.command(context.WithoutCancel(s.t.Context()), "test", "--", "sleep", "600")
	cmd.Path = path
	must(s.t, cmd.Start())
	limit := after
	if after == atFirstContainer {
		limit = 2 * time.Minute
	}
	kill := time.NewTimer(limit)
	volumes := map[string]bool{}
	for waiting := true; waiting; {
		for _, x := range s.tracesOf() {
			if x.kind == "container" {
				waiting = waiting && (after != atFirstContainer || strings.HasSuffix(x.name, "-reaper"))
				for _, name := range volumesOf(s.t, x.name) {
					volumes[name] = true
				}
			}
		}
		select {
		case <-kill.C:
			waiting = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	kill.Stop()
	must(s.t, cmd.Process.Kill())
	_ = cmd.Wait()
	return volumes
}

// volumesOf are the volumes of a container that may be gone by now.
func volumesOf(t *testing.T, container string) []string {
	t.Helper()
	var c struct{ Mounts []struct{ Type, Name string } }
	if err := call(context.WithoutCancel(t.Context()), http.MethodGet, "/containers/"+container+"/json", nil, &c); err != nil {
		return nil
	}
	var out []string
	for _, m := range c.Mounts {
		if m.Type == "volume" {
			out = append(out, m.Name)
		}
	}
	return out
}

func TestACopyThatStaysCanBeReachedAndIsRemovedByItsIdentity(t *testing.T) {
	t.Parallel()
	s := newContended(t)
	s.expect(0, []string{"proven: 2 services", "endpoints", "prune --run"}, "up", "--ephemeral")
	copies := map[string]string{}
	for _, x := range s.tracesOf() {
		copies[x.labels["io.stackctl.run"]] = x.labels["com.docker.compose.project"] + copies[x.labels["io.stackctl.run"]]
	}
	if len(copies) != 1 {
		t.Fatalf("there are the copies %v", copies)
	}
	var run string
	for run = range copies {
	}
	reach := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), program, append([]string{"-p", s.name + "-" + run, "endpoints"}, args...)...) //nolint:gosec // the program under test
		cmd.Dir = s.dir
		out, err := cmd.Output()
		must(t, err)
		return string(out)
	}
	for _, line := range strings.Split(reach(), "\n") {
		if address, ok := strings.CutPrefix(line, "export STACKCTL_URL_WEB="); ok && header(t, address) != "web" {
			t.Errorf("at %s there is somebody else", address)
		}
	}
	if text := reach("-o", "json", "--inside"); !strings.Contains(text, `"STACKCTL_URL_WEB": "http://web:8080"`) {
		t.Errorf("inside it is reached at\n%s", text)
	}
	s.expect(0, []string{"would be removed"}, "prune", "--run", run, "--dry-run")
	s.expect(0, []string{"removed"}, "prune", "--run", run)
	s.clean(gone)
	s.expect(1, []string{"no copy " + run}, "prune", "--run", run)
}

func TestACopyIsRemovedWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	s := newCopied(t, `services: {web: {image: IMAGE, healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 60}}}`)
	cmd := s.command(context.WithoutCancel(t.Context()), "test", "--ttl", "45s", "--", "sleep", "600")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	must(t, cmd.Start())
	s.expect(0, []string{"until"}, "up", "--ephemeral", "--ttl", "45s")
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 125 || !strings.Contains(stderr.String(), "--ttl") {
		t.Errorf("it ended with %d\n%s", got, stderr.String())
	}
	s.clean(2 * time.Minute)
}

func TestPruneRemovesWhatIsExpiredAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newCopied(t, `services: {}`)
	for name, labels := range map[string]map[string]string{
		"expired": {"io.stackctl.run": s.name + "1", "io.stackctl.expires": "2020-01-01T00:00:00Z"},
		"young":   {"io.stackctl.run": s.name + "2", "io.stackctl.expires": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)},
		"undated": {"io.stackctl.run": s.name + "3"},
		"foreign": {"io.stackctl.expires": "2020-01-01T00:00:00Z"},
	} {
		labels["io.stackctl.run-of"] = s.name
		labels["com.docker.compose.project"] = s.name
		body, err := json.Marshal(map[string]any{"Name": s.name + "-" + name, "Labels": labels})
		must(t, err)
		engine(t, http.MethodPost, "/volumes/create", string(body))
	}
	names := func() []string {
		var out []string
		for _, x := range s.tracesOf() {
			out = append(out, strings.TrimPrefix(x.name, s.name+"-"))
		}
		slices.Sort(out)
		return out
	}
	s.expect(0, []string{s.name + "1", "1 object would be removed"}, "prune", "--expired", "--dry-run")
	if got := names(); len(got) != 4 {
		t.Errorf("after a dry run there are %v", got)
	}
	s.expect(0, []string{"1 object removed"}, "prune", "--expired")
	if got := fmt.Sprint(names()); got != "[foreign undated young]" {
		t.Errorf("there are %s", got)
	}
	s.expect(2, []string{"--expired"}, "prune")
}

func TestACopyDoesNotAnswerForTheLiveStackOnANetworkOfBoth(t *testing.T) {
	t.Parallel()
	s := newCopied(t, `
services:
  api:
    image: CHECKEDIMAGE
    hostname: the-api
    command: [serve, "body=${WHO:-live}"]
    networks: {proxy: {aliases: [api.internal]}}
  web:
    image: CHECKEDIMAGE
    ports: ["127.0.0.1::8080"]
    networks: [proxy]
networks: {proxy: {external: true, name: "${NETWORK}"}}
`)
	network := s.name + "-proxy"
	s.env = append(s.env, "NETWORK="+network)
	engine(t, http.MethodPost, "/networks/create", `{"Name": "`+network+`"}`)
	t.Cleanup(func() { _ = call(context.Background(), http.MethodDelete, "/networks/"+network, nil, nil) })
	s.expect(0, nil, "up")
	live := containersOf(t, s.name)["web"].ID
	s.env = append(s.env, "WHO=copy")
	r := s.attend(program)
	r.line(t)
	asked := false
	for _, x := range s.tracesOf() {
		if x.labels["com.docker.compose.service"] == "web" && x.labels["io.stackctl.run-of"] == s.name {
			asked = true
			for _, name := range []string{"api", "api.internal", "the-api"} {
				for range 6 {
					for who, asks := range map[string]string{"live": live, "copy": x.name} {
						if code, said := inside(t, asks, "/testimage", "check", "url=http://"+name+":8080/", "who="+who); code != 0 {
							t.Fatalf("who asks as the %s stack for %s: %s", who, name, said)
						}
					}
				}
			}
		}
	}
	if code := r.end(t, "0"); code != 0 || !asked {
		t.Errorf("the test ended with %d, the copy was found: %t\n%s", code, asked, r.stderr.String())
	}
	if said := r.stderr.String(); !strings.Contains(said, "Others do not find the copy's services there by their names") {
		t.Errorf("nothing is said about the network of both:\n%s", said)
	}
}
