package docker

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// literalSpec is a service "web" of project "app" with one change.
func literalSpec(change func(*orchestrator.ContainerSpec)) orchestrator.ContainerSpec {
	s := &compose.Service{ServiceConfig: types.ServiceConfig{Name: "web"}}
	s.NetworkMode = "none"
	spec := orchestrator.ContainerSpec{
		Name: "app-web-1", Service: s, Number: 1, Image: "sha256:1",
		Project: &compose.Project{Name: "app", Dir: "/app", Services: map[string]*compose.Service{"web": s}},
	}
	if change != nil {
		change(&spec)
	}
	return spec
}

// on is an engine of an API version, local, with one readable file.
func on(api apiVersion) target {
	return target{api: api, local: true, read: func(path string) ([]byte, error) {
		if path == "/app/seccomp.json" {
			return []byte("{ \"a\": 1 }\n"), nil
		}
		return nil, os.ErrNotExist
	}}
}

// planned maps a spec that must be valid.
func planned(t *testing.T, api apiVersion, change func(*orchestrator.ContainerSpec)) creation {
	t.Helper()
	plan, err := planCreation(literalSpec(change), on(api))
	must(t, err)
	return plan
}

// same compares and reports a difference; empty and nil are the same.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s:\n%s", what, diff)
	}
}

func ptr[T any](v T) *T { return &v }

func TestTheContainersOwnConfiguration(t *testing.T) {
	second := types.Duration(1500 * time.Millisecond)
	plan := planned(t, "1.51", func(spec *orchestrator.ContainerSpec) {
		s := spec.Service
		spec.Labels = map[string]string{"l": "v"}
		s.Hostname, s.DomainName, s.User, s.WorkingDir = "h", "d", "u:g", "/w"
		s.Tty, s.StdinOpen = true, true
		s.Environment = types.MappingWithEquals{"B": ptr("2"), "A": ptr("x=y"), "GONE": nil}
		s.Command, s.Entrypoint = types.ShellCommand{"run", "it"}, types.ShellCommand{}
		s.StopSignal, s.StopGracePeriod = "SIGINT", &second
		s.Expose = types.StringOrNumberList{"8000-8001", "53/udp"}
		s.Ports = []types.ServicePortConfig{{Target: 80, Published: "8080"}}
		s.Platform = "linux/arm64/v8"
	})
	want := &container.Config{
		Hostname: "h", Domainname: "d", User: "u:g", WorkingDir: "/w", Tty: true, OpenStdin: true,
		AttachStdout: true, AttachStderr: true, Env: []string{"A=x=y", "B=2", "GONE"}, Cmd: []string{"run", "it"},
		Entrypoint: []string{}, Image: "sha256:1", Labels: map[string]string{"l": "v"}, StopSignal: "SIGINT", StopTimeout: ptr(2),
		ExposedPorts: nat.PortSet{"8000/tcp": {}, "8001/tcp": {}, "53/udp": {}, "80/tcp": {}},
	}
	same(t, "config", want, plan.config)
	if plan.config.Entrypoint == nil {
		t.Error("an empty entrypoint no longer clears the image's")
	}
	same(t, "platform", &ocispec.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}, plan.platform)
}

func TestProxiesOfTheUserGiveWayToTheFilesOwn(t *testing.T) {
	env := environment(types.MappingWithEquals{"HTTP_PROXY": ptr("mine")}, map[string]*string{"HTTP_PROXY": ptr("theirs"), "NO_PROXY": ptr("n")})
	same(t, "environment", []string{"HTTP_PROXY=mine", "NO_PROXY=n"}, env)
}

