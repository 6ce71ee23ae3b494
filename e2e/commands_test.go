package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/testkit"
	"golang.org/x/sys/unix"
)

func TestStopAndStartComeBackToTheSameContainersAndProveThem(t *testing.T) {
	t.Parallel()
	s, port := newPair(t)
	s.expect(7, []string{"backend has no container", "up backend"}, "start")
	s.expect(0, nil, "up")
	before := containersOf(t, s.name)
	s.expect(0, []string{"1 container stopped"}, "stop", "-t", "5", "web")
	s.expect(7, []string{"web"}, "status")
	s.expect(0, []string{"1 container stopped"}, "stop")
	now := containersOf(t, s.name)
	for service, c := range now {
		if c.ID != before[service].ID || c.State.Status != "exited" {
			t.Errorf("after stop, %s is %s (%s), it was %s", service, c.ID, c.State.Status, before[service].ID)
		}
	}
	if now["web"].State.FinishedAt >= now["backend"].State.FinishedAt {
		t.Error("backend was stopped before web, which depends on it")
	}
	s.expect(0, []string{"nothing was running"}, "stop")
	s.expect(0, []string{"proven: 2 services", "http://127.0.0.1:" + port}, "start", "web")
	for service, c := range containersOf(t, s.name) {
		if c.ID != before[service].ID {
			t.Errorf("start replaced %s", service)
		}
	}
	s.expect(0, nil, "status")
}

func TestRestartRestartsTheNamedAloneAndAppliesNoEdit(t *testing.T) {
	t.Parallel()
	s, port := newPair(t)
	s.expect(0, nil, "up")
	before := containersOf(t, s.name)
	s.expect(0, []string{"proven"}, "restart", "-t", "5", "web")
	now := containersOf(t, s.name)
	if now["web"].ID != before["web"].ID || now["web"].State.StartedAt == before["web"].State.StartedAt {
		t.Error("web was not restarted, or was replaced")
	}
	if now["backend"].State.StartedAt != before["backend"].State.StartedAt {
		t.Error("backend was restarted for nothing")
	}
	edited := strings.ReplaceAll(pair, "PORT", port)
	s.write("docker-compose.yml", strings.Replace(edited, `"name=web"]`, `"name=web", "until=1ms"]`, 1))
	s.expect(11, []string{"web"}, "restart", "web")
	if now := containersOf(t, s.name); now["web"].ID != before["web"].ID {
		t.Error("restart replaced web")
	}
}

func TestAStartThatDoesNotComeGoodSaysWhy(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  app:
    image: IMAGE
    command: [serve, told=/tmp/end, "exit=3"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
    restart: "no"
`)
	s.expect(0, nil, "up", "--stable-for", "0")
	inside(t, s.only("app").ID, "/testimage", "write", "file=/tmp/end")
	eventually(t, time.Minute, "app has died", func() bool { return containersOf(t, s.name)["app"].State.Status == "exited" })
	s.expect(7, []string{"app", "exited(3)", "dying as told"}, "start", "--stable-for", "20s")
}

func TestExecIsTheCommandInTheContainer(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  app:
    image: IMAGE
    command: [sleep]
    scale: 2
    healthcheck: {test: [CMD, /testimage, cat, /testimage], interval: 1s}
  off: {image: IMAGE, command: [sleep], profiles: [off]}
`)
	s.expect(7, []string{"app has no container"}, "exec", "app", "/testimage", "terminal")
	s.expect(0, nil, "up")
	o := s.expect(0, nil, "exec", "-e", "COLOUR=green", "-u", "1234:5", "-w", "/data", "app", "/testimage", "report", "file=/tmp/r", "env=COLOUR")
	if o.stdout != "" || o.stderr != "" {
		t.Errorf("it says %q and %q", o.stdout, o.stderr)
	}
	if o := s.expect(0, nil, "exec", "--index", "1", "app", "/testimage", "cat", "/tmp/r"); !strings.HasPrefix(o.stdout, "uid=1234 gid=5\ndir=/data\nCOLOUR=green\n") {
		t.Errorf("it ran as\n%s", o.stdout)
	}
	s.expect(42, nil, "exec", "app", "/testimage", "exit", "42")
	s.expect(1, []string{"no such file"}, "exec", "--index", "2", "app", "/testimage", "cat", "/tmp/r")
	if o := s.run("exec", "app", "/no/such/command"); o.code != 126 && o.code != 127 {
		t.Errorf("a command that is not there ends with %d: %s%s", o.code, o.stdout, o.stderr)
	}
	s.expect(7, []string{"no container number 3", "1, 2"}, "exec", "--index", "3", "app", "/testimage")
	s.expect(7, []string{"off has no container"}, "exec", "off", "/testimage")
	s.expect(3, []string{`"nobody"`}, "exec", "nobody", "/testimage")
	s.expect(0, nil, "exec", "-d", "app", "/testimage", "write", "file=/tmp/detached")
	eventually(t, time.Minute, "the detached command has written its file", func() bool {
		return s.run("exec", "app", "/testimage", "cat", "/tmp/detached").stdout == "line\n"
	})
	s.expect(0, nil, "stop")
	s.expect(7, []string{"app is not running", "start app"}, "exec", "app", "/testimage")
}

