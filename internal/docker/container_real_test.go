package docker

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// spec is a service called "web" in this test's project.
func (w *world) spec(name string, change func(*compose.Service, *compose.Project)) orchestrator.ContainerSpec {
	s := &compose.Service{ServiceConfig: types.ServiceConfig{Name: "web"}}
	p := &compose.Project{Name: w.project, Dir: w.t.TempDir(), Services: map[string]*compose.Service{"web": s}}
	s.NetworkMode = "none"
	if change != nil {
		change(s, p)
	}
	return orchestrator.ContainerSpec{
		Name: w.name(name), Project: p, Service: s, Number: 1, Image: w.image,
		Labels: w.labels(orchestrator.LabelService, "web", orchestrator.LabelNumber, "1"),
	}
}

// create makes the container of a spec and starts it.
func (w *world) run(spec orchestrator.ContainerSpec) orchestrator.Container {
	w.t.Helper()
	id, err := w.CreateContainer(w.t.Context(), spec)
	must(w.t, err)
	must(w.t, w.StartContainer(w.t.Context(), id))
	c, err := w.Inspect(w.t.Context(), id)
	must(w.t, err)
	return c
}

// output waits for the end of a container and returns what it wrote.
func (w *world) output(id string) string {
	w.t.Helper()
	var out bytes.Buffer
	must(w.t, w.Logs(w.t.Context(), id, orchestrator.LogOptions{Follow: true}, &out, &out))
	return out.String()
}

func TestAContainersLifeFromCreationToRemoval(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id, err := w.CreateContainer(ctx, w.spec("life", nil))
	must(t, err)
	c, err := w.Inspect(ctx, id)
	must(t, err)
	if c.State != orchestrator.StateCreated || c.Service != "web" || c.Number != 1 || c.ImageID != w.image || !c.StartedAt.IsZero() {
		t.Errorf("created: %+v", c)
	}
	must(t, w.StartContainer(ctx, id))
	must(t, w.StartContainer(ctx, id))
	c, err = w.Inspect(ctx, id)
	must(t, err)
	if c.State != orchestrator.StateRunning || c.Pid == 0 || c.StartedAt.IsZero() || !slices.Contains(c.Env, "FROM_IMAGE=yes") {
		t.Errorf("started: %+v", c)
	}
	if command, err := w.PID1(ctx, id); err != nil || command != "/toy" {
		t.Errorf("PID 1 is %q, %v", command, err)
	}
	must(t, w.UnpauseContainer(ctx, id))
	must(t, w.cli.ContainerPause(ctx, id))
	if c, err = w.Inspect(ctx, id); err != nil || c.State != orchestrator.StatePaused {
		t.Errorf("paused: %s, %v", c.State, err)
	}
	must(t, w.UnpauseContainer(ctx, id))
	must(t, w.RenameContainer(ctx, id, w.name("renamed")))
	must(t, w.RenameContainer(ctx, id, w.name("renamed")))
	must(t, w.StopContainer(ctx, id, nil))
	must(t, w.StopContainer(ctx, id, nil))
	must(t, w.KillContainer(ctx, id, ""))
	c, err = w.Inspect(ctx, id)
	must(t, err)
	if c.State != orchestrator.StateExited || c.ExitCode != 0 || c.FinishedAt.IsZero() || c.Name != w.name("renamed") {
		t.Errorf("stopped: %+v", c)
	}
	must(t, w.RemoveContainer(ctx, id, true))
	must(t, w.RemoveContainer(ctx, id, true))
	if _, err = w.Inspect(ctx, id); !errdefs.IsNotFound(err) {
		t.Errorf("removed: %v", err)
	}
}

func TestANameThatIsTakenIsAConflict(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateContainer(t.Context(), w.spec("twice", nil))
	must(t, err)
	_, err = w.CreateContainer(t.Context(), w.spec("twice", nil))
	if !errdefs.IsConflict(err) || fault.ClassOf(err) != fault.Conflict {
		t.Errorf("%v, class %v", err, fault.ClassOf(err))
	}
}

