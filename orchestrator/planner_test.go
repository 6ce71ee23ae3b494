package orchestrator

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/compose"
)

const fourLevels = `
services:
  db:
    image: db
    healthcheck: {test: [CMD, ok], interval: 1s}
    volumes: [data:/data]
  migrate:
    image: tool
    depends_on: {db: {condition: service_healthy}}
  api:
    image: api
    environment: {PORT: "80"}
    healthcheck: {test: [CMD, ok], interval: 1s}
    depends_on: {migrate: {condition: service_completed_successfully}, db: {condition: service_healthy}}
  web:
    image: web
    healthcheck: {test: [CMD, ok], interval: 1s}
    depends_on: [api]
volumes: {data: {}}
`

const oneService = `
services:
  web:
    image: web
    environment: {PORT: "80"}
    healthcheck: {test: [CMD, ok]}
`

const followers = `
services:
  db:
    image: db
    environment: {SIZE: "1"}
    healthcheck: {test: [CMD, ok]}
  api:
    image: api
    healthcheck: {test: [CMD, ok]}
    depends_on: {db: {condition: service_healthy, restart: true}}
  web:
    image: web
    healthcheck: {test: [CMD, ok]}
    depends_on: {db: {condition: service_started}}
`

const joined = `
services:
  vpn:
    image: vpn
    environment: {SIZE: "1"}
    healthcheck: {test: [CMD, ok]}
  app:
    image: app
    network_mode: service:vpn
    healthcheck: {test: [CMD, ok]}
`

const withPort = `
services:
  old:
    image: old
    healthcheck: {test: [CMD, ok]}
    ports: ["127.0.0.1:8080:80"]
  web:
    image: web
    healthcheck: {test: [CMD, ok]}
`

const time10s = 10 * time.Second

// first1 does something to the first container.
func first1(do func(c *Container)) func(o *Observed) {
	return func(o *Observed) { do(&o.Containers[0]) }
}

// held lets running containers hold the ports that they publish.
func held(o *Observed) {
	for _, c := range o.Containers {
		for _, port := range c.Published {
			o.Holders = append(o.Holders, PortHolder{Port: port, ContainerID: c.ID, Container: c.Name, Project: c.Project})
		}
	}
}

// interrupt puts the replacement of the one service beside it, created from
// another file and not started.
func interrupt(p *compose.Project, o *Observed) {
	next := replicaOf(p, p.Services["web"], 1, imagesOf(p)["web"])
	next.ID, next.Name, next.State = "id-next", next.Name+nextSuffix, StateCreated
	next.Created, next.StartedAt = epoch().Add(time.Minute), time.Time{}
	o.Containers = append(o.Containers, next)
}

// input is a plan's input for what is observed.
func input(p *compose.Project, o Observed) PlanInput {
	return PlanInput{Project: p, Observed: o, Images: imagesOf(p)}
}

// planOf makes a plan, which must be one that can be executed.
func planOf(t testing.TB, in PlanInput) Plan {
	t.Helper()
	plan, err := MakePlan(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.check(); err != nil {
		t.Fatalf("%v in\n%s", err, plan)
	}
	return plan
}

func wantPlan(t testing.TB, in PlanInput, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.Split(text(want), "\n"), strings.Split(planOf(t, in).String(), "\n")); diff != "" {
		t.Errorf("the plan differs from what is wanted (-want +got):\n%s", diff)
	}
}

// planCase is one plan: of a stack that was brought up from was (the file
// itself when it is ""), after something happened to it.
type planCase struct {
	name     string
	was, is  string
	happened func(o *Observed)
	// next is the file that an interrupted run had begun to bring up.
	next    string
	options PlanOptions
	pending map[string]string
	want    string
}

func (c planCase) run(t *testing.T) {
	was := c.was
	if was == "" {
		was = c.is
	}
	before := load(t, was)
	o := upOf(before)
	if c.next != "" {
		interrupt(edited(t, before, c.next), &o)
	}
	p := edited(t, before, c.is)
	if c.happened != nil {
		c.happened(&o)
	}
	in := input(p, o)
	in.Options, in.Pending = c.options, c.pending
	wantPlan(t, in, c.want)
}