func TestExecPassesTheStandardInputAndItsEnd(t *testing.T) {
	t.Parallel()
	s := newStack(t, `services: {app: {image: IMAGE, command: [sleep], healthcheck: {test: [CMD, /testimage, cat, /testimage], interval: 1s}}}`)
	s.expect(0, nil, "up")
	cmd := s.command(t.Context(), "exec", "app", "/testimage", "terminal", "follow=1")
	cmd.Stdin = strings.NewReader("hello\n")
	if o := s.finish(cmd); o.code != 0 || o.stdout != "no terminal\ngot HELLO\n" {
		t.Errorf("it ended with %d and said %q %q", o.code, o.stdout, o.stderr)
	}
	cmd = s.command(t.Context(), "exec", "app", "/testimage", "copy", "from=/dev/stdin", "to=/tmp/big")
	big := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	cmd.Stdin = bytes.NewReader(big)
	if o := s.finish(cmd); o.code != 0 {
		t.Fatalf("it ended with %d: %s", o.code, o.stderr)
	}
	if o := s.expect(0, nil, "exec", "app", "/testimage", "cat", "/tmp/big"); o.stdout != string(big) {
		t.Errorf("of %d bytes %d came back, or others", len(big), len(o.stdout))
	}
}

func TestExecOnATerminalFollowsItsSizeAndLeavesItAsItWas(t *testing.T) {
	t.Parallel()
	s := newStack(t, `services: {app: {image: IMAGE, command: [sleep], healthcheck: {test: [CMD, /testimage, cat, /testimage], interval: 1s}}}`)
	s.expect(0, nil, "up")
	for _, end := range []string{"a line", "a signal"} {
		t.Run(end, func(t *testing.T) {
			p := openTerminal(t)
			before := p.settings(t)
			p.resize(t, 132, 43)
			cmd := s.command(t.Context(), "exec", "app", "/testimage", "terminal", "follow=1")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = p.slave, p.slave, p.slave
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			must(t, cmd.Start())
			p.await(t, "132x43")
			if p.settings(t) == before {
				t.Error("the terminal is not in raw mode while the command runs")
			}
			p.resize(t, 90, 20)
			must(t, cmd.Process.Signal(syscall.SIGWINCH)) // the kernel tells the foreground group; be sure
			p.await(t, "90x20")
			want := 0
			if end == "a line" {
				_, err := io.WriteString(p.master, "hello\r")
				must(t, err)
				p.await(t, "got HELLO")
			} else {
				must(t, cmd.Process.Signal(syscall.SIGTERM))
				want = 143
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != want {
				t.Errorf("it ended with %d: %s", code, p.said.String())
			}
			if after := p.settings(t); after != before {
				t.Errorf("the terminal was %+v and is %+v", before, after)
			}
		})
	}
}

// terminal is a terminal with nobody in front of it.
type terminal struct {
	master, slave *os.File
	said          testkit.Buffer
}

func openTerminal(t *testing.T) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	must(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	must(t, err)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	p := &terminal{master: master, slave: slave}
	t.Cleanup(func() { slave.Close(); master.Close() })
	go func() { _, _ = io.Copy(&p.said, master) }()
	return p
}

func (p *terminal) await(t *testing.T, words string) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !strings.Contains(p.said.String(), words) {
		if time.Now().After(deadline) {
			t.Fatalf("the terminal never shows %q but\n%q", words, p.said.String())
		}
		<-time.After(20 * time.Millisecond) // the pace of looking, not a hope
	}
}

