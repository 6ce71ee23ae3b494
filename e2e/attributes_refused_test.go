package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/compose"
)

// refusal is a file with a key, or a value of one, that is refused.
type refusal struct {
	file string
	// line is where the key stands.
	line int
}

// ofService is a service with some more lines, the first of which is refused.
func ofService(lines string) refusal {
	return refusal{"services:\n  app:\n    image: IMAGE\n    " + strings.ReplaceAll(lines, "\n", "\n    ") + "\n", 4}
}

// below is a service with a key that is refused n lines below the first one.
func below(n int, lines string) refusal {
	r := ofService(lines)
	r.line += n
	return r
}

// ofTop has lines of which the first is refused, two below the top-level key.
func ofTop(kind, lines string) refusal {
	return refusal{kind + ":\n  x:\n    " + strings.ReplaceAll(lines, "\n", "\n    ") + "\nservices:\n  app: {image: IMAGE, " + kind + ": [x]}\n", 3}
}

// refusals has a file for every row of the support table that is refused, or
// of which some values are.
func refusals() map[string]refusal {
	return map[string]refusal{
		"services.*.credential_spec.config":                          below(1, "credential_spec:\n  config: x"),
		"services.*.dockerfile":                                      ofService("dockerfile: x"),
		"services.*.log_driver":                                      ofService("log_driver: x"),
		"services.*.log_opt":                                         ofService("log_opt: {a: b}"),
		"services.*.models":                                          ofService("models: [m]\n\n"),
		"services.*.cgroup":                                          ofService("cgroup: own"),
		"services.*.ipc":                                             ofService("ipc: mine"),
		"services.*.pid":                                             ofService("pid: mine"),
		"services.*.uts":                                             ofService("uts: mine"),
		"services.*.userns_mode":                                     ofService("userns_mode: mine"),
		"services.*.name":                                            ofService("name: x"),
		"services.*.net":                                             ofService("net: host"),
		"services.*.pre_start":                                       ofService("pre_start: [{command: [x]}]"),
		"services.*.provider":                                        {"services:\n  app:\n    provider: {type: x}\n", 3},
		"services.*.pull_policy":                                     ofService("pull_policy: maybe"),
		"services.*.pull_refresh_after":                              ofService("pull_refresh_after: 1h"),
		"services.*.restart":                                         ofService("restart: sometimes"),
		"services.*.ulimits.*.single":                                below(2, "ulimits:\n  nofile:\n    single: 5"),
		"services.*.umask":                                           ofService("umask: 027"),
		"services.*.use_api_socket":                                  ofService("use_api_socket: true"),
		"services.*.volume_driver":                                   ofService("volume_driver: x"),
		"services.*.volumes[].type":                                  below(1, "volumes:\n  - {type: cluster, source: x, target: /x}"),
		"services.*.build.isolation":                                 below(2, "build:\n  context: .\n  isolation: hyperv"),
		"services.*.build.ssh[].id":                                  below(3, "build:\n  context: .\n  ssh:\n    - id: x"),
		"services.*.build.ssh[].path":                                below(3, "build:\n  context: .\n  ssh:\n    - path: x"),
		"services.*.build.ulimits.*.single":                          below(4, "build:\n  context: .\n  ulimits:\n    nofile:\n      single: 5"),
		"services.*.deploy.mode":                                     below(1, "deploy:\n  mode: replicated-job"),
		"services.*.deploy.resources.limits.devices":                 below(3, "deploy:\n  resources:\n    limits:\n      devices: [{capabilities: [gpu]}]"),
		"services.*.deploy.resources.limits.generic_resources":       below(3, "deploy:\n  resources:\n    limits:\n      generic_resources: []"),
		"services.*.deploy.resources.reservations.generic_resources": below(3, "deploy:\n  resources:\n    reservations:\n      generic_resources: [{discrete_resource_spec: {kind: x, value: 1}}]"),
		"services.*.deploy.resources.reservations.pids":              below(3, "deploy:\n  resources:\n    reservations:\n      pids: 5"),
		"services.*.deploy.restart_policy.condition":                 below(2, "deploy:\n  restart_policy:\n    condition: often"),
		"configs.*.driver":                                           ofTop("configs", "driver: x"),
		"configs.*.driver_opts":                                      ofTop("configs", "driver_opts: {a: b}"),
		"configs.*.external":                                         ofTop("configs", "external: true"),
		"configs.*.template_driver":                                  ofTop("configs", "template_driver: golang\ncontent: x"),
		"secrets.*.content":                                          ofTop("secrets", "content: x"),
		"secrets.*.driver":                                           ofTop("secrets", "driver: x"),
		"secrets.*.driver_opts":                                      ofTop("secrets", "driver_opts: {a: b}\nenvironment: PATH"),
		"secrets.*.external":                                         ofTop("secrets", "external: true"),
		"secrets.*.template_driver":                                  ofTop("secrets", "template_driver: golang\nenvironment: PATH"),
		"jobs":                                                       {"services: {app: {image: IMAGE}}\njobs:\n  nightly: {image: IMAGE, triggers: {manual: true}}\n", 2},
		"models":                                                     {"services: {app: {image: IMAGE}}\nmodels:\n  m: {model: x}\n", 2},
	}
}

