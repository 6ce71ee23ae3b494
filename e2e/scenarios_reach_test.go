package e2e

import (
	"context"
	"net"
	"net/http"
)

// taken is a service that wants a certain port of the host.
const taken = `services: {app: {image: IMAGE, ports: ["127.0.0.1:@PORT1@:8080"], @CHECK@}}`

// take holds a port of the host until the test ends.
func (s *stack) take(address string) {
	s.t.Helper()
	l, err := net.Listen("tcp", s.fill(address))
	must(s.t, err)
	s.t.Cleanup(func() { _ = l.Close() })
}

// reachScenarios: ports and networks that cannot be had.
func reachScenarios() []scenario {
	return []scenario{
		{
			name: "a port that a process of the host holds is named", core: true, code: 6, file: taken,
			before: func(s *stack) { s.take("127.0.0.1:@PORT1@") },
			facts:  []fact{published("app", "ok")}, cause: `(app|web).*@PORT1@|@PORT1@.*app`,
		},
		{
			name: "a port that another container holds is named with it", core: true, code: 6, file: taken,
			before: func(s *stack) {
				s.foreign("holder", `"ExposedPorts":{"8080/tcp":{}},"HostConfig":{"PortBindings":{"8080/tcp":[{"HostIp":"127.0.0.1","HostPort":"`+s.fill("@PORT1@")+`"}]}}`)
			},
			facts: []fact{published("app", "ok")}, cause: `@PORT1@`,
			says: []string{"holder"},
		},
		{
			name: "a port that is taken while the stack comes up is named", core: true, code: 6,
			file: `
services:
  db: {image: IMAGE, command: [serve, "after=2s"], healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 20}}
  app: {image: IMAGE, depends_on: {db: {condition: service_healthy}}, ports: ["127.0.0.1:@PORT1@:8080"], @CHECK@}
`,
			during: func(s *stack) { s.running("db"); s.take("127.0.0.1:@PORT1@") },
			facts:  []fact{published("app", "ok")}, cause: `@PORT1@`,
		},
		{
			name: "a port that two services of the file want goes to one of them only", code: 6,
			file: `
services:
  app: {image: IMAGE, ports: ["127.0.0.1:@PORT1@:8080"], @CHECK@}
  web: {image: IMAGE, ports: ["127.0.0.1:@PORT1@:8080"], @CHECK@}
`,
			facts: []fact{published("app", "ok"), published("web", "ok")}, cause: `@PORT1@`,
		},
		{
			name: "a network of somebody else that is not there is named", core: true, code: 6,
			file:  `{services: {app: {image: IMAGE, networks: [outer], @CHECK@}}, networks: {outer: {external: true, name: @NAME@-outer}}}`,
			facts: []fact{serves("app", "ok")}, cause: `@NAME@-outer`,
		},
		{
			name: "a volume of somebody else that is not there is named", code: 6,
			file:  `{services: {app: {image: IMAGE, volumes: ["outer:/data"], @CHECK@}}, volumes: {outer: {external: true, name: @NAME@-outer}}}`,
			facts: []fact{serves("app", "ok")}, cause: `@NAME@-outer`,
		},
		{
			name: "an address that two services want goes to one of them only", code: 6,
			file: `
services:
  app: {image: IMAGE, networks: {n: {ipv4_address: @SUBNET@.10}}, @CHECK@}
  web: {image: IMAGE, depends_on: [app], networks: {n: {ipv4_address: @SUBNET@.10}}, @CHECK@}
networks: {n: {ipam: {config: [{subnet: @SUBNET@.0/24}]}}}
`,
			facts: []fact{serves("app", "ok"), serves("web", "ok")}, cause: `address already in use|@SUBNET@\.10`,
		},
	}
}

// foreign starts a container of nobody's project; it is removed in the end.
func (s *stack) foreign(name, more string) string {
	s.t.Helper()
	name = s.name + "-" + name
	s.t.Cleanup(func() {
		_ = call(context.Background(), http.MethodDelete, "/containers/"+name+"?force=1&v=1", nil, nil)
	})
	engine(s.t, http.MethodPost, "/containers/create?name="+name, `{"Image":"`+image+`",`+more+`}`)
	engine(s.t, http.MethodPost, "/containers/"+name+"/start", "")
	return name
}
