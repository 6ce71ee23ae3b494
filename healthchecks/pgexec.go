package healthchecks

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/sanitize"
)

// Execer runs a command inside one container. A command that fails is not an
// error; one that could not be run may be either.
type Execer interface {
	Exec(ctx context.Context, cmd, env []string) (exitCode int, output string, err error)
}

// PostgresExec asks what Postgres asks, with the image's own psql from inside
// the container, where no address can be reached from this host. It connects to
// the container's network address: loopback and the socket are trusted without a
// password in the official image.
type PostgresExec struct {
	Execer Execer
	// Address is the container's own address in a network, without a port.
	Address string
	// Port is 5432 when 0.
	Port uint16
	// User, Database, Password, Origin, System, Known, Gap, Timeout and Redact
	// are as in Postgres.
	User, Database, Password string
	Origin                   string
	System                   func(context.Context) (string, error)
	Known                    ServerIdentity
	Gap                      time.Duration
	Timeout                  time.Duration
	Redact                   func(string) string
}

var _ Probe = PostgresExec{}

func (p PostgresExec) String() string { return p.login() + " (exec)" }

func (p PostgresExec) login() string {
	return loginName(orElse(p.User, "postgres"), p.Address+":"+p.port(), p.database())
}

func (p PostgresExec) database() string { return orElse(p.Database, orElse(p.User, "postgres")) }

func (p PostgresExec) port() string {
	if p.Port == 0 {
		return "5432"
	}
	return strconv.Itoa(int(p.Port))
}

// Run asks twice.
func (p PostgresExec) Run(ctx context.Context) Evidence { return observe(ctx, p, p.Timeout, p.ask) }

func (p PostgresExec) ask(ctx context.Context) Evidence {
	if ip, err := netip.ParseAddr(p.Address); err != nil || ip.IsLoopback() || ip.IsUnspecified() {
		return failure(CodeInput, "there is no address in a network to ask the database at: its socket and its loopback let everybody in").
			hinted("give the service a network, or publish the database's port")
	}
	first, bad := p.look(ctx)
	if bad != nil {
		return *bad
	}
	system := p.Known.expected(ctx, first, p.System)
	if !pause(ctx, first.gap(p.Gap)) {
		return failure(CodeTimeout, "no time was left to ask %s twice", p.Address)
	}
	second, bad := p.look(ctx, systemScript, writeScript)
	if bad != nil {
		return *bad
	}
	expected, err := system(second)
	return judgeServers(first, second, expected, err, p.Origin, p.login())
}

// The scripts end in a word of their own, so that their answers are told from
// whatever else psql prints.
const (
	serverMark = "stackctl-server"
	systemMark = "stackctl-system"
	writeMark  = "stackctl-written"

	serverScript = "SELECT '" + serverMark + "', 1, extract(epoch FROM pg_postmaster_start_time())::text, pg_is_in_recovery()::text, current_setting('transaction_read_only'), " + ageSQL
	systemScript = "SELECT '" + systemMark + "', system_identifier::text FROM pg_control_system()"
	writeScript  = writeSQL + "; SELECT '" + writeMark + "'"
)

// look runs psql once: the server's own words, and the scripts after them. It
// returns evidence of the failure when the server does not answer, or does not
// take a write that was asked for.
func (p PostgresExec) look(ctx context.Context, scripts ...string) (server, *Evidence) {
	code, output, err := p.Execer.Exec(ctx, p.command(scripts), p.environment())
	if err != nil {
		e := failure(CodeExit, "run psql in the container: %v", err)
		return server{}, &e
	}
	row := answer(output, serverMark, 6)
	if row == nil {
		e := p.failure(code, redacted(p.Redact, output))
		return server{}, &e
	}
	s := server{address: p.Address + ":" + p.port(), one: row[1], started: row[2], recovery: row[3], readOnly: row[4], age: row[5]}
	if system := answer(output, systemMark, 2); system != nil {
		s.system = system[1]
	}
	if len(scripts) == 0 || !s.writable() || answer(output, writeMark, 1) != nil {
		return s, nil
	}
	if s.unwritten = stateIn(output) == "42501"; s.unwritten {
		return s, nil
	}
	e := p.failure(code, redacted(p.Redact, output))
	return server{}, &e
}

func (p PostgresExec) command(scripts []string) []string {
	cmd := []string{
		"psql", "-X", "-q", "-A", "-t", "-w", "-F", "|", "-v", "VERBOSITY=verbose", "-P", "pager=off",
		"-h", p.Address, "-p", p.port(), "-U", orElse(p.User, "postgres"), "-d", p.database(), "-c", serverScript,
	}
	for _, script := range scripts {
		cmd = append(cmd, "-c", script)
	}
	return cmd
}

