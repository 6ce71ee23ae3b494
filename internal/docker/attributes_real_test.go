package docker

import (
	"slices"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/orchestrator"
)

func TestTheEngineTakesAServiceThatUsesManyAttributes(t *testing.T) {
	w := newWorld(t)
	net := w.network("net")
	second := types.Duration(time.Second)
	spec := w.spec("full", func(s *compose.Service, p *compose.Project) {
		attachTo(s, p, net)
		s.Hostname, s.DomainName, s.User, s.WorkingDir, s.StopSignal, s.StopGracePeriod = "h", "d.example", "1:1", "/", "SIGINT", &second
		s.Environment = types.MappingWithEquals{"FROM_IMAGE": nil, "A": ptr("1")}
		s.CapAdd, s.CapDrop, s.SecurityOpt = []string{"NET_RAW"}, []string{"ALL"}, []string{"no-new-privileges"}
		s.DNS, s.DNSSearch, s.DNSOpts = types.StringList{"9.9.9.9"}, types.StringList{"example"}, []string{"ndots:1"}
		s.ExtraHosts, s.GroupAdd, s.Init = types.HostsList{"x": {"10.0.0.1"}}, []string{"5"}, ptr(true)
		s.Logging = &types.LoggingConfig{Driver: "json-file", Options: types.Options{"max-size": "1m", "max-file": "1"}}
		s.MemLimit, s.PidsLimit, s.CPUShares, s.CPUS, s.ShmSize = 64<<20, 50, 512, 0.5, 8<<20
		s.OomScoreAdj, s.ReadOnly, s.Restart = 10, true, "on-failure:2"
		s.Sysctls = types.Mapping{"net.core.somaxconn": "64"}
		s.Tmpfs = types.StringList{"/run:size=1m"}
		s.Ulimits = map[string]*types.UlimitsConfig{"nofile": {Soft: 64, Hard: 128}, "core": {}}
		s.Ipc, s.Uts, s.Cgroup = "shareable", "", "private"
		s.Expose = types.StringOrNumberList{"9000"}
		s.Ports = []types.ServicePortConfig{{Target: 80, HostIP: "127.0.0.1"}, {Target: 53, Protocol: "udp", HostIP: "127.0.0.1"}}
		s.Volumes = []types.ServiceVolumeConfig{{Type: "tmpfs", Target: "/t", Tmpfs: &types.ServiceVolumeTmpfs{Size: 1 << 20, Mode: 0o700}}}
		s.HealthCheck = &types.HealthCheckConfig{
			Test: types.HealthCheckTest{"CMD", "/toy", "exit", "0"}, Interval: &second, Timeout: &second, Retries: ptr(uint64(2)), StartInterval: &second, StartPeriod: &second,
		}
	})
	c := w.run(spec)
	want := orchestrator.Container{RestartPolicy: "on-failure", MaxRetries: 2, Memory: 64 << 20, NetworkMode: net}
	if c.State != orchestrator.StateRunning || c.RestartPolicy != want.RestartPolicy || c.MaxRetries != want.MaxRetries || c.Memory != want.Memory || c.NetworkMode != want.NetworkMode {
		t.Errorf("%+v", c)
	}
	if !slices.Contains(c.Env, "A=1") || slices.Contains(c.Env, "FROM_IMAGE=yes") {
		t.Errorf("environment %q", c.Env)
	}
	if len(c.Published) != 2 || c.Published[0].Proto != "udp" || c.Published[1].Host == 0 {
		t.Errorf("published %+v", c.Published)
	}
	check := healthchecks.Check{Test: []string{"CMD", "/toy", "exit", "0"}, Interval: time.Second, Timeout: time.Second, Retries: 2, StartPeriod: time.Second}
	if w.api().atLeast("1.44") {
		check.StartInterval = time.Second
	}
	same(t, "check", &check, c.Check)
	eventually(t, "healthy", func() bool {
		now, err := w.Inspect(t.Context(), c.ID)
		must(t, err)
		return now.Health.Status == healthchecks.StatusHealthy && now.Health.Last().Passed() && !now.Health.Last().Start.Before(now.StartedAt)
	})
}

func TestAServiceJoinsTheNamespacesOfAnother(t *testing.T) {
	w := newWorld(t)
	net := w.network("net")
	host := w.run(w.spec("host", func(s *compose.Service, p *compose.Project) {
		attachTo(s, p, net)
		s.Ipc = "shareable"
		s.Volumes = []types.ServiceVolumeConfig{{Type: "volume", Target: "/shared"}}
	}))
	spec := w.spec("guest", func(s *compose.Service, _ *compose.Project) {
		s.NetworkMode, s.Ipc, s.Pid, s.VolumesFrom = "service:host", "service:host", "service:host", []string{"host:ro"}
	})
	spec.Joins = map[string]string{"host": host.ID}
	guest := w.run(spec)
	if guest.NetworkMode != "container:"+host.ID || len(guest.Mounts) != 1 || guest.Mounts[0].Name != host.Mounts[0].Name || guest.Mounts[0].Writable {
		t.Errorf("mode %s, mounts %+v", guest.NetworkMode, guest.Mounts)
	}
}