func TestPlans(t *testing.T) {
	for _, c := range []planCase{
		{name: "a cold start creates everything at once and starts by dependency",
			is: fourLevels, happened: func(o *Observed) { *o = Observed{} }, want: `
				create network p_default  (missing)
				create volume  p_data  (missing)
				create         p-db-1  (missing)  after network/default, volume/data
				start          p-db-1  (created)  after create/p-db-1
				create         p-migrate-1  (missing)  after network/default
				wait healthy   db  (migrate depends on it)  after start/p-db-1
				start          p-migrate-1  (created)  after create/p-migrate-1, wait-healthy/db
				create         p-api-1  (missing)  after network/default
				wait completed migrate  (api depends on it)  after start/p-migrate-1
				start          p-api-1  (created)  after create/p-api-1, wait-completed/migrate, wait-healthy/db
				create         p-web-1  (missing)  after network/default
				wait started   api  (web depends on it)  after start/p-api-1
				start          p-web-1  (created)  after create/p-web-1, wait-started/api
			`},
		{name: "an unchanged stack needs no action", is: fourLevels, want: ""},
		{name: "a changed variable replaces its service alone, and says which it was",
			was: fourLevels, is: strings.Replace(fourLevels, `"80"`, `"81"`, 1), want: `
				create         p-api-1.stackctl-next  (recreate, environment.PORT "80" → "81")
				stop           p-api-1  (recreate, environment.PORT "80" → "81")  after create/p-api-1.stackctl-next
				remove         p-api-1  (recreate, environment.PORT "80" → "81")  after stop/p-api-1
				rename         p-api-1  (takes the place)  after remove/p-api-1
				wait healthy   db  (api depends on it)
				wait completed migrate  (api depends on it)
				start          p-api-1  (recreate, environment.PORT "80" → "81")  after rename/p-api-1, wait-completed/migrate, wait-healthy/db
			`},
		{name: "a changed image is told by its IDs", is: oneService,
			happened: first1(func(c *Container) { c.ImageID = "sha256:0123456789abcdef" }), want: `
				create         p-web-1.stackctl-next  (recreate, image web: 0123456789ab → bde1489624c3)
				stop           p-web-1  (recreate, image web: 0123456789ab → bde1489624c3)  after create/p-web-1.stackctl-next
				remove         p-web-1  (recreate, image web: 0123456789ab → bde1489624c3)  after stop/p-web-1
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, image web: 0123456789ab → bde1489624c3)  after rename/p-web-1
			`},
		{name: "an image that is still to be built is a reason to replace", is: oneService,
			pending: map[string]string{"web": "will be built (context: main.go changed)"}, want: `
				create         p-web-1.stackctl-next  (recreate, image: will be built (context: main.go changed))
				stop           p-web-1  (recreate, image: will be built (context: main.go changed))  after create/p-web-1.stackctl-next
				remove         p-web-1  (recreate, image: will be built (context: main.go changed))  after stop/p-web-1
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, image: will be built (context: main.go changed))  after rename/p-web-1
			`},
		{name: "an image that is still to be built is told with a missing container", is: oneService,
			happened: func(o *Observed) { o.Containers = nil },
			pending:  map[string]string{"web": "will be built (no image yet)"}, want: `
				create         p-web-1  (missing; will be built (no image yet))
				start          p-web-1  (created)  after create/p-web-1
			`},
		{name: "--force-recreate replaces all", is: oneService, options: PlanOptions{ForceRecreate: true}, want: `
				create         p-web-1.stackctl-next  (recreate, asked for by --force-recreate)
				stop           p-web-1  (recreate, asked for by --force-recreate)  after create/p-web-1.stackctl-next
				remove         p-web-1  (recreate, asked for by --force-recreate)  after stop/p-web-1
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, asked for by --force-recreate)  after rename/p-web-1
			`},
		{name: "--no-recreate keeps what differs", was: oneService, is: strings.Replace(oneService, `"80"`, `"81"`, 1),
			options: PlanOptions{NoRecreate: true}, want: ""},
		{name: "--no-recreate cannot keep what cannot be started", is: oneService, options: PlanOptions{NoRecreate: true},
			happened: first1(func(c *Container) { c.State = StateDead }), want: `
				create         p-web-1.stackctl-next  (recreate, its state is dead)
				remove         p-web-1  (recreate, its state is dead)  after create/p-web-1.stackctl-next
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, its state is dead)  after rename/p-web-1
			`},
		{name: "--rollback keeps the old container under another name", is: oneService,
			options: PlanOptions{ForceRecreate: true, Rollback: true}, want: `
				create         p-web-1.stackctl-next  (recreate, asked for by --force-recreate)
				stop           p-web-1  (recreate, asked for by --force-recreate)  after create/p-web-1.stackctl-next
				rename         p-web-1.stackctl-prev  (kept until the new one is proven)  after stop/p-web-1
				rename         p-web-1  (takes the place)  after keep/p-web-1
				start          p-web-1  (recreate, asked for by --force-recreate)  after rename/p-web-1
			`},

		{name: "a paused container is unpaused", is: oneService,
			happened: first1(func(c *Container) { c.State = StatePaused }), want: `
				unpause        p-web-1  (paused)
			`},
		{name: "an exited container is started", is: oneService,
			happened: first1(func(c *Container) { c.State, c.ExitCode = StateExited, 3 }), want: `
				start          p-web-1  (exited with code 3)
			`},
		{name: "a container that was created and never started is started", is: oneService,
			happened: first1(func(c *Container) { c.State = StateCreated }), want: `
				start          p-web-1  (created)
			`},
		{name: "a restarting container is waited for", is: oneService,
			happened: first1(func(c *Container) { c.State = StateRestarting }), want: ""},
		{name: "a container whose start failed is replaced", is: oneService,
			happened: first1(func(c *Container) { c.State, c.StartError = StateCreated, "no such program" }), want: `
				create         p-web-1.stackctl-next  (recreate, its last start failed)
				remove         p-web-1  (recreate, its last start failed)  after create/p-web-1.stackctl-next
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, its last start failed)  after rename/p-web-1
			`},
		{name: "a dead container is replaced", is: oneService,
			happened: first1(func(c *Container) { c.State = StateDead }), want: `
				create         p-web-1.stackctl-next  (recreate, its state is dead)
				remove         p-web-1  (recreate, its state is dead)  after create/p-web-1.stackctl-next
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, its state is dead)  after rename/p-web-1
			`},
		{name: "a container without a number is not a replica", is: oneService,
			happened: first1(func(c *Container) { c.Number = 0 }), want: `
				stop           p-web-1  (the file asks for 1)
				remove         p-web-1  (the file asks for 1)  after stop/p-web-1
				create         p-web-1  (missing)  after remove/p-web-1
				start          p-web-1  (created)  after create/p-web-1
			`},

		{name: "a missing network is made and its containers are replaced", is: oneService,
			happened: func(o *Observed) { o.Networks = nil }, want: `
				create network p_default  (missing)
				create         p-web-1.stackctl-next  (recreate, its network p_default is gone)  after network/default
				stop           p-web-1  (recreate, its network p_default is gone)  after create/p-web-1.stackctl-next
				remove         p-web-1  (recreate, its network p_default is gone)  after stop/p-web-1
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, its network p_default is gone)  after rename/p-web-1
			`},
		{name: "a network that was made anew replaces its containers", is: oneService,
			happened: func(o *Observed) { o.Networks[0].ID = "another" }, want: `
				create         p-web-1.stackctl-next  (recreate, its network p_default was replaced)
				stop           p-web-1  (recreate, its network p_default was replaced)  after create/p-web-1.stackctl-next
				remove         p-web-1  (recreate, its network p_default was replaced)  after stop/p-web-1
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, its network p_default was replaced)  after rename/p-web-1
			`},
		{name: "a container that was disconnected is replaced", is: oneService,
			happened: first1(func(c *Container) { c.Endpoints = nil }), want: `
				create         p-web-1.stackctl-next  (recreate, not connected to network p_default)
				stop           p-web-1  (recreate, not connected to network p_default)  after create/p-web-1.stackctl-next
				remove         p-web-1  (recreate, not connected to network p_default)  after stop/p-web-1
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, not connected to network p_default)  after rename/p-web-1
			`},

		{name: "scaling up creates what is missing", was: oneService, is: oneService + "    scale: 3\n", want: `
				create         p-web-2  (missing)
				start          p-web-2  (created)  after create/p-web-2
				create         p-web-3  (missing)
				start          p-web-3  (created)  after create/p-web-3
			`},
		{name: "scaling down removes the highest numbers", was: oneService + "    scale: 3\n", is: oneService, want: `
				stop           p-web-2  (the file asks for 1)
				remove         p-web-2  (the file asks for 1)  after stop/p-web-2
				stop           p-web-3  (the file asks for 1)
				remove         p-web-3  (the file asks for 1)  after stop/p-web-3
			`},
		{name: "scaling to zero removes all", was: oneService, is: oneService + "    scale: 0\n", want: `
				stop           p-web-1  (the file asks for 0)
				remove         p-web-1  (the file asks for 0)  after stop/p-web-1
			`},
		{name: "an orphan stays", was: withPort, is: oneService, happened: func(o *Observed) {
			*o = without(*o, "p-web-1")
		}, want: `
				create         p-web-1  (missing)
				start          p-web-1  (created)  after create/p-web-1
			`},
		{name: "an orphan goes where that is asked for, before anything starts", was: withPort, is: oneService,
			happened: func(o *Observed) { *o = without(*o, "p-web-1") }, options: PlanOptions{RemoveOrphans: true}, want: `
				stop           p-old-1  (orphan: not in the file)
				remove         p-old-1  (orphan: not in the file)  after stop/p-old-1
				create         p-web-1  (missing)
				start          p-web-1  (created)  after create/p-web-1, remove/p-old-1
			`},

		{name: "a dependency with restart takes its follower along, one without does not",
			was: followers, is: strings.Replace(followers, `"1"`, `"2"`, 1), want: `
				create         p-db-1.stackctl-next  (recreate, environment.SIZE "1" → "2")
				stop           p-db-1  (recreate, environment.SIZE "1" → "2")  after create/p-db-1.stackctl-next
				remove         p-db-1  (recreate, environment.SIZE "1" → "2")  after stop/p-db-1
				rename         p-db-1  (takes the place)  after remove/p-db-1
				start          p-db-1  (recreate, environment.SIZE "1" → "2")  after rename/p-db-1
				stop           p-api-1  (restarts with db)
				wait healthy   db  (api depends on it)  after start/p-db-1
				start          p-api-1  (restarts with db)  after stop/p-api-1, wait-healthy/db
			`},
		{name: "a follower that an interrupted run forgot is restarted", is: followers,
			happened: func(o *Observed) { o.Containers[0].Created = epoch().Add(time10s) }, want: `
				stop           p-api-1  (restarts with db)
				wait healthy   db  (api depends on it)
				start          p-api-1  (restarts with db)  after stop/p-api-1, wait-healthy/db
			`},
		{name: "a replaced container takes along who shares its network",
			was: joined, is: strings.Replace(joined, `"1"`, `"2"`, 1), want: `
				create         p-vpn-1.stackctl-next  (recreate, environment.SIZE "1" → "2")
				stop           p-vpn-1  (recreate, environment.SIZE "1" → "2")  after create/p-vpn-1.stackctl-next
				remove         p-vpn-1  (recreate, environment.SIZE "1" → "2")  after stop/p-vpn-1
				rename         p-vpn-1  (takes the place)  after remove/p-vpn-1
				start          p-vpn-1  (recreate, environment.SIZE "1" → "2")  after rename/p-vpn-1
				create         p-app-1.stackctl-next  (recreate, it shares a namespace with vpn, which is replaced)  after create/p-vpn-1.stackctl-next
				stop           p-app-1  (recreate, it shares a namespace with vpn, which is replaced)  after create/p-app-1.stackctl-next
				remove         p-app-1  (recreate, it shares a namespace with vpn, which is replaced)  after stop/p-app-1
				rename         p-app-1  (takes the place)  after remove/p-app-1
				wait started   vpn  (app depends on it)  after start/p-vpn-1
				start          p-app-1  (recreate, it shares a namespace with vpn, which is replaced)  after rename/p-app-1, start/p-vpn-1, wait-started/vpn
			`},
		{name: "who shares the network of a container that an interrupted run replaced is replaced", is: joined,
			happened: func(o *Observed) { o.Containers[0].Created = epoch().Add(time10s) }, want: `
				create         p-app-1.stackctl-next  (recreate, it shares a namespace with vpn, which was replaced)
				stop           p-app-1  (recreate, it shares a namespace with vpn, which was replaced)  after create/p-app-1.stackctl-next
				remove         p-app-1  (recreate, it shares a namespace with vpn, which was replaced)  after stop/p-app-1
				rename         p-app-1  (takes the place)  after remove/p-app-1
				wait started   vpn  (app depends on it)
				start          p-app-1  (recreate, it shares a namespace with vpn, which was replaced)  after rename/p-app-1, wait-started/vpn
			`},
		{name: "a container that restarted by itself takes along who shares its network", is: joined,
			happened: func(o *Observed) { o.Containers[0].StartedAt = o.Containers[1].StartedAt.Add(time10s) }, want: `
				stop           p-app-1  (it has the network namespace that p-vpn-1 had before it restarted: p-vpn-1 started again after it)
				wait started   vpn  (app depends on it)
				start          p-app-1  (it has the network namespace that p-vpn-1 had before it restarted: p-vpn-1 started again after it)  after stop/p-app-1, wait-started/vpn
			`},
		{name: "who shares the network of a container that another client replaced is replaced", is: joined,
			happened: func(o *Observed) { o.Containers[1].NetworkMode = "container:" + strings.Repeat("f", 64) }, want: `
				create         p-app-1.stackctl-next  (recreate, it has the network namespace of a container that is gone: p-vpn-1 was replaced after it was created)
				stop           p-app-1  (recreate, it has the network namespace of a container that is gone: p-vpn-1 was replaced after it was created)  after create/p-app-1.stackctl-next
				remove         p-app-1  (recreate, it has the network namespace of a container that is gone: p-vpn-1 was replaced after it was created)  after stop/p-app-1
				rename         p-app-1  (takes the place)  after remove/p-app-1
				wait started   vpn  (app depends on it)
				start          p-app-1  (recreate, it has the network namespace of a container that is gone: p-vpn-1 was replaced after it was created)  after rename/p-app-1, wait-started/vpn
			`},
		{name: "a started container takes along who shares its network", is: joined,
			happened: func(o *Observed) { o.Containers[0].State, o.Containers[0].ExitCode = StateExited, 1 }, want: `
				start          p-vpn-1  (exited with code 1)
				stop           p-app-1  (restarts with vpn)
				wait started   vpn  (app depends on it)  after start/p-vpn-1
				start          p-app-1  (restarts with vpn)  after start/p-vpn-1, stop/p-app-1, wait-started/vpn
			`},

		{name: "a fixed port that moves is waited for", was: withPort, is: strings.Replace(strings.Replace(withPort,
			`    ports: ["127.0.0.1:8080:80"]`+"\n", "", 1), "image: web", `image: web`+"\n"+`    ports: ["127.0.0.1:8080:80"]`, 1),
			happened: held, want: `
				create         p-old-1.stackctl-next  (recreate, ports[0] "127.0.0.1:8080:80/tcp" removed)
				stop           p-old-1  (recreate, ports[0] "127.0.0.1:8080:80/tcp" removed)  after create/p-old-1.stackctl-next
				remove         p-old-1  (recreate, ports[0] "127.0.0.1:8080:80/tcp" removed)  after stop/p-old-1
				rename         p-old-1  (takes the place)  after remove/p-old-1
				start          p-old-1  (recreate, ports[0] "127.0.0.1:8080:80/tcp" removed)  after rename/p-old-1
				create         p-web-1.stackctl-next  (recreate, ports[0] "127.0.0.1:8080:80/tcp" added)
				stop           p-web-1  (recreate, ports[0] "127.0.0.1:8080:80/tcp" added)  after create/p-web-1.stackctl-next
				remove         p-web-1  (recreate, ports[0] "127.0.0.1:8080:80/tcp" added)  after stop/p-web-1
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, ports[0] "127.0.0.1:8080:80/tcp" added)  after rename/p-web-1, stop/p-old-1
			`},
		{name: "a name that moves is waited for",
			was: strings.Replace(withPort, "image: old", "image: old\n    container_name: main", 1),
			is:  strings.Replace(withPort, "image: web", "image: web\n    container_name: main", 1), want: `
				create         p-old-1.stackctl-next  (recreate, container_name "main" removed)
				stop           main  (recreate, container_name "main" removed)  after create/p-old-1.stackctl-next
				remove         main  (recreate, container_name "main" removed)  after stop/main
				rename         p-old-1  (takes the place)  after remove/main
				start          p-old-1  (recreate, container_name "main" removed)  after rename/p-old-1
				create         main.stackctl-next  (recreate, container_name "main" added)
				stop           p-web-1  (recreate, container_name "main" added)  after create/main.stackctl-next
				remove         p-web-1  (recreate, container_name "main" added)  after stop/p-web-1
				rename         main  (takes the place)  after remove/p-web-1, remove/main
				start          main  (recreate, container_name "main" added)  after rename/main
			`},

		{name: "an interrupted replacement is brought to its end", was: oneService, is: strings.Replace(oneService, `"80"`, `"81"`, 1),
			next: strings.Replace(oneService, `"80"`, `"81"`, 1), want: `
				stop           p-web-1  (left over from an interrupted run)
				remove         p-web-1  (left over from an interrupted run)  after stop/p-web-1
				rename         p-web-1  (left over from an interrupted run)  after remove/p-web-1
				start          p-web-1  (created)  after rename/p-web-1.stackctl-next
			`},
		{name: "an interrupted replacement that is not wanted any more is undone", is: oneService,
			next: strings.Replace(oneService, `"80"`, `"81"`, 1), want: `
				remove         p-web-1.stackctl-next  (left over from an interrupted run)
			`},
		{name: "an interrupted replacement of which neither is wanted is replaced", was: oneService,
			is: strings.Replace(oneService, `"80"`, `"82"`, 1), next: strings.Replace(oneService, `"80"`, `"81"`, 1), want: `
				remove         p-web-1.stackctl-next  (left over from an interrupted run)
				create         p-web-1.stackctl-next  (recreate, environment.PORT "80" → "82")  after remove/p-web-1.stackctl-next
				stop           p-web-1  (recreate, environment.PORT "80" → "82")  after create/p-web-1.stackctl-next
				remove         p-web-1  (recreate, environment.PORT "80" → "82")  after stop/p-web-1
				rename         p-web-1  (takes the place)  after remove/p-web-1
				start          p-web-1  (recreate, environment.PORT "80" → "82")  after rename/p-web-1
			`},
		{name: "a replacement that only lacks its name gets it", is: oneService,
			happened: first1(func(c *Container) { c.Name += nextSuffix }), want: `
				rename         p-web-1  (left over from an interrupted run)
			`},
		{name: "what was kept for a rollback goes with the next run", is: oneService, happened: func(o *Observed) {
			kept := o.Containers[0]
			kept.ID, kept.Name, kept.State = "id-kept", kept.Name+prevSuffix, StateExited
			o.Containers = append(o.Containers, kept)
		}, want: `
				remove         p-web-1.stackctl-prev  (left over from an interrupted run)
			`},
	} {
		t.Run(c.name, c.run)
	}
}
