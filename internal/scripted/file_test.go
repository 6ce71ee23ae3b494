package scripted

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/fault"
)

// fileScenarios are about what a file asks for, and what lies in its way (H).
func fileScenarios() []scenario {
	return append(refusedScenarios(), ownerScenarios()...)
}

// named is a place in the project's network under a service's name.
func named(service string) map[string]any {
	return map[string]any{"EndpointsConfig": map[string]any{"p_default": map[string]any{"Aliases": []string{service}}}}
}

// noCalls insists that the engine was not even asked.
func noCalls(s *stage, _ result) {
	if n := len(s.Calls()); n > 0 {
		s.Errorf("the engine was asked %d times", n)
	}
}

// madeSources insists that the directory ./data was made, or was not.
func madeSources(made bool) func(*stage, result) {
	return func(s *stage, _ result) {
		if _, err := os.Stat(filepath.Join(s.dir, "data")); (err == nil) != made {
			s.Errorf("made: %t, want %t", err == nil, made)
		}
	}
}

func refusedScenarios() []scenario {
	return []scenario{{
		id: "B19", says: "services that wait for each other in a circle are refused before any call",
		yaml: file(part("a", "depends_on: [b]"), part("b", "depends_on: [c]"), part("c", "depends_on: [a]")), class: fault.Config,
		text: []string{"a.*b.*c.*a"}, check: noCalls,
	}, {
		id: "B20", says: "a service that waits for one that is not there is refused",
		yaml: service("web", "depends_on: [db]"), class: fault.Config, text: []string{"db"}, check: noCalls,
	}, {
		id: "B20", says: "a service that waits for one of an inactive profile is refused",
		yaml: file(part("web", "depends_on: [db]"), part("db", "profiles: [big]")), class: fault.Config, text: []string{"db", "profile"}, check: noCalls,
	}, {
		id: "H01", says: "a variable that is not set is refused with all others",
		yaml: service("web", `environment: {A: "${DB_PASSWORD}", B: "${API_KEY}"}`), args: []string{"--strict-env"}, class: fault.Config, text: []string{"DB_PASSWORD", "API_KEY"}, check: noCalls,
	}, {
		id: "H06", says: "a bind source that is not there and looks like a file is refused and nothing is made",
		yaml: checked(`volumes: ["./data:/data", "./app.conf:/etc/app.conf"]`), class: fault.Config, text: []string{"app.conf", "cp .*app.conf"},
		check: madeSources(false),
	}, {
		id: "H06", says: "a bind source that is not there is made as a directory",
		yaml: checked(`volumes: ["./data:/data"]`), class: fault.None, text: []string{"./data +created"}, check: madeSources(true),
	}, {
		id: "H06", says: "no bind source is made where the caller forbids it",
		yaml: checked(`volumes: ["./data:/data"]`), args: []string{"--create-binds", "never"}, class: fault.Config, text: []string{"mkdir -p ./data"},
		check: madeSources(false),
	}, {
		id: "H08", says: "a hostile project name is refused and shown escaped",
		yaml: checked(), class: fault.Config, never: []string{"\u202e"},
		act: func(s *stage) result { return s.run(s.Context(), "-p", "a\u202eb", "up") },
	}, {
		id: "H16", says: "ports that are open to the network are named in one warning", yaml: checked(`ports: ["8080:80"]`), class: fault.None,
		text: []string{"open to the network.*8080"},
	}, {
		id: "H17", says: "a line of a container's log cannot steer the terminal or fake a success", yaml: checked(), class: fault.Service,
		never: []string{"\x1b", "\x07", "\r", "\u202e"},
		play:  lives(fakeengine.Life{Exits: time.Second, Code: 1, Says: []string{"\x1b[2J\x1b]0;x\x07\r✔ proven: everything \u202e"}}),
	}, {
		id: "H18", says: "a flood of output is bounded in a card", yaml: checked(), class: fault.Service,
		play: lives(fakeengine.Life{Exits: time.Second, Code: 1, Says: append(make([]string, 5000), strings.Repeat("x", 10<<20))}),
		check: func(s *stage, r result) {
			if len(r.all()) > 20_000 {
				s.Errorf("%d bytes of output", len(r.all()))
			}
		},
	}, {
		id: "H20", says: "a secret is shown nowhere, whatever its container says", yaml: checked("environment: {DB_PASSWORD: canary-7531-secret}"), class: fault.Service,
		never: []string{"canary-7531-secret"}, play: script(fakeengine.Script{
			Probe: fakeengine.Probes(1, "login with canary-7531-secret failed"),
			Run:   fakeengine.Lives(fakeengine.Life{Says: []string{"password=canary-7531-secret"}}),
		}),
		check: func(s *stage, _ result) {
			text, err := os.ReadFile(s.report())
			if err != nil || strings.Contains(string(text), "canary-7531-secret") {
				s.Errorf("the report (%v) has the secret", err)
			}
			for _, c := range s.Containers() {
				for key, value := range c.Labels {
					if strings.Contains(value, "canary-7531-secret") {
						s.Errorf("label %s has the secret", key)
					}
				}
			}
		},
	}}
}

