package docker

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

func TestEveryEnginesWordsForATakenPortGiveThePort(t *testing.T) {
	for said, want := range map[string]orchestrator.Port{
		"driver failed programming external connectivity on endpoint x (id): Bind for 0.0.0.0:8080 failed: port is already allocated":                                                                    {HostIP: "0.0.0.0", Host: 8080, Proto: "tcp"},
		"driver failed programming external connectivity on endpoint x (id): Error starting userland proxy: listen tcp4 127.0.0.1:8080: bind: address already in use":                                    {HostIP: "127.0.0.1", Host: 8080, Proto: "tcp"},
		"failed to set up container networking: driver failed programming external connectivity on endpoint x (id): failed to bind host port for 0.0.0.0:8080:172.18.0.2:80/tcp: address already in use": {HostIP: "0.0.0.0", Host: 8080, Proto: "tcp"},
		"failed to bind host port 0.0.0.0:5353/udp: address already in use":                                                                                                                              {HostIP: "0.0.0.0", Host: 5353, Proto: "udp"},
		"Error starting userland proxy: listen tcp6 [::]:8080: bind: address already in use":                                                                                                             {HostIP: "::", Host: 8080, Proto: "tcp"},
		"Bind for :::8080 failed: port is already allocated":                                                                                                                                             {HostIP: "::", Host: 8080, Proto: "tcp"},
		"listen udp4 0.0.0.0:53: bind: address already in use":                                                                                                                                           {HostIP: "0.0.0.0", Host: 53, Proto: "udp"},
		"rootlessport listen tcp 0.0.0.0:8080: bind: address already in use":                                                                                                                             {HostIP: "0.0.0.0", Host: 8080, Proto: "tcp"},
	} {
		known := explainResource(errors.New(said))
		var taken *PortTakenError
		if known == nil || !errors.As(known, &taken) || taken.TakenPort() != want || !known.PortTaken() || !strings.Contains(known.hint, "ss -ltnp") {
			t.Errorf("%s: %+v", said, known)
		}
	}
	known := explainResource(errors.New("something else: address already in use"))
	var taken *PortTakenError
	if known == nil || !known.PortTaken() || errors.As(known, &taken) {
		t.Errorf("a port out of nothing: %+v", known)
	}
}

