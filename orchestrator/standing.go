package orchestrator

import (
	"fmt"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

const (
	// downGrace is how long a container may be seen not running before its
	// end counts: `docker restart` shows a short exit.
	downGrace = time.Second
	// stopGrace is the same for an end that a stop from outside leaves: a
	// busy engine takes longer to go on with a restart.
	stopGrace = 3 * time.Second
	// pauseGrace is how long a pause may last before it is a failure.
	pauseGrace = 10 * time.Second
	// crashLoop is the number of restarts within one run after which a
	// container is not expected to come good.
	crashLoop = 5
	// crashLoopWord begins the state of a container that crashes again and
	// again; the number of restarts follows.
	crashLoopWord = "crashloop"
	// shortRun is how long a run may last for the engine to lengthen its
	// pause before the next (moby restartmanager).
	shortRun = 10 * time.Second
	// deepPause is a pause of the engine that only seven short runs in a row,
	// or more, lead to.
	deepPause = 5 * time.Second
	// portAllowance is how long a service without a check may take until
	// its published port answers.
	portAllowance = 60 * time.Second
	// lookMissed is the age of a look from which on nobody could look: nothing
	// is concluded from what has not happened since.
	lookMissed = 3 * time.Second
)

// Standing is what is true of one container, judged from one look at it.
type Standing struct {
	// State is one or two words for a reader: "healthy", "exited(1)".
	State string
	// Running is G1: the engine says so and nothing contradicts it.
	Running bool
	// Well says that the container itself is fine as far as can be told
	// from inside: its check passes, or it has none.
	Well bool
	// Releases says that services which wait for it may start.
	Releases bool
	// Completed says that a job has ended with success.
	Completed bool
	// Waived says that its proof was given up.
	Waived bool
	// Final says that waiting will not change it.
	Final bool
	// Class is the kind of failure when it is not well.
	Class fault.Class
	// Reason is one sentence, Hint the next thing to do; both may be "".
	Reason, Hint string
	// Verdict is the judgement of its healthcheck, where it has one.
	Verdict healthchecks.Verdict
}

// bench is what a container of one service is judged by.
type bench struct {
	project *compose.Project
	service *compose.Service
	// check is the file's and the image's check, nothing injected.
	check  *healthchecks.Check
	role   Role
	engine EngineInfo
	waived bool
	// database says that it is a Postgres server.
	database bool
	// now is this host's time.
	now time.Time
	// redact takes secrets out of the command of the check; nil takes none.
	redact *sanitize.Redactor
}

// engineNow is the engine's time.
func (b bench) engineNow() time.Time { return b.now.Add(b.engine.ClockAhead) }

// age is how long a container has been running: what its start said when it was
// first seen, and the time since, which no change of a clock alters.
func (b bench) age(s Sight) time.Duration {
	if s.Seen.IsZero() {
		return b.engineNow().Sub(s.StartedAt)
	}
	return s.Seen.Round(0).Add(b.engine.ClockAhead).Sub(s.StartedAt) + b.now.Sub(s.Seen)
}

// distrusted is how much longer a running container has to run to be believed,
// 0 for not at all: one that the engine has restarted again and again is well
// between two crashes, too. The engine forgets its crashes after as long.
func (b bench) distrusted(s Sight) time.Duration {
	if s.State != StateRunning || s.RestartCount < crashLoop {
		return 0
	}
	return max(0, shortRun-b.age(s))
}

// judge says where a container stands.
func (b bench) judge(s Sight) Standing {
	switch {
	case s.Gone:
		return Standing{State: "missing", Final: true, Class: fault.Conflict,
			Reason: "the container was removed by another client"}
	case s.State == StateRunning:
		return b.judgeRunning(s)
	case s.State == StateCreated:
		return b.judgeCreated(s)
	case s.State == StateExited:
		return b.judgeExited(s)
	case s.State == StateRestarting:
		return b.judgeRestarting(s)
	case s.State == StatePaused:
		return Standing{State: "paused", Class: fault.Service, Final: b.downFor(s) >= pauseGrace,
			Reason: "the container is paused", Hint: "docker unpause " + s.Name}
	case s.State == StateDead:
		return Standing{State: "dead", Class: fault.Service, Final: true,
			Reason: "the engine could not remove the container completely", Hint: "docker rm -f " + s.Name}
	default:
		return Standing{State: "unknown", Class: fault.Service,
			Reason: fmt.Sprintf("the engine reports the state %q, which proves nothing", sanitize.Line(string(s.State), 40))}
	}
}

// downFor is how long a container has been seen not running.
func (b bench) downFor(s Sight) time.Duration {
	if s.DownSince.IsZero() {
		return 0
	}
	return b.now.Sub(s.DownSince)
}

func (b bench) judgeCreated(s Sight) Standing {
	switch {
	case s.StartCut:
		return Standing{State: "created", Class: fault.Service, Reason: "its start was cut off when the run that started it ended", Hint: "stackctl up"}
	case s.StartError == "":
		return Standing{State: "created", Class: fault.Service, Reason: "the container was never started"}
	}
	return Standing{State: "start failed", Class: fault.Service, Final: true, Hint: startHint(s.StartError, b.project),
		Reason: "the engine could not start it: " + sanitize.Line(s.StartError, 300)}
}

func (b bench) judgeExited(s Sight) Standing {
	if succeeded(s.Container) && b.role != RoleService && b.role != RoleUnchecked {
		st := Standing{State: "completed", Completed: true, Well: true, Releases: true}
		if b.role == RoleUndeclared {
			st.Reason = "it ended with code 0 and was taken for a job"
		}
		return st
	}
	st := Standing{State: fmt.Sprintf("exited(%d)", s.ExitCode), Class: fault.Service,
		Final: b.downFor(s) >= endGrace(s.ExitCode), Reason: exitReason(s.Container)}
	if s.OOMKilled {
		st.State = "oom"
	}
	if s.ExitCode == 0 && b.role == RoleService {
		st.Reason = "the process ended with code 0, but the service is meant to run"
	}
	return st
}

// endGrace is how long a container that ended with code may stay down before
// that counts.
func endGrace(code int) time.Duration {
	switch code {
	case 0, 128 + 9, 128 + 15:
		return stopGrace
	}
	return downGrace
}

func (b bench) judgeRestarting(s Sight) Standing {
	st := Standing{State: "restarting", Class: fault.Service,
		Reason: fmt.Sprintf("%s; restarted %d times", exitReason(s.Container), s.RestartCount)}
	switch {
	case s.Restarts >= crashLoop:
		st.State, st.Final = fmt.Sprintf(crashLoopWord+"(%d)", s.Restarts), true
	case b.deepInLoop(s):
		// What made it crash may have been healed since: its next start counts.
		st.State, st.Final = fmt.Sprintf(crashLoopWord+"(%d)", s.RestartCount), s.Restarts > 0
		st.Reason += fmt.Sprintf("; the engine has waited for %s before the next start", b.engineNow().Sub(s.FinishedAt).Round(time.Second))
	}
	return st
}

// deepInLoop says that a container was crashing again and again already before
// anybody looked: the engine's own count says so, and its pause before the next
// start, which it doubles with each run that ends within 10 s.
func (b bench) deepInLoop(s Sight) bool {
	return s.RestartCount >= crashLoop && !s.FinishedAt.IsZero() && s.FinishedAt.After(s.StartedAt) &&
		s.FinishedAt.Sub(s.StartedAt) < shortRun && b.engineNow().Sub(s.FinishedAt) >= deepPause
}

func (b bench) judgeRunning(s Sight) Standing {
	st := Standing{Running: true, State: "running"}
	if s.Restarts >= crashLoop {
		return Standing{State: fmt.Sprintf(crashLoopWord+"(%d)", s.Restarts), Class: fault.Service, Final: true,
			Reason: fmt.Sprintf("it restarted %d times since this run began", s.Restarts) + then(s.LastEnd)}
	}
	switch {
	case b.role == RoleJob:
		b.judgeJob(s, &st)
	case s.Check.Defined():
		return b.judgeCheck(s, st)
	case b.uncheckable():
		b.judgeUnchecked(s, &st)
	default: // proven by its port or a built-in check
		st.Well = true
	}
	return st
}

// judgeJob waits for the end of a job: it has until the deadline, whatever a
// healthcheck of its image says, which is there for another role.
func (b bench) judgeJob(s Sight, st *Standing) {
	st.Class, st.Reason = fault.Service, "the job has not ended"
	if s.Check.Defined() {
		st.Releases = healthchecks.Judge(b.subject(s), b.engineNow()).State.Releases()
	}
}

// judgeCheck takes the verdict of the container's own check.
func (b bench) judgeCheck(s Sight, st Standing) Standing {
	v := healthchecks.Judge(b.subject(s), b.engineNow())
	st.Verdict, st.State, st.Reason, st.Hint = v, v.State.String(), v.Reason, v.Hint
	st.Well, st.Releases = v.State.Proven(), v.State.Releases()
	if st.Well {
		st.Reason = ""
		return st
	}
	st.Class = fault.Service
	if v.State == healthchecks.StateStarting || v.State == healthchecks.StateReleased {
		st.Class = fault.Timeout // still starting
	}
	if v.State == healthchecks.StateStarting && s.RestartCount >= crashLoop {
		st.Class, st.State = fault.Service, fmt.Sprintf(crashLoopWord+"(%d)", s.RestartCount)
		st.Reason = fmt.Sprintf("the engine has restarted it %d times; %s", s.RestartCount, v.Reason)
	}
	st.Final = v.State == healthchecks.StateUnhealthy
	if !st.Final && !st.Releases && b.overdue(s, v.State) {
		st.Final = true
		st.Reason = fmt.Sprintf("not healthy within the %s that its check allows; %s", b.allowance(s).Round(time.Second), v.Reason)
	}
	return st
}

// overdue says whether a container had the time that its check allows: from
// its start when it has not been healthy yet, else from when it was seen not
// to be. Time in which nobody could look at it does not count.
func (b bench) overdue(s Sight, state healthchecks.State) bool {
	if b.now.Sub(s.At) > lookMissed {
		return false
	}
	if state == healthchecks.StateStarting {
		return b.age(s)-s.Took > b.allowance(s)
	}
	return !s.Ill.IsZero() && b.now.Sub(s.Ill)-s.Took > b.allowance(s)
}

// allowance is how long the container's check allows it to become healthy.
func (b bench) allowance(s Sight) time.Duration {
	check := s.Check
	if b.check.Defined() {
		check = b.check
	}
	return check.Allowance()
}

// subject is what the verdict on the check is made from.
func (b bench) subject(s Sight) healthchecks.Subject {
	subject := healthchecks.Subject{
		Check:         s.Check,
		Health:        s.Health,
		Facts:         healthchecks.Facts{State: string(s.State), StartedAt: s.StartedAt},
		Exec:          healthchecks.ExecHistory{Results: s.Execs},
		StartInterval: b.engine.StartInterval,
		Late:          s.Took,
		Redact:        b.redact.Redact,
	}
	if rule := fileRule(s.Container, b.check); rule != nil {
		subject.FileRule = &healthchecks.FileRule{StartPeriod: rule.StartPeriod, Retries: rule.Retries}
	}
	return subject
}

// then is what comes behind a sentence, "" for nothing.
func then(more string) string {
	if more == "" {
		return ""
	}
	return "; " + more
}

// exitReason decodes how a container's process ended.
func exitReason(c Container) string {
	switch {
	case c.OOMKilled && c.Memory > 0:
		return fmt.Sprintf("out of memory: the limit is %s (code %d)", bytesText(c.Memory), c.ExitCode)
	case c.OOMKilled:
		return fmt.Sprintf("out of memory (code %d)", c.ExitCode)
	case c.StartError != "":
		return "could not start: " + sanitize.Line(c.StartError, 300)
	}
	if name := signalName(c.ExitCode - 128); name != "" {
		return fmt.Sprintf("the process was ended by %s (code %d)", name, c.ExitCode)
	}
	return fmt.Sprintf("the process ended with code %d", c.ExitCode)
}

// signalName names the signals that end containers.
func signalName(n int) string {
	return map[int]string{
		1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
		9: "SIGKILL from outside, not for memory", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
	}[n]
}

// bytesText is a size in the largest unit that divides it.
func bytesText(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.size && n%u.size == 0 {
			return fmt.Sprintf("%d %s", n/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
