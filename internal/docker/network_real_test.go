package docker

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

func errorsAs(err error, to any) bool { return errors.As(err, to) }
func errorsIs(err, target error) bool { return errors.Is(err, target) }

// network makes a network of this test and returns its name.
func (w *world) network(name string) string {
	w.t.Helper()
	_, err := w.CreateNetwork(w.t.Context(), orchestrator.NetworkSpec{Name: w.name(name), Labels: w.labels()})
	must(w.t, err)
	return w.name(name)
}

// attachTo puts a service into networks, the first with the highest priority.
func attachTo(s *compose.Service, p *compose.Project, names ...string) {
	s.NetworkMode, s.Networks, p.Networks = "", map[string]*types.ServiceNetworkConfig{}, types.Networks{}
	for i, name := range names {
		s.Networks[name] = &types.ServiceNetworkConfig{Priority: len(names) - i}
		p.Networks[name] = types.NetworkConfig{Name: name}
	}
}

func TestContainersFindEachOtherInAllTheirNetworks(t *testing.T) {
	w := newWorld(t)
	front, back := w.network("front"), w.network("back")
	server := w.run(w.spec("server", func(s *compose.Service, p *compose.Project) {
		attachTo(s, p, front, back)
		s.Networks[back].Aliases = []string{"storage"}
	}))
	if len(server.Endpoints) != 2 || server.Endpoints[0].IPv4 == "" || server.Endpoints[1].IPv4 == "" || server.NetworkMode != front {
		t.Fatalf("endpoints %+v, mode %s", server.Endpoints, server.NetworkMode)
	}
	for _, name := range []string{"web", "storage", server.Name} {
		client := w.run(w.spec("client-"+name, func(s *compose.Service, p *compose.Project) {
			attachTo(s, p, back)
			s.Networks[back].UseServiceNameAlias = new(bool)
			s.Command = []string{"look", name}
		}))
		want := server.Endpoints[slices.IndexFunc(server.Endpoints, func(e orchestrator.Endpoint) bool { return e.Network == back })].IPv4
		if got := strings.TrimSpace(w.output(client.ID)); got != want {
			t.Errorf("%s is %s, not %s", name, got, want)
		}
	}
}

func TestAFailedAttachmentLeavesNoContainer(t *testing.T) {
	w := newWorld(t)
	front := w.network("front")
	_, err := w.CreateContainer(t.Context(), w.spec("half", func(s *compose.Service, p *compose.Project) { attachTo(s, p, front, w.name("missing")) }))
	if fault.ClassOf(err) != fault.Resource {
		t.Errorf("%v, class %v", err, fault.ClassOf(err))
	}
	seen, err := w.Observe(t.Context(), orchestrator.Scope{Project: w.project})
	must(t, err)
	if len(seen.Containers) != 0 {
		t.Errorf("left over: %+v", seen.Containers)
	}
}

func TestANetworkIsMadeOnceAndANameakeIsAConflict(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	spec := orchestrator.NetworkSpec{
		Name: w.name("net"), Labels: w.labels("a", "b"),
		Config: types.NetworkConfig{Internal: true, Ipam: types.IPAMConfig{Config: []*types.IPAMPool{{Subnet: "198.18.77.0/24"}}}},
	}
	id, err := w.CreateNetwork(ctx, spec)
	must(t, err)
	again, err := w.CreateNetwork(ctx, spec)
	must(t, err)
	if again != id {
		t.Errorf("made twice: %s and %s", id, again)
	}
	spec.Labels = w.labels("a", "c")
	if _, err = w.CreateNetwork(ctx, spec); fault.ClassOf(err) != fault.Conflict || !errdefs.IsConflict(err) {
		t.Errorf("%v", err)
	}
	seen, err := w.Observe(ctx, orchestrator.Scope{NetworkNames: []string{w.name("net"), w.name("ne")}})
	must(t, err)
	if len(seen.Networks) != 1 || !seen.Networks[0].Internal || !slices.Equal(seen.Networks[0].Subnets, []string{"198.18.77.0/24"}) {
		t.Errorf("%+v", seen.Networks)
	}
	must(t, w.RemoveNetwork(ctx, id))
	must(t, w.RemoveNetwork(ctx, id))
}

