package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
)

// fakeEngine is an engine in memory. It behaves as a real one does where the
// orchestrator can tell: names are unique, ports and networks have to be there,
// checks are run at their interval, restarts follow the policy. What runs
// inside a container is a script. Its clock is the test's.
type fakeEngine struct {
	// outage is when it could not be reached.
	outage     time.Time
	mu         sync.Mutex
	info       EngineInfo
	containers map[string]*fakeContainer
	networks   map[string]*Network
	volumes    map[string]*Volume
	images     map[string]images.Image
	scripts    map[string]script
	made       int
	streams    []*stream
	// calls are the changes that were asked for, oldest first.
	calls []string
	// before is asked at each call, changing before each change and after
	// when it was made; an error is the call's.
	before, changing, after func(call string) error
	// pulled is the ID of what a pull brings, "" for that of the name.
	pulled string
	// dropEvents keeps events from everybody.
	dropEvents bool
	looks      int
}

var _ FullEngine = (*fakeEngine)(nil)

// script is what the process of a service's containers does.
type script struct {
	// exits is how long it runs; 0 is for ever.
	exits time.Duration
	code  int
	// probe is the exit code of the check, asked with the time since the
	// start; nil always passes.
	probe func(up time.Duration, run int) int
	// run replaces exits and code for the nth start, from 1.
	run func(n int) (exits time.Duration, code int)
	// startError lets the start fail.
	startError string
	oom        bool
	// says are the words of its check and of its log.
	says string
}

// fakeContainer is a container with what the engine knows beyond the report.
type fakeContainer struct {
	Container
	spec   ContainerSpec
	starts int
	// life ends with each incarnation: what was scheduled for it is void.
	life    int
	stopped bool
}

// stream is one subscription.
type stream struct {
	events chan Event
	errs   chan error
	closed bool
}

func newFake() *fakeEngine {
	return &fakeEngine{
		info: EngineInfo{
			ID: "engine", Name: "fake", Endpoint: "unix:///fake", Version: "28.0.0", APIVersion: "1.48",
			OS: "linux", Arch: "amd64", Host: "127.0.0.1", StartInterval: true,
		},
		containers: map[string]*fakeContainer{}, networks: map[string]*Network{}, volumes: map[string]*Volume{},
		images: map[string]images.Image{}, scripts: map[string]script{},
	}
}

// old makes it an engine without start_interval.
func (e *fakeEngine) old() *fakeEngine {
	e.info.StartInterval, e.info.APIVersion, e.info.Version = false, "1.41", "20.10.0"
	return e
}

func imageID(ref string) string { return "sha256:" + digest(ref) }

// has gives the engine images under these names.
func (e *fakeEngine) has(refs ...string) *fakeEngine {
	for _, ref := range refs {
		e.images[ref] = images.Image{ID: imageID(ref), Tags: []string{ref}, OS: "linux", Architecture: "amd64"}
	}
	return e
}

// enter is the beginning of each call: it takes a moment, as calls do, and may
// fail.
func (e *fakeEngine) enter(ctx context.Context, call string, changes bool) error {
	if err := pause(ctx, time.Millisecond, nil); err != nil {
		return fmt.Errorf("%s: %w", call, err)
	}
	e.mu.Lock()
	if changes {
		e.calls = append(e.calls, call)
	}
	hooks := []func(string) error{e.before}
	if changes {
		hooks = append(hooks, e.changing)
	}
	e.mu.Unlock()
	for _, hook := range hooks {
		if hook == nil {
			continue
		}
		if err := hook(call); err != nil {
			return err
		}
	}
	return nil
}

// leave is the end of a call that changed something.
func (e *fakeEngine) leave(call string, err error) error {
	e.mu.Lock()
	after := e.after
	e.mu.Unlock()
	if err != nil || after == nil {
		return err
	}
	return after(call)
}

// change makes a call that changes something.
func (e *fakeEngine) change(ctx context.Context, call string, do func() error) error {
	if err := e.enter(ctx, call, true); err != nil {
		return err
	}
	e.mu.Lock()
	err := do()
	e.mu.Unlock()
	return e.leave(call, err)
}

func (e *fakeEngine) Info(ctx context.Context) (EngineInfo, error) {
	return e.info, e.enter(ctx, "info", false)
}

func (e *fakeEngine) Outage() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.outage
}

