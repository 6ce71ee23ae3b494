package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"
)

// ownershipScenarios: what others made under our names.
func ownershipScenarios() []scenario {
	const app = "services: {app: {image: IMAGE, @CHECK@}}"
	const named = "services: {app: {image: IMAGE, container_name: @NAME@-chosen, @CHECK@}}"
	return []scenario{
		{
			name: "a container of nobody under the name that the file chooses stays", core: true, code: 10, file: named,
			before: func(s *stack) { s.foreign("chosen", `"Cmd":["sleep"]`) },
			facts:  []fact{serves("app", "ok")}, cause: `@NAME@-chosen`,
		},
		{
			name: "a container that only carries the project's label is not the service", code: 10, file: app,
			before: func(s *stack) {
				s.foreign("stranger", `"Cmd":["sleep"],"Labels":{"com.docker.compose.project":"`+s.name+`","com.docker.compose.service":"app"}`)
			},
			facts: []fact{serves("app", "ok")}, cause: `@NAME@-stranger`, own: "docker compose knows its containers by these labels alone",
		},
		{
			name: "a stack of another directory under the same name is left alone", core: true, code: 10, file: app,
			before: func(s *stack) { s.neighbour() },
			facts:  []fact{directory("app")}, cause: `directory`, own: "the neighbour is a stack of stackctl's",
		},
		{
			name: "a network of nobody under our name is not taken", code: 10, file: app,
			before: func(s *stack) {
				s.t.Cleanup(func() { _ = call(context.Background(), http.MethodDelete, "/networks/"+s.name+"_default", nil, nil) })
				engine(s.t, http.MethodPost, "/networks/create", `{"Name":"`+s.name+`_default"}`)
			},
			facts: []fact{serves("app", "ok")}, cause: `@NAME@_default`,
		},
		{
			name: "what a service has in a volume without a name outlives its replacement", works: true,
			file: `services: {app: {image: IMAGE, environment: {WORD: two}, volumes: [/data], @CHECK@}}`,
			before: func(s *stack) {
				s.write("first.yml", "services: {app: {image: IMAGE, environment: {WORD: one}, volumes: [/data], "+defaultCheck+"}}")
				s.expect(0, nil, "-f", "first.yml", "up", "--stable-for", "0")
				if code, out := inside(s.t, s.only("app").ID, "/testimage", "write", "file=/data/kept", "say=precious"); code != 0 {
					s.t.Fatal(out)
				}
			},
			facts: []fact{serves("app", "ok"), holds("the data is there", "app", "precious", "/testimage", "cat", "/data/kept")},
			own:   "it begins with a stack of stackctl's",
		},
	}
}

// neighbour brings a stack up under the same name from another directory.
func (s *stack) neighbour() {
	s.t.Helper()
	other := newStack(s.t, "services: {app: {image: IMAGE, "+defaultCheck+"}}")
	other.name = s.name
	other.expect(0, nil, "up", "--stable-for", "0")
	before := other.only("app").ID
	s.t.Cleanup(func() { untouched(s.t, before) })
}

func untouched(t *testing.T, id string) {
	t.Helper()
	if c, ok := look(t, id); !ok || c.State.Status != "running" {
		t.Errorf("the neighbour's container was touched: %v %s", ok, c.State.Status)
	}
}

// directory: the service's container is of the directory of this stack.
func directory(service string) fact {
	return fact{service + " is of this directory", func(s *stack) error {
		c, err := s.member(service)
		if err == nil && c.Config.Labels["com.docker.compose.project.working_dir"] != s.dir {
			err = fmt.Errorf("it is of %s", c.Config.Labels["com.docker.compose.project.working_dir"])
		}
		return err
	}}
}
