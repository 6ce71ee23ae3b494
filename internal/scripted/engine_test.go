package scripted

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/fault"
)

// engineScenarios are about the engine and the way to it (F).
func engineScenarios() []scenario {
	return slices.Concat(versionScenarios(), awayScenarios(), stumbleScenarios(), eventScenarios(), clockScenarios(), dialectScenarios())
}

// pair is a file of two services, the second waiting for the first.
func pair() string {
	return file(part("db", everySecond), part("web", everySecond, published, "depends_on: {db: {condition: service_healthy}}"))
}

func versionScenarios() []scenario {
	old := fakeengine.Moby20()
	old.API, old.Version = "1.40", "19.03.15"
	young := fakeengine.Moby28()
	young.API, young.MinAPI, young.Version = "1.60", "1.55", "40.0.0"
	return []scenario{{
		id: "F03", says: "an engine that is too old is told with both ranges", yaml: checked(), on: only(old), class: fault.Engine,
		text: []string{"1.40", "1.41 to 1.51"},
	}, {
		id: "F04", says: "an engine that is too new is told with both ranges", yaml: checked(), on: only(young), class: fault.Engine,
		text: []string{"1.60", "1.41 to 1.51"},
	}}
}

// awayScenarios: the engine cannot be reached for a while, or never answers.
func awayScenarios() []scenario {
	restart := func(away time.Duration, live bool) func(*stage) {
		return func(s *stage) {
			s.Script("db", fakeengine.Script{Probe: fakeengine.PassesAfter(2 * time.Second)})
			s.after(time.Second, func() { s.Restart(away, live) })
		}
	}
	always := strings.ReplaceAll(pair(), "image: app:1", "image: app:1\n    restart: always")
	hang := func(op string) func(*stage) {
		return func(s *stage) {
			s.Hook(func(c fakeengine.Call) *fakeengine.Fault {
				if c.Op == op {
					return &fakeengine.Fault{Hang: true}
				}
				return nil
			}, nil)
		}
	}
	return []scenario{
		{id: "F01", says: "an engine that is not there is told at once", yaml: checked(), class: fault.Engine, within: time.Second,
			play: func(s *stage) { s.Cut() }, text: []string{"refused", "is it running|rootless"}},
		{id: "F05", says: "a restart of the daemon under running containers is bridged", yaml: always, on: []fakeengine.Personality{fakeengine.Moby26(), fakeengine.Moby28()},
			play: restart(5*time.Second, true), class: fault.None},
		{id: "F05", says: "a restart of the daemon that restarts the containers is bridged", yaml: always, play: restart(5*time.Second, false), class: fault.None},
		{id: "F05", says: "an engine that stays away ends the run as lost", yaml: always, play: restart(10*time.Minute, true), class: fault.Engine, within: 2 * time.Minute},
		{id: "F06", says: "an engine that never answers a look counts as lost", yaml: checked(), play: hang("container inspect"), class: fault.Engine, within: 5 * time.Minute},
		{id: "F06", says: "an engine that never answers who it is counts as lost", yaml: checked(), play: hang("info"), class: fault.Engine, within: 5 * time.Minute},
		{id: "F06", says: "an engine that never finishes a start counts as lost", yaml: checked(), play: hang("container start"), args: []string{"--wait-timeout", "2m"},
			class: fault.Timeout, within: 10 * time.Minute},
	}
}

// every is a hook that fails the first times of each operation, and those of
// ever always.
func every(op string, times int, f fakeengine.Fault) func(fakeengine.Call) *fakeengine.Fault {
	seen := make(chan int, 1)
	seen <- 0
	return func(c fakeengine.Call) *fakeengine.Fault {
		if c.Op != op {
			return nil
		}
		n := <-seen + 1
		seen <- n
		if times > 0 && n > times {
			return nil
		}
		return &f
	}
}

