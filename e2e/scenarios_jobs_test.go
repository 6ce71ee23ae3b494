package e2e

import "time"

// jobScenarios: what is meant to end.
func jobScenarios() []scenario {
	return []scenario{
		{
			name: "a job that nobody waits for and that succeeds is done", core: true, works: true,
			file: `
services:
  migrate: {image: IMAGE, command: [exit, "0"]}
  app: {image: IMAGE, @CHECK@}
`,
			facts: []fact{ends("migrate"), serves("app", "ok")},
		},
		{
			name: "a job that a service waits for and that succeeds is done", core: true, works: true,
			file: `
services:
  migrate: {image: IMAGE, command: [exit, "0", "after=500ms"]}
  app: {image: IMAGE, depends_on: {migrate: {condition: service_completed_successfully}}, @CHECK@}
`,
			facts: []fact{ends("migrate"), serves("app", "ok")},
		},
		{
			name: "a stack of nothing but a job is done with it", works: true,
			file:  `services: {migrate: {image: IMAGE, command: [exit, "0"]}}`,
			facts: []fact{ends("migrate")},
		},
		{
			name: "a job that fails is named, and not the service that waits", core: true, code: 7,
			file: `
services:
  migrate: {image: IMAGE, command: [exit, "4", "say=relation users exists"]}
  app: {image: IMAGE, depends_on: {migrate: {condition: service_completed_successfully}}, @CHECK@}
`,
			facts: []fact{ends("migrate"), serves("app", "ok")}, cause: `migrate.*(exit 4|exited ?\(4\)|code 4)`, says: []string{"relation users exists"},
		},
		{
			name: "a job that nobody waits for and that fails is missed", core: true, code: 7,
			file: `
services:
  migrate: {image: IMAGE, command: [exit, "3", "after=500ms"]}
  app: {image: IMAGE, @CHECK@}
`,
			facts: []fact{ends("migrate"), serves("app", "ok")}, cause: `migrate.*(exit 3|exited ?\(3\)|code 3)`,
		},
		{
			name: "a job that fails later than everything else is up is missed", code: 7,
			file: `
services:
  migrate: {image: IMAGE, command: [exit, "3", "after=4s"], x-stackctl: {job: true}}
  app: {image: IMAGE, @CHECK@}
`,
			facts: []fact{ends("migrate"), serves("app", "ok")}, cause: `migrate.*(exit 3|exited ?\(3\)|code 3)`, watch: 5 * time.Second,
		},
		{
			name: "a job that never ends is named when the time is up", core: true, code: 8, ceiling: 15 * time.Second,
			file: `
services:
  migrate: {image: IMAGE, command: [sleep]}
  app: {image: IMAGE, depends_on: {migrate: {condition: service_completed_successfully}}, @CHECK@}
`,
			facts: []fact{ends("migrate"), serves("app", "ok")}, cause: `migrate`,
		},
		{
			name: "a job that fails twice and is tried again is done", core: true, works: true,
			file: `
services:
  migrate: {image: IMAGE, command: [flaky, times=2], volumes: ["data:/data"], restart: "on-failure:5", x-stackctl: {job: true}}
  app: {image: IMAGE, depends_on: {migrate: {condition: service_completed_successfully}}, @CHECK@}
volumes: {data: {}}
`,
			facts: []fact{ends("migrate"), serves("app", "ok")},
		},
		{
			name: "a job that is tried again until its tries are used up has failed", code: 7,
			file: `
services:
  migrate: {image: IMAGE, command: [flaky, times=9, exit=5], volumes: ["data:/data"], restart: "on-failure:2", x-stackctl: {job: true}}
  app: {image: IMAGE, depends_on: {migrate: {condition: service_completed_successfully}}, @CHECK@}
volumes: {data: {}}
`,
			facts: []fact{ends("migrate"), serves("app", "ok")}, cause: `migrate.*(exit 5|exited ?\(5\)|code 5)`,
		},
		{
			name: "a job that the engine always starts again is never done", code: 3,
			file: `
services:
  migrate: {image: IMAGE, command: [exit, "0"], restart: always, x-stackctl: {job: true}}
  app: {image: IMAGE, depends_on: {migrate: {condition: service_completed_successfully}}, @CHECK@}
`,
			ceiling: 20 * time.Second,
			facts:   []fact{ends("migrate"), serves("app", "ok")}, cause: `migrate.*(restart|always)`,
		},
		{
			name: "a program that might be a job and runs on proves nothing", core: true, code: 12,
			file:  `services: {app: {image: IMAGE, command: [sleep]}}`,
			facts: []fact{serves("app", "ok")}, cause: `app.*unchecked`, says: []string{"job: true"},
		},
	}
}
