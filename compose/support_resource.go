package compose

// resourceSupport is the table of limits and devices.
func resourceSupport() []Attribute {
	table := []Attribute{
		yes("services.*.cpus", "passed on"),
		yes("services.*.cpuset", "passed on"),
		yes("services.*.cpu_shares", "passed on"),
		yes("services.*.cpu_period", "passed on"),
		yes("services.*.cpu_quota", "passed on"),
		yes("services.*.cpu_rt_period", "needs a kernel with realtime scheduling and cgroup v1"),
		yes("services.*.cpu_rt_runtime", "needs a kernel with realtime scheduling and cgroup v1"),
		yes("services.*.cpu_count", "Windows engines"),
		yes("services.*.cpu_percent", "Windows engines"),
		yes("services.*.mem_limit", "passed on"),
		yes("services.*.mem_reservation", "passed on"),
		yes("services.*.memswap_limit", "passed on"),
		yes("services.*.mem_swappiness", "needs cgroup v1"),
		yes("services.*.oom_kill_disable", "needs cgroup v1"),
		yes("services.*.oom_score_adj", "passed on"),
		yes("services.*.pids_limit", "passed on"),
		yes("services.*.ulimits", "one number, or soft and hard"),
		unspecified("services.*.ulimits.*.single", "write the number itself"),
		yes("services.*.ulimits.*.soft", "passed on"),
		yes("services.*.ulimits.*.hard", "passed on"),
		yes("services.*.shm_size", "passed on"),
		yes("services.*.devices", "paths and names of the Container Device Interface"),
		yes("services.*.devices[].source", "passed on"),
		yes("services.*.devices[].target", "passed on"),
		yes("services.*.devices[].permissions", "passed on"),
		yes("services.*.device_cgroup_rules", "passed on"),
		yes("services.*.gpus", "all, or a list of requests; the capability gpu is added"),
		yes("services.*.gpus[].capabilities", "passed on"),
		yes("services.*.gpus[].count", "passed on"),
		yes("services.*.gpus[].device_ids", "passed on"),
		yes("services.*.gpus[].driver", "passed on"),
		yes("services.*.gpus[].options", "passed on"),
		yes("services.*.blkio_config", "where the host's cgroups have it"),
		yes("services.*.blkio_config.weight", "passed on"),
		yes("services.*.blkio_config.weight_device", "passed on"),
		yes("services.*.blkio_config.weight_device[].path", "passed on"),
		yes("services.*.blkio_config.weight_device[].weight", "passed on"),
	}
	for _, limit := range []string{"device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops"} {
		key := "services.*.blkio_config." + limit
		table = append(table, yes(key, "passed on"), yes(key+"[].path", "passed on"), yes(key+"[].rate", "passed on"))
	}
	return table
}