func TestTheEnginesRefusalsHaveAClass(t *testing.T) {
	start := func(e *Engine, t *testing.T) error { return e.StartContainer(t.Context(), "c1") }
	create := func(e *Engine, t *testing.T) error {
		_, err := e.CreateContainer(t.Context(), webSpec())
		return err
	}
	network := func(e *Engine, t *testing.T) error {
		_, err := e.CreateNetwork(t.Context(), orchestrator.NetworkSpec{Name: "n"})
		return err
	}
	volume := func(e *Engine, t *testing.T) error {
		return e.CreateVolume(t.Context(), orchestrator.VolumeSpec{Name: "v"})
	}
	noNetworks := reply([]any{})
	for name, one := range map[string]struct {
		call   func(*Engine, *testing.T) error
		script script
		class  fault.Class
		want   string
	}{
		"a command that is not there": {start, script{"POST /containers/c1/start": refuse(400, `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory: unknown`)},
			fault.Service, `start container c1: exec: "/nope": stat /nope: no such file or directory`},
		"the same as a failure of the engine's": {start, script{"POST /containers/c1/start": refuse(500, `OCI runtime create failed: runc create failed: unable to start container process: exec: "x": executable file not found in $PATH: unknown`)},
			fault.Service, `start container c1: exec: "x": executable file not found in $PATH`},
		"a user that the image does not know": {start, script{"POST /containers/c1/start": refuse(500, "unable to find user nobody-here: no matching entries in passwd file")},
			fault.Service, "nobody-here"},
		"a fixed address that is taken": {start, script{"POST /containers/c1/start": refuse(403, "Address already in use")}, fault.Resource, "Address already in use"},
		"a taken port":                  {start, script{"POST /containers/c1/start": refuse(500, "Bind for 0.0.0.0:80 failed: port is already allocated")}, fault.Resource, "0.0.0.0:80"},
		"a missing network":             {start, script{"POST /containers/c1/start": refuse(404, "network n not found"), "GET /containers/c1/json": aContainer("created", nil)}, fault.Resource, "network n not found"},
		"a mount that fails":            {start, script{"POST /containers/c1/start": refuse(500, "error while mounting volume")}, fault.Resource, "mounting"},
		"an invalid request":            {create, script{"POST /containers/create": refuse(400, "invalid mount config for type \"bind\": bind source path does not exist: /x")}, fault.Config, "/x"},
		"a missing image":               {create, script{"POST /containers/create": refuse(404, "No such image: sha256:1")}, fault.Image, "sha256:1"},
		"a full disk":                   {create, script{"POST /containers/create": refuse(500, "mkdir /var/lib/docker/x: no space left on device")}, fault.Resource, "no space left"},
		"no address pool on 20.10": {network, script{"GET /networks": noNetworks, "POST /networks/create": refuse(404, "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network")},
			fault.Resource, "(0 networks exist)"},
		"no address pool on 28": {network, script{"GET /networks": noNetworks, "POST /networks/create": refuse(400, "all predefined address pools have been fully subnetted")},
			fault.Resource, "(0 networks exist)"},
		"a subnet that another network has": {func(e *Engine, t *testing.T) error {
			_, err := e.CreateNetwork(t.Context(), orchestrator.NetworkSpec{Name: "n", Config: types.NetworkConfig{Ipam: types.IPAMConfig{Config: []*types.IPAMPool{{Subnet: "10.8.1.0/24"}}}}})
			return err
		}, script{"GET /networks": reply([]any{map[string]any{"Name": "vpn", "IPAM": map[string]any{"Config": []any{map[string]any{"Subnet": "10.8.0.0/16"}}}}}),
			"POST /networks/create": refuse(403, "invalid pool request: Pool overlaps with other one on this address space")},
			fault.Resource, "10.8.1.0/24 overlaps with 10.8.0.0/16 of network vpn"},
		"a bridge that another network has": {network, script{"GET /networks": noNetworks, "POST /networks/create": refuse(403, "cannot create network 1 (br0): conflicts with network 2 (br0): networks have same bridge name")},
			fault.Resource, "same bridge name"},
		"a proxy that forbids it": {network, script{"GET /networks": noNetworks, "POST /networks/create": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte("<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>"))
		}}, fault.Engine, "administrative rules"},
		"a volume driver that fails": {volume, script{"POST /volumes/create": refuse(500, "create v: plugin broken")}, fault.Resource, "plugin broken"},
		"a volume with another owner": {volume, script{"GET /volumes/v": reply(map[string]any{"Name": "v", "Labels": map[string]string{orchestrator.LabelProject: "other"}})},
			fault.Conflict, "made for project other"},
		"an authorization plugin": {start, script{"POST /containers/c1/start": refuse(403, "authorization denied by plugin")}, fault.Engine, "plugin"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := one.call(mustScripted(t, one.script), t)
				if fault.ClassOf(err) != one.class || !strings.Contains(err.Error(), one.want) {
					t.Errorf("%v, class %v", err, fault.ClassOf(err))
				}
			})
		})
	}
}

