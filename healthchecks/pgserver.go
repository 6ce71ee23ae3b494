package healthchecks

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// server is what a database server said about itself over one connection.
type server struct {
	address string
	// one is the answer to SELECT 1.
	one string
	// started is the start time of its main process, recovery and readOnly
	// are its words, system is "" when it would not say.
	started, recovery, readOnly, system string
	// age is how long its main process has been running, in seconds.
	age string
	// trusted: it let us in without a password.
	trusted bool
	// unwritten: we may not create temporary tables.
	unwritten bool
}

// writable says whether the server claims to take writes.
func (s server) writable() bool { return isFalse(s.recovery) && s.readOnly == "off" }

// gap is how long to wait before it is asked again; wanted is as in Postgres.
func (s server) gap(wanted time.Duration) time.Duration {
	if age, err := strconv.ParseFloat(s.age, 64); wanted == 0 && (err != nil || !(age >= settledAfter.Seconds())) {
		return defaultGap
	}
	return max(wanted, 0)
}

func isFalse(s string) bool { return s == "f" || s == "false" }

// judgeServers compares what two connections told. expected is the identifier
// of the container's server, "" with a nil error when it is not to be compared.
// who is the login that was used.
func judgeServers(first, second server, expected string, expectErr error, origin, who string) Evidence {
	switch {
	case first.one != "1" || second.one != "1" || first.started == "" || second.started == "":
		return failure(CodeProtocol, "the answer to SELECT 1 is %q and %q", first.one, second.one)
	case first.started != second.started:
		return failure(CodeRestarted, "the server restarted between two questions")
	case !isFalse(second.recovery):
		return failure(CodeReadOnly, "the server is in recovery: it is a standby, or still replays its log")
	case second.readOnly != "off":
		return sqlFailure("25006", "transactions are read-only by default", origin)
	case expectErr != nil && !errors.Is(expectErr, ErrNoSystem):
		return failure(CodeIdentity, "the container's own system identifier is not known: %v", expectErr)
	case expected != "" && second.system != "" && second.system != expected:
		return failure(CodeIdentity, "another server answers: its system identifier is %s, the container's is %s", second.system, expected).
			hinted("another database holds the address %s, or the data directory was replaced", second.address)
	}
	e := Evidence{
		Passed: true,
		Result: fmt.Sprintf("%s: answered twice by one server process%s; credentials from %s",
			who, identified(expected, second.system), orElse(origin, "the caller")),
		Detail: map[string]string{DetailAddress: second.address, DetailStarted: second.started, DetailSystem: second.system},
	}
	e.Notes = serverNotes(first, second, expected)
	return e
}

func identified(expected, system string) string {
	if expected == "" || system == "" {
		return ""
	}
	return ", whose system identifier is the container's"
}

func serverNotes(first, second server, expected string) []string {
	var notes []string
	if expected == "" || second.system == "" {
		notes = append(notes, "the system identifier was not compared")
	}
	if first.trusted || second.trusted {
		notes = append(notes, "the server asks for no password from here: the credentials were not tested")
	}
	if second.unwritten {
		notes = append(notes, "no permission to create a temporary table: writing was not tested")
	}
	return notes
}

// sqlFailure says what a server's refusal means. The message is the server's.
func sqlFailure(state, message, origin string) Evidence {
	e := failure(state, "%s (SQLSTATE %s)", message, state)
	switch state {
	case "28P01":
		return e.final().hinted("the password from %s is not the server's: the volume may predate it, since the image sets a password only when it initialises an empty volume; change it with ALTER ROLE, or remove the volume if its data may go", orElse(origin, "the caller"))
	case "28000":
		return e.final().hinted("the server has no such role, or no rule in pg_hba.conf that lets it in from here")
	case "3D000":
		return e.final().hinted("the database does not exist: the image creates POSTGRES_DB only when it initialises an empty volume; create it, or name another under verify.postgres")
	case "53100":
		return e.final().hinted("the disk of the data volume is full: make room on it")
	case "53300":
		return e.hinted("all connections are in use: raise max_connections, or close some")
	case "25006":
		return e.hinted("the server takes no writes: look at default_transaction_read_only, and whether its disk is mounted read-only")
	case "57P03":
		return e.hinted("the server starts up, recovers or shuts down: it will answer when it is done")
	case "57P01", "57P02":
		return e.hinted("the server is being stopped")
	}
	return e
}