func TestWhatTiesTheContainerToItsHost(t *testing.T) {
	plan := planned(t, "1.51", func(spec *orchestrator.ContainerSpec) {
		s := spec.Service
		s.Annotations = types.Mapping{"a": "b"}
		s.CapAdd, s.CapDrop = []string{"NET_ADMIN"}, []string{"ALL"}
		s.Cgroup, s.Ipc, s.Pid, s.Uts, s.UserNSMode = "private", "service:db", "host", "host", "host"
		s.DNS, s.DNSOpts, s.DNSSearch = types.StringList{"9.9.9.9"}, []string{"ndots:1"}, types.StringList{"example"}
		s.ExtraHosts = types.HostsList{"b": {"10.0.0.2"}, "a": {"10.0.0.1", "::1"}}
		s.GroupAdd, s.Init, s.Isolation, s.Runtime = []string{"audio"}, ptr(true), "default", "runc"
		s.Logging = &types.LoggingConfig{Driver: "json-file", Options: types.Options{"max-size": "1m"}}
		s.OomScoreAdj, s.Privileged, s.ReadOnly, s.Restart = 100, true, true, "on-failure:3"
		s.SecurityOpt = []string{"no-new-privileges", "seccomp=seccomp.json", "seccomp:seccomp.json", "seccomp=unconfined", "seccomp:unconfined", "systempaths=unconfined", "label:disable"}
		s.ShmSize, s.StorageOpt, s.Sysctls = 64<<20, map[string]string{"size": "1G"}, types.Mapping{"net.core.somaxconn": "1"}
		s.VolumesFrom = []string{"db:ro", "container:other"}
		s.VolumeDriver = "local"
		s.Ports = []types.ServicePortConfig{
			{Target: 80, Published: "8080", HostIP: "[::1]", Protocol: "TCP"}, {Target: 80, Published: "8080", HostIP: "::1", Protocol: "tcp"},
			{Target: 80, Published: "9000-9010"}, {Target: 53, Protocol: "udp"},
		}
		spec.Joins = map[string]string{"db": "id1"}
	})
	h := plan.host
	same(t, "host config", &container.HostConfig{
		Annotations: map[string]string{"a": "b"}, CapAdd: []string{"NET_ADMIN"}, CapDrop: []string{"ALL"}, CgroupnsMode: "private",
		IpcMode: "container:id1", PidMode: "host", UTSMode: "host", UsernsMode: "host", NetworkMode: "none",
		DNS: []string{"9.9.9.9"}, DNSOptions: []string{"ndots:1"}, DNSSearch: []string{"example"},
		ExtraHosts: []string{"a:10.0.0.1", "a:::1", "b:10.0.0.2"}, GroupAdd: []string{"audio"}, Init: ptr(true), Isolation: "default", Runtime: "runc",
		LogConfig:   container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m"}},
		OomScoreAdj: 100, Privileged: true, ReadonlyRootfs: true, RestartPolicy: container.RestartPolicy{Name: "on-failure", MaximumRetryCount: 3},
		SecurityOpt: []string{"no-new-privileges", `seccomp={"a":1}`, `seccomp={"a":1}`, "seccomp=unconfined", "seccomp:unconfined", "label:disable"},
		ShmSize:     64 << 20, StorageOpt: map[string]string{"size": "1G"}, Sysctls: map[string]string{"net.core.somaxconn": "1"},
		VolumesFrom: []string{"id1:ro", "other"}, VolumeDriver: "local",
		PortBindings: nat.PortMap{
			"80/tcp": {{HostIP: "::1", HostPort: "8080"}, {HostPort: "9000-9010"}}, "53/udp": {{}},
		},
		Resources: container.Resources{OomKillDisable: ptr(false)},
	}, h)
	if h.MaskedPaths == nil || h.ReadonlyPaths == nil {
		t.Error("systempaths=unconfined lifts nothing: nil means the engine's defaults")
	}
}