// createUnchecked makes a network the way that lets old engines make a
// second one of the same name; its status is returned.
func (w *world) createUnchecked(name string) int {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"Name": name, "Labels": w.labels()})
	must(w.t, err)
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://engine/v"+string(w.api())+"/networks/create", bytes.NewReader(body))
	must(w.t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := w.cli.HTTPClient().Do(request)
	must(w.t, err)
	must(w.t, response.Body.Close())
	return response.StatusCode
}

func TestOfTwoNetworksOfOneNameTheYoungerGoes(t *testing.T) {
	w := newWorld(t)
	name := w.name("race")
	if status := w.createUnchecked(name); status != http.StatusCreated {
		t.Fatalf("status %d", status)
	}
	if status := w.createUnchecked(name); status != http.StatusCreated {
		if w.api().atLeast("1.44") && status == http.StatusConflict {
			return // newer engines never have two
		}
		t.Fatalf("status %d", status)
	}
	attach := func(s *compose.Service, p *compose.Project) { attachTo(s, p, name) }
	if _, err := w.CreateContainer(t.Context(), w.spec("lost", attach)); fault.ClassOf(err) != fault.Resource || !strings.Contains(err.Error(), "2 networks") {
		t.Errorf("%v", err)
	}
	named, err := w.networksNamed(t.Context(), name)
	must(t, err)
	spec := orchestrator.NetworkSpec{Name: name, Labels: w.labels()}
	got, err := w.settleNetwork(t.Context(), spec, named[1].ID)
	if err != nil || got != named[0].ID {
		t.Errorf("%s, %v", got, err)
	}
	left, err := w.networksNamed(t.Context(), name)
	if err != nil || len(left) != 1 || left[0].ID != named[0].ID {
		t.Errorf("%+v, %v", left, err)
	}
}

func TestANetworkInUseNamesItsUsers(t *testing.T) {
	w := newWorld(t)
	net := w.network("used")
	c := w.run(w.spec("user", func(s *compose.Service, p *compose.Project) { attachTo(s, p, net) }))
	seen, err := w.Observe(t.Context(), orchestrator.Scope{Project: w.project})
	must(t, err)
	if len(seen.Networks) != 1 || !slices.Equal(seen.Networks[0].Users, []string{c.ID}) {
		t.Errorf("%+v", seen.Networks)
	}
	err = w.RemoveNetwork(t.Context(), seen.Networks[0].ID)
	if fault.ClassOf(err) != fault.Resource || !strings.Contains(err.Error(), c.Name) {
		t.Errorf("%v, class %v", err, fault.ClassOf(err))
	}
}

func TestAVolumeIsMadeOnceAndNamesItsUsers(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	spec := orchestrator.VolumeSpec{Name: w.name("data"), Labels: w.labels("k", "v")}
	before := time.Now().Add(-time.Minute)
	must(t, w.CreateVolume(ctx, spec))
	must(t, w.CreateVolume(ctx, spec))
	seen, err := w.Observe(ctx, orchestrator.Scope{Project: w.project, VolumeNames: []string{spec.Name}})
	must(t, err)
	if len(seen.Volumes) != 1 || !seen.Volumes[0].Created.After(before) {
		t.Errorf("the volume is not dated: %+v", seen.Volumes)
	}
	other := spec
	other.Labels = w.labels("k", "w")
	if err := w.CreateVolume(ctx, other); fault.ClassOf(err) != fault.Conflict {
		t.Errorf("%v", err)
	}
	c := w.run(w.spec("user", func(s *compose.Service, p *compose.Project) {
		p.Volumes = types.Volumes{"data": {Name: spec.Name}}
		s.Volumes = []types.ServiceVolumeConfig{{Type: "volume", Source: "data", Target: "/data"}}
	}))
	if len(c.Mounts) != 1 || c.Mounts[0].Name != spec.Name || !c.Mounts[0].Writable {
		t.Errorf("%+v", c.Mounts)
	}
	if err := w.RemoveVolume(ctx, spec.Name); fault.ClassOf(err) != fault.Resource || !strings.Contains(err.Error(), c.Name) {
		t.Errorf("%v, class %v", err, fault.ClassOf(err))
	}
	must(t, w.RemoveContainer(ctx, c.ID, false))
	must(t, w.RemoveVolume(ctx, spec.Name))
	must(t, w.RemoveVolume(ctx, spec.Name))
}
