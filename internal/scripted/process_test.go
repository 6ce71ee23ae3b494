package scripted

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/fault"
)

// processScenarios are about the program itself and others like it (G).
func processScenarios() []scenario {
	all := []scenario{{
		id: "G04", says: "a second run on the same project is told who holds it",
		yaml: checked(), class: fault.Conflict, text: []string{"stackctl up|held|another run"}, act: whileUp(func(s *stage) result { return s.up() }),
	}, {
		id: "G05", says: "a down during an up is told who holds the project",
		yaml: checked(), class: fault.Conflict, text: []string{"stackctl up|held|another run"},
		act: whileUp(func(s *stage) result { return s.run(s.Context(), "down") }),
	}, {
		id: "G10", says: "nothing is ever read from the standard input",
		yaml: checked(), class: fault.None, play: func(s *stage) { s.in = unreadable{} },
	}, {
		id: "G12", says: "without a runtime directory a run goes on",
		yaml: checked(), class: fault.None, play: func(s *stage) {
			s.env = append(s.env, "XDG_RUNTIME_DIR=/dev/null")
		},
	}}
	for _, signal := range []fault.Class{fault.Interrupted, fault.Terminated} {
		for _, at := range []struct {
			what string
			play func(*stage)
		}{
			{"a pull", func(s *stage) { s.Offer("far:1", fakeengine.Remote{Stall: true}) }},
			{"a creation", func(s *stage) {
				s.Add(fakeengine.Image{Tags: []string{"far:1"}})
				s.Hook(every("container create", 0, fakeengine.Fault{Hang: true}), nil)
			}},
			{"a wait", func(s *stage) {
				s.Add(fakeengine.Image{Tags: []string{"far:1"}})
				s.Script("web", fakeengine.Script{Probe: fakeengine.PassesAfter(time.Hour)})
			}},
		} {
			id := "G01"
			if signal == fault.Terminated {
				id = "G02"
			}
			all = append(all, scenario{
				id: id, says: fmt.Sprintf("a run that is %s during %s ends with its code within two seconds", signal, at.what),
				yaml: strings.ReplaceAll(checked(), "app:1", "far:1"), play: at.play, class: signal, within: 3400 * time.Millisecond,
				act: func(s *stage) result { return s.run(s.interrupted(1400*time.Millisecond, signal), "up") },
			})
		}
	}
	return all
}

// unreadable is a standard input that must not be read.
type unreadable struct{}

func (unreadable) Read([]byte) (int, error) {
	panic(errors.New("somebody reads the standard input"))
}

// whileUp does something while an up waits.
func whileUp(do func(*stage) result) func(*stage) result {
	return func(s *stage) result {
		s.Script("web", fakeengine.Script{Probe: fakeengine.PassesAfter(1500 * time.Millisecond)})
		done := make(chan result)
		go func() { done <- s.run(s.Context(), "up", "--stable-for", "4s") }()
		s.wait(2 * time.Second)
		r := do(s)
		if first := <-done; first.code != 0 {
			s.Errorf("the first run: exit %d\n%s", first.code, first.all())
		}
		return r
	}
}
