package scripted

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/fault"
)

// hostScenarios are about databases (C), ports and networks (D).
func hostScenarios() []scenario {
	return slices.Concat(databaseScenarios(), wayToDatabaseScenarios(), answerScenarios(), portScenarios(), networkScenarios())
}

// server is a database as psql inside its container sees it.
type server struct {
	// started, system, recovery and readOnly are what it says of itself.
	started, system, recovery, readOnly string
	// files is the identifier in its data directory.
	files string
	// refuses is what psql prints instead, and its code.
	refuses string
	code    int
	// unwritten is what the write leads to.
	unwritten string
}

// database is a script of a database; at each question how says how it is.
func database(how func(fakeengine.Ask) server) fakeengine.Script {
	return fakeengine.Script{Exec: func(a fakeengine.Ask, cmd, _ []string) fakeengine.Answer {
		s := server{started: "1700000000.1", system: "7001", recovery: "false", readOnly: "off", files: "7001"}
		if how != nil {
			s = s.with(how(a))
		}
		if cmd[0] == "pg_controldata" {
			return fakeengine.Answer{Output: "Database system identifier:           " + s.files + "\n"}
		}
		if s.refuses != "" {
			return fakeengine.Answer{Exit: s.code, Output: s.refuses}
		}
		out := fmt.Sprintf("stackctl-server|1|%s|%s|%s|0.5\n", s.started, s.recovery, s.readOnly)
		if all := strings.Join(cmd, " "); strings.Contains(all, "stackctl-system") {
			out += "stackctl-system|" + s.system + "\n"
			if s.unwritten != "" {
				return fakeengine.Answer{Exit: 1, Output: out + s.unwritten}
			}
			out += "stackctl-written\n"
		}
		return fakeengine.Answer{Output: out}
	}}
}

// with takes what is set in another one.
func (s server) with(o server) server {
	for _, f := range []struct{ to, from *string }{
		{&s.started, &o.started}, {&s.system, &o.system}, {&s.recovery, &o.recovery}, {&s.readOnly, &o.readOnly}, {&s.files, &o.files},
	} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	s.refuses, s.code, s.unwritten = o.refuses, o.code, o.unwritten
	return s
}

// db is a file with a database alone.
func db(more ...string) string {
	return strings.ReplaceAll(service("db", append([]string{everySecond, "environment: {POSTGRES_PASSWORD: a-long-password}"}, more...)...), "app:1", "postgres:17")
}

const dataVolume = "volumes: [data:/var/lib/postgresql/data]"

