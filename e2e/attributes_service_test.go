package e2e

import (
	"strings"
	"testing"
)

// serviceSpecimens show what a service is beyond its container.
func serviceSpecimens() []specimen {
	return []specimen{
		dependencySpecimen(), hookSpecimen(), privilegedHookSpecimen(),
		{
			name: "health checks",
			file: `
services:
  list:
    image: IMAGE
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, timeout: 2500ms, retries: 4}
  paced:
    image: IMAGE
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, start_period: 3s, start_interval: 300ms}
  disabled: {image: IMAGE, command: [sleep], healthcheck: {disable: true}}
  none: {image: IMAGE, command: [sleep], healthcheck: {test: [NONE]}}
`,
			sees: []sight{
				is("services.*.healthcheck services.*.healthcheck.test", "list", "Config.Healthcheck.Test", `["CMD", "/testimage", "check"]`),
				is("services.*.healthcheck.interval", "list", "Config.Healthcheck.Interval", `1000000000`),
				is("services.*.healthcheck.timeout", "list", "Config.Healthcheck.Timeout", `2500000000`),
				is("services.*.healthcheck.retries", "list", "Config.Healthcheck.Retries", `4`),
				is("services.*.healthcheck.start_period", "paced", "Config.Healthcheck.StartPeriod", `3000000000`),
				is("services.*.healthcheck", "list", "State.Health.Status", `"healthy"`),
				is("services.*.healthcheck.disable", "disabled", "Config.Healthcheck.Test", `["NONE"]`),
				is("services.*.healthcheck.test", "none", "Config.Healthcheck.Test", `["NONE"]`),
			},
		},
		{
			name: "a health check in one string is for a shell", code: 7,
			file: "services: {app: {image: IMAGE, healthcheck: {test: '/testimage check', interval: 500ms, retries: 1}}}",
			sees: []sight{is("services.*.healthcheck.test", "app", "Config.Healthcheck.Test", `["CMD-SHELL", "/testimage check"]`)},
		},
		{
			name: "a pace of health checks while it starts", api: "1.44", old: "start_interval", oldWarns: true,
			file: "services: {app: {image: IMAGE, healthcheck: {test: [CMD, /testimage, check], interval: 1m, start_interval: 300ms, start_period: 20s}}}",
			sees: []sight{is("services.*.healthcheck.start_interval", "app", "Config.Healthcheck.StartInterval", `300000000`)},
		},
		{
			name: "services of profiles and several containers of one",
			file: `
services:
  app: {image: IMAGE, command: [sleep], scale: 3}
  debug: {image: IMAGE, command: [sleep], profiles: [debug]}
  test: {image: IMAGE, command: [sleep], profiles: [test]}
`,
			env: []string{"COMPOSE_PROFILES=debug"},
			sees: []sight{
				is("services.*.profiles services.*.scale", "containers", "", `{"app": 3, "debug": 1}`),
				is("services.*.scale", "app#3", "Name", `"/@NAME@-app-3"`),
			},
		},
		{
			name: "services from other files",
			file: `
include:
  - {path: ./sub/included.yml, project_directory: ./sub, env_file: ./sub/own.env}
services:
  app: {extends: {file: ./base.yml, service: base}, command: [sleep]}
  twin: {extends: {service: app}, labels: {com.example.twin: "yes"}}
`,
			files: map[string]string{
				"base.yml":         "services: {base: {image: IMAGE, environment: {BASE: \"yes\"}, command: [exit, \"9\"]}}",
				"sub/included.yml": "services: {extra: {image: IMAGE, command: [sleep], environment: {WORD: \"${WORD}\"}, volumes: [./here:/here]}}",
				"sub/own.env":      "WORD=included\n",
				"sub/here/":        "",
			},
			sees: []sight{
				has("services.*.extends services.*.extends.file services.*.extends.service", "app", "Config.Env", `"BASE=yes"`),
				is("services.*.extends", "app", "Config.Cmd", `["sleep"]`),
				has("services.*.extends", "twin", "Config.Env", `"BASE=yes"`),
				has("include include[].path include[].env_file", "extra", "Config.Env", `"WORD=included"`),
				is("include[].project_directory", "extra", "HostConfig.Mounts[0].Source", `"@DIR@/sub/here"`),
			},
		},
		{
			name: "the project's name", file: "name: @NAME@-given\nservices: {app: {image: IMAGE, command: [sleep]}}", shows: "name",
			after: func(s *stack) {
				is("name", "config", "name", `"@NAME@"`).check(s) // -p goes before it
				s.bare = true
				is("name", "config", "name", `"@NAME@-given"`).check(s)
			},
		},
		{
			name: "an image that may not be pulled", code: 5, shows: "services.*.pull_policy",
			file: "services: {app: {image: '@NAME@-absent', command: [sleep], pull_policy: never}}", says: []string{"@NAME@-absent"},
		},
		{
			name: "an image that must be pulled", code: 5, shows: "services.*.pull_policy",
			file: "services: {app: {image: IMAGE, command: [sleep], pull_policy: always}}", says: []string{image},
		},
		{
			name: "images that are there need no pull",
			file: "services: {app: {image: IMAGE, command: [sleep], pull_policy: missing}, other: {image: IMAGE, command: [sleep], pull_policy: if_not_present}}",
			sees: []sight{is("services.*.pull_policy", "containers", "", `{"app": 1, "other": 1}`)},
		},
	}
}

