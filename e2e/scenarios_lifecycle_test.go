package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// slowly is a service that takes its time, so that something can happen
// meanwhile.
const slowly = `services: {app: {image: IMAGE, command: [serve, "after=3s"], healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 40}}}`

// withoutCheck is the same without a check: to run a command in a container while
// it is being paused can block an engine for good.
const withoutCheck = `services: {app: {image: IMAGE, command: [serve, "after=3s"], ports: ["127.0.0.1::8080"]}}`

// running waits until the service's container runs, and returns its ID.
func (s *stack) running(service string) string {
	s.t.Helper()
	var id string
	eventually(s.t, time.Minute, service+" runs", func() bool {
		c, err := s.member(service)
		id = c.ID
		return err == nil && c.State.Status == "running"
	})
	return id
}

// act does something to the service's container as soon as it runs.
func act(service, method, action string) func(s *stack) {
	return func(s *stack) {
		s.t.Helper()
		engine(s.t, method, "/containers/"+s.running(service)+action, "")
	}
}

// lifecycleScenarios: what others do to containers while they come up.
func lifecycleScenarios() []scenario {
	const limited = "services: {app: {image: IMAGE, mem_limit: 64m, restart: unless-stopped, @CHECK@}}"
	const unnamed = "services: {app: {image: IMAGE, command: [serve, id=/data/id], volumes: [/data], @CHECK@}}"
	return []scenario{
		{
			name: "a service whose limits somebody changed has the file's in the end", works: true, file: limited,
			before: func(s *stack) {
				s.expect(0, nil, "up")
				engine(s.t, http.MethodPost, "/containers/"+s.running("app")+"/update", `{"Memory": 33554432, "MemorySwap": 33554432}`)
			},
			facts: []fact{passes("app"), {"the limit of memory is the file's", func(s *stack) error {
				c, err := s.member("app")
				if err == nil && c.HostConfig.Memory != 64<<20 {
					err = fmt.Errorf("it is %d bytes", c.HostConfig.Memory)
				}
				return err
			}}}, own: "it begins with a stack of stackctl's",
		},
		{
			name: "data that an edit would leave behind in a volume is named, and nothing is touched", code: 10, file: unnamed,
			before: func(s *stack) {
				s.expect(0, nil, "up")
				edited := strings.Replace(unnamed, "volumes: [/data]", "volumes: [named:/data]", 1) + "\nvolumes: {named: {}}\n"
				s.put("docker-compose.yml", strings.ReplaceAll(edited, "@CHECK@", defaultCheck))
			},
			facts: []fact{{"the data is in the named volume", func(s *stack) error {
				c, err := s.member("app")
				if err == nil && !slices.ContainsFunc(c.Mounts, func(m mounted) bool { return m.Name == s.name+"_named" }) {
					err = errors.New("the volume is not mounted")
				}
				return err
			}}}, cause: `unnamed volume .*/data.*stay behind`, own: "it begins with a stack of stackctl's",
		},
		{
			name: "who shares the network of a service that restarts is reached in the end", works: true,
			file: `
services:
  gateway: {image: IMAGE, command: [serve, "listen=:9000"], healthcheck: {test: [CMD, /testimage, check, "url=http://127.0.0.1:9000/"], interval: 500ms, retries: 40}}
  app: {image: IMAGE, command: [serve, "after=4s"], network_mode: "service:gateway", healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 40}}
`,
			during: func(s *stack) {
				s.running("app")
				act("gateway", http.MethodPost, "/restart?t=1")(s)
			},
			facts: []fact{passes("gateway"), passes("app"), holds("gateway's network has app", "gateway", "", "/testimage", "check")},
		},
		{
			name: "a service that somebody kills while it starts is not up", core: true, code: 7, file: slowly,
			during: act("app", http.MethodPost, "/kill?signal=KILL"),
			facts:  []fact{runs("app")}, cause: `app.*(exited ?\(137\)|sigkill)`, says: []string{"not for memory"},
		},
		{
			name: "a service that somebody stops while it starts is not up", code: 7, file: slowly,
			during: act("app", http.MethodPost, "/stop?t=1"),
			facts:  []fact{runs("app")}, cause: `app.*exited ?\((0|137)\)`,
		},
		{
			name: "a service that somebody removes while it starts is not up", core: true, code: 10, file: slowly,
			during: act("app", http.MethodDelete, "?force=1"),
			facts:  []fact{runs("app")}, cause: `app.*(removed|no such container|missing)`,
		},
		{
			name: "a service that somebody restarts while it starts is up", works: true, file: slowly,
			during: act("app", http.MethodPost, "/restart?t=2"),
			facts:  []fact{serves("app", "ok"), passes("app")},
		},
		{
			name: "a service that somebody pauses while it starts is not up", core: true, code: 7, file: withoutCheck, ceiling: 2 * time.Minute,
			during: act("app", http.MethodPost, "/pause"),
			facts:  []fact{serves("app", "ok")}, cause: `app.*paused`,
		},
		{
			name: "a service that is paused for a moment is up", works: true, file: withoutCheck,
			during: func(s *stack) {
				id := s.running("app")
				engine(s.t, http.MethodPost, "/containers/"+id+"/pause", "")
				<-time.After(2 * time.Second) // the moment
				engine(s.t, http.MethodPost, "/containers/"+id+"/unpause", "")
			},
			facts: []fact{published("app", "ok")},
		},
		{
			name: "a service that is cut off its network while it starts is not up", code: 6, file: slowly,
			during: func(s *stack) {
				engine(s.t, http.MethodPost, "/networks/"+s.name+"_default/disconnect", `{"Container":"`+s.running("app")+`"}`)
			},
			facts: []fact{serves("app", "ok")}, cause: `app.*network`,
		},
		{
			name: "a service that somebody connects to its network again without its name is not found there", core: true, code: 6,
			file: `
services:
  app: {image: IMAGE, command: [serve, "after=3s"], healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 40}}
  other: {image: IMAGE, @CHECK@}
`,
			during: func(s *stack) {
				id, network := s.running("app"), s.name+"_default"
				engine(s.t, http.MethodPost, "/networks/"+network+"/disconnect", `{"Container":"`+id+`"}`)
				engine(s.t, http.MethodPost, "/networks/"+network+"/connect", `{"Container":"`+id+`"}`)
			},
			facts: []fact{holds("app is found by its neighbours", "other", "", "/testimage", "check", "url=http://app:8080/")}, cause: `app.*do not find it as app`,
		},
		{
			name: "a container that somebody puts in the place of ours is not ours", core: true, code: 10, file: slowly,
			during: func(s *stack) {
				engine(s.t, http.MethodDelete, "/containers/"+s.running("app")+"?force=1", "")
				engine(s.t, http.MethodPost, "/containers/create?name="+s.name+"-app-1", `{"Image":"`+image+`"}`)
				engine(s.t, http.MethodPost, "/containers/"+s.name+"-app-1/start", "")
			},
			after: func(s *stack) { engine(s.t, http.MethodDelete, "/containers/"+s.name+"-app-1?force=1", "") },
			facts: []fact{runs("app")}, cause: `app.*(removed|replaced|no such container)`,
		},
		{
			name: "a service that others wait for and that somebody kills is named, and not who waits", core: true, code: 7,
			file: `
services:
  app: {image: IMAGE, command: [serve, "after=1h"], healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 100}}
  web: {image: IMAGE, depends_on: {app: {condition: service_healthy}}, @CHECK@}
`,
			during: act("app", http.MethodPost, "/kill?signal=KILL"),
			facts:  []fact{runs("app"), runs("web")}, cause: `app.*(exited ?\(137\)|sigkill)`, says: []string{"blocked by app: web"},
		},
		{
			name: "an unhealthy database is named, and not those who wait for it", core: true, code: 7,
			file: `
services:
  zdb: {image: IMAGE, command: [serve, status=503], @CHECK@}
  api: {image: IMAGE, depends_on: {zdb: {condition: service_healthy}}, @CHECK@}
  web: {image: IMAGE, depends_on: {api: {condition: service_healthy}}, @CHECK@}
`,
			facts: []fact{serves("zdb", "ok"), serves("web", "ok")}, cause: `zdb.*unhealthy.*503`, says: []string{"api", "web"},
		},
		{
			name: "a chain of services that wait for each other comes up in its order", core: true, works: true,
			file: `
services:
  zdb: {image: IMAGE, command: [serve, "after=1s"], @CHECK@}
  api: {image: IMAGE, depends_on: {zdb: {condition: service_healthy}}, @CHECK@}
  web: {image: IMAGE, depends_on: {api: {condition: service_healthy}}, ports: ["127.0.0.1::8080"], @CHECK@}
`,
			facts: []fact{serves("zdb", "ok"), serves("api", "ok"), published("web", "ok")},
		},
		{
			name: "a service that crashes after those who wait for it have started is named", code: 7,
			file: `
services:
  zdb: {image: IMAGE, command: [serve, "dies=2500ms", exit=9], @CHECK@}
  web: {image: IMAGE, command: [serve, "after=4s"], depends_on: {zdb: {condition: service_healthy}}, healthcheck: {test: [CMD, /testimage, check], interval: 500ms, retries: 40}}
`,
			facts: []fact{runs("zdb"), runs("web")}, cause: `zdb.*exited ?\(9\)`,
		},
		{
			name: "a service that does not hear its end coming is replaced and up", works: true,
			file: `services: {app: {image: IMAGE, command: [deaf], stop_grace_period: 1s, environment: {WORD: two}, healthcheck: {test: [CMD, /testimage, exit, "0"], interval: 500ms}}}`,
			before: func(s *stack) {
				s.write("first.yml", `services: {app: {image: IMAGE, command: [deaf], stop_grace_period: 1s, environment: {WORD: one}, healthcheck: {test: [CMD, /testimage, exit, "0"], interval: 500ms}}}`)
				s.expect(0, nil, "-f", "first.yml", "up", "--stable-for", "0")
			},
			facts: []fact{runs("app"), given("app", "WORD")}, own: "it begins with a stack of stackctl's",
		},
	}
}