func databaseScenarios() []scenario {
	yaml := db(dataVolume) + "volumes: {data: {}}\n"
	is := func(s server) func(*stage) {
		return func(st *stage) {
			st.Script("db", database(func(fakeengine.Ask) server { return s }))
		}
	}
	refused := func(id, says, words string, class fault.Class, text ...string) scenario {
		return scenario{id: id, says: says, yaml: yaml, play: is(server{code: 2, refuses: words}), class: class, cond: "db/Database", text: text}
	}
	return []scenario{{
		id: "C02", says: "an initialisation that outlasts its check says what would help",
		yaml: strings.Replace(yaml, "timeout: 1s", "timeout: 1s, start_period: 10m", 1), args: []string{"--wait-timeout", "1m"},
		play: func(s *stage) {
			x := database(nil)
			x.Probe = fakeengine.PassesAfter(5 * time.Minute)
			s.Script("db", x)
		},
		class: fault.Timeout, cond: "db/Healthy", text: []string{"start_period"},
	}, {
		id: "C00", says: "a database that answers an authenticated query is proven",
		yaml: yaml, play: is(server{}), class: fault.None,
	}, {
		id: "C08", says: "a server that is starting up is waited for",
		yaml: yaml, class: fault.None, play: func(s *stage) {
			s.Script("db", database(func(a fakeengine.Ask) server {
				if a.Up < 10*time.Second {
					return server{code: 2, refuses: `psql: error: connection to server at "10.200.1.2", port 5432 failed: FATAL:  the database system is starting up`}
				}
				return server{}
			}))
		},
	},
		refused("C05", "a volume that predates the password is not done", `psql: error: connection to server failed: FATAL:  password authentication failed for user "postgres"`,
			fault.Verify, "password authentication failed", "volume"),
		{
			id: "C05", says: "a volume that predates the password is not done although nothing is waited for", yaml: yaml, args: []string{"--stable-for", "0"},
			play:  is(server{code: 2, refuses: `psql: error: connection to server failed: FATAL:  password authentication failed for user "postgres"`}),
			class: fault.Verify, cond: "db/Database", text: []string{"password authentication failed"},
		},
		refused("C13", "a server without free connections is not done", `psql: error: connection to server failed: FATAL:  sorry, too many clients already`,
			fault.Verify, "53300|too many clients"),
		refused("C03", "a server without its database is not done", `psql: error: connection to server failed: FATAL:  database "app" does not exist`,
			fault.Verify, "does not exist"),
		{
			id: "C10", says: "a full disk is not done", yaml: yaml, class: fault.Verify, cond: "db/Database", text: []string{"53100", "disk"},
			play: is(server{unwritten: "ERROR:  53100: could not extend file: No space left on device\n"}),
		}, {
			id: "C10", says: "a read-only server is not done", yaml: yaml, play: is(server{readOnly: "on"}), class: fault.Verify, cond: "db/Database",
			text: []string{"read-only"},
		}, {
			id: "C14", says: "a standby is not done", yaml: yaml, play: is(server{recovery: "true"}), class: fault.Verify, cond: "db/Database",
			text: []string{"recovery"},
		}, {
			id: "C15", says: "another server behind the address is not ours", yaml: yaml, play: is(server{files: "7002"}), class: fault.Verify, cond: "db/Database",
			text: []string{"another server answers"},
		}, {
			id: "C01", says: "a server that restarts between two questions is not done", yaml: yaml, class: fault.Verify, cond: "db/Database",
			text: []string{"restarted between"}, play: func(s *stage) {
				s.Script("db", database(func(a fakeengine.Ask) server { return server{started: fmt.Sprint(a.Nth)} }))
			},
		}, {
			id: "C12", says: "the data in an anonymous volume survive a replacement",
			yaml: db(), class: fault.None, act: func(s *stage) result {
				s.Add(fakeengine.Image{Tags: []string{"postgres:17"}, Volumes: []string{"/var/lib/postgresql/data"}})
				s.Script("db", database(nil))
				if r := s.up(); r.code != 0 {
					return r
				}
				s.Write(s.Volumes()[0], "sentinel", "kept")
				s.write(db(`labels: {edited: "yes"}`))
				return s.up()
			},
			check: func(s *stage, _ result) {
				volumes := s.Containers()[0].Volumes
				if len(volumes) != 1 || s.Read(volumes[0], "sentinel") != "kept" || s.Containers()[0].Labels["edited"] != "yes" {
					s.Errorf("the volumes are %v of %v", volumes, s.Volumes())
				}
			},
		}}
}

// wayToDatabaseScenarios: which services are databases, and where they are
// asked.
func wayToDatabaseScenarios() []scenario {
	derived := fakeengine.Image{Tags: []string{"shop-db:1"}, Env: []string{"PG_MAJOR=17", "PGDATA=/var/lib/postgresql/data"}, Cmd: []string{"postgres"}}
	shop := func(lines ...string) string {
		return strings.ReplaceAll(service("db", lines...), "app:1", "shop-db:1")
	}
	is := func(image fakeengine.Image, x fakeengine.Script) func(*stage) {
		return func(s *stage) { s.Add(image); s.Script("db", x) }
	}
	// Over the socket, and over loopback, everybody is let in.
	socket := database(nil)
	answer := socket.Exec
	socket.Exec = func(a fakeengine.Ask, cmd, env []string) fakeengine.Answer {
		if at := slices.Index(cmd, "-h"); at < 0 || !strings.HasPrefix(cmd[at+1], "10.") {
			return answer(a, cmd, env)
		}
		return fakeengine.Answer{Exit: 2, Output: `psql: error: connection to server failed: FATAL:  password authentication failed for user "postgres"`}
	}
	return []scenario{{
		id: "C01", says: "a server built from the official image that still initialises is not done although its check passes",
		yaml: shop(everySecond), class: fault.Verify, cond: "db/Database", text: []string{"starting up"},
		play: is(derived, database(func(fakeengine.Ask) server {
			return server{code: 2, refuses: "psql: error: connection to server failed: FATAL:  the database system is starting up"}
		})),
	}, {
		id: "C01", says: "a program that is no server but built from the official image is asked nothing",
		yaml: shop(everySecond), class: fault.None,
		play: is(fakeengine.Image{Tags: derived.Tags, Env: derived.Env, Cmd: []string{"backup"}}, database(func(fakeengine.Ask) server {
			return server{code: 2, refuses: "no server"}
		})),
	}, {
		id: "C05", says: "a database in the host's network is never asked over its socket",
		yaml: db("network_mode: host"), class: fault.Verify, cond: "db/Database", text: []string{"203.0.113.9:5432", "refused"},
		play: func(s *stage) { s.Script("db", socket) },
	}, {
		id: "C05", says: "a database in another service's network is asked at that one's address",
		yaml: db("network_mode: service:net") + part("net", everySecond), class: fault.Verify, cond: "db/Database", text: []string{"password authentication failed"},
		play: func(s *stage) { s.Script("db", socket) },
	}, {
		id: "C00", says: "a database in another service's network is proven",
		yaml: db("network_mode: service:net") + part("net", everySecond), class: fault.None, play: func(s *stage) { s.Script("db", database(nil)) },
	}, {
		id: "C00", says: "a declared probe alone proves a service",
		yaml:  service("db", "restart: always", "x-stackctl: {verify: [{postgres: {user: postgres}}]}"),
		class: fault.None, play: func(s *stage) { s.Script("db", database(nil)) },
	}, {
		id: "C00", says: "a declared probe alone proves nothing when it fails",
		yaml:  service("db", "restart: always", "x-stackctl: {verify: [{postgres: {user: postgres}}]}"),
		class: fault.Verify, cond: "db/Database", play: func(s *stage) { s.Script("db", socket) },
	}}
}

