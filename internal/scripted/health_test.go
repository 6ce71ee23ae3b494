package scripted

import (
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
	"github.com/stackctl/stackctl/internal/fault"
)

// healthScenarios are about what a healthcheck says and what is true (A).
func healthScenarios() []scenario {
	return append(append(vacuousScenarios(), failingScenarios()...), staleScenarios()...)
}

// vacuousScenarios: nothing is checked, or what is checked says nothing.
func vacuousScenarios() []scenario {
	closed := fakeengine.Script{Port: fakeengine.Answers(fakeengine.Port{Manner: fakeengine.Closes})}
	return []scenario{{
		id: "A01", says: "a service without a check that merely runs is unchecked",
		yaml: service("web", `command: [sleep, 1d]`), class: fault.Unchecked, cond: "web/Healthy",
		text: []string{"unchecked", "healthcheck", "job: true"},
	}, {
		id: "A01", says: "a service that runs for ever without a check is unchecked",
		yaml: service("web", `restart: always`), class: fault.Unchecked, cond: "web/Healthy", text: []string{"unchecked", "allow_unverified"},
	}, {
		id: "A01", says: "a service that runs for ever without a check is refused by who is strict, before it starts",
		yaml: service("web", `restart: always`), args: []string{"--strict"}, class: fault.Service, text: []string{"unchecked", "allow_unverified"},
		check: func(s *stage, _ result) {
			if n := len(s.Containers()); n > 0 {
				s.Errorf("%d containers were made", n)
			}
		},
	}, {
		id: "A01", says: "a waived service is never called healthy",
		yaml: service("web", `restart: always`, `x-stackctl: {allow_unverified: true}`), class: fault.None,
		text: []string{"waived"}, never: []string{"healthy"},
	}, {
		id: "A02", says: "a check of the image that the file disables proves nothing",
		yaml: service("web", `healthcheck: {disable: true}`, `restart: always`), class: fault.Unchecked, cond: "web/Healthy",
		play: func(s *stage) {
			s.Add(fakeengine.Image{Tags: []string{"app:1"}}.Checked(time.Second, "CMD", "check"))
		},
		text: []string{"disable"},
	}, {
		id: "A03", says: "a check that can never fail does not hide a dead port",
		yaml: service("web", `healthcheck: {test: "curl -f http://localhost/ || exit 0", interval: 1s}`, published),
		play: script(closed), class: fault.Verify, cond: "web/Reachable", text: []string{"never fail|cannot fail", "accepts TCP but closes"},
	}, {
		id: "A04", says: "curl without -f does not hide an HTTP error",
		yaml:  service("web", `healthcheck: {test: [CMD, curl, -s, "http://127.0.0.1/"], interval: 1s}`, published),
		play:  script(fakeengine.Script{Port: fakeengine.Answers(fakeengine.Port{Status: 500, Body: "boom"})}),
		class: fault.Verify, cond: "web/Reachable", text: []string{"-f", "500"},
	}, {
		id: "A17", says: "a supervisor that runs while its child is dead is not done",
		yaml: checked(published), play: script(closed), class: fault.Verify, cond: "web/Reachable",
		text: []string{"accepts TCP but closes"},
	}, {
		id: "A17", says: "a supervisor that runs while its child is dead is not done although nothing is waited for",
		yaml: checked(published), args: []string{"--stable-for", "0"}, play: script(closed), class: fault.Verify, cond: "web/Reachable",
		text: []string{"accepts TCP but closes"},
	}}
}

