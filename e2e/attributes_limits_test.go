package e2e

// limitSpecimens show limits, devices and what else is the host's.
func limitSpecimens() []specimen {
	return append(hardwareSpecimens(), specimen{
		name: "limits of a container",
		file: `
services:
  app:
    image: IMAGE
    command: [sleep]
    cpus: 0.5
    cpu_shares: 512
    cpuset: "0"
    mem_limit: 64m
    mem_reservation: 32m
    memswap_limit: 96m
    pids_limit: 50
    shm_size: 8m
    ulimits:
      nproc: 200
      nofile: {soft: 100, hard: 200}
    devices: ["/dev/zero:/dev/nothing:r", {source: /dev/full, target: /dev/busy, permissions: rw}]
    device_cgroup_rules: ["c 1:3 rmw"]
  quota:
    image: IMAGE
    command: [sleep]
    cpu_period: 50000
    cpu_quota: 25000
  deployed:
    image: IMAGE
    command: [sleep]
    restart: "no"
    deploy:
      mode: replicated
      replicas: 2
      labels: {com.example.cluster: only}
      endpoint_mode: vip
      placement: {constraints: [node.role == worker]}
      update_config: {parallelism: 1}
      rollback_config: {parallelism: 1}
      resources:
        limits: {cpus: "0.25", memory: 48m, pids: 30}
        reservations: {cpus: "0.1", memory: 24m}
      restart_policy: {condition: on-failure, max_attempts: 4, delay: 5s, window: 1m}
  everywhere:
    image: IMAGE
    command: [sleep]
    deploy: {mode: global, restart_policy: {condition: any}}
`,
		says: []string{"deploy.placement", "deploy.endpoint_mode", "deploy.update_config", "deploy.rollback_config",
			"deploy.restart_policy.delay", "deploy.restart_policy.window", "deploy.resources.reservations.cpus"},
		sees: []sight{
			is("services.*.cpus", "app", "HostConfig.NanoCpus", `500000000`),
			is("services.*.cpu_shares", "app", "HostConfig.CpuShares", `512`),
			is("services.*.cpuset", "app", "HostConfig.CpusetCpus", `"0"`),
			is("services.*.mem_limit", "app", "HostConfig.Memory", `67108864`),
			is("services.*.mem_reservation", "app", "HostConfig.MemoryReservation", `33554432`),
			is("services.*.memswap_limit", "app", "HostConfig.MemorySwap", `100663296`),
			is("services.*.pids_limit", "app", "HostConfig.PidsLimit", `50`),
			is("services.*.shm_size", "app", "HostConfig.ShmSize", `8388608`),
			has("services.*.ulimits", "app", "HostConfig.Ulimits", `{"Name": "nproc", "Soft": 200, "Hard": 200}`),
			has("services.*.ulimits.*.soft services.*.ulimits.*.hard", "app", "HostConfig.Ulimits", `{"Name": "nofile", "Soft": 100, "Hard": 200}`),
			has("services.*.devices", "app", "HostConfig.Devices", `{"PathOnHost": "/dev/zero", "PathInContainer": "/dev/nothing", "CgroupPermissions": "r"}`),
			has("services.*.devices[].source services.*.devices[].target services.*.devices[].permissions", "app", "HostConfig.Devices",
				`{"PathOnHost": "/dev/full", "PathInContainer": "/dev/busy", "CgroupPermissions": "rw"}`),
			is("services.*.device_cgroup_rules", "app", "HostConfig.DeviceCgroupRules", `["c 1:3 rmw"]`),
			is("services.*.cpu_period", "quota", "HostConfig.CpuPeriod", `50000`),
			is("services.*.cpu_quota", "quota", "HostConfig.CpuQuota", `25000`),
			is("services.*.deploy services.*.deploy.mode services.*.deploy.replicas", "containers", "",
				`{"app": 1, "quota": 1, "deployed": 2, "everywhere": 1}`),
			is("services.*.deploy.resources services.*.deploy.resources.limits services.*.deploy.resources.limits.cpus", "deployed", "HostConfig.NanoCpus", `250000000`),
			is("services.*.deploy.resources.limits.memory", "deployed", "HostConfig.Memory", `50331648`),
			is("services.*.deploy.resources.limits.pids", "deployed#2", "HostConfig.PidsLimit", `30`),
			is("services.*.deploy.resources.reservations services.*.deploy.resources.reservations.memory", "deployed", "HostConfig.MemoryReservation", `25165824`),
			is("services.*.deploy.restart_policy services.*.deploy.restart_policy.condition services.*.deploy.restart_policy.max_attempts",
				"deployed", "HostConfig.RestartPolicy", `{"Name": "on-failure", "MaximumRetryCount": 4}`),
			is("services.*.deploy.restart_policy.condition", "everywhere", "HostConfig.RestartPolicy.Name", `"always"`),
			lacks("services.*.deploy", "deployed", "Config.Labels", `{"com.example.cluster": "only"}`),
		},
	})
}