func TestACommandThatIsNotThereBlamesTheService(t *testing.T) {
	w := newWorld(t)
	id, err := w.CreateContainer(t.Context(), w.spec("nope", func(s *compose.Service, _ *compose.Project) { s.Entrypoint = []string{"/nope"} }))
	must(t, err)
	err = w.StartContainer(t.Context(), id)
	if fault.ClassOf(err) != fault.Service || strings.Contains(err.Error(), "OCI runtime") || !strings.Contains(err.Error(), "/nope") {
		t.Errorf("%v, class %v", err, fault.ClassOf(err))
	}
	c, err := w.Inspect(t.Context(), id)
	must(t, err)
	if c.State != orchestrator.StateCreated || c.ExitCode != 127 || c.StartError == "" {
		t.Errorf("%+v", c)
	}
}

func TestATakenPortIsAResourceThatNamesThePort(t *testing.T) {
	w := newWorld(t)
	net := w.network("ports")
	publish := func(port string) func(*compose.Service, *compose.Project) {
		return func(s *compose.Service, p *compose.Project) {
			attachTo(s, p, net)
			s.Ports = []types.ServicePortConfig{{Target: 80, Published: port, HostIP: "127.0.0.1"}}
		}
	}
	holder := w.run(w.spec("holder", publish("")))
	if len(holder.Published) != 1 || holder.Published[0].Host == 0 || holder.Asked[0].Host != 0 {
		t.Fatalf("published %+v, asked %+v", holder.Published, holder.Asked)
	}
	taken := holder.Published[0]
	id, err := w.CreateContainer(t.Context(), w.spec("second", publish(itoa(uint32(taken.Host)))))
	must(t, err)
	err = w.StartContainer(t.Context(), id)
	var port interface{ TakenPort() orchestrator.Port }
	if fault.ClassOf(err) != fault.Resource || !errorsAs(err, &port) || port.TakenPort().Host != taken.Host {
		t.Errorf("%v, class %v, hint %q", err, fault.ClassOf(err), fault.HintOf(err))
	}
	seen, err := w.Observe(t.Context(), orchestrator.Scope{Project: w.project})
	must(t, err)
	want := orchestrator.PortHolder{Port: taken, ContainerID: holder.ID, Container: holder.Name, Project: w.project}
	if !slices.Contains(seen.Holders, want) {
		t.Errorf("holders %+v lack %+v", seen.Holders, want)
	}
}

func TestAMissingBindSourceFailsInsteadOfBeingMade(t *testing.T) {
	w := newWorld(t)
	missing := filepath.Join(t.TempDir(), "missing")
	bind := func(create bool) orchestrator.ContainerSpec {
		return w.spec("bind", func(s *compose.Service, _ *compose.Project) {
			s.Volumes = []types.ServiceVolumeConfig{{
				Type: "bind", Source: missing, Target: "/data", Bind: &types.ServiceVolumeBind{CreateHostPath: types.OptOut(create)},
			}}
		})
	}
	_, err := w.CreateContainer(t.Context(), bind(false))
	if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), missing) {
		t.Errorf("%v, class %v", err, fault.ClassOf(err))
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("the source was made")
	}
	_, err = w.CreateContainer(t.Context(), bind(true))
	must(t, err)
	if info, err := os.Stat(missing); err != nil || !info.IsDir() {
		t.Errorf("the source was not made: %v", err)
	}
}

