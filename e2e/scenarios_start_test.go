package e2e

// startScenarios: containers that cannot be started, or end soon after.
func startScenarios() []scenario {
	const device = "services: {app: {image: IMAGE, devices: [/dev/no-such-device], @CHECK@}}"
	return []scenario{
		{
			name: "a service whose device this host has not is not up, and the device is named", code: 6, file: device,
			facts: []fact{runs("app")}, cause: `/dev/no-such-device`, says: []string{"this host has no /dev/no-such-device"},
		},
		{
			name: "two networks of the file that want the same addresses are told apart before anything is made", code: 3,
			file: `
services: {app: {image: IMAGE, networks: [n1, n2], @CHECK@}}
networks: {n1: {ipam: {config: [{subnet: 10.211.9.0/24}]}}, n2: {ipam: {config: [{subnet: 10.211.9.0/25}]}}}
`,
			facts: []fact{runs("app")}, cause: `_n[12].*overlaps`,
		},
		{
			name: "a service that ends at once with an error is not up", core: true, code: 7,
			file:  `services: {app: {image: IMAGE, command: [exit, "3", "say=DATABASE_URL is not set"], @CHECK@}}`,
			facts: []fact{runs("app")}, cause: `app.*exited ?\(3\)`, says: []string{"DATABASE_URL is not set"},
		},
		{
			name: "a service that ends with success instead of running is not up", core: true, code: 7,
			file:  `services: {app: {image: IMAGE, command: [exit, "0"], @CHECK@}}`,
			facts: []fact{runs("app")}, cause: `app.*exited ?\(0\)`,
		},
		{
			name: "a service with a port that ends at once is not up", code: 7,
			file:  `services: {app: {image: IMAGE, command: [exit, "1"], ports: ["127.0.0.1::8080"]}}`,
			facts: []fact{runs("app")}, cause: `app.*exited ?\(1\)`,
		},
		{
			name: "a service that is restarted again and again is not up", core: true, code: 7,
			file:  `services: {app: {image: IMAGE, command: [sleep, "dies=300ms"], restart: always, @CHECK@}}`,
			facts: []fact{serves("app", "ok")}, cause: `app.*(crashloop|restart|code 1)`,
		},
		{
			name: "a crash loop between whose crashes the port answers is not up", core: true, code: 7,
			file:  `{x-stackctl: {stable_for: 8s}, services: {app: {image: IMAGE, command: [serve, "dies=1200ms"], restart: always, ports: ["127.0.0.1::8080"]}}}`,
			facts: []fact{runs("app")}, cause: `app.*(crashloop|restarted)`,
		},
		{
			name: "a crash loop between whose crashes the check passes is not up", code: 7,
			file:  `{x-stackctl: {stable_for: 8s}, services: {app: {image: IMAGE, command: [serve, "dies=1500ms"], restart: always, healthcheck: {test: [CMD, /testimage, check], interval: 300ms, retries: 20}}}}`,
			facts: []fact{runs("app")}, cause: `app.*(crashloop|restarted)`,
		},
		{
			name: "a service that crashes twice and then stays is up, with a note", core: true, works: true,
			file:  `{services: {app: {image: IMAGE, command: [serve, "dies=400ms", times=2], volumes: ["data:/data"], restart: on-failure, healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 20}}}, volumes: {data: {}}}`,
			facts: []fact{serves("app", "ok"), passes("app")}, says: []string{"restarted 2"},
		},
		{
			name: "one of three replicas that dies is missed", core: true, code: 7,
			file:  `{services: {app: {image: IMAGE, scale: 3, command: [serve, "dies=1s", once=/data/dead], volumes: ["data:/data"], @CHECK@}}, volumes: {data: {}}}`,
			facts: []fact{runs("app"), runs("app#2"), runs("app#3")}, cause: `app.*exited ?\(1\)`,
		},
		{
			name: "a service that needs more memory than it may have is not up", core: true, code: 7,
			file:  `services: {app: {image: IMAGE, command: [eat, mb=200], mem_limit: 32m, @CHECK@}}`,
			facts: []fact{runs("app")}, cause: `app.*(oom|memory)`, says: []string{"32 MiB"},
		},
		{
			name: "a program that is not in the image cannot be started", core: true, code: 7,
			file:  `services: {app: {image: IMAGE, entrypoint: [/nope], @CHECK@}}`,
			facts: []fact{runs("app")}, cause: `app.*/nope`,
		},
		{
			name: "a program that may not be run cannot be started", code: 7,
			file:  `services: {app: {image: IMAGE, entrypoint: [/closed], @CHECK@}}`,
			facts: []fact{runs("app")}, cause: `app.*permission denied`,
		},
		{
			name: "a program for another machine does not run", core: true, code: 7,
			file:  `services: {app: {image: IMAGE, entrypoint: [/foreign], restart: always, @CHECK@}}`,
			facts: []fact{runs("app")}, cause: `app.*(exec format error|code (1|255))`, says: []string{"exec format error"},
		},
		{
			name: "a user that the image does not know keeps a service down", code: 7,
			file:  `services: {app: {image: IMAGE, user: nobody-here, @CHECK@}}`,
			facts: []fact{runs("app")}, cause: `app.*nobody-here`,
		},
		{
			name: "a read-only root keeps a service down that writes", code: 7,
			file:  `services: {app: {image: IMAGE, command: [write, file=/data/x], read_only: true, @CHECK@}}`,
			facts: []fact{runs("app")}, cause: `app.*exited ?\(1\)`, says: []string{"read-only file system"},
		},
		{
			name: "a file that the service needs and nobody mounts keeps it down", code: 7,
			file:  `services: {app: {image: IMAGE, command: [serve, needs=/etc/app.conf], @CHECK@}}`,
			facts: []fact{runs("app")}, cause: `app.*exited ?\(1\)`, says: []string{"/etc/app.conf"},
		},
		{
			name: "a hook that fails after the start is not forgotten", code: 7,
			file:  `services: {app: {image: IMAGE, post_start: [{command: [/testimage, cat, /nowhere/at-all]}], @CHECK@}}`,
			facts: []fact{holds("the hook works", "app", "", "/testimage", "cat", "/nowhere/at-all")},
			cause: `app.*(post_start|hook)`, says: []string{"/nowhere/at-all"},
		},
	}
}