// answerScenarios: what answers on a published port.
func answerScenarios() []scenario {
	port := func(p fakeengine.Port) func(*stage) {
		return script(fakeengine.Script{Port: fakeengine.Answers(p)})
	}
	verify := func(what string) string { return "x-stackctl: {verify: [{http: {port: 80, " + what + "}}]}" }
	return []scenario{{
		id: "D01", says: "an app on its own loopback is healthy inside and dead outside",
		yaml: checked(published), play: func(s *stage) { s.Routable(); port(fakeengine.Port{Manner: fakeengine.Closes})(s) },
		class: fault.Verify, cond: "web/Reachable", text: []string{"loopback"},
	}, {
		id: "D02", says: "a port that accepts and closes proves no service without a check",
		yaml: service("web", published), play: port(fakeengine.Port{Manner: fakeengine.Closes}), class: fault.Verify, cond: "web/Reachable",
	}, {
		id: "D02", says: "a silent port whose container refuses proves nothing",
		yaml: service("web", published), play: func(s *stage) { s.Routable(); port(fakeengine.Port{Manner: fakeengine.Silent, Lonely: true})(s) },
		class: fault.Verify, cond: "web/Reachable",
	}, {
		id: "D02", says: "a port without a listener proves nothing",
		yaml: checked(published), play: port(fakeengine.Port{Manner: fakeengine.Refuses}), class: fault.Verify, cond: "web/Reachable", text: []string{"refused"},
	}, {
		id: "D12", says: "a port that answers nobody proves nothing",
		yaml: checked(published), play: port(fakeengine.Port{Manner: fakeengine.Hangs}), class: fault.Verify, cond: "web/Reachable",
	}, {
		id: "D15", says: "a page with other words than declared is not done",
		yaml: checked(published, verify("path: /, body: Shop")), play: port(fakeengine.Port{Body: "Welcome to nginx!"}),
		class: fault.Verify, cond: "web/Reachable", text: []string{"Shop"},
	}, {
		id: "D15", says: "a page with another header than declared is not done",
		yaml: checked(published, verify("path: /, header: {X-App: shop}")), play: port(fakeengine.Port{Header: map[string]string{"X-App": "other"}}),
		class: fault.Verify, cond: "web/Reachable", text: []string{"X-App"},
	}, {
		id: "D16", says: "a redirect is not followed where a status is declared",
		yaml: checked(published, verify("path: /, status: 200")), play: port(fakeengine.Port{Status: 302, Header: map[string]string{"Location": "/login"}}),
		class: fault.Verify, cond: "web/Reachable", text: []string{"302"},
	}, {
		id: "D16", says: "a redirect is alive where nothing is declared",
		yaml: checked(published), play: port(fakeengine.Port{Status: 302, Header: map[string]string{"Location": "/login"}}), class: fault.None,
	}, {
		id: "D17", says: "a server that is unavailable at first is waited for",
		yaml: checked(published), class: fault.None, play: script(fakeengine.Script{Port: func(a fakeengine.Ask, _ uint16) fakeengine.Port {
			if a.Up < 20*time.Second {
				return fakeengine.Port{Status: 503}
			}
			return fakeengine.Port{}
		}}),
		check: func(s *stage, r result) {
			if r.took < 20*time.Second {
				s.Errorf("proven after %s", r.took)
			}
		},
	}, {
		id: "D17", says: "a server that answers now and then is not done",
		yaml: checked(published), class: fault.Verify, cond: "web/Reachable", play: script(fakeengine.Script{Port: func(a fakeengine.Ask, _ uint16) fakeengine.Port {
			if a.Nth%2 == 0 {
				return fakeengine.Port{}
			}
			return fakeengine.Port{Status: 503}
		}}),
	}, {
		id: "D17", says: "a server that answers now and then is not done although nothing is waited for",
		yaml: checked(published), args: []string{"--stable-for", "0"}, class: fault.Verify, cond: "web/Reachable",
		play: script(fakeengine.Script{Port: func(a fakeengine.Ask, _ uint16) fakeengine.Port {
			if a.Nth%2 == 0 {
				return fakeengine.Port{}
			}
			return fakeengine.Port{Status: 503}
		}}),
	}, {
		id: "D17", says: "a server that came good a moment ago and fails again within the window is not done",
		yaml: checked(published), class: fault.Verify, cond: "web/Reachable",
		play: script(fakeengine.Script{Port: func(a fakeengine.Ask, _ uint16) fakeengine.Port {
			if 10*time.Second <= a.Up && a.Up < 11500*time.Millisecond {
				return fakeengine.Port{}
			}
			return fakeengine.Port{Status: 503}
		}}),
	}, {
		id: "D17", says: "a service without a check whose port came good a moment ago is watched like any other",
		yaml: service("web", published), class: fault.Verify, cond: "web/Reachable",
		play: script(fakeengine.Script{Port: func(a fakeengine.Ask, _ uint16) fakeengine.Port {
			if 10*time.Second <= a.Up && a.Up < 11500*time.Millisecond {
				return fakeengine.Port{}
			}
			return fakeengine.Port{Manner: fakeengine.Refuses}
		}}),
	}, {
		id: "D18", says: "an answer that breaks off within its status is none",
		yaml: checked(published), play: port(fakeengine.Port{Manner: fakeengine.Banner, Body: "HTTP/1.1 5"}), class: fault.Verify, cond: "web/Reachable",
		text: []string{"broke off"},
	}, {
		id: "D18", says: "an error behind an interim answer is an error",
		yaml: checked(published), play: port(fakeengine.Port{Manner: fakeengine.Banner, Body: "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 Oops\r\n\r\n"}),
		class: fault.Verify, cond: "web/Reachable", text: []string{"500 Oops"},
	}, {
		id: "D18", says: "a Redis that still loads its data is not done",
		yaml: checked(`ports: ["127.0.0.1:6379:6379"]`), class: fault.Verify, cond: "web/Reachable", text: []string{"LOADING"},
		play: port(fakeengine.Port{Manner: fakeengine.Banner, Body: "-LOADING Redis is loading the dataset in memory\r\n"}),
	}, {
		id: "D20", says: "of two published ports both have to answer",
		yaml: checked(`ports: ["127.0.0.1:8080:80", "127.0.0.1:8081:81"]`), class: fault.Verify, cond: "web/Reachable",
		play: script(fakeengine.Script{Port: func(_ fakeengine.Ask, port uint16) fakeengine.Port {
			if port == 81 {
				return fakeengine.Port{Manner: fakeengine.Closes}
			}
			return fakeengine.Port{}
		}}),
	}, {
		id: "D21", says: "a declared port that is not published is not done",
		yaml: checked("x-stackctl: {verify: [{tcp: {port: 81}}]}", published), class: fault.Config,
	}}
}

