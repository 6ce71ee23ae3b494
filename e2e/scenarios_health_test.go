package e2e

import "time"

// healthScenarios: what a healthcheck says, and what it does not.
func healthScenarios() []scenario {
	return []scenario{
		{
			name: "a service that works is up", core: true, works: true,
			file:  "services: {app: {image: IMAGE, @CHECK@}}",
			facts: []fact{serves("app", "ok"), passes("app")},
		},
		{
			name: "a service that is ready after three seconds is waited for", core: true, works: true,
			file:  `services: {app: {image: IMAGE, command: [serve, "after=3s"], healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 30}}}`,
			facts: []fact{serves("app", "ok"), passes("app")},
		},
		{
			name: "failures within the start period do not count against a slow service", works: true,
			file:  `services: {app: {image: IMAGE, command: [serve, "after=3s"], healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 2, start_period: 30s}}}`,
			facts: []fact{serves("app", "ok"), passes("app")},
		},
		{
			name: "a service whose image brings the check is up", works: true,
			file:  "services: {app: {image: CHECKEDIMAGE}}",
			facts: []fact{serves("app", "ok"), passes("app")},
		},
		{
			name: "a service with neither check nor port proves nothing", core: true, code: 12,
			file:  "services: {app: {image: IMAGE, command: [sleep], restart: always}}",
			facts: []fact{serves("app", "ok")}, cause: `app.*unchecked`, says: []string{"healthcheck:"},
		},
		{
			name: "a check of the image that the file disables proves nothing", core: true, code: 12,
			file:  "services: {app: {image: CHECKEDIMAGE, command: [sleep], restart: always, healthcheck: {disable: true}}}",
			facts: []fact{serves("app", "ok")}, cause: `app.*unchecked`,
		},
		{
			name: "a check that cannot fail hides a port that nobody serves", core: true, code: 9,
			file:  `services: {app: {image: IMAGE, command: [sleep], ports: ["127.0.0.1:@PORT1@:8080"], healthcheck: {test: [CMD, /testimage, exit, "0"], interval: 500ms}}}`,
			facts: []fact{published("app", "ok")}, cause: `app.*@PORT1@`,
		},
		{
			name: "a check that does not look at the status hides a page of errors", core: true, code: 9,
			file:  `services: {app: {image: IMAGE, command: [serve, status=500], ports: ["127.0.0.1:@PORT1@:8080"], healthcheck: {test: [CMD, /testimage, check, any=1], interval: 500ms}}}`,
			facts: []fact{published("app", "ok")}, cause: `app.*500`,
		},
		{
			name: "a check of the supervisor hides that its child is dead", code: 9,
			file:  `services: {app: {image: IMAGE, command: [serve, "listen=:9000"], ports: ["127.0.0.1:@PORT1@:8080"], healthcheck: {test: [CMD, /testimage, check, "url=http://127.0.0.1:9000/"], interval: 500ms}}}`,
			facts: []fact{published("app", "ok")}, cause: `app.*@PORT1@`,
		},
		{
			name: "a service that is well at first and then never again is not up", core: true, code: 7,
			file:  `{x-stackctl: {stable_for: 6s}, services: {app: {image: IMAGE, command: [serve, "until=2s"], healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 2}}}}`,
			facts: []fact{serves("app", "ok")}, cause: `app.*unhealthy.*not well after`, watch: 5 * time.Second,
		},
		{
			name: "a service that is healthy and then dies is not up", core: true, code: 7,
			file:  `{x-stackctl: {stable_for: 6s}, services: {app: {image: IMAGE, command: [serve, "dies=3s", "exit=3"], @CHECK@}}}`,
			facts: []fact{runs("app")}, cause: `app.*exited ?\(3\)`, watch: 5 * time.Second,
		},
		{
			name: "a service whose check fails from the beginning is unhealthy", core: true, code: 7,
			file:  `services: {app: {image: IMAGE, command: [serve, status=500, "body=cannot reach the bank"], @CHECK@}}`,
			facts: []fact{serves("app", "ok")}, cause: `app.*unhealthy.*cannot reach the bank`,
		},
		{
			name: "a check whose program is not in the image cannot pass", core: true, code: 7,
			file:  `services: {app: {image: IMAGE, healthcheck: {test: [CMD, curl, -f, "http://127.0.0.1:8080"], interval: 500ms, retries: 2}}}`,
			facts: []fact{passes("app")}, cause: `app.*curl`,
		},
		{
			name: "a check for a shell that the image does not have cannot pass", code: 7,
			file:  `services: {app: {image: IMAGE, healthcheck: {test: "curl -f http://127.0.0.1:8080", interval: 500ms, retries: 2}}}`,
			facts: []fact{passes("app")}, cause: `app.*/bin/sh`,
		},
		{
			name: "a check whose program may not be run cannot pass", code: 7,
			file:  `services: {app: {image: IMAGE, healthcheck: {test: [CMD, /closed], interval: 500ms, retries: 2}}}`,
			facts: []fact{passes("app")}, cause: `app.*permission denied`,
		},
		{
			name: "a check whose shell does not find the program cannot pass", code: 7,
			file:  `services: {app: {image: "${POSTGRES_IMAGE:-postgres:17}", entrypoint: [sleep, "600"], healthcheck: {test: "no-such-probe --quiet", interval: 500ms, retries: 2}}}`,
			facts: []fact{passes("app")}, cause: `app.*no-such-probe.*not found`,
		},
		{
			name: "a check that takes longer than it may cannot pass", core: true, code: 7,
			file:  `services: {app: {image: IMAGE, healthcheck: {test: [CMD, /testimage, sleep], interval: 500ms, timeout: 3s, retries: 1}}}`,
			facts: []fact{passes("app")}, cause: `app.*3s`,
		},
		{
			name: "a long start period hides failures until the time is up", core: true, code: 8, ceiling: 12 * time.Second,
			file:  `services: {app: {image: IMAGE, command: [serve, "after=1h"], healthcheck: {test: [CMD, /testimage, check], interval: 500ms, start_period: 2m}}}`,
			facts: []fact{serves("app", "ok")}, cause: `app.*starting|app.*not healthy`,
		},
		{
			name: "a first check that is due in half an hour does not keep a working service down", core: true, works: true, ceiling: 40 * time.Second,
			file:  `services: {app: {image: IMAGE, healthcheck: {test: [CMD, /testimage, check], interval: 30m}}}`,
			facts: []fact{serves("app", "ok"), passes("app")},
		},
		{
			name: "a first check that is due in half an hour does not prove a broken service", code: 8, ceiling: 20 * time.Second,
			file:  `services: {app: {image: IMAGE, command: [serve, status=500], healthcheck: {test: [CMD, /testimage, check], interval: 30m, retries: 1}}}`,
			facts: []fact{serves("app", "ok")}, cause: `app.*(status 500|not healthy|starting)`, says: []string{"status 500"},
		},
		{
			name: "a pace for the start is no obstacle on an engine that does not know it", works: true,
			file:  `services: {app: {image: IMAGE, healthcheck: {test: [CMD, /testimage, check], interval: 1s, start_period: 10s, start_interval: 200ms}}}`,
			facts: []fact{serves("app", "ok"), passes("app")},
		},
		{
			name: "one failed check between others that pass is forgiven", works: true,
			file:  `services: {app: {image: IMAGE, command: [serve, "until=1ms", "again=2s"], healthcheck: {test: [CMD, /testimage, check], interval: 1s, retries: 10}}}`,
			facts: []fact{serves("app", "ok"), passes("app")},
		},
		{
			name: "a line that the file calls fatal fails a service whose check does not look", code: 7,
			file:  `services: {app: {image: IMAGE, command: [say, "text=FATAL: no licence"], healthcheck: {test: [CMD, /testimage, exit, "0"], interval: 500ms}, x-stackctl: {critical_logs: [{pattern: FATAL, fail: true}]}}}`,
			facts: []fact{serves("app", "ok")}, cause: `app.*fatal`, own: "what is fatal is declared in x-stackctl",
		},
		{
			name: "a service that nothing checks and that ends with an error after a few seconds is not up", core: true, code: 7,
			file:  "services: {app: {image: IMAGE, command: [sleep, dies=4s, exit=3]}}",
			facts: []fact{runs("app")}, cause: `app.*code 3`,
		},
		{
			name: "a service that nothing checks and that restarts again and again is not up", code: 7,
			file:  "services: {app: {image: IMAGE, command: [sleep, dies=2s, exit=3], restart: always}}",
			facts: []fact{runs("app")}, cause: `app.*crashloop`, watch: 5 * time.Second,
		},
		{
			name: "a waiver does not hide that a service ends after a few seconds", core: true, code: 7,
			file:  "services: {app: {image: IMAGE, command: [sleep, dies=4s, exit=3], x-stackctl: {allow_unverified: true}}}",
			facts: []fact{runs("app")}, cause: `app.*code 3`,
		},
		{
			name: "a proof that was waived is no claim of health", works: true,
			file:  "services: {app: {image: IMAGE, command: [sleep], restart: always, x-stackctl: {allow_unverified: true}}}",
			facts: []fact{runs("app")}, says: []string{"waived"},
		},
	}
}