func TestSecretsAndConfigsAreThereBeforeTheFirstStart(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "file"), []byte("from file"), 0o644))
	mode := types.FileMode(0o400)
	c := w.run(w.spec("secrets", func(s *compose.Service, p *compose.Project) {
		p.Secrets = types.Secrets{"file": {File: filepath.Join(dir, "file")}, "env": {Environment: "TOKEN"}}
		p.Configs = types.Configs{"inline": {Content: "from content"}}
		p.Environment = types.Mapping{"TOKEN": "from env"}
		s.Secrets = []types.ServiceSecretConfig{{Source: "file"}, {Source: "env", Target: "deep/token", Mode: &mode, UID: "7", GID: "8"}}
		s.Configs = []types.ServiceConfigObjConfig{{Source: "inline", Target: "/etc/app/inline.conf"}}
		s.Command = []string{"cat", "/run/secrets/file", "/run/secrets/deep/token", "/etc/app/inline.conf"}
	}))
	got := lines(w.output(c.ID))
	want := []string{
		"/run/secrets/file 0644 0:0 from file",
		"/run/secrets/deep/token 0400 7:8 from env",
		"/etc/app/inline.conf 0444 0:0 from content",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestACopiedSecretIsReadableToAnotherUser(t *testing.T) {
	w := newWorld(t)
	c := w.run(w.spec("user", func(s *compose.Service, p *compose.Project) {
		p.Secrets = types.Secrets{"env": {Content: "value"}}
		s.Secrets = []types.ServiceSecretConfig{{Source: "env"}}
		s.User = "1234:1234"
		s.Command = []string{"cat", "/run/secrets/env"}
	}))
	if got := w.output(c.ID); got != "/run/secrets/env 0444 0:0 value\n" {
		t.Errorf("%q", got)
	}
}

func TestACopiedSecretInAReadOnlyServiceIsRefusedAndNothingIsLeft(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateContainer(t.Context(), w.spec("ro", func(s *compose.Service, p *compose.Project) {
		p.Secrets = types.Secrets{"env": {Content: "value"}}
		s.Secrets = []types.ServiceSecretConfig{{Source: "env"}}
		s.ReadOnly = true
	}))
	if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), "secret env") || fault.HintOf(err) == "" {
		t.Errorf("%v, class %v", err, fault.ClassOf(err))
	}
	seen, err := w.Observe(t.Context(), orchestrator.Scope{Project: w.project})
	must(t, err)
	if len(seen.Containers) != 0 {
		t.Errorf("left over: %+v", seen.Containers)
	}
}

func TestAnAnonymousVolumeIsInheritedAndThenRemoved(t *testing.T) {
	w := newWorld(t)
	withVolume := func(s *compose.Service, _ *compose.Project) {
		s.Volumes = []types.ServiceVolumeConfig{{Type: "volume", Target: "/data"}}
	}
	first := w.run(w.spec("first", withVolume))
	names := anonymousVolumes(first)
	if len(names) != 1 {
		t.Fatalf("mounts %+v", first.Mounts)
	}
	heir := w.spec("second", withVolume)
	heir.Inherit = map[string]string{"/data": names[0]}
	second := w.run(heir)
	if diff := cmp.Diff(names, anonymousVolumes(second)); diff != "" {
		t.Error(diff)
	}
	must(t, w.RemoveContainer(t.Context(), first.ID, true))
	if _, err := w.cli.VolumeInspect(t.Context(), names[0]); err != nil {
		t.Errorf("the heir's volume went with its predecessor: %v", err)
	}
	must(t, w.RemoveContainer(t.Context(), second.ID, true))
	if _, err := w.cli.VolumeInspect(t.Context(), names[0]); !errdefs.IsNotFound(err) {
		t.Errorf("the volume stayed: %v", err)
	}
}

