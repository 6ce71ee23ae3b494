package compose

// deploySupport is the table of deploy:, of which one engine can do a part.
func deploySupport() []Attribute {
	const oneHost = "there is one host to place containers on"
	table := []Attribute{
		yes("services.*.deploy", "what one engine can do"),
		except("services.*.deploy.mode", "replicated; global is one container on one host", "mark the service with x-stackctl: {job: true}",
			allow("needs a cluster", "replicated", "global")),
		yes("services.*.deploy.replicas", "the number of containers; a scale: that differs is refused"),
		silent("services.*.deploy.labels", "label a cluster's service object; labels: is for the container"),
		ignored("services.*.deploy.endpoint_mode", "one engine resolves a service's name to its containers"),
		ignored("services.*.deploy.placement", oneHost),
		ignored("services.*.deploy.update_config", "containers are replaced one service after the other by dependency"),
		ignored("services.*.deploy.rollback_config", "see up --rollback"),
		yes("services.*.deploy.restart_policy", "goes before restart:"),
		limited("services.*.deploy.restart_policy.condition", "none or no, on-failure, unless-stopped, any or always", "use none, on-failure, unless-stopped or any",
			allow("is no condition", "", "none", "no", "on-failure", "unless-stopped", "any", "always")),
		yes("services.*.deploy.restart_policy.max_attempts", "with on-failure only"),
		ignored("services.*.deploy.restart_policy.delay", "the engine has its own growing delay"),
		ignored("services.*.deploy.restart_policy.window", "the engine has its own rule: ten seconds"),
		yes("services.*.deploy.resources", "what the older keys do too; one of them that differs is refused"),
		yes("services.*.deploy.resources.limits", "passed on"),
		yes("services.*.deploy.resources.limits.cpus", "passed on"),
		yes("services.*.deploy.resources.limits.memory", "passed on"),
		yes("services.*.deploy.resources.limits.pids", "passed on"),
		unspecified("services.*.deploy.resources.limits.devices", "write it under reservations:"),
		unspecified("services.*.deploy.resources.limits.generic_resources", "there are none on one engine"),
		yes("services.*.deploy.resources.reservations", "memory and devices"),
		ignored("services.*.deploy.resources.reservations.cpus", "one engine reserves no processors; "+oneHost),
		yes("services.*.deploy.resources.reservations.memory", "passed on"),
		unspecified("services.*.deploy.resources.reservations.pids", "write it under limits:"),
		no("services.*.deploy.resources.reservations.generic_resources", "they are kinds that only a cluster knows", "use devices:"),
		yes("services.*.deploy.resources.reservations.devices", "passed on"),
	}
	for _, key := range []string{"capabilities", "count", "device_ids", "driver", "options"} {
		table = append(table, yes("services.*.deploy.resources.reservations.devices[]."+key, "passed on"))
	}
	return table
}