// portScenarios: who holds a port, and what became of it.
func portScenarios() []scenario {
	foreign := func(s *stage) {
		s.Do("POST", "/containers/create?name=other", map[string]any{
			"Image": "app:1", "Labels": map[string]string{"com.docker.compose.project": "shop"},
			"HostConfig": map[string]any{"PortBindings": map[string]any{"80/tcp": []map[string]string{{"HostIp": "127.0.0.1", "HostPort": "8080"}}}},
		})
		s.Do("POST", "/containers/other/start", nil)
	}
	return []scenario{{
		id: "D05", says: "a port that another container holds is named with its holder",
		yaml: checked(published), play: foreign, class: fault.Resource, text: []string{"8080", "other", "shop"},
	}, {
		id: "D06", says: "a port that a process of the host holds is named before anything is made",
		yaml: checked(published), play: func(s *stage) { s.Stranger(8080) }, class: fault.Resource, text: []string{"8080", "process"},
		check: func(s *stage, _ result) {
			if n := len(s.Containers()); n > 0 {
				s.Errorf("%d containers were made", n)
			}
		},
	}, {
		id: "D07", says: "a container whose start failed for its port is made anew once the port is free",
		yaml: checked(published), class: fault.None, act: func(s *stage) result {
			s.Ghost(8080, true)
			if r := s.up(); r.code != int(fault.Resource) {
				s.Errorf("exit %d\n%s", r.code, r.all())
			}
			failed := s.Containers()[0].ID
			s.Ghost(8080, false)
			r := s.up()
			if all := s.Containers(); len(all) != 1 || all[0].ID == failed {
				s.Errorf("the containers are %v", all)
			}
			return r
		},
	}, {
		id: "D08", says: "a port that the engine only believes to be taken is told with a hint",
		yaml: checked(published), play: func(s *stage) { s.Ghost(8080, true) }, class: fault.Resource, text: []string{"8080", "hint|restart the engine|ss -ltnp|docker ps"},
	}, {
		id: "D09", says: "a port that an engine without root may not bind is told with a hint",
		yaml: checked(`ports: ["127.0.0.1:80:80"]`), class: fault.Resource, text: []string{"permission denied", "1024|rootless|privileged"},
		play: lives(fakeengine.Life{Code: 128, StartError: "driver failed programming external connectivity on endpoint p-web-1 (abc): Error starting userland proxy: listen tcp4 127.0.0.1:80: bind: permission denied"}),
	}, {
		id: "D14", says: "a port that the engine chose is shown as it really is",
		yaml: checked(`ports: ["80"]`), class: fault.None, text: []string{"127.0.0.1:32768"},
	}, {
		id: "D14", says: "a port is the same however its protocol and its address are written",
		yaml: checked(`ports: [{target: 80, published: "8080", protocol: TCP, host_ip: "0:0:0:0:0:0:0:1"}, "[::1]:8081:81/TCP"]`), class: fault.None,
		text: []string{`http://\[::1\]:8080.*http://\[::1\]:8081`},
	}, {
		id: "D14", says: "a port alone proves a service however its protocol is written",
		yaml: service("web", "restart: always", `ports: ["127.0.0.1:8080:80/TCP"]`), class: fault.None,
	}, {
		id: "D23", says: "the ports of an engine elsewhere are asked at its host",
		yaml: checked(`ports: ["8080:80"]`), class: fault.None, text: []string{`http://198\.51\.100\.7:8080`},
		play: func(s *stage) { s.env = append(s.env, "DOCKER_HOST=tcp://198.51.100.7:2375") },
	}, {
		id: "D23", says: "a port that is bound to another host's loopback proves nothing",
		yaml: checked(published), class: fault.Verify, cond: "web/Reachable",
		// Something else answers there on this host.
		play: func(s *stage) { s.env = append(s.env, "DOCKER_HOST=tcp://198.51.100.7:2375") },
		text: []string{"loopback"},
	}}
}

