package scripted

import (
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/fault"
)

// lifeScenarios are about how processes live and end (B).
func lifeScenarios() []scenario {
	return append(append(endScenarios(), jobScenarios()...), interferenceScenarios()...)
}

// lives is a play in which web's containers live these lives.
func lives(l ...fakeengine.Life) func(*stage) {
	return script(fakeengine.Script{Run: fakeengine.Lives(l...)})
}

// endScenarios: a process ends that was meant to run.
func endScenarios() []scenario {
	return []scenario{{
		id: "B01", says: "a service that ends at once is not done, and its last words are shown",
		yaml: checked(), play: lives(fakeengine.Life{Exits: 20 * time.Millisecond, Code: 1, Says: []string{"config: no database"}}),
		class: fault.Service, cond: "web/Running", text: []string{`exited\(1\)`, "config: no database"},
	}, {
		id: "B02", says: "a service that ends with code 0 before it was healthy is gone",
		yaml: checked(), play: lives(fakeengine.Life{Exits: 500 * time.Millisecond}), class: fault.Service, cond: "web/Running",
		text: []string{`exited\(0\)`, "meant to run"},
	}, {
		id: "B02", says: "a service with a port that ends with code 0 is gone",
		yaml: service("web", published), play: lives(fakeengine.Life{Exits: 1500 * time.Millisecond}), class: fault.Service, cond: "web/Running",
		text: []string{`exited\(0\)`},
	}, {
		id: "B03", says: "a crash loop without a check is a crash loop",
		yaml: service("web", `restart: always`, published), play: lives(fakeengine.Life{Exits: time.Second, Code: 1}),
		class: fault.Service, text: []string{`crashloop\(\d+\)|restarted \d+ times`},
	}, {
		id: "B04", says: "a check that passes between crashes proves nothing in a window that sees them",
		yaml: service("web", `healthcheck: {test: [CMD, check], interval: 1s}`, `restart: always`), args: []string{"--stable-for", "5s"},
		play:  lives(fakeengine.Life{Exits: 3 * time.Second, Code: 1}),
		class: fault.Service, text: []string{`crashloop\(\d+\)|restarted \d+ times`},
	}, {
		id: "B04", says: "a crash loop from before the run is not believed between two crashes",
		yaml: checked(`restart: always`), class: fault.Service, text: []string{`crashloop\(\d+\)|restarted \d+ times`},
		play: lives(fakeengine.Life{Exits: 5 * time.Second, Code: 1}),
		act: func(s *stage) result {
			s.up() // whatever it says: the first life is well for long enough
			s.wait(4 * time.Minute)
			return s.up()
		},
	}, {
		id: "B04", says: "the state of a crash loop is not believed between two crashes",
		yaml: checked(`restart: always`), class: fault.Service, text: []string{`restarted \d+ times`, "10s"},
		play: lives(fakeengine.Life{Exits: 5 * time.Second, Code: 1}),
		act: func(s *stage) result {
			s.up()
			for s.Containers()[0].Restarts < 7 || s.Containers()[0].State != "running" {
				s.wait(100 * time.Millisecond)
			}
			s.wait(2200 * time.Millisecond)
			return s.run(s.Context(), "status")
		},
	}, {
		id: "B06", says: "a service that crashed again and again and has come good is a success with a note",
		yaml: checked(`restart: always`), class: fault.None, text: []string{"restarted 6 times"}, act: func(s *stage) result {
			crash := fakeengine.Life{Exits: 300 * time.Millisecond, Code: 1}
			s.Script("web", fakeengine.Script{Run: fakeengine.Lives(crash, crash, crash, crash, crash, crash, fakeengine.Life{})})
			if r := s.up(); r.code != int(fault.Service) {
				s.Errorf("exit %d\n%s", r.code, r.all())
			}
			s.wait(time.Minute)
			return s.up()
		},
	}, {
		id: "B05", says: "a container that waits for its restart is not running",
		yaml: service("web", `restart: always`, published), play: lives(fakeengine.Life{Exits: 30 * time.Millisecond, Code: 1}),
		class: fault.Service, text: []string{`crashloop\(\d+\)|restarted \d+ times`},
	}, {
		id: "B06", says: "a service that crashes twice and comes good is a success with a note",
		yaml: checked(`restart: always`), class: fault.None, text: []string{"restarted 2 times|2 restarts"},
		play: lives(fakeengine.Life{Exits: 300 * time.Millisecond, Code: 1}, fakeengine.Life{Exits: 300 * time.Millisecond, Code: 1}, fakeengine.Life{}),
	}, {
		id: "B07", says: "the end for want of memory is told with the limit",
		yaml: checked(`mem_limit: 32m`), play: lives(fakeengine.Life{Exits: time.Second, Code: 137, OOM: true}),
		class: fault.Service, cond: "web/Running", text: []string{"oom", "32 MiB"},
	}, {
		id: "B09", says: "a kill from outside is not called a want of memory",
		yaml: checked(), class: fault.Service, cond: "web/Running", text: []string{"SIGKILL from outside"}, never: []string{"out of memory"},
		play: func(s *stage) {
			s.Script("web", fakeengine.Script{Probe: fakeengine.PassesAfter(10 * time.Second)})
			s.after(time.Second, func() { s.Kill(s.name("web"), false) })
		},
	}, {
		id: "B10", says: "a crash by a bad address is decoded",
		yaml: checked(), play: lives(fakeengine.Life{Exits: time.Second, Code: 139}), class: fault.Service, cond: "web/Running", text: []string{"SIGSEGV"},
	}, {
		id: "B10", says: "an end by the stop signal is decoded",
		yaml: checked(), play: lives(fakeengine.Life{Exits: time.Second, Code: 143}), class: fault.Service, cond: "web/Running", text: []string{"SIGTERM"},
	}, {
		id: "B11", says: "a command that is not there fails the service with the reason",
		yaml: checked(`command: [/nope]`), class: fault.Service, text: []string{`exec: "/nope"`},
		play: lives(fakeengine.Life{StartStatus: 400, StartError: `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory: unknown`}),
	}, {
		id: "B11", says: "a command that may not be run fails the service with the reason",
		yaml: checked(`command: [/etc/passwd]`), class: fault.Service, text: []string{"permission denied"},
		play: lives(fakeengine.Life{Code: 126, StartStatus: 400, StartError: `failed to create task for container: OCI runtime create failed: runc create failed: unable to start container process: exec: "/etc/passwd": permission denied: unknown`}),
	}}
}

