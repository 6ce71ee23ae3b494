package compose

import (
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// containerSupport is the table of the container itself and its identity.
func containerSupport() []Attribute {
	return []Attribute{
		yes("services.*.command", "as a list, or split like a shell; [] clears the image's"),
		yes("services.*.entrypoint", "as a list, or split like a shell; [] clears the image's"),
		yes("services.*.environment", "as a list or mapping; a name without a value is taken from the environment, else unset"),
		yes("services.*.env_file", "read when the project is loaded"),
		yes("services.*.env_file[].path", "must exist unless required is false"),
		yes("services.*.env_file[].required", "as in docker compose"),
		yes("services.*.env_file[].format", "the default and raw"),
		yes("services.*.working_dir", "passed on"),
		yes("services.*.user", "passed on"),
		yes("services.*.group_add", "passed on"),
		yes("services.*.hostname", "passed on"),
		yes("services.*.domainname", "passed on"),
		yes("services.*.labels", "set on the container"),
		yes("services.*.label_file", "read when the project is loaded"),
		since("1.43", "services.*.annotations", "handed to the runtime; older engines: refused"),
		yes("services.*.init", "passed on"),
		yes("services.*.stop_signal", "passed on"),
		yes("services.*.stop_grace_period", "whole seconds, rounded up"),
		yes("services.*.extra_hosts", "host-gateway included"),
		yes("services.*.dns", "passed on"),
		yes("services.*.dns_opt", "passed on"),
		yes("services.*.dns_search", "passed on"),
		yes("services.*.mac_address", "on the first network"),
		yes("services.*.privileged", "passed on"),
		yes("services.*.cap_add", "passed on"),
		yes("services.*.cap_drop", "passed on"),
		yes("services.*.security_opt", "seccomp profiles are sent by content"),
		limited("services.*.userns_mode", "host", "use host", allow("is no user namespace", "", "host")),
		yes("services.*.read_only", "passed on"),
		yes("services.*.sysctls", "passed on"),
		yes("services.*.runtime", "a runtime that the engine has"),
		yes("services.*.isolation", "Windows engines; others take default only"),
		yes("services.*.credential_spec", "Windows engines"),
		yes("services.*.credential_spec.file", "Windows engines"),
		yes("services.*.credential_spec.registry", "Windows engines"),
		no("services.*.credential_spec.config", "a config of a cluster's store, which one engine does not have", "use file: or registry:"),
		no("services.*.umask", "no engine sets it", "set it in the entrypoint: sh -c 'umask 027; exec ...'"),
		no("services.*.use_api_socket", "it would hand your registry credentials to the container",
			"mount /var/run/docker.sock where the container may really control the engine"),
		yes("services.*.logging", "passed on"),
		yes("services.*.logging.driver", "a driver that the engine has"),
		yes("services.*.logging.options", "passed on"),
	}
}

// namespaceSupport is the table of namespaces and networks.
func namespaceSupport() []Attribute {
	return []Attribute{
		limited("services.*.cgroup", "host or private", "use host or private", allow("is no cgroup namespace", "", "host", "private")),
		yes("services.*.cgroup_parent", "passed on"),
		limited("services.*.ipc", "none, private, shareable, host, service:, container:", "use one of them", refuseMode("IPC", "", "none", "private", "shareable", "host")),
		limited("services.*.pid", "host, service:, container:", "use one of them", refuseMode("process", "", "host")),
		limited("services.*.uts", "host", "use host", allow("is no UTS namespace", "", "host")),
		yes("services.*.network_mode", "none, host, bridge, service:, container:"),
		yes("services.*.networks", "several; the one with the highest priority is attached first"),
		yes("services.*.networks.*.aliases", "with the service's and the container's name"),
		yes("services.*.networks.*.ipv4_address", "passed on"),
		yes("services.*.networks.*.ipv6_address", "passed on"),
		yes("services.*.networks.*.link_local_ips", "passed on"),
		yes("services.*.networks.*.priority", "the order of attachment"),
		yes("services.*.networks.*.driver_opts", "passed on"),
		yes("services.*.networks.*.mac_address", "API 1.44 for other networks than the first"),
		since("1.48", "services.*.networks.*.gw_priority", "older engines: refused"),
		since("1.49", "services.*.networks.*.interface_name", "older engines: refused"),
		yes("services.*.networks.*.use_service_name_alias", "false leaves the service's name out of the aliases"),
	}
}

// refuseMode refuses what is neither one of the names nor a reference to a
// service or a container.
func refuseMode(kind string, names ...string) func(any) string {
	return func(value any) string {
		text := fmt.Sprint(value)
		if strings.HasPrefix(text, types.ServicePrefix) || strings.HasPrefix(text, types.ContainerPrefix) {
			return ""
		}
		return allow("is no "+kind+" namespace", names...)(value)
	}
}