// ownerScenarios: something of somebody else is in the way.
func ownerScenarios() []scenario {
	foreign := func(name string, labels map[string]string) func(*stage) {
		return func(s *stage) {
			s.Do("POST", "/containers/create?name="+name, map[string]any{"Image": "app:1", "Labels": labels})
			s.Do("POST", "/containers/"+name+"/start", nil)
		}
	}
	untouched := func(name string) func(*stage, result) {
		return func(s *stage, _ result) {
			for _, c := range s.Containers() {
				if c.Name == name && c.State == "running" && c.Starts == 1 {
					return
				}
			}
			s.Errorf("%s was touched: %v", name, s.Containers())
		}
	}
	labelled := map[string]string{"com.docker.compose.project": "p", "com.docker.compose.service": "web", "com.docker.compose.container-number": "1"}
	return []scenario{{
		id: "H10", says: "a stranger's container with our project's label is not ours", yaml: checked(), class: fault.Conflict,
		play: foreign("stranger", labelled), check: untouched("stranger"),
	}, {
		id: "H10", says: "down leaves a stranger's container with our project's label alone", yaml: checked(), class: fault.None,
		play: foreign("stranger", labelled), check: untouched("stranger"), act: func(s *stage) result { return s.run(s.Context(), "down", "-v") },
	}, {
		id: "H11", says: "another directory's project of the same name is not ours to remove", yaml: checked(), class: fault.Conflict,
		act: func(s *stage) result {
			if r := s.up(); r.code != 0 {
				return r
			}
			other := s.Containers()[0]
			s.dir = s.TempDir()
			s.write(checked())
			r := s.run(s.Context(), "down", "-v")
			if left := s.Containers(); len(left) != 1 || left[0].ID != other.ID {
				s.Errorf("it was removed: %v", left)
			}
			return r
		},
	}, {
		id: "H12", says: "an anonymous volume is handed on to the container that replaces its own", class: fault.None, yaml: checked(),
		act: func(s *stage) result {
			s.Add(fakeengine.Image{ID: "sha256:" + string(make64('c')), Tags: []string{"app:1"}, Volumes: []string{"/data"}})
			if r := s.up(); r.code != 0 {
				return r
			}
			s.Write(s.Volumes()[0], "sentinel", "kept")
			return s.up("--force-recreate")
		},
		check: func(s *stage, _ result) {
			if all := s.Volumes(); len(all) != 1 || s.Read(all[0], "sentinel") != "kept" {
				s.Errorf("the volumes are %v", all)
			}
		},
	}, {
		id: "H14", says: "a name that a stranger's container has is a conflict before anything is made", yaml: checked("container_name: taken"), class: fault.Conflict,
		play: foreign("taken", nil), check: func(s *stage, r result) {
			untouched("taken")(s, r)
			if n := len(s.Networks()); n > 0 {
				s.Errorf("%d networks were made", n)
			}
		},
	}, {
		id: "B26", says: "a replaced container that somebody started again is one too many", yaml: checked(), class: fault.Conflict, text: []string{"both number 1"},
		act: func(s *stage) result {
			if r := s.up(); r.code != 0 {
				return r
			}
			s.Do("POST", "/containers/create?name=p-web-1.stackctl-prev", map[string]any{
				"Image": "app:1", "Labels": s.Containers()[0].Labels, "HostConfig": map[string]any{"NetworkMode": "p_default"},
				"NetworkingConfig": named("web"), "Healthcheck": map[string]any{"Test": []string{"CMD", "check"}, "Interval": time.Second},
			})
			s.Do("POST", "/containers/p-web-1.stackctl-prev/start", nil)
			s.wait(10 * time.Second)
			return s.run(s.Context(), "status")
		},
	}, {
		id: "B26", says: "two containers with one number are a conflict", yaml: checked(), class: fault.Conflict, args: []string{"--stable-for", "3s"},
		play: func(s *stage) {
			s.after(2*time.Second, func() {
				s.Do("POST", "/containers/create?name=twin", map[string]any{
					"Image": "app:1", "Labels": s.Containers()[0].Labels, "HostConfig": map[string]any{"NetworkMode": "p_default"},
					"NetworkingConfig": named("web"), "Healthcheck": map[string]any{"Test": []string{"CMD", "check"}, "Interval": time.Second},
				})
				s.Do("POST", "/containers/twin/start", nil)
			})
		},
	}}
}