// environment keeps what the container has in its own from having a say.
func (p PostgresExec) environment() []string {
	return []string{
		"PGPASSWORD=" + p.Password, "PGHOSTADDR=" + p.Address, "PGSSLMODE=prefer", "PGCONNECT_TIMEOUT=5",
		"PGOPTIONS=", "PGTARGETSESSIONATTRS=any", "PGPASSFILE=/dev/null", "PGAPPNAME=stackctl", "LC_ALL=C",
	}
}

// answer returns the columns of the line that begins with mark, nil when there
// is none of that many.
func answer(output, mark string, columns int) []string {
	for line := range strings.Lines(output) {
		row := strings.Split(strings.TrimRight(line, "\r\n"), "|")
		if row[0] == mark && len(row) == columns {
			return row
		}
	}
	return nil
}

// stateIn returns the last SQLSTATE in psql's verbose output, or "".
func stateIn(output string) string {
	found := regexp.MustCompile(`(?m)[A-Z]+:  ([0-9A-Z]{5}): `).FindAllStringSubmatch(output, -1)
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1][1]
}

func (p PostgresExec) failure(code int, output string) Evidence {
	if state := stateIn(output); state != "" {
		return sqlFailure(state, lastLine(output, state), p.Origin)
	}
	if code == 126 || code == 127 || strings.HasPrefix(output, "OCI runtime") {
		return failure(CodeExit, "psql is not in the image").final().
			hinted("publish the database port, or add psql to the image")
	}
	text := sanitize.Line(output, outputLimit)
	if state := loginState(output); state != "" {
		return sqlFailure(state, text, p.Origin)
	}
	switch {
	case strings.Contains(output, "Connection refused"):
		return failure(CodeRefused, "%s", text).hinted("Postgres does not listen on the container's network address: look at listen_addresses")
	case strings.Contains(output, "timeout expired"):
		return failure(CodeTimeout, "%s", text)
	}
	return failure(CodeExit, "psql: exit %d: %s", code, text)
}

func lastLine(output, state string) string {
	at := strings.LastIndex(output, state+": ") + len(state) + len(": ")
	line, _, _ := strings.Cut(output[at:], "\n")
	return line
}

// loginState guesses the SQLSTATE of a refused login, which psql does not
// print, from the server's words.
func loginState(output string) string {
	for _, known := range []struct{ words, state string }{
		{"password authentication failed", "28P01"},
		{"no pg_hba.conf entry", "28000"},
		{"no password supplied", "28P01"},
		{"starting up", "57P03"},
		{"shutting down", "57P03"},
		{"not yet accepting connections", "57P03"},
		{"too many clients", "53300"},
		{"too many connections", "53300"},
		{"remaining connection slots", "53300"},
	} {
		if strings.Contains(output, known.words) {
			return known.state
		}
	}
	switch {
	case regexp.MustCompile(`database ".*" does not exist`).MatchString(output):
		return "3D000"
	case regexp.MustCompile(`role ".*" does not exist`).MatchString(output):
		return "28000"
	}
	return ""
}

// SystemIdentifier reads the identifier of the database in a container from
// its files, with the image's own pg_controldata. dataDir is "" for the
// container's PGDATA. The error is ErrNoSystem when the image has no such
// program.
func SystemIdentifier(ctx context.Context, execer Execer, dataDir string) (string, error) {
	cmd := []string{"pg_controldata"}
	if dataDir != "" {
		cmd = append(cmd, "-D", dataDir)
	}
	code, output, err := execer.Exec(ctx, cmd, []string{"LC_ALL=C"})
	switch {
	case err != nil:
		return "", fmt.Errorf("run pg_controldata: %w", err)
	case code == 126 || code == 127 || strings.HasPrefix(output, "OCI runtime"):
		return "", fmt.Errorf("%w: pg_controldata is not in the image", ErrNoSystem)
	case code != 0:
		return "", fmt.Errorf("pg_controldata: exit %d: %s", code, sanitize.Line(output, outputLimit))
	}
	const label = "Database system identifier:"
	for line := range strings.Lines(output) {
		if rest, found := strings.CutPrefix(strings.TrimSpace(line), label); found {
			return strings.TrimSpace(rest), nil
		}
	}
	return "", fmt.Errorf("pg_controldata does not name the identifier: %s", sanitize.Line(output, outputLimit))
}