// stumbleScenarios: the engine fails, or its answer is lost.
func stumbleScenarios() []scenario {
	before := func(op string, times int, f fakeengine.Fault) func(*stage) {
		return func(s *stage) { s.Hook(every(op, times, f), nil) }
	}
	after := func(op string, f fakeengine.Fault) func(*stage) {
		return func(s *stage) { s.Hook(nil, every(op, 1, f)) }
	}
	broken := fakeengine.Fault{Status: 500, Message: "containerd: context deadline exceeded"}
	all := []scenario{
		{id: "F07", says: "an engine that stumbles twice over a creation is asked again", yaml: pair(), play: before("container create", 2, broken), class: fault.None},
		{id: "F07", says: "an engine that stumbles twice over a start is asked again", yaml: pair(), play: before("container start", 2, broken), class: fault.None},
		{id: "F07", says: "an engine that stumbles on over a creation is told with its words", yaml: pair(), play: before("container create", 0, broken),
			class: fault.Resource, text: []string{"context deadline exceeded"}},
		{id: "F07", says: "an engine that stumbles on over a start is told with its words", yaml: pair(), play: before("container start", 0, broken),
			class: fault.Resource, text: []string{"context deadline exceeded"}},
		{id: "F13", says: "a container that is not found once is looked for again", yaml: pair(), class: fault.None,
			play: before("container inspect", 1, fakeengine.Fault{Status: 404, Message: "No such container: x"})},
	}
	for _, op := range []string{"network create", "container create", "container start"} {
		all = append(all, scenario{
			id: "F08", says: "what a " + op + " did is found although its answer was lost", yaml: pair(), play: after(op, fakeengine.Fault{Drop: true}),
			class: fault.None, check: twoAndNoMore,
		}, scenario{
			id: "F08", says: "what a " + op + " did is found although the engine called it a failure", yaml: pair(),
			play: after(op, fakeengine.Fault{Status: 502, Message: "bad gateway"}), class: fault.None, check: twoAndNoMore,
		})
	}
	return all
}

// twoAndNoMore insists on one container of each service, and on one network.
func twoAndNoMore(s *stage, _ result) {
	if n := len(s.Containers()); n != 2 {
		s.Errorf("there are %d containers", n)
	}
	if n := len(s.Networks()); n != 1 {
		s.Errorf("there are %d networks", n)
	}
}

// eventScenarios: the stream of events breaks, lacks or repeats.
func eventScenarios() []scenario {
	return []scenario{{
		id: "F09", says: "a stream of events that breaks each second costs nothing but itself", yaml: pair(), class: fault.None, within: 15 * time.Second,
		play: func(s *stage) {
			for i := range 20 {
				s.after(time.Duration(i)*500*time.Millisecond, s.BreakStreams)
			}
		},
	}, {
		id: "F10", says: "events that never come are made up for by looking", yaml: pair(), class: fault.None, within: 15 * time.Second,
		play: func(s *stage) { s.Omit(func(string) int { return 0 }) },
	}, {
		id: "F10", says: "an end whose event never comes is seen", yaml: checked(), args: []string{"--stable-for", "5s"}, class: fault.Service, cond: "web/Running",
		play: func(s *stage) {
			s.Omit(func(string) int { return 0 })
			lives(fakeengine.Life{Exits: 3 * time.Second, Code: 1})(s)
		},
	}, {
		id: "F11", says: "a flood of events drowns nothing", yaml: pair(), class: fault.None, within: 15 * time.Second,
		play: func(s *stage) { s.Omit(func(string) int { return 2000 }) },
	}, {
		id: "F09", says: "a stream of events that is refused is no reason to believe anything", yaml: checked(), class: fault.Service, cond: "web/Healthy",
		play: func(s *stage) {
			s.Script("web", fakeengine.Script{Probe: fakeengine.Probes(1, "no")})
			s.Hook(every("events", 0, fakeengine.Fault{Status: 500, Message: "too many listeners"}), nil)
		},
	}}
}