func (p *terminal) resize(t *testing.T, width, height uint16) {
	t.Helper()
	must(t, unix.IoctlSetWinsize(int(p.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}))
}

func (p *terminal) settings(t *testing.T) unix.Termios {
	t.Helper()
	settings, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	must(t, err)
	return *settings
}

func TestPortPrintsWhereTheServiceReallyAnswers(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  web:
    image: IMAGE
    ports: ["127.0.0.1::8080"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
`)
	s.expect(0, nil, "up")
	o := s.expect(0, nil, "port", "web", "8080")
	address := strings.TrimSpace(o.stdout)
	resp, err := http.Get("http://" + address + "/")
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s answers %s", address, resp.Status)
	}
	s.expect(1, []string{"web does not publish port 9090/tcp; it publishes 8080/tcp at " + address}, "port", "web", "9090")
	s.expect(1, []string{"8080/udp"}, "port", "--protocol", "udp", "web", "8080")
}

func TestEventsTellWhatHappensAsItHappens(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  web: {image: IMAGE, ports: ["127.0.0.1::8080"]}
  backend: {image: IMAGE, ports: ["127.0.0.1::8080"]}
`)
	s.expect(0, nil, "up")
	var text, objects output
	for flag, out := range map[string]*output{"--no-color": &text, "--json": &objects} {
		cmd := s.command(t.Context(), "events", flag, "web")
		cmd.Stdout = out
		must(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		out.cmd = cmd
	}
	web := containersOf(t, s.name)["web"]
	eventually(t, time.Minute, "both have told of a pause, which is repeated until they listen", func() bool {
		engine(t, http.MethodPost, "/containers/"+web.ID+"/pause", "")
		engine(t, http.MethodPost, "/containers/"+web.ID+"/unpause", "")
		return strings.Contains(text.String(), " container unpause "+web.ID) && strings.Contains(objects.String(), `"action":"unpause"`)
	})
	s.expect(0, nil, "restart", "-t", "5")
	eventually(t, time.Minute, "both have told of the restart", func() bool {
		return strings.Contains(text.String(), " container die "+web.ID+" (exitCode=0, image=") &&
			strings.Contains(objects.String(), `"attributes":{"exitCode":"0","image":`)
	})
	for _, out := range []*output{&text, &objects} {
		if strings.Contains(out.String(), "backend") {
			t.Errorf("another service is told of:\n%s", out.String())
		}
		must(t, out.cmd.Process.Signal(os.Interrupt))
		_ = out.cmd.Wait()
		if code := out.cmd.ProcessState.ExitCode(); code != 130 {
			t.Errorf("it ends with %d", code)
		}
	}
}

// output is what a program that runs has said so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
	cmd *exec.Cmd
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func TestWaitEndsWithTheContainersOwnCode(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  short:
    image: IMAGE
    command: [serve, told=/tmp/end, "exit=5"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  long:
    image: IMAGE
    command: [sleep]
    healthcheck: {test: [CMD, /testimage, cat, /testimage], interval: 1s}
  done:
    image: IMAGE
    command: [exit, "0"]
    x-stackctl: {job: true}
`)
	s.expect(7, []string{"short has no container"}, "wait", "short")
	s.expect(0, nil, "up", "--stable-for", "0")
	s.expect(0, []string{"done-1 ended with code 0"}, "wait", "done")
	for _, c := range []struct {
		services []string
		end      func()
		code     int
		says     string
	}{
		{[]string{"done", "short"}, func() { inside(t, s.only("short").ID, "/testimage", "write", "file=/tmp/end") }, 5, "short-1 ended with code 5"},
		{[]string{"long"}, func() { engine(t, http.MethodPost, "/containers/"+s.only("long").ID+"/kill", "") }, 137, "long-1 ended with code 137"},
	} {
		cmd := s.command(t.Context(), append([]string{"wait"}, c.services...)...)
		var out output
		cmd.Stdout, cmd.Stderr = &out, &out
		must(t, cmd.Start())
		c.end()
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("it ended with %d, want %d: %s", code, c.code, out.String())
		}
	}
}

func TestBuildMakesImagesAndNoContainers(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  web:
    image: NAME-web
    build: {context: ./context, dockerfile_inline: "FROM IMAGE\nCOPY word /word\n"}
    command: [sleep]
    healthcheck: {test: [CMD, /testimage, cat, /word], interval: 1s}
  other:
    build: {context: ./context, dockerfile_inline: "FROM IMAGE\nCOPY word /other\n"}
    command: [sleep]
    healthcheck: {test: [CMD, /testimage, cat, /other], interval: 1s}
`)
	text, err := os.ReadFile(s.dir + "/docker-compose.yml")
	must(t, err)
	s.write("docker-compose.yml", strings.ReplaceAll(string(text), "NAME", s.name))
	s.write("context/word", "one\n")
	t.Cleanup(func() {
		s.cleanUp() // an image that is used cannot be removed
		for _, ref := range []string{s.name + "-web", s.name + "-other"} {
			_ = call(context.Background(), http.MethodDelete, "/images/"+ref+"?force=1", nil, nil)
		}
	})
	s.expect(0, []string{s.name + "-web", "built"}, "build", "web")
	if o := s.expect(0, []string{"built, as before"}, "build", "web"); strings.Contains(o.stdout, "-other") {
		t.Errorf("another image was built:\n%s", o.stdout)
	}
	if o := s.expect(0, nil, "build", "-q"); o.stdout+o.stderr != "" {
		t.Errorf("quiet says %q", o.stdout+o.stderr)
	}
	if n := len(ids(t, "containers", s.name)); n != 0 {
		t.Errorf("build made %d containers", n)
	}
	s.write("context/word", "two\n")
	if o := s.expect(0, nil, "build", "--no-cache", "web"); strings.Contains(o.stdout, "as before") {
		t.Errorf("the edit is not noticed:\n%s", o.stdout)
	}
	built := s.imageID(s.name + "-web")
	s.expect(0, nil, "up")
	if now := containersOf(t, s.name)["web"].Image; now != built || s.imageID(s.name+"-web") != built {
		t.Errorf("up runs %s although build had made %s of the same inputs", now, built)
	}
	s.expect(0, []string{"two"}, "exec", "web", "/testimage", "cat", "/word")
}

// imageID is the ID of what an image's name stands for.
func (s *stack) imageID(ref string) string {
	s.t.Helper()
	var image struct {
		ID string `json:"Id"`
	}
	must(s.t, call(s.t.Context(), http.MethodGet, "/images/"+ref+"/json", nil, &image))
	return image.ID
}

func TestPullIsContentWithWhatIsThereAndFailsForWhatIsNowhere(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  kept: {image: IMAGE, pull_policy: never}
  there: {image: IMAGE, pull_policy: missing}
  built: {image: "127.0.0.1:1/nowhere/built", build: {dockerfile_inline: "FROM IMAGE"}}
  nowhere: {image: "127.0.0.1:1/nowhere/image"}
`)
	s.expect(0, []string{"on the engine"}, "pull", "there")
	s.expect(0, []string{"nothing to pull"}, "pull", "kept")
	s.expect(0, []string{"warning", "not pulled"}, "pull", "built")
	s.expect(0, []string{"nothing to pull"}, "pull", "--ignore-buildable", "built")
	s.expect(5, []string{"127.0.0.1:1/nowhere/image"}, "pull")
	if n := len(ids(t, "containers", s.name)); n != 0 {
		t.Errorf("pull made %d containers", n)
	}
}

func TestStatusKeepsWatchingUntilItIsInterrupted(t *testing.T) {
	t.Parallel()
	s := newStack(t, `services: {app: {image: IMAGE, command: [serve], healthcheck: {test: [CMD, /testimage, check], interval: 1s}}}`)
	s.expect(0, nil, "up")
	var said testkit.Buffer
	cmd := s.command(t.Context(), "status", "--watch")
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }() // it has ended, unless the test failed
	shows := func(word string) {
		t.Helper()
		from := len(said.String())
		eventually(t, time.Minute, "the watch shows "+word, func() bool { return strings.Contains(said.String()[from:], word) })
	}
	shows("proven")
	engine(t, "POST", "/containers/"+s.running("app")+"/kill?signal=KILL", "")
	shows("exited(137)")
	s.expect(0, nil, "up")
	shows("proven")
	must(t, cmd.Process.Signal(syscall.SIGINT))
	_ = cmd.Wait() // the exit code says it
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("it ended with %d\n%s", code, said.String())
	}
}
