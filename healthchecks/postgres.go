package healthchecks

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/stackctl/stackctl/internal/sanitize"
)

const (
	// defaultGap lies between the two questions to a database server, so that
	// one which is about to restart is more likely to be caught at it.
	defaultGap = 250 * time.Millisecond
	// settledAfter is how old a server process is, by its own clock, that is
	// asked twice without a pause: the servers that end soon are those of an
	// initialisation and of a crash loop, and they are young.
	settledAfter = 5 * time.Second
)

// ErrNoSystem says that a container cannot tell its system identifier, as
// distinct from not telling it yet.
var ErrNoSystem = errors.New("the container cannot tell its system identifier")

// Postgres asks a database server over TCP, as an application would: an
// authenticated SELECT 1 over two connections to one and the same server
// process, which is the one of the container and takes writes. Neither the
// environment nor files of this host have a say in how it connects.
type Postgres struct {
	// Addresses are literal host:port to reach the server by, tried in order
	// until one answers: a published address, the container's own.
	Addresses []string
	// User is "postgres" and Database is User when "".
	User, Database, Password string
	// Origin says where the credentials are from, e.g. "POSTGRES_*".
	Origin string
	// System returns the system identifier that the server must have; nil
	// compares none, and ErrNoSystem is a note.
	System func(context.Context) (string, error)
	// Known is the server that System was found to agree with before. As long
	// as it is that one which answers, System is not asked again.
	Known ServerIdentity
	// Gap lies between the two questions: 250 ms when 0 and the server process
	// is younger than 5 s, none when negative.
	Gap time.Duration
	// Timeout is 5 s when 0.
	Timeout time.Duration
	// Dial connects; nil connects as usual.
	Dial DialFunc
	// Redact takes secrets out of what the server said; nil takes none.
	Redact func(string) string
}

var _ Probe = Postgres{}

func (p Postgres) String() string {
	return loginName(p.user(), strings.Join(p.Addresses, ","), p.database())
}

func (p Postgres) user() string     { return orElse(p.User, "postgres") }
func (p Postgres) database() string { return orElse(p.Database, p.user()) }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func loginName(user, address, database string) string {
	return "SELECT 1 as " + sanitize.Line(user+"@"+address+"/"+database, commandLimit)
}

// Run asks twice.
func (p Postgres) Run(ctx context.Context) Evidence { return observe(ctx, p, p.Timeout, p.ask) }

// ask tries the addresses in turn. The first that answers decides, whatever it
// says.
func (p Postgres) ask(ctx context.Context) Evidence {
	if len(p.Addresses) == 0 {
		return failure(CodeInput, "no address to reach the server by").final()
	}
	var e Evidence
	var missed []string
	for i, address := range p.Addresses {
		var reached bool
		if e, reached = p.askWithin(ctx, address, len(p.Addresses)-i); reached {
			break
		}
		missed = append(missed, e.Result)
	}
	if e.Passed {
		e.Notes = append(missed, e.Notes...)
	}
	return e
}

// askWithin asks at one address and leaves the others their part of the time.
func (p Postgres) askWithin(ctx context.Context, address string, left int) (e Evidence, reached bool) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	link := link{probe: p, address: address}
	first, err := link.look(ctx, false)
	if err != nil {
		return link.failure(err)
	}
	system := p.Known.expected(ctx, first, p.System)
	if !pause(ctx, first.gap(p.Gap)) {
		return failure(CodeTimeout, "no time was left to ask %s twice", address), true
	}
	second, err := link.look(ctx, true)
	if err != nil {
		return link.failure(err)
	}
	expected, err := system(second)
	return judgeServers(first, second, expected, err, p.Origin, loginName(p.user(), address, p.database())), true
}

// ServerIdentity tells one run of a server from all others: DetailStarted and
// DetailSystem of its evidence. The zero value is none.
type ServerIdentity struct {
	Started, System string
}

// expected begins to ask which server it has to be, unless the one that
// answered first is known. The result is called with what answered last.
func (k ServerIdentity) expected(ctx context.Context, first server, system func(context.Context) (string, error)) func(server) (string, error) {
	var answer func() (string, error)
	if k.System == "" || first.started != k.Started {
		answer = expectedSystem(ctx, system)
	}
	return func(last server) (string, error) {
		switch {
		case answer != nil:
			return answer()
		case last.started == k.Started && last.system == k.System:
			return k.System, nil
		}
		return expectedSystem(ctx, system)()
	}
}

// expectedSystem begins to ask which server it has to be, beside the questions
// to the server itself. The result waits for the answer, "" when nothing is to
// be compared.
func expectedSystem(ctx context.Context, system func(context.Context) (string, error)) func() (string, error) {
	if system == nil {
		return func() (string, error) { return "", nil }
	}
	var id string
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		id, err = system(ctx)
	}()
	return func() (string, error) {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-done:
			return id, err
		}
	}
}

// link is one address of the server and what is asked there.
type link struct {
	probe   Postgres
	address string
}

const (
	serverSQL = "SELECT 1, extract(epoch FROM pg_postmaster_start_time())::text, pg_is_in_recovery()::text, current_setting('transaction_read_only'), " + ageSQL
	ageSQL    = "extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::text"
	systemSQL = "SELECT system_identifier::text FROM pg_control_system()"
	writeSQL  = "BEGIN; CREATE TEMPORARY TABLE stackctl_probe (v text) ON COMMIT DROP; INSERT INTO stackctl_probe VALUES ('x'); COMMIT"
)

// look asks over a connection of its own. write tries to write, too; a refusal
// for lack of permission is not an error.
func (l link) look(ctx context.Context, write bool) (server, error) {
	conn, trusted, err := l.probe.connect(ctx, l.address)
	if err != nil {
		return server{}, err
	}
	defer func() { _ = conn.Close(ctx) }() // the answers are here already
	row, err := queryRow(ctx, conn, serverSQL, 5)
	if err != nil {
		return server{}, err
	}
	s := server{address: l.address, one: row[0], started: row[1], recovery: row[2], readOnly: row[3], age: row[4], trusted: trusted}
	if !write || !s.writable() {
		return s, nil
	}
	if system, err := queryRow(ctx, conn, systemSQL, 1); err == nil {
		s.system = system[0]
	} else if !forbidden(err) {
		return server{}, err
	}
	_, err = conn.Exec(ctx, writeSQL).ReadAll()
	if s.unwritten = forbidden(err); s.unwritten {
		err = nil
	}
	return s, err
}

func queryRow(ctx context.Context, conn *pgconn.PgConn, sql string, columns int) ([]string, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) != columns {
		return nil, errors.New("the answer does not have the shape that was asked for")
	}
	row := make([]string, columns)
	for i, value := range results[0].Rows[0] {
		row[i] = string(value)
	}
	return row, nil
}

// forbidden says that a statement was refused for lack of permission, or that
// the function is not there.
func forbidden(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && (refusal.Code == "42501" || refusal.Code == "42883")
}

// failure turns an error into evidence and says whether a server was reached.
func (l link) failure(err error) (e Evidence, reached bool) {
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) {
		return sqlFailure(refusal.Code, redacted(l.probe.Redact, refusal.Message), l.probe.Origin), true
	}
	switch {
	case isClosed(err):
		return closedFailure(l.address), false
	case isTimeout(err):
		return failure(CodeTimeout, "no answer from %s in time", l.address), false
	case errors.Is(err, errDial):
		return dialFailure(l.address, err), false
	}
	return failure(CodeProtocol, "%s: %s", l.address, redacted(l.probe.Redact, innermost(err).Error())), false
}