// failingScenarios: the check fails, and why.
func failingScenarios() []scenario {
	fails := func(a fakeengine.Answer) func(*stage) {
		return script(fakeengine.Script{Probe: func(fakeengine.Ask) fakeengine.Answer { return a }})
	}
	return []scenario{{
		id: "A05", says: "a check that passes once and then fails is not healthy",
		yaml: checked(), class: fault.Service, cond: "web/Healthy", text: []string{"unhealthy", "gone bad"},
		play: script(fakeengine.Script{Probe: func(a fakeengine.Ask) fakeengine.Answer {
			if a.Nth == 1 {
				return fakeengine.Answer{}
			}
			return fakeengine.Answer{Exit: 1, Output: "gone bad"}
		}}),
	}, {
		id: "A06", says: "a service that dies after it was healthy is not done within a window that sees it",
		yaml: checked(), args: []string{"--stable-for", "10s"}, class: fault.Service, cond: "web/Running", text: []string{`exited\(1\)`},
		play: script(fakeengine.Script{Probe: fakeengine.PassesAfter(2 * time.Second), Run: fakeengine.Lives(fakeengine.Life{Exits: 6 * time.Second, Code: 1})}),
	}, {
		id: "A07", says: "an unhealthy service fails with the last output of its check",
		yaml: checked(), play: fails(fakeengine.Answer{Exit: 1, Output: "no route to database"}), class: fault.Service, cond: "web/Healthy",
		text: []string{"unhealthy", "no route to database"}, within: 20 * time.Second,
	}, {
		id: "A08", says: "a check whose program is not in the image is told as that",
		yaml:  service("web", `healthcheck: {test: [CMD, curl, -f, "http://localhost/"], interval: 1s}`),
		play:  fails(fakeengine.Answer{Error: `OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not found in $PATH: unknown`}),
		class: fault.Service, cond: "web/Healthy", text: []string{"not in the image"},
	}, {
		id: "A09", says: "a shell that does not find the check's program is told as that",
		yaml: service("web", `healthcheck: {test: "curl -f http://localhost/", interval: 1s}`),
		play: fails(fakeengine.Answer{Exit: 127, Output: "/bin/sh: curl: not found"}), class: fault.Service, cond: "web/Healthy",
		text: []string{"127|not found"},
	}, {
		id: "A09", says: "an image without a shell is told as that",
		yaml:  service("web", `healthcheck: {test: "check", interval: 1s}`),
		play:  fails(fakeengine.Answer{Error: `OCI runtime exec failed: exec failed: unable to start container process: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown`}),
		class: fault.Service, cond: "web/Healthy", text: []string{"no shell|/bin/sh"},
	}, {
		id: "A09", says: "a check that may not be run is told as that",
		yaml: checked(), play: fails(fakeengine.Answer{Exit: 126, Output: "permission denied"}), class: fault.Service, cond: "web/Healthy",
		text: []string{"126|not executable|permission denied"},
	}, {
		id: "A10", says: "a check that takes longer than its time-out is told as that",
		yaml: checked(), play: fails(fakeengine.Answer{Takes: time.Minute}), class: fault.Service, cond: "web/Healthy",
		text: []string{"exceeded|timeout of 1s|time-out"},
	}, {
		id: "A11", says: "what a start period hides is told when the time is over",
		yaml: service("web", `healthcheck: {test: [CMD, check], interval: 1s, timeout: 1s, start_period: 120s}`),
		args: []string{"--wait-timeout", "5s"}, play: fails(fakeengine.Answer{Exit: 1, Output: "not yet"}),
		class: fault.Timeout, cond: "web/Healthy", text: []string{"start_period", "failed so far"}, within: 20 * time.Second,
	}, {
		id: "A12", says: "a long interval does not hold up a healthy service",
		yaml: service("web", `healthcheck: {test: [CMD, check], interval: 30m}`), class: fault.None, within: 20 * time.Second,
	}, {
		id: "A13", says: "a start_interval that the engine ignores is a warning",
		yaml: service("web", `healthcheck: {test: [CMD, check], interval: 2s, start_period: 10s, start_interval: 1s}`),
		on:   withoutStartInterval(), class: fault.None, text: []string{"start_interval has no effect"},
	}, {
		id: "A14", says: "an output of five megabytes is bounded and shown safely",
		yaml: checked(), play: fails(fakeengine.Answer{Exit: 1, Output: strings.Repeat("\x00\xff\x1b", 5<<20/3)}), class: fault.Service, cond: "web/Healthy",
		never: []string{"\x1b", "\x00"}, check: func(s *stage, r result) {
			if len(r.all()) > 20_000 {
				s.Errorf("%d bytes of output", len(r.all()))
			}
		},
	}, {
		id: "A15", says: "the output of a check cannot steer the terminal or fake a success",
		yaml: checked(), play: fails(fakeengine.Answer{Exit: 1, Output: "\x1b[2J\x1b]52;c;aGk=\x07\r✔ all healthy"}), class: fault.Service, cond: "web/Healthy",
		never: []string{"\x1b", "\x07", "\r"},
	}, {
		id: "A24", says: "a check that cannot even be begun ends with the time, not never",
		yaml: checked(), args: []string{"--wait-timeout", "20s"}, play: fails(fakeengine.Answer{Wedged: true, Takes: -1}),
		class: fault.Timeout, cond: "web/Healthy", within: 40 * time.Second,
	}}
}

// staleScenarios: the answer is old, or of somebody else.
func staleScenarios() []scenario {
	return []scenario{{
		id: "A18", says: "a health that froze is stale and not healthy",
		yaml: checked(), class: fault.Service, text: []string{"stale", "last probe is"},
		act: func(s *stage) result {
			if r := s.up(); r.code != 0 {
				return r
			}
			s.Freeze(s.name("web"))
			s.wait(95 * time.Second)
			return s.run(s.Context(), "status")
		},
	}, {
		id: "A19", says: "a pause is called a pause and fails when it lasts",
		yaml: checked(), class: fault.Service, cond: "web/Running", text: []string{"paused"},
		play: func(s *stage) {
			s.Script("web", fakeengine.Script{Probe: fakeengine.PassesAfter(2 * time.Second)})
			s.after(time.Second, func() { s.Do("POST", "/containers/p-web-1/pause", nil) })
		},
	}, {
		id: "A21", says: "a health that is left over from the life before proves nothing",
		yaml: checked(`restart: always`), args: []string{"--stable-for", "5s", "--wait-timeout", "30s"}, class: fault.Timeout, cond: "web/Healthy",
		play: func(s *stage) { s.after(3*time.Second, func() { s.Haunt(s.name("web")); s.Crash(s.name("web"), 1) }) },
	}}
}

// wait lets time pass.
func (s *stage) wait(d time.Duration) {
	done := make(chan struct{})
	s.after(d, func() { close(done) })
	<-done
}
