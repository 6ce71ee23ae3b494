package e2e

import "time"

// served is a service with a published port and a check that passes.
func served(command, more string) string {
	return `services: {app: {image: IMAGE, command: ` + command + `, ports: ["127.0.0.1:@PORT1@:8080"], ` +
		`healthcheck: {test: [CMD, /testimage, exit, "0"], interval: 500ms}` + more + `}}`
}

// declared is why a peer cannot know what is to be answered.
const declared = "what is to be answered is declared in x-stackctl"

// outsideScenarios: healthy inside, and what the host gets to see.
func outsideScenarios() []scenario {
	return []scenario{
		{
			name: "a port that the engine chooses answers and is named", core: true, works: true,
			file:  `services: {app: {image: IMAGE, ports: ["8080"], @CHECK@}}`,
			facts: []fact{published("app", "ok")}, says: []string{"http://"},
		},
		{
			name: "a port alone proves a service that has no check", core: true, works: true,
			file:  `services: {app: {image: IMAGE, command: [serve, "after=3s"], ports: ["127.0.0.1::8080"]}}`,
			facts: []fact{published("app", "ok")},
		},
		{
			name: "a service that listens on loopback alone is not reached", core: true, code: 9,
			file:  served(`[serve, "listen=127.0.0.1:8080"]`, ""),
			facts: []fact{published("app", "ok")}, cause: `app.*@PORT1@`,
		},
		{
			name: "a page that is well for a second and then fails again is not up", code: 9,
			file:  served(`[serve, "after=5s", "until=6200ms"]`, ""),
			facts: []fact{published("app", "ok")}, cause: `app.*@PORT1@.*503`,
		},
		{
			name: "a service that listens on another port is not reached", code: 9,
			file:  served(`[serve, "listen=:8081"]`, ""),
			facts: []fact{published("app", "ok")}, cause: `app.*@PORT1@`,
		},
		{
			name: "a service that listens on IPv6 alone is not reached", code: 9,
			file:  served(`[serve, net=tcp6]`, ""),
			facts: []fact{published("app", "ok")}, cause: `app.*@PORT1@`,
		},
		{
			name: "a service that accepts and closes does not answer", core: true, code: 9,
			file:  served(`[close]`, ""),
			facts: []fact{published("app", "ok")}, cause: `app.*@PORT1@.*(clos|no answer|without a byte)`,
		},
		{
			name: "a page of somebody else is not the one that was declared", core: true, code: 9,
			file:  served(`[serve, "body=<title>Welcome to nginx!</title>"]`, `, x-stackctl: {verify: [{http: {port: 8080, body: trading}}]}`),
			facts: []fact{published("app", "trading")}, own: declared, cause: `app.*@PORT1@.*body`,
		},
		{
			name: "the declared page is the proof", works: true,
			file:  served(`[serve, "body=trading since 1602"]`, `, x-stackctl: {verify: [{http: {port: 8080, status: 200, body: trading, header: {X-Service: testimage}}}]}`),
			facts: []fact{published("app", "trading")},
		},
		{
			name: "a header that is missing fails the declared page", code: 9,
			file:  served(`[serve]`, `, x-stackctl: {verify: [{http: {port: 8080, header: {X-Release: "7"}}}]}`),
			facts: []fact{published("app", "release 7")}, own: declared, cause: `app.*@PORT1@.*x-release`,
		},
		{
			name: "a redirection is alive and not followed", core: true, works: true,
			file:  served(`[serve, status=302, "to=http://192.0.2.1/login"]`, ""),
			facts: []fact{published("app", "ok")},
		},
		{
			name: "a redirection is not the status that was declared", code: 9,
			file:  served(`[serve, status=302, "to=http://192.0.2.1/login", "body=moved"]`, `, x-stackctl: {verify: [{http: {port: 8080, status: 200}}]}`),
			facts: []fact{published("app", "ok")}, own: declared, cause: `app.*@PORT1@.*302`,
		},
		{
			name: "a page that fails for three seconds and then is well is waited for", works: true,
			file:  served(`[serve, "after=3s"]`, ""),
			facts: []fact{published("app", "ok")},
		},
		{
			name: "a port that speaks TLS is no page for a plain client", code: 9,
			file:  served(`[serve, tls=1]`, `, x-stackctl: {verify: [{http: {port: 8080, status: 200}}]}`),
			facts: []fact{published("app", "ok")}, own: declared, cause: `app.*@PORT1@`,
		},
		{
			name: "a port that speaks TLS with a certificate that nobody trusts is refused", code: 9,
			file:  served(`[serve, tls=1]`, `, x-stackctl: {verify: [{http: {port: 8080, tls: {server_name: localhost}}}]}`),
			facts: []fact{published("app", "ok")}, own: declared, cause: `app.*@PORT1@.*certificate`,
		},
		{
			name: "the second of two published ports is asked too", code: 9,
			file:  `services: {app: {image: IMAGE, ports: ["127.0.0.1:@PORT1@:8080", "127.0.0.1:@PORT2@:9090"], @CHECK@}}`,
			facts: []fact{listens("app", "9090/tcp")}, cause: `app.*@PORT2@`, watch: time.Second,
		},
	}
}