// goesAway makes now the time when it could not be reached.
func (e *fakeEngine) goesAway() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.outage = time.Now()
}

// networkCount is how many networks there are.
func (e *fakeEngine) networkCount() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.networks)
}

func (e *fakeEngine) Observe(ctx context.Context, scope Scope) (Observed, error) {
	if err := e.enter(ctx, "observe", false); err != nil {
		return Observed{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	o := Observed{At: time.Now(), Engine: e.info, Images: map[string]images.Image{}}
	for _, id := range slices.Sorted(maps.Keys(e.containers)) {
		c := e.report(e.containers[id])
		if c.Project == scope.Project || slices.Contains(scope.ContainerNames, c.Name) {
			o.Containers = append(o.Containers, c)
		}
		for _, p := range c.Published {
			o.Holders = append(o.Holders, PortHolder{Port: p, ContainerID: c.ID, Container: c.Name, Project: c.Project})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(e.networks)) {
		n := *e.networks[id]
		if n.Labels[LabelProject] != scope.Project && !slices.Contains(scope.NetworkNames, n.Name) {
			continue
		}
		n.Users = e.users(n.ID)
		o.Networks = append(o.Networks, n)
	}
	for _, name := range slices.Sorted(maps.Keys(e.volumes)) {
		if v := e.volumes[name]; v.Labels[LabelProject] == scope.Project || slices.Contains(scope.VolumeNames, name) {
			o.Volumes = append(o.Volumes, *v)
		}
	}
	for _, ref := range scope.Images {
		if image, ok := e.images[ref]; ok {
			o.Images[ref] = image
		}
	}
	return o, nil
}

// users are the running containers of a network.
func (e *fakeEngine) users(network string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(e.containers)) {
		for _, at := range e.containers[id].Endpoints {
			if at.NetworkID == network && at.EndpointID != "" {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (e *fakeEngine) List(ctx context.Context, project string) ([]Listed, error) {
	if err := e.enter(ctx, "list", false); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []Listed
	for id, c := range e.containers {
		if c.Project == project {
			out = append(out, Listed{ID: id, State: c.State, Health: c.Health.Status})
		}
	}
	return out, nil
}

func (e *fakeEngine) Inspect(ctx context.Context, id string) (Container, error) {
	if err := e.enter(ctx, "inspect "+id, false); err != nil {
		return Container{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.looks++
	c, err := e.find(id)
	if err != nil {
		return Container{}, err
	}
	return e.report(c), nil
}

// report is a copy that no later change reaches.
func (e *fakeEngine) report(c *fakeContainer) Container {
	out := c.Container
	out.Health.Log = slices.Clone(out.Health.Log)
	out.Endpoints = slices.Clone(out.Endpoints)
	out.Mounts = slices.Clone(out.Mounts)
	out.Published = slices.Clone(out.Published)
	return out
}

func (e *fakeEngine) find(id string) (*fakeContainer, error) {
	if c, ok := e.containers[id]; ok {
		return c, nil
	}
	return nil, fmt.Errorf("no such container %s: %w", id, errdefs.ErrNotFound)
}

func (e *fakeEngine) Events(ctx context.Context, _ string, _ time.Time) (<-chan Event, <-chan error) {
	s := &stream{events: make(chan Event, 256), errs: make(chan error, 1)}
	if err := e.enter(ctx, "events", false); err != nil {
		s.errs <- err
		close(s.events)
		return s.events, s.errs
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.streams = append(e.streams, s)
	context.AfterFunc(ctx, func() { e.endStream(s, nil) })
	return s.events, s.errs
}

func (e *fakeEngine) endStream(s *stream, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	if err != nil {
		s.errs <- err
	}
	close(s.events)
}

// breakStreams ends every subscription with an error.
func (e *fakeEngine) breakStreams() {
	e.mu.Lock()
	streams := e.streams
	e.streams = nil
	e.mu.Unlock()
	for _, s := range streams {
		e.endStream(s, fault.New(fault.Engine, "the stream broke"))
	}
}

// emit tells everybody; the caller holds the lock.
func (e *fakeEngine) emit(c *fakeContainer, action string) {
	if e.dropEvents {
		return
	}
	event := Event{Action: action, ContainerID: c.ID, Service: c.Service, At: time.Now()}
	if action == eventHealth {
		event.Health = string(c.Health.Status)
	}
	for _, s := range e.streams {
		if s.closed {
			continue
		}
		select {
		case s.events <- event:
		default:
		}
	}
}

func (e *fakeEngine) id(kind string) string {
	e.made++
	return digest(kind + strconv.Itoa(e.made))
}

func (e *fakeEngine) CreateNetwork(ctx context.Context, spec NetworkSpec) (id string, err error) {
	err = e.change(ctx, "create network "+spec.Name, func() error {
		for _, n := range e.networks {
			if n.Name == spec.Name {
				id = n.ID
				return nil
			}
		}
		id = e.id("network")
		e.networks[id] = &Network{ID: id, Name: spec.Name, Labels: spec.Labels}
		return nil
	})
	return id, err
}

func (e *fakeEngine) RemoveNetwork(ctx context.Context, id string) error {
	return e.change(ctx, "remove network "+id, func() error {
		if n := e.networks[id]; n != nil && len(e.users(id)) > 0 {
			return fault.New(fault.Resource, "network %s has active endpoints", n.Name)
		}
		delete(e.networks, id)
		return nil
	})
}

func (e *fakeEngine) CreateVolume(ctx context.Context, spec VolumeSpec) error {
	return e.change(ctx, "create volume "+spec.Name, func() error {
		if e.volumes[spec.Name] == nil {
			e.volumes[spec.Name] = &Volume{Name: spec.Name, Labels: spec.Labels, Created: time.Now()}
		}
		return nil
	})
}

func (e *fakeEngine) RemoveVolume(ctx context.Context, name string) error {
	return e.change(ctx, "remove volume "+name, func() error {
		if e.inUse(name, "") {
			return fmt.Errorf("volume %s is in use: %w", name, errdefs.ErrConflict)
		}
		delete(e.volumes, name)
		return nil
	})
}

func (e *fakeEngine) inUse(volume, except string) bool {
	for _, c := range e.containers {
		if c.ID != except && slices.ContainsFunc(c.Mounts, func(m Mount) bool { return m.Name == volume }) {
			return true
		}
	}
	return false
}

func (e *fakeEngine) byName(name string) *fakeContainer {
	for _, c := range e.containers {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (e *fakeEngine) CreateContainer(ctx context.Context, spec ContainerSpec) (id string, err error) {
	err = e.change(ctx, "create "+spec.Name, func() error {
		if e.byName(spec.Name) != nil {
			return fmt.Errorf("the name %s is taken: %w", spec.Name, errdefs.ErrConflict)
		}
		c, err := e.newContainer(spec)
		if err != nil {
			return err
		}
		id = c.ID
		e.containers[id] = c
		e.emit(c, "create")
		return nil
	})
	return id, err
}

func (e *fakeEngine) newContainer(spec ContainerSpec) (*fakeContainer, error) {
	s := spec.Service
	c := &fakeContainer{spec: spec, Container: Container{
		Name: spec.Name, Project: spec.Labels[LabelProject], Service: spec.Labels[LabelService],
		Number: spec.Number, Labels: maps.Clone(spec.Labels), ImageID: spec.Image, Created: time.Now(), State: StateCreated,
		NetworkMode: s.NetworkMode,
	}}
	c.RestartPolicy, c.MaxRetries, _ = s.RestartPolicy()
	if !slices.ContainsFunc(slices.Collect(maps.Values(e.images)), func(i images.Image) bool { return i.ID == spec.Image }) {
		return nil, fault.New(fault.Image, "no image %q", spec.Image)
	}
	c.Check = effectiveCheck(s, e.imageOf(spec.Image))
	if spec.StartInterval > 0 {
		check := *c.Check
		check.StartInterval, check.StartPeriod = spec.StartInterval, spec.StartPeriod
		c.Check = &check
	}
	if err := e.wire(c, spec); err != nil {
		return nil, err
	}
	for _, v := range s.Volumes {
		var name string
		if v.Source == "" {
			if name = spec.Inherit[v.Target]; name == "" {
				name = e.id("volume")
				e.volumes[name] = &Volume{Name: name, Created: time.Now()}
			}
		} else if name = spec.Project.VolumeName(v.Source); e.volumes[name] == nil {
			return nil, fault.New(fault.Resource, "no volume %s", name)
		}
		c.Mounts = append(c.Mounts, Mount{Type: "volume", Name: name, Destination: v.Target, Writable: true})
	}
	c.ID = e.id("container")
	return c, nil
}

func (e *fakeEngine) imageOf(id string) images.Image {
	for _, i := range e.images {
		if i.ID == id {
			return i
		}
	}
	return images.Image{}
}

// wire notes the networks of a container; one it joins has to be there.
func (e *fakeEngine) wire(c *fakeContainer, spec ContainerSpec) error {
	for _, service := range joins(spec.Service) {
		if e.containers[spec.Joins[service]] == nil {
			return fault.New(fault.Resource, "no container %q of %s to join", spec.Joins[service], service)
		}
		if spec.Service.NetworkMode == types.ServicePrefix+service {
			c.NetworkMode = types.ContainerPrefix + spec.Joins[service]
		}
	}
	for _, key := range sortedKeys(spec.Service.Networks) {
		name := spec.Project.NetworkName(key)
		at := slices.IndexFunc(slices.Collect(maps.Values(e.networks)), func(n *Network) bool { return n.Name == name })
		if at < 0 {
			return fault.New(fault.Resource, "no network %s", name)
		}
		for _, n := range e.networks {
			if n.Name == name {
				c.Endpoints = append(c.Endpoints, Endpoint{Network: name, NetworkID: n.ID, Aliases: aliasesOf(spec.Service, key)})
			}
		}
	}
	return nil
}

func (e *fakeEngine) StartContainer(ctx context.Context, id string) error {
	return e.change(ctx, "start "+e.nameOf(id), func() error {
		c, err := e.find(id)
		if err != nil {
			return err
		}
		if c.State == StateRunning {
			return nil
		}
		if err := e.startable(c); err != nil {
			c.StartError = err.Error()
			return err
		}
		c.RestartCount = 0
		e.run(c)
		return nil
	})
}

func (e *fakeEngine) nameOf(id string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.containers[id]; c != nil {
		return c.Name
	}
	return id
}

func (e *fakeEngine) startable(c *fakeContainer) error {
	if text := e.scripts[c.Service].startError; text != "" {
		return fault.New(fault.Service, "%s", text)
	}
	if joined, ok := strings.CutPrefix(c.NetworkMode, "container:"); ok {
		if other := e.containers[joined]; other == nil || other.State != StateRunning {
			return fault.New(fault.Resource, "cannot join the network of %s", shortID(joined))
		}
	}
	for _, want := range fixedPorts(c.spec.Service) {
		for _, other := range e.containers {
			if slices.ContainsFunc(other.Published, func(p Port) bool { return overlaps(want, p) }) {
				return fault.New(fault.Resource, "port %d is already allocated by %s", want.Host, other.Name)
			}
		}
	}
	return nil
}

func (e *fakeEngine) StopContainer(ctx context.Context, id string, _ *time.Duration) error {
	return e.change(ctx, "stop "+e.nameOf(id), func() error {
		c, err := e.find(id)
		if err != nil {
			return err
		}
		if c.State == StateRunning || c.State == StatePaused || c.State == StateRestarting {
			c.stopped = true
			e.emit(c, "kill")
			e.exit(c, 143, false)
			e.emit(c, "stop")
		}
		return nil
	})
}

func (e *fakeEngine) KillContainer(ctx context.Context, id, _ string) error {
	return e.StopContainer(ctx, id, nil)
}

func (e *fakeEngine) UnpauseContainer(ctx context.Context, id string) error {
	return e.change(ctx, "unpause "+e.nameOf(id), func() error {
		c, err := e.find(id)
		if err == nil && c.State == StatePaused {
			c.State = StateRunning
			e.emit(c, "unpause")
		}
		return err
	})
}

func (e *fakeEngine) RemoveContainer(ctx context.Context, id string, anonymous bool) error {
	return e.change(ctx, "remove "+e.nameOf(id), func() error {
		if c := e.containers[id]; c != nil {
			e.remove(c, anonymous)
		}
		return nil
	})
}

// remove takes a container away, as docker rm -f does.
func (e *fakeEngine) remove(c *fakeContainer, anonymous bool) {
	delete(e.containers, c.ID)
	for _, m := range c.Mounts {
		if anonymous && isAnonymous(m.Name) && !e.inUse(m.Name, c.ID) {
			delete(e.volumes, m.Name)
		}
	}
	e.emit(c, "destroy")
}

func (e *fakeEngine) RenameContainer(ctx context.Context, id, name string) error {
	return e.change(ctx, "rename "+e.nameOf(id)+" to "+name, func() error {
		c, err := e.find(id)
		if err != nil {
			return err
		}
		if other := e.byName(name); other != nil && other != c {
			return fmt.Errorf("the name %s is taken: %w", name, errdefs.ErrConflict)
		}
		c.Name = name
		return nil
	})
}

func (e *fakeEngine) RemoveImage(ctx context.Context, ref string) error {
	return e.change(ctx, "remove image "+ref, func() error { delete(e.images, ref); return nil })
}

func (e *fakeEngine) Exec(ctx context.Context, id string, _ ExecSpec) (ExecResult, error) {
	if err := e.enter(ctx, "exec "+e.nameOf(id), false); err != nil {
		return ExecResult{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.find(id)
	if err != nil {
		return ExecResult{}, err
	}
	if c.State != StateRunning {
		return ExecResult{}, fmt.Errorf("container %s is not running: %w", id, errdefs.ErrConflict)
	}
	return ExecResult{ExitCode: e.verdict(c), Output: "asked by exec"}, nil
}

func (e *fakeEngine) Logs(ctx context.Context, id string, _ LogOptions, stdout, _ io.Writer) error {
	if err := e.enter(ctx, "logs "+e.nameOf(id), false); err != nil {
		return err
	}
	name := e.nameOf(id)
	e.mu.Lock()
	defer e.mu.Unlock()
	words := "the last words of " + name
	if c := e.containers[id]; c != nil {
		words = e.words(c, words)
	}
	_, err := fmt.Fprintln(stdout, words)
	return err
}

// words are what a container's script says, or else.
func (e *fakeEngine) words(c *fakeContainer, otherwise string) string {
	if says := e.scripts[c.Service].says; says != "" {
		return says
	}
	return otherwise
}

func (e *fakeEngine) PID1(context.Context, string) (string, error) { return "main", nil }

func (e *fakeEngine) InspectImage(ctx context.Context, ref string) (images.Image, error) {
	if err := e.enter(ctx, "image "+ref, false); err != nil {
		return images.Image{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	image, ok := e.images[ref]
	for _, other := range e.images {
		if !ok && other.ID == ref {
			return other, nil
		}
	}
	if !ok {
		return images.Image{}, fmt.Errorf("no such image %s: %w", ref, errdefs.ErrNotFound)
	}
	return image, nil
}

func (e *fakeEngine) PullImage(ctx context.Context, ref, _ string, _ func(images.PullProgress)) error {
	return e.change(ctx, "pull "+ref, func() error {
		e.has(ref)
		if e.pulled != "" {
			e.images[ref] = images.Image{ID: e.pulled, Tags: []string{ref}, OS: "linux", Architecture: "amd64"}
		}
		return nil
	})
}

func (e *fakeEngine) TagImage(ctx context.Context, id, ref string) error {
	return e.change(ctx, "tag "+ref, func() error { e.has(ref); e.images[ref] = images.Image{ID: id}; return nil })
}

func (e *fakeEngine) HasBuildKit(context.Context) bool { return false }
func (e *fakeEngine) DialBuildKit(context.Context, string, map[string][]string) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}
func (e *fakeEngine) BuildClassic(context.Context, images.ClassicBuild, io.Reader, func(string)) (string, error) {
	return "", errors.ErrUnsupported
}

// behaves changes what a service does from now on.
func (e *fakeEngine) behaves(service string, s script) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.scripts[service] = s
}

// with does something to the container that has a name now.
func (e *fakeEngine) with(name string, do func(c *fakeContainer)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.byName(name)
	if c == nil {
		panic("no container " + name)
	}
	do(c)
}

// census is all that is there, in a form that does not depend on IDs or on
// the order of events.
func (e *fakeEngine) census() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var lines []string
	for _, c := range e.containers {
		line := fmt.Sprintf("container %s %s#%d %s image=%s hash=%.8s", c.Name, c.Service, c.Number, c.State, shortID(c.ImageID), c.Labels[LabelHash])
		for _, m := range c.Mounts {
			name := m.Name
			if isAnonymous(name) {
				name = "anonymous"
			}
			line += " " + name + ":" + m.Destination
		}
		lines = append(lines, line)
	}
	for _, n := range e.networks {
		lines = append(lines, "network "+n.Name)
	}
	for name := range e.volumes {
		if isAnonymous(name) {
			name = "anonymous"
		}
		lines = append(lines, "volume "+name)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
