package fakeengine

import "time"

// Script is what the containers of one service do. The zero value runs for
// ever, passes its check at once and answers HTTP 200 on every port.
type Script struct {
	// Run is what the nth start leads to, from 1; nil is the zero Life.
	Run func(n int) Life
	// Probe answers the container's check; nil passes at once.
	Probe func(Ask) Answer
	// Port is what the app does on a port of the container; nil answers
	// HTTP 200.
	Port func(Ask, uint16) Port
	// Exec answers commands other than the check, nil passes without output.
	Exec func(a Ask, cmd, env []string) Answer
	// Stubborn ignores the stop signal until it is killed.
	Stubborn bool
}

// Life is one run of a container's process.
type Life struct {
	// Exits is how long it runs; 0 is for ever.
	Exits time.Duration
	Code  int
	// OOM marks its end as the kernel's for want of memory.
	OOM bool
	// ChildOOM sets the engine's flag while the process runs on.
	ChildOOM bool
	// StartError is the engine's text when it cannot be started at all, with
	// StartStatus (500 when 0) and the exit code 127, or Code.
	StartError  string
	StartStatus int
	// Says are the lines of its output, written at the start.
	Says []string
}

// Ask says when something is asked of a container.
type Ask struct {
	// Up is the time since its start, Start counts its starts from 1.
	Up    time.Duration
	Start int
	// Nth counts the questions of this kind in this life, from 1.
	Nth int
}

// Answer is how a command in a container ends.
type Answer struct {
	Exit   int
	Output string
	// Takes is how long it runs; negative is for ever.
	Takes time.Duration
	// Wedged is a command that cannot even be begun: it hangs in the engine.
	Wedged bool
	// Error keeps the command from being run, as the engine words it.
	Error string
}

// Manner is what an app does with a connection.
type Manner int

const (
	// HTTP answers a request.
	HTTP Manner = iota
	// Closes is accepted by the engine's proxy and closed: nobody is behind it.
	Closes
	// Silent accepts and says nothing.
	Silent
	// Refuses has no listener at all, not even a proxy's.
	Refuses
	// Hangs does not even accept.
	Hangs
	// Banner speaks first.
	Banner
)

// Port is the behaviour of one port.
type Port struct {
	Manner Manner
	// Status is 200 when 0.
	Status int
	Header map[string]string
	// Body is a body, or the words of a banner.
	Body string
	// Lonely says that the container's own address refuses, as an app that
	// listens on its loopback alone.
	Lonely bool
}

// Probes returns a check that gives the same answer always.
func Probes(exit int, output string) func(Ask) Answer {
	return func(Ask) Answer { return Answer{Exit: exit, Output: output} }
}

// PassesAfter returns a check that fails until the container is up for d.
func PassesAfter(d time.Duration) func(Ask) Answer {
	return func(a Ask) Answer {
		if a.Up < d {
			return Answer{Exit: 1, Output: "not yet"}
		}
		return Answer{}
	}
}

// Lives returns the lives of a container in turn, the last one for ever.
func Lives(lives ...Life) func(int) Life {
	return func(n int) Life { return lives[min(n, len(lives))-1] }
}

// Answers returns a port behaviour that never changes.
func Answers(p Port) func(Ask, uint16) Port { return func(Ask, uint16) Port { return p } }