// dependencySpecimen waits for services in every way there is.
func dependencySpecimen() specimen {
	file := `
services:
  app:
    image: IMAGE
    command: [sleep]
    depends_on:
      ready: {condition: service_healthy, restart: true}
      job: {condition: service_completed_successfully}
      there: {condition: service_started}
      absent: {condition: service_started, required: false}
  ready:
    image: IMAGE
    environment: {WORD: one}
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  job: {image: IMAGE, command: [exit, "0", after=1s]}
  there: {image: IMAGE, command: [sleep]}
  absent: {image: IMAGE, command: [sleep], profiles: [never]}
`
	return specimen{
		name: "dependencies", file: file,
		shows: "services.*.depends_on services.*.depends_on.*.condition services.*.depends_on.*.restart",
		sees: []sight{
			is("services.*.depends_on.*.required", "containers", "", `{"app": 1, "ready": 1, "job": 1, "there": 1}`),
		},
		after: func(s *stack) {
			now := containersOf(s.t, s.name)
			for service, when := range map[string]string{
				"ready": now["ready"].State.StartedAt, "there": now["there"].State.StartedAt, "job": now["job"].State.FinishedAt,
			} {
				if !earlier(s.t, when, now["app"].State.StartedAt) {
					s.t.Errorf("app started at %s, %s was due at %s", now["app"].State.StartedAt, service, when)
				}
			}
			s.put("docker-compose.yml", strings.Replace(file, "WORD: one", "WORD: two", 1))
			s.expect(0, nil, append([]string{"up"}, cheap[:]...)...)
			after := containersOf(s.t, s.name)
			if after["app"].State.StartedAt == now["app"].State.StartedAt {
				s.t.Error("app was not restarted although what it depends on was replaced")
			}
			if after["there"].State.StartedAt != now["there"].State.StartedAt {
				s.t.Error("there was restarted for nothing")
			}
		},
	}
}

func hookSpecimen() specimen {
	return specimen{
		name: "hooks",
		file: `
services:
  app:
    image: IMAGE
    command: [sleep]
    volumes: [./out:/out]
    post_start:
      - {command: [/testimage, report, file=/out/after, env=HOOK], user: "12:34", working_dir: /data, environment: [HOOK=set]}
      - {command: [/testimage, write, file=/out/second, say=after]}
    pre_stop:
      - {command: [/testimage, report, file=/out/before, env=HOOK], user: "56:78", working_dir: /tmp, environment: [HOOK], privileged: false}
`,
		files: map[string]string{"out/": ""},
		env:   []string{"HOOK=stop"},
		sees: []sight{
			has("services.*.post_start services.*.post_start[].command services.*.post_start[].user", "host:out/after", "", `"uid=12 gid=34\n"`),
			has("services.*.post_start[].working_dir", "host:out/after", "", `"dir=/data\n"`),
			has("services.*.post_start[].environment", "host:out/after", "", `"HOOK=set\n"`),
			is("services.*.post_start", "host:out/second", "", `"after\n"`),
			is("services.*.pre_stop", "host:out/before", "", `null`),
		},
		after: func(s *stack) {
			s.expect(0, nil, "down")
			has("", "host:out/before", "", `"uid=56 gid=78\ndir=/tmp\nHOOK=stop\n"`).check(s)
		},
		shows: "services.*.pre_stop[].command services.*.pre_stop[].user services.*.pre_stop[].working_dir" +
			" services.*.pre_stop[].environment",
	}
}

// privilegedHookSpecimen: not every sandbox that tests run in has all rights to
// give; where it has not, the hook's failure is the service's, and says so.
func privilegedHookSpecimen() specimen {
	return specimen{
		name: "hooks with all rights", code: -1,
		file: `
services:
  app:
    image: IMAGE
    command: [sleep]
    volumes: [./out:/out]
    post_start: [{command: [/testimage, report, file=/out/some]}, {command: [/testimage, report, file=/out/all], privileged: true}]
    pre_stop: [{command: [/testimage, report, file=/out/last], privileged: true}]
`,
		files: map[string]string{"out/": ""},
		shows: "services.*.post_start[].privileged services.*.pre_stop[].privileged",
		after: func(s *stack) {
			if s.shown("out/all") == nil {
				if !strings.Contains(s.said, "post_start[1]") || !strings.Contains(s.said, "caps") {
					s.t.Errorf("it does not say why the hook failed:\n%s", s.said)
				}
				return
			}
			s.expect(0, nil, "down")
			for _, name := range []string{"out/all", "out/last"} {
				if s.read(name) == s.read("out/some") {
					s.t.Errorf("%s was run with the rights of every command: %s", name, s.read(name))
				}
			}
		},
	}
}

func TestAFailedHookIsNotForgottenByTheNextUp(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  app:
    image: IMAGE
    volumes: ["data:/data"]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
    post_start: [{command: [/testimage, cat, /data/not-there-yet]}]
volumes: {data: {}}
`)
	s.expect(7, []string{"app", "post_start", "not-there-yet"}, "up")
	s.expect(7, []string{"app", "post_start", "not-there-yet"}, "up")
}