// jobScenarios: a process ends that was meant to, or does not.
func jobScenarios() []scenario {
	job := part("migrate", `x-stackctl: {job: true}`)
	migrate := func(l ...fakeengine.Life) func(*stage) {
		return func(s *stage) { s.Script("migrate", fakeengine.Script{Run: fakeengine.Lives(l...)}) }
	}
	return []scenario{{
		id: "B13", says: "a job that ended with 0 and that nobody waits for is done",
		yaml: file(job, part("web", everySecond)), play: migrate(fakeengine.Life{Exits: time.Second}), class: fault.None, text: []string{"completed"},
	}, {
		id: "B13", says: "a service that says nothing and ends with 0 is taken for a job, openly",
		yaml: service("web"), play: lives(fakeengine.Life{Exits: time.Second}), class: fault.None, text: []string{"taken for a job"},
	}, {
		id: "B14", says: "a job that failed is not done",
		yaml: file(job, part("web", everySecond)), play: migrate(fakeengine.Life{Exits: time.Second, Code: 3}),
		class: fault.Service, cond: "migrate/Completed", text: []string{`exited\(3\)`},
	}, {
		id: "B14", says: "what waits for a job that failed is named as its victim",
		yaml: file(job, part("web", everySecond, "depends_on: {migrate: {condition: service_completed_successfully}}")),
		play: migrate(fakeengine.Life{Exits: time.Second, Code: 3}), class: fault.Service, cond: "migrate/Completed",
		text: []string{`✖ migrate`, "blocked by migrate: web"},
	}, {
		id: "B15", says: "a job that is restarted for ever is never complete",
		yaml: service("migrate", `x-stackctl: {job: true}`, `restart: always`), args: []string{"--wait-timeout", "1m"},
		play: migrate(fakeengine.Life{Exits: time.Second}), class: fault.Config, text: []string{"restart"},
	}, {
		id: "B16", says: "a job that hangs ends with the time and by its name",
		yaml: service("migrate", `x-stackctl: {job: true}`), args: []string{"--wait-timeout", "20s"}, class: fault.Timeout, cond: "migrate/Completed",
		text: []string{"migrate"}, within: 40 * time.Second,
	}, {
		id: "B18", says: "the root cause comes first and its victims after it",
		yaml: file(part("db", everySecond), part("api", everySecond, "depends_on: {db: {condition: service_healthy}}"),
			part("web", everySecond, "depends_on: {api: {condition: service_healthy}}")),
		play:  func(s *stage) { s.Script("db", fakeengine.Script{Probe: fakeengine.Probes(1, "no disk")}) },
		class: fault.Service, cond: "db/Healthy", text: []string{`✖ db.*no disk.*blocked by db: api`},
		check: func(s *stage, _ result) {
			for _, c := range s.Containers() {
				if c.Service != "db" && c.Starts > 0 {
					s.Errorf("%s was started", c.Name)
				}
			}
		},
	}}
}