// hardwareSpecimens need a kernel, devices or a system that not every machine
// has. The container is made all the same, and holds what was asked for; it is
// its start that the machine may refuse.
func hardwareSpecimens() []specimen {
	return []specimen{
		{
			name: "limits that only cgroup v1 has", code: -1,
			file: "services: {app: {image: IMAGE, command: [sleep], mem_limit: 64m, mem_swappiness: 10, oom_kill_disable: true}," +
				" none: {image: IMAGE, command: [sleep], mem_limit: 64m, mem_swappiness: 0}}",
			sees: []sight{
				is("services.*.mem_swappiness", "none", "HostConfig.MemorySwappiness", `0`),
				is("services.*.mem_swappiness", "app", "HostConfig.MemorySwappiness", `10`),
				is("services.*.oom_kill_disable", "app", "HostConfig.OomKillDisable", `true`),
			},
		},
		{
			name: "graphics processors", code: -1,
			file: `
services:
  some: {image: IMAGE, command: [sleep], gpus: [{driver: nothing, count: 2, capabilities: [compute], options: {a: b}}, {driver: nothing, device_ids: ["7"]}]}
`,
			sees: []sight{
				is("services.*.gpus services.*.gpus[].driver services.*.gpus[].count services.*.gpus[].capabilities services.*.gpus[].options", "some",
					"HostConfig.DeviceRequests[0]", `{"Driver": "nothing", "Count": 2, "DeviceIDs": null, "Capabilities": [["compute", "gpu"]], "Options": {"a": "b"}}`),
				is("services.*.gpus[].device_ids", "some", "HostConfig.DeviceRequests[1].DeviceIDs", `["7"]`),
			},
		},
		{
			name: "all graphics processors", code: -1,
			file: "services: {all: {image: IMAGE, command: [sleep], gpus: all}}",
			sees: []sight{
				is("services.*.gpus", "all", "HostConfig.DeviceRequests[0].Count", `-1`),
				is("services.*.gpus", "all", "HostConfig.DeviceRequests[0].Capabilities", `[["gpu"]]`),
			},
		},
		{
			name: "devices that are reserved", code: -1,
			file: `
services:
  app:
    image: IMAGE
    command: [sleep]
    deploy: {resources: {reservations: {devices: [{driver: nothing, count: 1, capabilities: [tpu], options: {a: b}}, {driver: nothing, device_ids: ["7"], capabilities: [tpu]}]}}}
`,
			sees: []sight{
				is("services.*.deploy.resources.reservations.devices services.*.deploy.resources.reservations.devices[].driver"+
					" services.*.deploy.resources.reservations.devices[].count services.*.deploy.resources.reservations.devices[].capabilities"+
					" services.*.deploy.resources.reservations.devices[].options", "app",
					"HostConfig.DeviceRequests[0]", `{"Driver": "nothing", "Count": 1, "DeviceIDs": null, "Capabilities": [["tpu"]], "Options": {"a": "b"}}`),
				is("services.*.deploy.resources.reservations.devices[].device_ids", "app", "HostConfig.DeviceRequests[1].DeviceIDs", `["7"]`),
			},
		},
		{
			name: "bounds on block devices", code: -1,
			file: `
services:
  app:
    image: IMAGE
    command: [sleep]
    blkio_config:
      device_read_bps: [{path: /dev/zero, rate: 1mb}]
      device_read_iops: [{path: /dev/zero, rate: 11}]
      device_write_bps: [{path: /dev/zero, rate: "2mb"}]
      device_write_iops: [{path: /dev/zero, rate: 12}]
`,
			sees: []sight{
				is("services.*.blkio_config services.*.blkio_config.device_read_bps services.*.blkio_config.device_read_bps[].path services.*.blkio_config.device_read_bps[].rate",
					"app", "HostConfig.BlkioDeviceReadBps", `[{"Path": "/dev/zero", "Rate": 1048576}]`),
				is("services.*.blkio_config.device_read_iops services.*.blkio_config.device_read_iops[].path services.*.blkio_config.device_read_iops[].rate",
					"app", "HostConfig.BlkioDeviceReadIOps", `[{"Path": "/dev/zero", "Rate": 11}]`),
				is("services.*.blkio_config.device_write_bps services.*.blkio_config.device_write_bps[].path services.*.blkio_config.device_write_bps[].rate",
					"app", "HostConfig.BlkioDeviceWriteBps", `[{"Path": "/dev/zero", "Rate": 2097152}]`),
				is("services.*.blkio_config.device_write_iops services.*.blkio_config.device_write_iops[].path services.*.blkio_config.device_write_iops[].rate",
					"app", "HostConfig.BlkioDeviceWriteIOps", `[{"Path": "/dev/zero", "Rate": 12}]`),
			},
		},
		{
			name: "weights of block devices", code: -1,
			file: "services: {app: {image: IMAGE, command: [sleep], blkio_config: {weight: 300, weight_device: [{path: /dev/zero, weight: 400}]}}}",
			sees: []sight{
				is("services.*.blkio_config.weight", "app", "HostConfig.BlkioWeight", `300`).or("discarded"),
				is("services.*.blkio_config.weight_device services.*.blkio_config.weight_device[].path services.*.blkio_config.weight_device[].weight",
					"app", "HostConfig.BlkioWeightDevice", `[{"Path": "/dev/zero", "Weight": 400}]`).or("discarded"),
			},
		},
		{
			name: "realtime scheduling", code: -1,
			file: "services: {app: {image: IMAGE, command: [sleep], cpu_rt_period: 100000, cpu_rt_runtime: 1000}}",
			sees: []sight{
				is("services.*.cpu_rt_period", "app", "HostConfig.CpuRealtimePeriod", `100000`),
				is("services.*.cpu_rt_runtime", "app", "HostConfig.CpuRealtimeRuntime", `1000`),
			},
		},
		{
			name: "what only Windows engines know", code: -1, says: []string{"cpu_count has no effect: only Windows engines use it"},
			file: "services: {app: {image: IMAGE, command: [sleep], cpu_count: 1, cpu_percent: 50}}",
			sees: []sight{
				is("services.*.cpu_count", "app", "HostConfig.CpuCount", `1`).or("discarded"),
				is("services.*.cpu_percent", "app", "HostConfig.CpuPercent", `50`).or("discarded"),
			},
		},
		{
			name: "a size of the container's own layer", code: -1,
			file: "services: {app: {image: IMAGE, command: [sleep], storage_opt: {size: 1G}}}",
			sees: []sight{is("services.*.storage_opt", "app", "HostConfig.StorageOpt", `{"size": "1G"}`).or("storage-opt")},
		},
		{
			name: "a credential of a Windows domain from a file", code: 6, shows: "services.*.credential_spec services.*.credential_spec.file",
			file: "services: {app: {image: IMAGE, command: [sleep], credential_spec: {file: spec.json}}}",
			says: []string{"credentialspec=file://spec.json"},
		},
		{
			name: "a credential of a Windows domain from the registry", code: 6, shows: "services.*.credential_spec.registry",
			file: "services: {app: {image: IMAGE, command: [sleep], credential_spec: {registry: spec}}}",
			says: []string{"credentialspec=registry://spec"},
		},
	}
}
