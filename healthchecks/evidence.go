package healthchecks

import (
	"context"
	"time"
)

// Evidence is one observation that a verdict rests on, ready to be shown.
type Evidence struct {
	// Probe names what was asked, e.g. "GET http://127.0.0.1:3000/health".
	Probe string
	// Result is what came back in one line, sanitised and bounded.
	Result string
	// Passed says whether it proves what was asked.
	Passed bool
	// Notes are what a reader should know although it passed.
	Notes []string
	// Code is the kind of a failure for programs: one of the Code constants,
	// or a SQLSTATE. It is "" when the probe passed.
	Code string
	// Final says that waiting alone will not heal the failure.
	Final bool
	// Hint is the next thing that the reader can do about a failure, or "".
	Hint string
	// Detail are single values for programs, by the Detail constants. It may
	// be nil.
	Detail map[string]string
	At     time.Time
	Took   time.Duration
}

// The kinds of failure that are not a SQLSTATE.
const (
	// CodeRefused: nothing accepts connections at the address.
	CodeRefused = "refused"
	// CodeClosed: the connection was accepted and closed before a byte came.
	CodeClosed = "closed"
	// CodeTimeout: no answer within the probe's own time.
	CodeTimeout = "timeout"
	// CodeUnreachable: any other failure to connect.
	CodeUnreachable = "unreachable"
	// CodeTLS: one side speaks TLS and the other does not, or the peer could
	// not be verified.
	CodeTLS = "tls"
	// CodeProtocol: the answer is not of the protocol that was spoken.
	CodeProtocol = "protocol"
	// CodeStatus, CodeHeader and CodeBody: the HTTP answer is not as asked.
	CodeStatus = "status"
	CodeHeader = "header"
	CodeBody   = "body"
	// CodeExit: a command inside the container failed.
	CodeExit = "exit"
	// CodeIdentity: another database server answered than was expected.
	CodeIdentity = "identity"
	// CodeRestarted: the database server restarted between two questions.
	CodeRestarted = "restarted"
	// CodeReadOnly: the database server answers and takes no writes.
	CodeReadOnly = "read-only"
	// CodeInput: the probe itself cannot be run as it was given.
	CodeInput = "input"
)

// The keys of Evidence.Detail.
const (
	// DetailStatus is an HTTP status code.
	DetailStatus = "status"
	// DetailAddress is the address that answered.
	DetailAddress = "address"
	// DetailStarted is the start time of the Postgres server, as it says.
	DetailStarted = "postmaster_start"
	// DetailSystem is the system identifier of the Postgres server.
	DetailSystem = "system_identifier"
)

// Probe is one way to prove something about a target.
type Probe interface {
	// String names the probe in one line without secrets.
	String() string
	// Run asks once. It never takes longer than ctx allows and never
	// returns passed evidence when anything about the exchange is unknown.
	Run(ctx context.Context) Evidence
}