func TestLimitsAndReservations(t *testing.T) {
	plan := planned(t, "1.51", func(spec *orchestrator.ContainerSpec) {
		s := spec.Service
		s.CgroupParent, s.CPUCount, s.CPUPercent, s.CPUPeriod, s.CPUQuota = "p", 1, 50, 2, 3
		s.CPURTPeriod, s.CPURTRuntime, s.CPUShares, s.CPUSet, s.CPUS = 4, 5, 6, "0-1", 0.5
		s.DeviceCgroupRules = []string{"c 1:3 mr"}
		s.MemLimit, s.MemReservation, s.MemSwapLimit, s.MemSwappiness = 1, 2, -1, 3
		s.OomKillDisable, s.PidsLimit = true, 10
		s.Devices = []types.DeviceMapping{{Source: "/dev/a"}, {Source: "vendor.com/class=gpu0", Target: "vendor.com/class=gpu0"}}
		s.Gpus = []types.DeviceRequest{{Count: -1}}
		s.Ulimits = map[string]*types.UlimitsConfig{"nproc": {Single: 5}, "nofile": {Soft: 1, Hard: 2}}
		s.BlkioConfig = &types.BlkioConfig{Weight: 9, DeviceReadBps: []types.ThrottleDevice{{Path: "/dev/sda", Rate: 7}}}
		s.Deploy = &types.DeployConfig{Resources: types.Resources{
			Limits:       &types.Resource{NanoCPUs: 0.1, MemoryBytes: 100, Pids: 20},
			Reservations: &types.Resource{MemoryBytes: 50, Devices: []types.DeviceRequest{{Capabilities: []string{"tpu"}, IDs: []string{"0"}}}},
		}}
	})
	r := plan.host.Resources
	if r.NanoCPUs != 100_000_000 || r.Memory != 100 || r.MemoryReservation != 50 || *r.PidsLimit != 20 || r.MemorySwap != -1 || *r.MemorySwappiness != 3 {
		t.Errorf("deploy.resources did not override: %+v", r)
	}
	if r.CgroupParent != "p" || r.CPUCount != 1 || r.CPUPercent != 5000 || r.CPUPeriod != 2 || r.CPUQuota != 3 || r.CPURealtimePeriod != 4 ||
		r.CPURealtimeRuntime != 5 || r.CPUShares != 6 || r.CpusetCpus != "0-1" || !*r.OomKillDisable || r.DeviceCgroupRules[0] != "c 1:3 mr" {
		t.Errorf("%+v", r)
	}
	same(t, "devices", []container.DeviceMapping{{PathOnHost: "/dev/a", PathInContainer: "/dev/a", CgroupPermissions: "rwm"}}, r.Devices)
	same(t, "device requests", []container.DeviceRequest{
		{Driver: "cdi", DeviceIDs: []string{"vendor.com/class=gpu0"}},
		{Count: -1, Capabilities: [][]string{{"gpu"}}},
		{DeviceIDs: []string{"0"}, Capabilities: [][]string{{"tpu"}}},
	}, r.DeviceRequests)
	same(t, "ulimits", []*container.Ulimit{{Name: "nofile", Soft: 1, Hard: 2}, {Name: "nproc", Soft: 5, Hard: 5}}, r.Ulimits)
	if r.BlkioWeight != 9 || r.BlkioDeviceReadBps[0].Rate != 7 {
		t.Errorf("blkio %+v", r)
	}
}

func TestHealthchecksAndTheirInjection(t *testing.T) {
	dur := func(d time.Duration) *types.Duration { return ptr(types.Duration(d)) }
	full := &types.HealthCheckConfig{
		Test: types.HealthCheckTest{"CMD", "x"}, Interval: dur(5 * time.Second), Timeout: dur(time.Second),
		StartPeriod: dur(20 * time.Second), StartInterval: dur(2 * time.Second), Retries: ptr(uint64(4)),
	}
	want := container.HealthConfig{
		Test: []string{"CMD", "x"}, Interval: 5 * time.Second, Timeout: time.Second, StartPeriod: 20 * time.Second,
		StartInterval: 2 * time.Second, Retries: 4,
	}
	dropped := want
	dropped.StartInterval = 0
	for name, one := range map[string]struct {
		file   *types.HealthCheckConfig
		inject time.Duration
		period time.Duration
		api    apiVersion
		want   *container.HealthConfig
	}{
		"no check":                           {api: "1.51"},
		"every field":                        {file: full, api: "1.51", want: &want},
		"the file's start interval stays":    {file: full, inject: time.Second, period: time.Minute, api: "1.51", want: &want},
		"start_interval on an older engine":  {file: full, inject: time.Second, api: "1.43", want: &dropped},
		"disabled":                           {file: &types.HealthCheckConfig{Disable: true, Test: full.Test}, inject: time.Second, api: "1.51", want: &container.HealthConfig{Test: []string{"NONE"}}},
		"injected beside the image's check":  {inject: time.Second, period: time.Minute, api: "1.51", want: &container.HealthConfig{StartInterval: time.Second, StartPeriod: time.Minute}},
		"injected, the longer period counts": {file: &types.HealthCheckConfig{Test: full.Test, StartPeriod: dur(time.Hour)}, inject: time.Second, period: time.Minute, api: "1.44", want: &container.HealthConfig{Test: []string{"CMD", "x"}, StartInterval: time.Second, StartPeriod: time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			spec := literalSpec(func(spec *orchestrator.ContainerSpec) {
				spec.Service.HealthCheck, spec.StartInterval, spec.StartPeriod = one.file, one.inject, one.period
			})
			same(t, "check", one.want, healthcheck(spec, one.api))
		})
	}
}

