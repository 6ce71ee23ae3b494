package healthchecks

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// execFunc is an Execer made of a function.
type execFunc func(cmd, env []string) (int, string, error)

func (f execFunc) Exec(_ context.Context, cmd, env []string) (int, string, error) { return f(cmd, env) }

// run is what one call of psql ends with.
type psqlRun struct {
	code   int
	output string
}

// psql answers one call after the other, the last for ever.
func psql(runs ...psqlRun) execFunc {
	n := -1
	return func([]string, []string) (int, string, error) {
		n = min(n+1, len(runs)-1)
		return runs[n].code, runs[n].output, nil
	}
}

const (
	serverRow = "stackctl-server|1|1700000000.1|false|off|0.5\n"
	systemRow = "stackctl-system|" + dbSystem + "\n"
	writeRow  = "stackctl-written\n"
)

func inside(runs ...psqlRun) PostgresExec {
	return PostgresExec{
		Execer: psql(runs...), Address: "172.18.0.2", User: "trading", Database: "trading", Password: dbPassword, Origin: "verify.postgres", Gap: -1,
		System: func(context.Context) (string, error) { return dbSystem, nil },
	}
}

func TestADatabaseIsAskedFromInsideAtItsNetworkAddress(t *testing.T) {
	var cmds [][]string
	p := inside()
	p.Execer = execFunc(func(cmd, env []string) (int, string, error) {
		cmds = append(cmds, cmd)
		if !slices.Contains(env, "PGPASSWORD="+dbPassword) || slices.Contains(cmd, dbPassword) {
			t.Errorf("the password is not where it belongs: %q %q", cmd, env)
		}
		return 0, "NOTICE: hello\n" + serverRow + systemRow + writeRow, nil
	})
	e := p.Run(t.Context())
	expectPass(t, e, "SELECT 1 as trading@172.18.0.2:5432/trading: answered twice by one server process, whose system identifier is the container's; credentials from verify.postgres")
	if len(cmds) != 2 || !strings.Contains(strings.Join(cmds[0], " "), "-h 172.18.0.2 -p 5432 -U trading -d trading") {
		t.Errorf("%q", cmds)
	}
	if strings.Contains(strings.Join(cmds[0], " "), "TEMPORARY") || !strings.Contains(strings.Join(cmds[1], " "), "TEMPORARY") {
		t.Errorf("one write is enough: %q", cmds)
	}
}