// interferenceScenarios: somebody else has a hand in it.
func interferenceScenarios() []scenario {
	slow := fakeengine.Script{Probe: fakeengine.PassesAfter(6 * time.Second)}
	return []scenario{{
		id: "B25", says: "a container that somebody removes is missed by name",
		yaml: checked(), class: fault.Conflict, text: []string{"removed (or replaced )?by another client"},
		play: func(s *stage) {
			s.Script("web", slow)
			s.after(2*time.Second, func() { s.Do("DELETE", "/containers/p-web-1?force=1", nil) })
		},
	}, {
		id: "B27", says: "a container that took another's name is not the one that was made",
		yaml: checked(), class: fault.Conflict, text: []string{"removed|replaced|another"},
		play: func(s *stage) {
			s.Script("web", slow)
			s.after(2*time.Second, func() {
				s.Do("DELETE", "/containers/p-web-1?force=1", nil)
				s.Do("POST", "/containers/create?name=p-web-1", map[string]any{"Image": "app:1", "Labels": map[string]string{
					"com.docker.compose.project": "p", "com.docker.compose.service": "web", "com.docker.compose.container-number": "1",
				}})
				s.Do("POST", "/containers/p-web-1/start", nil)
			})
		},
	}, {
		id: "B28", says: "a restart by hand during the wait is no failure",
		yaml: checked(), class: fault.None, play: func(s *stage) {
			s.Script("web", fakeengine.Script{Probe: fakeengine.PassesAfter(2 * time.Second)})
			s.after(time.Second, func() { s.Do("POST", "/containers/p-web-1/restart", nil) })
		},
	}, {
		id: "B28", says: "a restart by hand starts the window anew",
		yaml: checked(), args: []string{"--stable-for", "5s"}, class: fault.None,
		play: func(s *stage) {
			s.after(4*time.Second, func() { s.Do("POST", "/containers/p-web-1/restart", nil) })
		},
		check: func(s *stage, r result) {
			if r.took < 9*time.Second {
				s.Errorf("proven after %s", r.took)
			}
		},
	}, {
		id: "B29", says: "a container that is dead to the engine is a failure",
		yaml: checked(), class: fault.Service, cond: "web/Running", text: []string{"dead"}, within: 20 * time.Second,
		play: func(s *stage) {
			s.Script("web", slow)
			s.after(2*time.Second, func() { s.Force(s.name("web"), "dead") })
		},
	}, {
		id: "F18", says: "a state that nobody knows is not running",
		yaml: checked(), args: []string{"--wait-timeout", "20s"}, class: fault.Timeout, cond: "web/Running", text: []string{"sleeping"},
		play: func(s *stage) {
			s.Script("web", slow)
			s.after(2*time.Second, func() { s.Force(s.name("web"), "sleeping") })
		},
	}}
}