// twoNetworks puts the service into "front" (first) and "back".
func twoNetworks(spec *orchestrator.ContainerSpec) {
	spec.Service.NetworkMode = ""
	spec.Service.Networks = map[string]*types.ServiceNetworkConfig{
		"back":  nil,
		"front": {Priority: 1, Aliases: []string{"w", "web"}, Ipv4Address: "10.1.0.2", DriverOpts: types.Options{"o": "v"}, MacAddress: "02:00:00:00:00:01"},
	}
	spec.Project.Networks = types.Networks{"back": {Name: "app_back"}, "front": {Name: "app_front"}}
}

func TestNetworksAreAttachedAtOnceWhereTheEngineCan(t *testing.T) {
	front := &network.EndpointSettings{
		Aliases: []string{"app-web-1", "web", "w"}, IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: "10.1.0.2"},
		DriverOpts: map[string]string{"o": "v"}, MacAddress: "02:00:00:00:00:01",
	}
	back := &network.EndpointSettings{Aliases: []string{"app-web-1", "web"}}
	t.Run("API 1.44", func(t *testing.T) {
		plan := planned(t, "1.44", twoNetworks)
		same(t, "endpoints", map[string]*network.EndpointSettings{"app_front": front, "app_back": back}, plan.network.EndpointsConfig)
		if plan.host.NetworkMode != "app_front" || len(plan.later) != 0 || plan.config.MacAddress != "" { //nolint:staticcheck // what older engines read
			t.Errorf("mode %s, later %v", plan.host.NetworkMode, plan.later)
		}
	})
	t.Run("before", func(t *testing.T) {
		plan := planned(t, "1.43", twoNetworks)
		alone := *front
		alone.MacAddress = ""
		same(t, "endpoints", map[string]*network.EndpointSettings{"app_front": &alone}, plan.network.EndpointsConfig)
		if len(plan.later) != 1 || plan.later[0].network != "app_back" || plan.config.MacAddress != front.MacAddress { //nolint:staticcheck // as above
			t.Errorf("later %+v, mac %q", plan.later, plan.config.MacAddress) //nolint:staticcheck // as above
		}
		same(t, "later", back, plan.later[0].endpoint)
		same(t, "needed", map[string]bool{"app_front": true, "app_back": true}, plan.attached())
	})
}

func TestModesJoinTheContainersThatThePlannerChose(t *testing.T) {
	plan := planned(t, "1.51", func(spec *orchestrator.ContainerSpec) {
		spec.Service.NetworkMode, spec.Joins = "service:vpn", map[string]string{"vpn": "id9"}
	})
	if plan.host.NetworkMode != "container:id9" || plan.network != nil || len(plan.attached()) != 0 {
		t.Errorf("%s, %+v", plan.host.NetworkMode, plan.network)
	}
	if _, err := planCreation(literalSpec(func(spec *orchestrator.ContainerSpec) { spec.Service.Pid = "service:vpn" }), on("1.51")); err == nil {
		t.Error("a join to nobody went through")
	}
}

func TestLinksNameEveryReplica(t *testing.T) {
	plan := planned(t, "1.51", func(spec *orchestrator.ContainerSpec) {
		spec.Project.Services["db"] = &compose.Service{ServiceConfig: types.ServiceConfig{Name: "db", Scale: ptr(2)}}
		spec.Service.Links, spec.Service.ExternalLinks = []string{"db:database"}, []string{"legacy:old"}
	})
	same(t, "links", []string{
		"app-db-1:database", "app-db-1:db-1", "app-db-1:app-db-1",
		"app-db-2:database", "app-db-2:db-2", "app-db-2:app-db-2", "legacy:old",
	}, plan.host.Links)
}