func TestOutputAndExitCodesOfCommandsInContainers(t *testing.T) {
	w := newWorld(t)
	c := w.run(w.spec("exec", nil))
	ctx := t.Context()
	for _, one := range []struct {
		name, output string
		cmd          []string
		code         int
	}{
		{"a command that succeeds", "err out", []string{"/toy", "say", "out", "err"}, 0},
		{"a command that fails", "", []string{"/toy", "exit", "3"}, 3},
	} {
		t.Run(one.name, func(t *testing.T) {
			got, err := w.Exec(ctx, c.ID, orchestrator.ExecSpec{Cmd: one.cmd})
			must(t, err)
			// The two streams reach us in no certain order.
			said := lines(got.Output)
			slices.Sort(said)
			if got.ExitCode != one.code || strings.Join(said, " ") != one.output || got.End.Before(got.Start) {
				t.Errorf("%+v", got)
			}
		})
	}
	t.Run("a command that is not there", func(t *testing.T) {
		got, err := w.Exec(ctx, c.ID, orchestrator.ExecSpec{Cmd: []string{"/nope"}})
		must(t, err)
		if (got.ExitCode != 126 && got.ExitCode != 127) || !strings.Contains(got.Output, "/nope") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("output is bounded", func(t *testing.T) {
		got, err := w.Exec(ctx, c.ID, orchestrator.ExecSpec{Cmd: []string{"/toy", "flood"}})
		must(t, err)
		if len(got.Output) != maxExecOutput {
			t.Errorf("%d bytes", len(got.Output))
		}
	})
	t.Run("stdin and a terminal", func(t *testing.T) {
		var out bytes.Buffer
		code, err := w.ExecStream(ctx, c.ID, orchestrator.ExecSpec{Cmd: []string{"/toy", "echo"}},
			Streams{Stdin: strings.NewReader("hello\n"), Stdout: &out, Stderr: &out})
		if err != nil || code != 0 || out.String() != "hello\n" {
			t.Errorf("%q, %d, %v", out.String(), code, err)
		}
		out.Reset()
		sizes := make(chan [2]uint, 1)
		sizes <- [2]uint{24, 80}
		code, err = w.ExecStream(ctx, c.ID, orchestrator.ExecSpec{Cmd: []string{"/toy", "say", "a", "b"}},
			Streams{Stdout: &out, Stderr: &out, TTY: true, Resize: sizes})
		if err != nil || code != 0 || out.String() != "a\r\nb\r\n" {
			t.Errorf("%q, %d, %v", out.String(), code, err)
		}
	})
	t.Run("a context that ends", func(t *testing.T) {
		short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
		_, err := w.Exec(short, c.ID, orchestrator.ExecSpec{Cmd: []string{"/toy", "linger", "30s"}})
		if !errorsIs(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestLogsKeepStdoutAndStderrApart(t *testing.T) {
	w := newWorld(t)
	say := func(tty bool) func(*compose.Service, *compose.Project) {
		return func(s *compose.Service, _ *compose.Project) {
			s.Command, s.Tty = []string{"say", "out", "err"}, tty
		}
	}
	plain, tty := w.run(w.spec("plain", say(false))), w.run(w.spec("tty", say(true)))
	var out, err bytes.Buffer
	must(t, w.Logs(t.Context(), plain.ID, orchestrator.LogOptions{Follow: true}, &out, &err))
	if out.String() != "out\n" || err.String() != "err\n" {
		t.Errorf("%q and %q", out.String(), err.String())
	}
	out.Reset()
	err.Reset()
	must(t, w.Logs(t.Context(), tty.ID, orchestrator.LogOptions{Follow: true}, &out, &err))
	if out.String() != "out\r\nerr\r\n" || err.Len() != 0 {
		t.Errorf("%q and %q", out.String(), err.String())
	}
}

func TestEventsTellOfTheProjectsContainersAlone(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	events, errs := w.Events(t.Context(), w.project, time.Time{})
	other.run(other.spec("other", nil))
	c := w.run(w.spec("seen", func(s *compose.Service, _ *compose.Project) { s.Command = []string{"exit", "3"} }))
	var actions []string
	for {
		select {
		case event := <-events:
			if event.ContainerID != c.ID || event.Service != "web" || event.At.IsZero() {
				t.Errorf("%+v", event)
			}
			actions = append(actions, event.Action)
			if event.Action != "die" {
				continue
			}
			if event.ExitCode == nil || *event.ExitCode != 3 {
				t.Errorf("%+v", event)
			}
			if diff := cmp.Diff([]string{"create", "start", "die"}, actions); diff != "" {
				t.Error(diff)
			}
			return
		case err := <-errs:
			t.Fatal(err)
		}
	}
}

func TestACreationThatWasInterruptedBeforeTheFilesCameIsNoticed(t *testing.T) {
	w := newWorld(t)
	spec := w.spec("cut", func(s *compose.Service, p *compose.Project) {
		p.Secrets = types.Secrets{"one": {Content: "1"}, "two": {Content: "22"}}
		s.Secrets = []types.ServiceSecretConfig{{Source: "one"}, {Source: "two"}}
	})
	plan, err := planCreation(spec, w.target())
	must(t, err)
	cut, err := w.create(t.Context(), spec, plan)
	must(t, err)
	if c, err := w.Inspect(t.Context(), cut); err != nil || !strings.Contains(c.StartError, "/run/secrets/two") {
		t.Errorf("%q, %v", c.StartError, err)
	}
	must(t, w.inject(t.Context(), cut, plan.files[:1]))
	if c, err := w.Inspect(t.Context(), cut); err != nil || c.StartError == "" {
		t.Errorf("%q, %v", c.StartError, err)
	}
	must(t, w.inject(t.Context(), cut, plan.files))
	if c, err := w.Inspect(t.Context(), cut); err != nil || c.StartError != "" {
		t.Errorf("%q, %v", c.StartError, err)
	}
}
