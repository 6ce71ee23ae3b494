package compose

import "fmt"

// topLevelSupport is the table of the top level, its networks and volumes.
func topLevelSupport() []Attribute {
	return []Attribute{
		yes("name", "the project's name, normalised; -p and COMPOSE_PROJECT_NAME go before it"),
		silent("version", "obsolete in the specification: its value never changes anything"),
		yes("include", "local files, each with its own directory and .env"),
		yes("include[].path", "local; a URL, git or OCI reference is refused"),
		yes("include[].project_directory", "as in docker compose"),
		yes("include[].env_file", "as in docker compose"),
		yes("services", "see below"),
		no("jobs", "stackctl runs what is up, not what is scheduled", "make it a service with x-stackctl: {job: true}, and start it from a timer"),
		no("models", "no engine runs models", "run a model server as a service"),

		yes("networks", "created when a service uses them; `default` where a service names none"),
		yes("networks.*.name", "the engine's name; default project_key"),
		yes("networks.*.driver", "any driver the engine has"),
		yes("networks.*.driver_opts", "passed on"),
		yes("networks.*.attachable", "passed on"),
		since("1.48", "networks.*.enable_ipv4", "false needs API 1.48; true is every engine's default"),
		yes("networks.*.enable_ipv6", "passed on"),
		yes("networks.*.external", "must exist; never created or removed"),
		yes("networks.*.internal", "passed on"),
		yes("networks.*.labels", "set on the network"),
		yes("networks.*.ipam", "passed on"),
		yes("networks.*.ipam.driver", "passed on"),
		yes("networks.*.ipam.options", "passed on"),
		yes("networks.*.ipam.config", "passed on"),
		yes("networks.*.ipam.config[].subnet", "passed on"),
		yes("networks.*.ipam.config[].gateway", "passed on"),
		yes("networks.*.ipam.config[].ip_range", "passed on"),
		yes("networks.*.ipam.config[].aux_addresses", "passed on"),

		yes("volumes", "created when a service uses them"),
		yes("volumes.*.name", "the engine's name; default project_key"),
		yes("volumes.*.driver", "any driver the engine has"),
		yes("volumes.*.driver_opts", "passed on"),
		yes("volumes.*.external", "must exist; never created or removed"),
		yes("volumes.*.labels", "set on the volume"),
	}
}

// fileObjectSupport is the table of the top-level secrets and configs.
func fileObjectSupport() []Attribute {
	const cluster = "belongs to a cluster's store, which one engine does not have"
	return []Attribute{
		yes("secrets", "files are mounted read-only, everything else is copied into the container before it starts"),
		silent("secrets.*.name", "names an object of a cluster's store; the container sees the target"),
		yes("secrets.*.file", "must be a file when the project is read"),
		yes("secrets.*.environment", "the variable must be set"),
		unspecified("secrets.*.content", "use file: or environment:"),
		except("secrets.*.external", "false only", "use file: or environment:", refuseTrue("an external secret "+cluster)),
		silent("secrets.*.labels", "label an object of a cluster's store"),
		no("secrets.*.driver", "a secret driver "+cluster, "use file: or environment:"),
		no("secrets.*.driver_opts", "a secret driver "+cluster, "use file: or environment:"),
		no("secrets.*.template_driver", "templates are made by a cluster", "write the value itself with file:"),

		yes("configs", "files are mounted read-only, everything else is copied into the container before it starts"),
		silent("configs.*.name", "names an object of a cluster's store; the container sees the target"),
		yes("configs.*.file", "must be a file when the project is read"),
		yes("configs.*.environment", "the variable must be set"),
		yes("configs.*.content", "with its variables replaced"),
		except("configs.*.external", "false only", "use file:, environment: or content:", refuseTrue("an external config "+cluster)),
		silent("configs.*.labels", "label an object of a cluster's store"),
		unspecified("configs.*.driver", "use file:, environment: or content:"),
		unspecified("configs.*.driver_opts", "use file:, environment: or content:"),
		no("configs.*.template_driver", "templates are made by a cluster", "write the value itself with content:"),
	}
}

func refuseTrue(why string) func(any) string {
	return func(value any) string {
		if value == true {
			return why
		}
		return ""
	}
}

// allow refuses every value but those given.
func allow(why string, values ...string) func(any) string {
	return func(value any) string {
		for _, v := range values {
			if fmt.Sprint(value) == v {
				return ""
			}
		}
		return fmt.Sprintf("%+q %s", shorten(fmt.Sprint(value), 40), why)
	}
}