// networkScenarios: networks that cannot be made, or are there twice.
func networkScenarios() []scenario {
	twice := func(s *stage) {
		var once sync.Once
		s.Hook(func(c fakeengine.Call) *fakeengine.Fault {
			if c.Op == "network create" {
				once.Do(func() { s.Do("POST", "/networks/create", map[string]any{"Name": "p_default"}) })
			}
			return nil
		}, nil)
	}
	return []scenario{{
		id: "D10", says: "address pools that are used up are told with the number of networks",
		yaml: checked(), class: fault.Resource, text: []string{"non-overlapping|fully subnetted", "networks exist|docker network"},
		play: func(s *stage) {
			s.Do("POST", "/networks/create", map[string]any{"Name": "one"})
			s.Pools(1)
		},
	}, {
		id: "D11", says: "two networks of one name are never used as one",
		yaml: checked(), on: only(fakeengine.Moby20()), play: twice, class: fault.Conflict, text: []string{"p_default"},
	}, {
		id: "D11", says: "two networks of one name from before are a conflict that names them",
		yaml: checked(), on: only(fakeengine.Moby20()), class: fault.Conflict, text: []string{"p_default"},
		play: func(s *stage) {
			for range 2 {
				s.Do("POST", "/networks/create", map[string]any{"Name": "p_default"})
			}
		},
	}, {
		id: "D22", says: "a container that lost its network is not wired",
		yaml: checked(), class: fault.Resource, cond: "web/Wired", text: []string{"network"},
		play: func(s *stage) {
			s.Script("web", fakeengine.Script{Probe: fakeengine.PassesAfter(3 * time.Second)})
			s.after(time.Second, func() { s.Unplug(s.name("web")) })
		},
	}, {
		id: "D11", says: "a container in another network of the same name is not wired",
		yaml: checked(), on: only(fakeengine.Moby20()), class: fault.Resource, text: []string{"another one than the p_default"},
		act: func(s *stage) result {
			if r := s.up(); r.code != 0 {
				return r
			}
			s.Do("POST", "/networks/create", map[string]any{"Name": "p_default"})
			s.Move(s.name("web"))
			return s.run(s.Context(), "status")
		},
	}, {
		id: "D22", says: "a container that was connected again without its name is not wired",
		yaml: checked(), class: fault.Resource, cond: "web/Wired", text: []string{"do not find it as web"},
		play: func(s *stage) {
			s.Script("web", fakeengine.Script{Probe: fakeengine.PassesAfter(3 * time.Second)})
			s.after(time.Second, func() { s.Unname(s.name("web")) })
		},
	}, {
		id: "D22", says: "a container that lost its name in a network is made anew",
		yaml: checked(), class: fault.None, act: func(s *stage) result {
			if r := s.up(); r.code != 0 {
				return r
			}
			s.Unname(s.name("web"))
			if r := s.run(s.Context(), "status"); r.code != int(fault.Resource) {
				s.Errorf("status: exit %d\n%s", r.code, r.all())
			}
			return s.up()
		},
	}, {
		id: "D24", says: "a container with another address than the file's is not wired",
		yaml:  checked("networks: {default: {ipv4_address: 10.9.9.9}}") + "networks: {default: {ipam: {config: [{subnet: 10.9.9.0/24}]}}}\n",
		class: fault.Resource, cond: "web/Wired", text: []string{"10.9.9.9"},
		play: func(s *stage) {
			s.Script("web", fakeengine.Script{Probe: fakeengine.PassesAfter(2500 * time.Millisecond)})
			s.after(time.Second, func() { s.Readdress(s.name("web"), "10.9.9.8") })
		},
	}, {
		id: "D22", says: "who shares the network of a peer that restarted is not wired, and started again",
		yaml: file(part("db", everySecond), part("web", everySecond, `network_mode: "service:db"`)), class: fault.None,
		act: func(s *stage) result {
			if r := s.up(); r.code != 0 {
				return r
			}
			s.Do("POST", "/containers/"+s.name("db")+"/restart?t=1", nil)
			time.Sleep(10 * time.Second) // of the engine's clock: db is healthy again
			if r := s.run(s.Context(), "status"); r.code != int(fault.Service) || !strings.Contains(r.all(), "web: it has the network namespace") {
				s.Errorf("status: exit %d\n%s", r.code, r.all())
			}
			return s.up()
		},
	}, {
		id: "D22", says: "a container whose limits somebody changed differs",
		yaml: checked("mem_limit: 64m", "restart: unless-stopped"), class: fault.None,
		act: func(s *stage) result {
			if r := s.up(); r.code != 0 {
				return r
			}
			s.Update(s.name("web"), 32<<20, "no")
			r := s.run(s.Context(), "status")
			if r.code != int(fault.Differs) || !strings.Contains(r.all(), "mem_limit is 32 MiB") || !strings.Contains(r.all(), "restart is no") {
				s.Errorf("status: exit %d\n%s", r.code, r.all())
			}
			return s.up()
		},
	}, {
		id: "D22", says: "a container that lost its published port is not wired",
		yaml: checked(published), class: fault.Resource, cond: "web/Wired", text: []string{"not published"},
		play: func(s *stage) {
			s.Script("web", fakeengine.Script{Probe: fakeengine.PassesAfter(3 * time.Second)})
			s.after(time.Second, func() { s.Unpublish(s.name("web")) })
		},
	}}
}