func TestMounts(t *testing.T) {
	plan := planned(t, "1.51", func(spec *orchestrator.ContainerSpec) {
		spec.Project.Volumes = types.Volumes{"data": {Name: "app_data"}}
		spec.Project.Secrets = types.Secrets{"key": {File: "/app/key"}}
		spec.Inherit = map[string]string{"/anon": "v1", "/image": "v2"}
		spec.Service.Tmpfs = types.StringList{"/run", "/tmp:size=1m"}
		spec.Service.Secrets = []types.ServiceSecretConfig{{Source: "key"}}
		spec.Service.Volumes = []types.ServiceVolumeConfig{
			{Type: "bind", Source: "/overridden", Target: "/b"},
			{Type: "bind", Source: "/src", Target: "/b", ReadOnly: true, Bind: &types.ServiceVolumeBind{Propagation: "rslave", Recursive: "disabled"}},
			{Type: "bind", Source: "/made", Target: "/m", Bind: &types.ServiceVolumeBind{CreateHostPath: true}},
			{Type: "bind", Source: "/labelled", Target: "/l", Bind: &types.ServiceVolumeBind{SELinux: "z"}},
			{Type: "volume", Source: "data", Target: "/d", Volume: &types.ServiceVolumeVolume{NoCopy: true, Subpath: "sub"}},
			{Type: "volume", Target: "/anon"},
			{Type: "tmpfs", Target: "/t", Tmpfs: &types.ServiceVolumeTmpfs{Size: 5, Mode: 0o1777}},
			{Type: "image", Source: "busybox", Target: "/i", Image: &types.ServiceVolumeImage{SubPath: "bin"}},
		}
	})
	same(t, "mounts", []mount.Mount{
		{Type: "bind", Source: "/src", Target: "/b", ReadOnly: true, BindOptions: &mount.BindOptions{Propagation: "rslave", NonRecursive: true}},
		{Type: "bind", Source: "/made", Target: "/m", BindOptions: &mount.BindOptions{CreateMountpoint: true}},
		{Type: "volume", Source: "app_data", Target: "/d", VolumeOptions: &mount.VolumeOptions{NoCopy: true, Subpath: "sub"}},
		{Type: "volume", Source: "v1", Target: "/anon"},
		{Type: "tmpfs", Target: "/t", TmpfsOptions: &mount.TmpfsOptions{SizeBytes: 5, Mode: 0o1777}},
		{Type: "image", Source: "busybox", Target: "/i", ImageOptions: &mount.ImageOptions{Subpath: "bin"}},
		{Type: "volume", Source: "v2", Target: "/image"},
		{Type: "bind", Source: "/app/key", Target: "/run/secrets/key", ReadOnly: true},
	}, plan.host.Mounts)
	same(t, "binds", []string{"/labelled:/l:rw,z"}, plan.host.Binds)
	same(t, "tmpfs", map[string]string{"/run": "", "/tmp": "size=1m"}, plan.host.Tmpfs)
	same(t, "to make", []string{"/made"}, plan.makeDirs)
	same(t, "to insist on", []string{"/labelled"}, plan.mustExist)
}

// The engine makes a volume again that was removed while it was at a container.
func TestAVolumeThatIsMadeWithAContainerBelongsToItsCopy(t *testing.T) {
	for name, c := range map[string]struct {
		labels map[string]string
		volume types.VolumeConfig
		want   *mount.VolumeOptions
	}{
		"of a copy": {map[string]string{orchestrator.LabelRun: "r1"}, types.VolumeConfig{Name: "data"},
			&mount.VolumeOptions{Labels: map[string]string{orchestrator.LabelRun: "r1", "own": "v"}}},
		"not of a copy":          {nil, types.VolumeConfig{Name: "data"}, &mount.VolumeOptions{Labels: map[string]string{"own": "v"}}},
		"not the copy's to make": {map[string]string{orchestrator.LabelRun: "r1"}, types.VolumeConfig{Name: "data", External: true}, &mount.VolumeOptions{Labels: map[string]string{"own": "v"}}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := planned(t, "1.41", func(spec *orchestrator.ContainerSpec) {
				spec.Project.Labels = c.labels
				spec.Project.Volumes = types.Volumes{"data": c.volume}
				spec.Service.Volumes = []types.ServiceVolumeConfig{
					{Type: "volume", Source: "data", Target: "/d", Volume: &types.ServiceVolumeVolume{Labels: types.Mapping{"own": "v"}}},
				}
			})
			same(t, "mounts", []mount.Mount{{Type: "volume", Source: "data", Target: "/d", VolumeOptions: c.want}}, plan.host.Mounts)
		})
	}
}