func TestADatabaseThatIsNotProvenFromInsideSaysWhy(t *testing.T) {
	good := psqlRun{0, serverRow + systemRow + writeRow}
	connect := func(message string) []psqlRun {
		return []psqlRun{{2, `psql: error: connection to server at "172.18.0.2", port 5432 failed: ` + message + "\n"}}
	}
	for name, tc := range map[string]struct {
		runs               []psqlRun
		code, result, hint string
		final              bool
	}{
		"it starts up":              {connect("FATAL:  the database system is starting up"), "57P03", "starting up", "will answer", false},
		"it has another password":   {connect(`FATAL:  password authentication failed for user "trading"`), "28P01", "password authentication failed", "verify.postgres is not the server's", true},
		"it lacks the database":     {connect(`FATAL:  database "trading" does not exist`), "3D000", "does not exist", "", true},
		"it lacks the role":         {connect(`FATAL:  role "trading" does not exist`), "28000", "does not exist", "", true},
		"it has no connection left": {connect("FATAL:  sorry, too many clients already"), "53300", "too many", "max_connections", false},
		"it does not listen there":  {connect("Connection refused\n\tIs the server running on that host?"), CodeRefused, "Connection refused", "listen_addresses", false},
		"it does not answer":        {connect("timeout expired"), CodeTimeout, "timeout expired", "", false},
		"it fails otherwise":        {connect("a surprise"), CodeExit, "psql: exit 2: psql: error", "", false},
		"there is no psql":          {[]psqlRun{{126, `OCI runtime exec failed: exec failed: exec: "psql": executable file not found in $PATH`}}, CodeExit, "psql is not in the image", "publish", true},
		"its disk is full": {[]psqlRun{good, {1, serverRow + systemRow + "ERROR:  53100: could not extend file \"base/1/t3\": No space left on device\nHINT:  Check free disk space.\nLOCATION:  mdextend, md.c:527\n"}},
			"53100", `could not extend file "base/1/t3": No space left on device (SQLSTATE 53100)`, "disk of the data volume", true},
		"a refused identity does not hide a refused write": {[]psqlRun{good, {1, serverRow + "ERROR:  42501: permission denied for function pg_control_system\nERROR:  25006: cannot execute CREATE TABLE in a read-only transaction\n"}},
			"25006", "cannot execute CREATE TABLE", "", false},
		"a write without an answer":                   {[]psqlRun{good, {2, serverRow + systemRow + "server closed the connection unexpectedly\n"}}, CodeExit, "closed the connection", "", false},
		"it is read-only":                             {[]psqlRun{{0, "stackctl-server|1|1.1|false|on|0.5\n"}}, "25006", "read-only", "", false},
		"it is a standby":                             {[]psqlRun{{0, "stackctl-server|1|1.1|true|on|0.5\n"}}, CodeReadOnly, "in recovery", "", false},
		"it restarts in between":                      {[]psqlRun{good, {0, strings.Replace(good.output, ".1", ".2", 1)}}, CodeRestarted, "restarted", "", false},
		"it is another server":                        {[]psqlRun{good, {0, strings.Replace(good.output, dbSystem, "42", 1)}}, CodeIdentity, "identifier is 42", "", false},
		"an answer of another shape proves nothing":   {[]psqlRun{{0, "stackctl-server|1\n"}}, CodeExit, "psql: exit 0", "", false},
		"no answer at all proves nothing":             {[]psqlRun{{0, ""}}, CodeExit, "psql: exit 0", "", false},
		"the mark inside another line proves nothing": {[]psqlRun{{0, "x " + serverRow}}, CodeExit, "psql: exit 0", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			e := inside(tc.runs...).Run(t.Context())
			expectFailure(t, e, tc.code, tc.result, tc.hint)
			if e.Final != tc.final {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestWithoutPermissionToWriteFromInsideThereIsANote(t *testing.T) {
	e := inside(psqlRun{0, serverRow + systemRow}, psqlRun{1, serverRow + systemRow + "ERROR:  42501: permission denied to create temporary tables in database \"trading\"\n"}).Run(t.Context())
	expectPass(t, e, "answered twice", "writing was not tested")
}

func TestAnExecThatFailsProvesNothing(t *testing.T) {
	p := inside()
	p.Execer = execFunc(func([]string, []string) (int, string, error) { return 0, serverRow, errors.New("engine lost") })
	expectFailure(t, p.Run(t.Context()), CodeExit, "engine lost", "")
}

func TestTheSystemIdentifierIsReadFromTheFilesOfTheContainer(t *testing.T) {
	ask := func(code int, output string, err error) (string, error) {
		return SystemIdentifier(t.Context(), execFunc(func(cmd, env []string) (int, string, error) {
			if strings.Join(cmd, " ") != "pg_controldata -D /data" || !slices.Contains(env, "LC_ALL=C") {
				t.Errorf("%q %q", cmd, env)
			}
			return code, output, err
		}), "/data")
	}
	if got, err := ask(0, "pg_control version number:            1700\nDatabase system identifier:           "+dbSystem+"\n", nil); got != dbSystem || err != nil {
		t.Error(got, err)
	}
	for name, run := range map[string]struct {
		code   int
		output string
		err    error
		none   bool
	}{
		"without the program":     {126, "OCI runtime exec failed: not found", nil, true},
		"before initialisation":   {1, "pg_controldata: error: could not open file", nil, false},
		"with another output":     {0, "hello", nil, false},
		"when exec itself failed": {0, "", errors.New("engine lost"), false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ask(run.code, run.output, run.err)
			if got != "" || err == nil || errors.Is(err, ErrNoSystem) != run.none {
				t.Error(got, err)
			}
		})
	}
}

func TestADatabaseIsNeverAskedOverItsSocketOrLoopback(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1", "::1", "0.0.0.0", "localhost"} {
		p := inside(psqlRun{0, serverRow + systemRow + writeRow})
		p.Address = address
		if e := p.Run(t.Context()); e.Passed || e.Code != CodeInput || !strings.Contains(e.Result, "let everybody in") {
			t.Errorf("at %q: %+v", address, e)
		}
	}
}
