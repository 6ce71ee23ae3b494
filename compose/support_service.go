package compose

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// serviceSupport is the table of what a service is beyond its container.
func serviceSupport() []Attribute {
	return []Attribute{
		unspecified("services.*.name", "the key is the name"),
		yes("services.*.profiles", "with --profile and COMPOSE_PROFILES; a service named on the command line is active"),
		yes("services.*.scale", "the number of containers; a deploy.replicas that differs is refused"),
		yes("services.*.extends", "from the same or another local file"),
		yes("services.*.extends.service", "as in docker compose"),
		yes("services.*.extends.file", "local; a URL, git or OCI reference is refused"),
		yes("services.*.container_name", "with one replica only"),
		silent("services.*.attach", "says whose output docker compose up shows in the foreground; see logs"),
		silent("services.*.develop", "only for docker compose watch; what runs is the same"),
		yes("services.*.links", "container:alias on the service's networks; the other service starts first"),
		yes("services.*.external_links", "container:alias"),
		unspecified("services.*.net", "write network_mode:"),
		unspecified("services.*.dockerfile", "write build: {dockerfile: ...}"),
		unspecified("services.*.log_driver", "write logging: {driver: ...}"),
		unspecified("services.*.log_opt", "write logging: {options: ...}"),
		unspecified("services.*.volume_driver", "declare the volume with its driver under volumes:"),
		no("services.*.provider", "a provider is a program on this host that no engine runs", "run it before, and reach what it makes as an external network or address"),
		no("services.*.models", "no engine runs models", "run a model server as a service"),
		no("services.*.pre_start", "no engine runs init containers",
			"make it a service of its own and depend on it with service_completed_successfully"),
	}
}

// hookSupport is the table of what runs beside the container's own command.
func hookSupport() []Attribute {
	return []Attribute{
		yes("services.*.post_start", "run in the container after its start; a failure is the service's failure"),
		yes("services.*.post_start[].command", "run through exec"),
		yes("services.*.post_start[].user", "run through exec"),
		yes("services.*.post_start[].privileged", "run through exec"),
		yes("services.*.post_start[].working_dir", "run through exec"),
		yes("services.*.post_start[].environment", "run through exec"),
		yes("services.*.pre_stop", "run in the container before it is stopped by stackctl"),
		yes("services.*.pre_stop[].command", "run through exec"),
		yes("services.*.pre_stop[].user", "run through exec"),
		yes("services.*.pre_stop[].privileged", "run through exec"),
		yes("services.*.pre_stop[].working_dir", "run through exec"),
		yes("services.*.pre_stop[].environment", "run through exec"),
	}
}

// startSupport is the table of what decides when and with which image a
// service starts, and when it is healthy.
func startSupport() []Attribute {
	return []Attribute{
		yes("services.*.depends_on", "the start order, with all conditions"),
		yes("services.*.depends_on.*.condition", "service_started, service_healthy, service_completed_successfully"),
		yes("services.*.depends_on.*.required", "false: a service whose profile is not active is left out"),
		yes("services.*.depends_on.*.restart", "recreated or restarted with the service it depends on"),

		yes("services.*.healthcheck", "goes before the image's"),
		yes("services.*.healthcheck.test", "a string runs in the image's shell; CMD, CMD-SHELL, NONE"),
		yes("services.*.healthcheck.interval", "passed on"),
		yes("services.*.healthcheck.timeout", "passed on"),
		yes("services.*.healthcheck.retries", "passed on"),
		yes("services.*.healthcheck.start_period", "passed on"),
		since("1.44", "services.*.healthcheck.start_interval", "older engines: left out with a warning, and the check is run through exec"),
		yes("services.*.healthcheck.disable", "switches the image's check off"),

		limited("services.*.restart", "the engine's restart policy", `use "no", always, unless-stopped, on-failure or on-failure:N`, refuseRestart),
		limited("services.*.pull_policy", "always, missing, never, build, daily, weekly, every_<duration>", "use always, missing, never, build, daily, weekly or every_12h", refusePullPolicy),
		no("services.*.pull_refresh_after", "superseded in the specification", "write pull_policy: every_<duration>"),
		yes("services.*.image", "confirmed by ID after every build and pull"),
		yes("services.*.platform", "an image of another platform is refused"),
		yes("services.*.stdin_open", "passed on"),
		yes("services.*.tty", "passed on"),
	}
}

// portSupport is the table of ports.
func portSupport() []Attribute {
	return []Attribute{
		yes("services.*.expose", "ports and ranges, passed on"),
		yes("services.*.ports", "short and long, ranges, tcp, udp and sctp; checked from the host after the start"),
		silent("services.*.ports[].name", "a name for people"),
		silent("services.*.ports[].mode", "host and ingress are the same on one engine"),
		yes("services.*.ports[].host_ip", "passed on; without one, a warning says what is open to the network"),
		yes("services.*.ports[].target", "passed on"),
		yes("services.*.ports[].published", "a range leaves the choice to the engine; none means any free port"),
		yes("services.*.ports[].protocol", "tcp, udp, sctp"),
		silent("services.*.ports[].app_protocol", "a hint for proxies; x-stackctl verify says how a port is proven"),
	}
}

func refuseRestart(value any) string {
	policy, bound, hasBound := strings.Cut(fmt.Sprint(value), ":")
	switch policy {
	case "", types.RestartPolicyNo, types.RestartPolicyAlways, types.RestartPolicyUnlessStopped:
		if !hasBound {
			return ""
		}
	case types.RestartPolicyOnFailure:
		if n, err := strconv.Atoi(bound); !hasBound || err == nil && n >= 0 {
			return ""
		}
	}
	return fmt.Sprintf("%+q is no restart policy", shorten(fmt.Sprint(value), 40))
}

func refusePullPolicy(value any) string {
	s := types.ServiceConfig{}
	s.PullPolicy = fmt.Sprint(value)
	if _, _, err := s.GetPullPolicy(); err != nil || s.PullPolicy == types.PullPolicyRefresh {
		return fmt.Sprintf("%+q is no pull policy", shorten(s.PullPolicy, 40))
	}
	return ""
}