func TestWhatAnEngineWouldIgnoreIsRefused(t *testing.T) {
	for name, change := range map[string]func(*orchestrator.ContainerSpec){
		"annotations": func(spec *orchestrator.ContainerSpec) { spec.Service.Annotations = types.Mapping{"a": "b"} },
		"subpath": func(spec *orchestrator.ContainerSpec) {
			spec.Service.Volumes = []types.ServiceVolumeConfig{{Type: "volume", Target: "/d", Volume: &types.ServiceVolumeVolume{Subpath: "s"}}}
		},
		"an image as volume": func(spec *orchestrator.ContainerSpec) {
			spec.Service.Volumes = []types.ServiceVolumeConfig{{Type: "image", Source: "x", Target: "/d"}}
		},
		"recursive read-only": func(spec *orchestrator.ContainerSpec) {
			spec.Service.Volumes = []types.ServiceVolumeConfig{{Type: "bind", Source: "/s", Target: "/d", Bind: &types.ServiceVolumeBind{Recursive: "readonly"}}}
		},
		"interface_name": func(spec *orchestrator.ContainerSpec) {
			twoNetworks(spec)
			spec.Service.Networks["front"].InterfaceName = "eth7"
		},
		"gw_priority": func(spec *orchestrator.ContainerSpec) {
			twoNetworks(spec)
			spec.Service.Networks["front"].GatewayPriority = 7
		},
		"an address in the second network": func(spec *orchestrator.ContainerSpec) {
			twoNetworks(spec)
			spec.Service.Networks["back"] = &types.ServiceNetworkConfig{MacAddress: "02:00:00:00:00:02"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := planCreation(literalSpec(change), on("1.41")); fault.ClassOf(err) != fault.Config || fault.HintOf(err) == "" {
				t.Errorf("on 1.41: %v", err)
			}
			if _, err := planCreation(literalSpec(change), on("1.51")); err != nil {
				t.Errorf("on 1.51: %v", err)
			}
		})
	}
}

func TestSecretsThatCannotBeGivenAreRefused(t *testing.T) {
	secret := func(object types.SecretConfig, ref types.ServiceSecretConfig) func(*orchestrator.ContainerSpec) {
		return func(spec *orchestrator.ContainerSpec) {
			spec.Project.Secrets = types.Secrets{"s": object}
			ref.Source = firstOf(ref.Source, "s")
			spec.Service.Secrets = []types.ServiceSecretConfig{ref}
		}
	}
	for name, change := range map[string]func(*orchestrator.ContainerSpec){
		"external":                  secret(types.SecretConfig{External: true}, types.ServiceSecretConfig{}),
		"undeclared":                secret(types.SecretConfig{}, types.ServiceSecretConfig{Source: "other"}),
		"an unset variable":         secret(types.SecretConfig{Environment: "UNSET"}, types.ServiceSecretConfig{}),
		"an owner without a number": secret(types.SecretConfig{Content: "x"}, types.ServiceSecretConfig{UID: "root"}),
		"hidden by a tmpfs": func(spec *orchestrator.ContainerSpec) {
			secret(types.SecretConfig{Content: "x"}, types.ServiceSecretConfig{})(spec)
			spec.Service.Tmpfs = types.StringList{"/run"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := planCreation(literalSpec(change), on("1.51")); fault.ClassOf(err) != fault.Config {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestATargetNeverLeavesItsPlace(t *testing.T) {
	for target, want := range map[string]string{
		"": "/run/secrets/s", "name": "/run/secrets/name", "../../etc/passwd": "/run/secrets/etc/passwd", "/etc/../x": "/x",
	} {
		if got := filePath("/run/secrets", types.FileReferenceConfig{Source: "s", Target: target}); got != want {
			t.Errorf("%q ends up at %s", target, got)
		}
	}
}

func TestASeccompProfileThatIsNotThereIsRefused(t *testing.T) {
	_, err := planCreation(literalSpec(func(spec *orchestrator.ContainerSpec) {
		spec.Service.SecurityOpt = []string{"seccomp=missing.json"}
	}), on("1.51"))
	if fault.ClassOf(err) != fault.Config || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