func TestWhatIsSoAlreadyIsNoError(t *testing.T) {
	done := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }
	grace := time.Second
	for name, one := range map[string]struct {
		call   func(*Engine, *testing.T) error
		script script
	}{
		"start":          {func(e *Engine, t *testing.T) error { return e.StartContainer(t.Context(), "c1") }, script{"POST /containers/c1/start": done}},
		"stop":           {func(e *Engine, t *testing.T) error { return e.StopContainer(t.Context(), "c1", &grace) }, script{"POST /containers/c1/stop": done}},
		"kill":           {func(e *Engine, t *testing.T) error { return e.KillContainer(t.Context(), "c1", "") }, script{"POST /containers/c1/kill": refuse(409, "is not running"), "GET /containers/c1/json": aContainer("exited", nil)}},
		"unpause":        {func(e *Engine, t *testing.T) error { return e.UnpauseContainer(t.Context(), "c1") }, script{"POST /containers/c1/unpause": refuse(500, "is not paused"), "GET /containers/c1/json": aContainer("running", nil)}},
		"rename":         {func(e *Engine, t *testing.T) error { return e.RenameContainer(t.Context(), "c1", "app-web-1") }, script{"POST /containers/c1/rename": refuse(409, "same name"), "GET /containers/c1/json": aContainer("running", nil)}},
		"remove":         {func(e *Engine, t *testing.T) error { return e.RemoveContainer(t.Context(), "c1", true) }, script{}},
		"remove, lost":   {func(e *Engine, t *testing.T) error { return e.RemoveContainer(t.Context(), "c1", false) }, script{"DELETE /containers/c1": inTurn(hangUp, refuse(404, "No such container"))}},
		"remove network": {func(e *Engine, t *testing.T) error { return e.RemoveNetwork(t.Context(), "n1") }, script{}},
		"remove volume":  {func(e *Engine, t *testing.T) error { return e.RemoveVolume(t.Context(), "v1") }, script{}},
		"remove image":   {func(e *Engine, t *testing.T) error { return e.RemoveImage(t.Context(), "i1") }, script{}},
		"remove while another does": {func(e *Engine, t *testing.T) error { return e.RemoveContainer(t.Context(), "c1", false) }, script{
			"DELETE /containers/c1": refuse(409, "removal of container c1 is already in progress"), "GET /containers/c1/json": aContainer("removing", nil),
			"POST /containers/c1/wait": reply(map[string]any{"StatusCode": 0}),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { must(t, one.call(mustScripted(t, one.script), t)) })
		})
	}
}

func TestAKillThatTheEngineRefusesForAnotherReasonIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mustScripted(t, script{"POST /containers/c1/kill": refuse(409, "no"), "GET /containers/c1/json": aContainer("running", nil)})
		if err := e.KillContainer(t.Context(), "c1", ""); !errdefs.IsConflict(err) {
			t.Errorf("%v", err)
		}
	})
}

func TestOfTwoNetworksOfOneNameTheOldestStays(t *testing.T) {
	summary := func(id, created string, labels map[string]string) map[string]any {
		return map[string]any{"Id": id, "Name": "n", "Created": created, "Labels": labels}
	}
	ours := map[string]string{orchestrator.LabelProject: "app"}
	older := summary("old", "2026-01-01T00:00:00Z", ours)
	for name, one := range map[string]struct {
		after   []any
		id      string
		removed bool
		class   fault.Class
	}{
		"alone":                          {[]any{summary("made", "2026-01-02T00:00:00Z", ours)}, "made", false, fault.None},
		"another run was first":          {[]any{summary("made", "2026-01-02T00:00:00Z", ours), older}, "old", true, fault.None},
		"another run was second":         {[]any{summary("young", "2026-01-03T00:00:00Z", ours), summary("made", "2026-01-02T00:00:00Z", ours)}, "made", false, fault.None},
		"a stranger was first":           {[]any{summary("made", "2026-01-02T00:00:00Z", ours), summary("old", "2026-01-01T00:00:00Z", nil)}, "", true, fault.Conflict},
		"a longer name is another thing": {[]any{summary("made", "2026-01-02T00:00:00Z", ours), map[string]any{"Id": "x", "Name": "n2"}}, "made", false, fault.None},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				removed := false
				e := mustScripted(t, script{
					"GET /networks":         inTurn(reply([]any{}), reply(one.after)),
					"POST /networks/create": reply(map[string]string{"Id": "made"}),
					"DELETE /networks/made": func(w http.ResponseWriter, _ *http.Request) { removed = true },
				})
				id, err := e.CreateNetwork(t.Context(), orchestrator.NetworkSpec{Name: "n", Labels: ours})
				if id != one.id || removed != one.removed || fault.ClassOf(err) != one.class {
					t.Errorf("%q, removed %v, %v", id, removed, err)
				}
			})
		})
	}
}

func TestContainersThatVanishDuringTheLookAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		labels := map[string]string{orchestrator.LabelProject: "app"}
		listed := func(id, name string, labels map[string]string) map[string]any {
			return map[string]any{"Id": id, "Names": []string{"/other/alias", "/" + name}, "Labels": labels,
				"Ports": []any{map[string]any{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, map[string]any{"PrivatePort": 81, "Type": "tcp"}}}
		}
		e := mustScripted(t, script{
			"GET /containers/json":    reply([]any{listed("c1", "app-web-1", labels), listed("gone", "x", labels), listed("c3", "foreign", nil), listed("c4", "not-asked-for", nil)}),
			"GET /containers/c1/json": aContainer("running", labels),
			"GET /containers/c3/json": reply(map[string]any{"Id": "c3", "Name": "/foreign"}),
			"GET /networks":           reply([]any{map[string]any{"Id": "n1", "Name": "app_default", "Labels": labels}, map[string]any{"Id": "n2", "Name": "x_app_default"}}),
			"GET /networks/n1":        reply(map[string]any{"Id": "n1", "Name": "app_default", "Containers": map[string]any{"c1": map[string]any{}}}),
			"GET /volumes":            reply(map[string]any{"Volumes": []any{nil, map[string]any{"Name": "data"}, map[string]any{"Name": "other"}}}),
			"GET /images/web:1/json":  reply(map[string]any{"Id": "sha256:1", "Config": map[string]any{"Volumes": map[string]any{"/b": map[string]any{}, "/a": map[string]any{}}}}),
		})
		seen, err := e.Observe(t.Context(), orchestrator.Scope{
			Project: "app", ContainerNames: []string{"foreign"}, NetworkNames: []string{"app_default"}, VolumeNames: []string{"data"}, Images: []string{"web:1", "none:1"},
		})
		must(t, err)
		if len(seen.Containers) != 2 || seen.Containers[0].ID != "c1" || seen.Containers[1].Name != "foreign" {
			t.Errorf("containers %+v", seen.Containers)
		}
		if len(seen.Networks) != 1 || len(seen.Networks[0].Users) != 1 || len(seen.Volumes) != 1 || seen.Volumes[0].Name != "data" {
			t.Errorf("networks %+v, volumes %+v", seen.Networks, seen.Volumes)
		}
		if image := seen.Images["web:1"]; len(seen.Images) != 1 || image.ID != "sha256:1" || image.Volumes[0] != "/a" {
			t.Errorf("images %+v", seen.Images)
		}
		if len(seen.Holders) != 3 || // the one that is gone holds none
			seen.Holders[0] != (orchestrator.PortHolder{
				Port: orchestrator.Port{HostIP: "0.0.0.0", Host: 8080, Container: 80, Proto: "tcp"}, ContainerID: "c1", Container: "app-web-1", Project: "app",
			}) {
			t.Errorf("holders %+v", seen.Holders)
		}
	})
}

func TestASnapshotThatCannotBeTakenInFullIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mustScripted(t, script{
			"GET /containers/json": reply([]any{}), "GET /networks": reply([]any{}), "GET /volumes": refuse(500, "broken"),
		})
		seen, err := e.Observe(t.Context(), orchestrator.Scope{Project: "app"})
		if fault.ClassOf(err) != fault.Engine || !seen.At.IsZero() {
			t.Errorf("%+v, %v", seen, err)
		}
	})
}