// clockScenarios: the engine's clock is not ours.
func clockScenarios() []scenario {
	var all []scenario
	for _, by := range []time.Duration{-5 * time.Minute, 5 * time.Minute, -26 * time.Hour} {
		all = append(all, scenario{
			id: "F12", says: fmt.Sprintf("a clock that is %s off misleads nobody", by), yaml: pair(), class: fault.None, within: 15 * time.Second,
			play: func(s *stage) { s.Skew(by) },
		}, scenario{
			id: "F12", says: fmt.Sprintf("a clock that is %s off hides no failure", by), yaml: checked(), class: fault.Service, cond: "web/Healthy",
			play: func(s *stage) {
				s.Skew(by)
				s.Script("web", fakeengine.Script{Probe: fakeengine.Probes(1, "no")})
			},
		})
	}
	all = append(all, scenario{
		id: "F12", says: "an engine that is slow to say who it is has no other clock for that", yaml: pair(), class: fault.None, within: 5 * time.Minute,
		play: func(s *stage) { s.Hook(nil, every("info", 0, fakeengine.Fault{Delay: 25 * time.Second})) },
	})
	all = append(all, scenario{
		id: "F12", says: "an engine whose looks arrive late shows a health that was fresh when it looked", yaml: pair(), class: fault.None, within: 10 * time.Minute,
		play: func(s *stage) { s.Hook(nil, every("container inspect", 0, fakeengine.Fault{Delay: 10 * time.Second})) },
	})
	jump := func(by time.Duration) func(*stage) {
		return func(s *stage) { s.after(900*time.Millisecond, func() { s.Skew(by) }) }
	}
	return append(all, scenario{
		id: "G11", says: "a clock that jumps ahead during the wait fails nothing", yaml: checked(), args: []string{"--stable-for", "4s"}, class: fault.None, within: 2 * time.Minute, play: jump(24 * time.Hour),
	}, scenario{
		// What came before and what after the start cannot be told any more.
		id: "G11", says: "a clock that is set back below the start proves nothing", yaml: checked(), args: []string{"--stable-for", "4s"}, class: fault.Timeout, cond: "web/Healthy", play: jump(-24 * time.Hour),
	})
}

// dialectScenarios: answers that are not what they should be.
func dialectScenarios() []scenario {
	timerless := fakeengine.Podman()
	timerless.Name, timerless.NoTimers = "podman without systemd", true
	inspected := func(body string, status int) func(*stage) {
		return func(s *stage) {
			s.Hook(nil, func(c fakeengine.Call) *fakeengine.Fault {
				if c.Op == "container inspect" {
					return &fakeengine.Fault{Body: body, Status: status}
				}
				return nil
			})
		}
	}
	return []scenario{{
		id: "F15", says: "an engine that is exchanged during the run is noticed", yaml: checked(), args: []string{"--stable-for", "4s"}, class: fault.Engine, text: []string{"another engine"},
		play: func(s *stage) { s.after(900*time.Millisecond, func() { s.Become("OTHER") }) },
	}, {
		id: "F16", says: "checks that are never run by the engine end with the time and a hint", yaml: checked(), on: only(timerless),
		args: []string{"--wait-timeout", "1m"}, class: fault.Timeout, cond: "web/Healthy", text: []string{"systemd"},
	}, {
		id: "F17", says: "an end in Podman's words is an end", yaml: checked(), on: only(fakeengine.Podman()), class: fault.Service, cond: "web/Running",
		play: lives(fakeengine.Life{Exits: 500 * time.Millisecond, Code: 4}), text: []string{`exited\(4\)`},
	}, {
		id: "F18", says: "a page of HTML is no container", yaml: checked(), play: inspected("<html>welcome</html>", 200), class: fault.Engine, within: 5 * time.Minute,
	}, {
		id: "F18", says: "an empty answer is no container", yaml: checked(), play: inspected("{}", 200), class: fault.Engine, within: 5 * time.Minute,
	}, {
		id: "F18", says: "a health that nobody knows is not healthy", yaml: checked(), class: fault.Service, cond: "web/Healthy",
		play: func(s *stage) { s.after(time.Second, func() { s.Diagnose(s.name("web"), "splendid") }) }, on: moby(),
	}, {
		id: "F18", says: "a healthy without a single probe is not healthy", yaml: strings.ReplaceAll(checked(), "interval: 1s", "interval: 4s"), class: fault.Service,
		play: func(s *stage) { s.after(50*time.Millisecond, func() { s.Diagnose(s.name("web"), "healthy") }) }, on: only(fakeengine.Moby28()),
	}, {
		id: "F18", says: "a healthcheck without a health is not healthy", yaml: checked(), class: fault.Service, cond: "web/Healthy",
		play: func(s *stage) { s.after(time.Second, func() { s.Diagnose(s.name("web"), "") }) },
	}}
}