// flowed is a message without the line breaks that fit it to a terminal.
func flowed(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestEveryRefusedKeyEndsWith3AndNamesItsPlaceAndTheRemedy(t *testing.T) {
	table := refusals()
	for _, row := range compose.Support() {
		if row.Status != compose.Refused && row.Remedy == "" {
			continue
		}
		r, ok := table[row.Key]
		delete(table, row.Key)
		t.Run(row.Key, func(t *testing.T) {
			t.Parallel()
			if !ok {
				t.Fatal("no file tries it")
			}
			s := newStack(t, r.file)
			o := s.expect(3, nil, "plan")
			said := flowed(o.stderr)
			place := regexp.MustCompile(fmt.Sprintf(`docker-compose\.yml:%d:\d+: `, r.line))
			if !place.MatchString(said) {
				t.Errorf("it does not name line %d:\n%s", r.line, o.stderr)
			}
			key := row.Key[strings.LastIndexAny(row.Key, ".]")+1:]
			if strings.Contains(row.Key, "build.ssh[].") {
				key = "build.ssh[0]" // a mapping is refused, whatever its keys
			}
			if !strings.Contains(said, key) {
				t.Errorf("it does not name %s:\n%s", key, o.stderr)
			}
			if !strings.Contains(said, flowed(row.Remedy)) {
				t.Errorf("it does not say %q:\n%s", row.Remedy, o.stderr)
			}
		})
	}
	for key := range table {
		t.Errorf("%s is tried, but is not refused", key)
	}
}

// tolerated has a file for every row of the support table that is ignored, and
// whether its loss is worth a warning.
func tolerated() map[string]struct {
	service, top string
	warns        bool
} {
	type entry = struct {
		service, top string
		warns        bool
	}
	return map[string]entry{
		"services.*.attach":                             {service: "attach: false"},
		"services.*.develop":                            {service: "develop: {watch: [{path: ., action: rebuild}]}, build: ."},
		"services.*.ports[].app_protocol":               {service: "ports: [{target: 80, host_ip: 127.0.0.1, app_protocol: http}]"},
		"services.*.ports[].mode":                       {service: "ports: [{target: 80, host_ip: 127.0.0.1, mode: host}]"},
		"services.*.ports[].name":                       {service: "ports: [{target: 80, host_ip: 127.0.0.1, name: web}]"},
		"services.*.build.secrets[].gid":                {service: "build: {context: ., secrets: [{source: x, gid: '1'}]}", top: "secrets: {x: {environment: PATH}}"},
		"services.*.build.secrets[].mode":               {service: "build: {context: ., secrets: [{source: x, mode: 0o400}]}", top: "secrets: {x: {environment: PATH}}"},
		"services.*.build.secrets[].uid":                {service: "build: {context: ., secrets: [{source: x, uid: '1'}]}", top: "secrets: {x: {environment: PATH}}"},
		"services.*.deploy.endpoint_mode":               {service: "deploy: {endpoint_mode: vip}", warns: true},
		"services.*.deploy.labels":                      {service: "deploy: {labels: {a: b}}"},
		"services.*.deploy.placement":                   {service: "deploy: {placement: {constraints: [a == b]}}", warns: true},
		"services.*.deploy.resources.reservations.cpus": {service: "deploy: {resources: {reservations: {cpus: '1'}}}", warns: true},
		"services.*.deploy.restart_policy.delay":        {service: "deploy: {restart_policy: {condition: any, delay: 1s}}", warns: true},
		"services.*.deploy.restart_policy.window":       {service: "deploy: {restart_policy: {condition: any, window: 1s}}", warns: true},
		"services.*.deploy.rollback_config":             {service: "deploy: {rollback_config: {parallelism: 1}}", warns: true},
		"services.*.deploy.update_config":               {service: "deploy: {update_config: {parallelism: 1}}", warns: true},
		"configs.*.labels":                              {service: "configs: [x]", top: "configs: {x: {content: a, labels: {a: b}}}"},
		"configs.*.name":                                {service: "configs: [x]", top: "configs: {x: {content: a, name: b}}"},
		"secrets.*.labels":                              {service: "secrets: [x]", top: "secrets: {x: {environment: PATH, labels: {a: b}}}"},
		"secrets.*.name":                                {service: "secrets: [x]", top: "secrets: {x: {environment: PATH, name: b}}"},
		"version":                                       {top: `version: "3.8"`},
	}
}

func TestAnIgnoredKeyIsNoErrorAndAWarningWhereItIsMissed(t *testing.T) {
	table := tolerated()
	for _, row := range compose.Support() {
		if row.Status != compose.Ignored {
			continue
		}
		x, ok := table[row.Key]
		delete(table, row.Key)
		t.Run(row.Key, func(t *testing.T) {
			t.Parallel()
			if !ok {
				t.Fatal("no file tries it")
			}
			s := newStack(t, strings.TrimSuffix("services: {app: {image: IMAGE, "+x.service, ", ")+"}}\n"+x.top+"\n")
			o := s.expect(0, nil, "config", "-q")
			key := strings.TrimPrefix(row.Key, "services.*.")
			if warned := strings.Contains(flowed(o.stderr), key+" has no effect"); warned != x.warns {
				t.Errorf("a warning about %s: %t\n%s", key, warned, o.stderr)
			}
		})
	}
	for key := range table {
		t.Errorf("%s is tried, but is not ignored", key)
	}
}
