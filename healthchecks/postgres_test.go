package healthchecks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	dbPassword = "correct-horse"
	dbSystem   = "7465738291034567890"
)

// fakePostgres speaks the wire protocol as far as the probe goes. The zero
// value is a healthy server.
type fakePostgres struct {
	// refuse is an SQLSTATE that answers every login.
	refuse string
	// trust asks for no password.
	trust bool
	// certificate makes it refuse logins without TLS.
	certificate *tls.Certificate
	// restarts makes each connection meet another server process.
	restarts bool
	// recovery, readOnly and system replace its words.
	recovery, readOnly, system, age string
	// refuseSystem, refuseServer and refuseWrite are SQLSTATEs that answer the
	// statements.
	refuseSystem, refuseServer, refuseWrite string

	logins atomic.Int32
}

func (f *fakePostgres) start(t *testing.T) string {
	t.Helper()
	return accept(t, func(conn net.Conn) {
		if err := f.serve(conn); err != nil {
			// The probe may go whenever it has heard enough.
			t.Log("fake postgres:", err)
		}
	})
}

func (f *fakePostgres) serve(conn net.Conn) error {
	backend := pgproto3.NewBackend(conn, conn)
	secured := false
	for {
		message, err := backend.ReceiveStartupMessage()
		if err != nil {
			return err
		}
		switch message := message.(type) {
		case *pgproto3.SSLRequest:
			if f.certificate == nil {
				_, _ = conn.Write([]byte("N"))
				continue
			}
			_, _ = conn.Write([]byte("S"))
			conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*f.certificate}})
			backend, secured = pgproto3.NewBackend(conn, conn), true
		case *pgproto3.StartupMessage:
			return f.session(backend, message.Parameters, secured)
		default:
			return fmt.Errorf("unexpected %T", message)
		}
	}
}

func (f *fakePostgres) session(backend *pgproto3.Backend, parameters map[string]string, secured bool) error {
	login := f.logins.Add(1)
	if state := f.admit(backend, parameters, secured); state != "" {
		return refuse(backend, "FATAL", state)
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for {
		if err := backend.Flush(); err != nil {
			return err
		}
		message, err := backend.Receive()
		if err != nil {
			return err
		}
		query, ok := message.(*pgproto3.Query)
		if !ok {
			return nil
		}
		f.answer(backend, query.String, login)
		backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	}
}

// admit returns the SQLSTATE of a refusal, or "".
func (f *fakePostgres) admit(backend *pgproto3.Backend, parameters map[string]string, secured bool) string {
	switch {
	case f.refuse != "":
		return f.refuse
	case f.certificate != nil && !secured:
		return "28000"
	case parameters["user"] != "trading", f.trust:
		if f.trust {
			return ""
		}
		return "28P01"
	}
	backend.Send(&pgproto3.AuthenticationCleartextPassword{})
	if err := backend.Flush(); err != nil {
		return "08006"
	}
	if err := backend.SetAuthType(pgproto3.AuthTypeCleartextPassword); err != nil {
		return "08006"
	}
	message, err := backend.Receive()
	password, ok := message.(*pgproto3.PasswordMessage)
	switch {
	case err != nil || !ok || password.Password != dbPassword:
		return "28P01"
	case parameters["database"] != "trading":
		return "3D000"
	}
	return ""
}

func (f *fakePostgres) answer(backend *pgproto3.Backend, sql string, login int32) {
	switch {
	case strings.Contains(sql, "pg_postmaster_start_time"):
		started := "1700000000.1"
		if f.restarts {
			started = fmt.Sprintf("1700000000.%d", login)
		}
		f.row(backend, f.refuseServer, "1", started, orElse(f.recovery, "false"), orElse(f.readOnly, "off"), orElse(f.age, "0.5"))
	case strings.Contains(sql, "pg_control_system"):
		f.row(backend, f.refuseSystem, orElse(f.system, dbSystem))
	case strings.Contains(sql, "TEMPORARY TABLE"):
		f.row(backend, f.refuseWrite)
	}
}

func (f *fakePostgres) row(backend *pgproto3.Backend, refusal string, values ...string) {
	if refusal != "" {
		backend.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: refusal, Message: "refused \x1b[2Jby the script"})
		return
	}
	if len(values) > 0 {
		row, description := &pgproto3.DataRow{}, &pgproto3.RowDescription{}
		for _, value := range values {
			row.Values = append(row.Values, []byte(value))
			description.Fields = append(description.Fields, pgproto3.FieldDescription{Name: []byte("c"), DataTypeOID: 25, DataTypeSize: -1, TypeModifier: -1})
		}
		backend.Send(description)
		backend.Send(row)
	}
	backend.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
}

func refuse(backend *pgproto3.Backend, severity, state string) error {
	backend.Send(&pgproto3.ErrorResponse{Severity: severity, SeverityUnlocalized: severity, Code: state, Message: "refused \x1b[2Jby the script"})
	return backend.Flush()
}

// trading asks as the user that the fake server knows.
func trading(addresses ...string) Postgres {
	return Postgres{
		Addresses: addresses, User: "trading", Database: "trading", Password: dbPassword, Origin: "POSTGRES_*", Gap: -1,
		System: func(context.Context) (string, error) { return dbSystem, nil },
	}
}

func TestAHealthyDatabaseAnswersTwiceByOneProcessOfTheContainer(t *testing.T) {
	fake := &fakePostgres{}
	address := fake.start(t)
	e := trading(address).Run(t.Context())
	expectPass(t, e, "SELECT 1 as trading@"+address+"/trading: answered twice by one server process, whose system identifier is the container's; credentials from POSTGRES_*")
	if fake.logins.Load() != 2 {
		t.Errorf("%d logins", fake.logins.Load())
	}
	if e.Detail[DetailStarted] != "1700000000.1" || e.Detail[DetailSystem] != dbSystem || e.Detail[DetailAddress] != address {
		t.Errorf("%+v", e.Detail)
	}
	if e.Probe != "SELECT 1 as trading@"+address+"/trading" || strings.Contains(fmt.Sprintf("%+v", e), dbPassword) {
		t.Errorf("%+v", e)
	}
}

func TestWhoTheServerIsIsAskedAgainOnlyWhenAnotherOneAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		known ServerIdentity
		asked int32
	}{
		"nothing is known":                   {ServerIdentity{}, 1},
		"known":                              {ServerIdentity{"1700000000.1", dbSystem}, 0},
		"another process":                    {ServerIdentity{"1600000000.1", dbSystem}, 1},
		"another database, started together": {ServerIdentity{"1700000000.1", "666"}, 1},
		"a process without an identity":      {ServerIdentity{"1700000000.1", ""}, 1},
	} {
		for _, own := range []string{dbSystem, "42"} {
			t.Run(name+" "+own, func(t *testing.T) {
				fake := &fakePostgres{}
				probe := trading(fake.start(t))
				probe.Known = tc.known
				var asked atomic.Int32
				probe.System = func(context.Context) (string, error) {
					asked.Add(1)
					return own, nil
				}
				e := probe.Run(t.Context())
				if asked.Load() != tc.asked {
					t.Errorf("asked %d times", asked.Load())
				}
				if want := tc.asked == 0 || own == dbSystem; e.Passed != want {
					t.Errorf("%+v", e)
				}
				if !e.Passed && e.Code != CodeIdentity {
					t.Errorf("%+v", e)
				}
			})
		}
	}
}

func TestAServerThatIsYoungIsAskedAgainAfterAPause(t *testing.T) {
	for name, tc := range map[string]struct {
		age    string
		wanted time.Duration
		want   time.Duration
	}{
		"young":                         {"4.9", 0, defaultGap},
		"settled":                       {"5.0", 0, 0},
		"started in the future":         {"-3600.2", 0, defaultGap},
		"of an age that nobody knows":   {"", 0, defaultGap},
		"of an age that is no number":   {"NaN", 0, defaultGap},
		"settled, with a pause ordered": {"600", time.Second, time.Second},
		"young, with none ordered":      {"0.1", -1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (server{age: tc.age}).gap(tc.wanted); got != tc.want {
				t.Errorf("%s, not %s", got, tc.want)
			}
		})
	}
	p := trading((&fakePostgres{age: "0.5"}).start(t))
	p.Gap = 0
	if e := p.Run(t.Context()); !e.Passed || e.Took < defaultGap {
		t.Errorf("%+v", e)
	}
}

func TestADatabaseThatIsNotProvenSaysWhy(t *testing.T) {
	for name, tc := range map[string]struct {
		fake               *fakePostgres
		code, result, hint string
		final              bool
	}{
		"it starts up":              {&fakePostgres{refuse: "57P03"}, "57P03", "SQLSTATE 57P03", "will answer when it is done", false},
		"it is being stopped":       {&fakePostgres{refuse: "57P01"}, "57P01", "", "being stopped", false},
		"it has another password":   {&fakePostgres{refuse: "28P01"}, "28P01", "", "the password from POSTGRES_* is not the server's: the volume may predate it", true},
		"it has no rule for us":     {&fakePostgres{refuse: "28000"}, "28000", "", "pg_hba.conf", true},
		"it lacks the database":     {&fakePostgres{refuse: "3D000"}, "3D000", "", "verify.postgres", true},
		"it has no connection left": {&fakePostgres{refuse: "53300"}, "53300", "", "max_connections", false},
		"it says what nobody knows": {&fakePostgres{refuse: "XX001"}, "XX001", `refused \x1b[2Jby the script (SQLSTATE XX001)`, "", false},
		"its disk is full":          {&fakePostgres{refuseWrite: "53100"}, "53100", "", "disk of the data volume is full", true},
		"it takes no writes":        {&fakePostgres{refuseWrite: "25006"}, "25006", "", "read-only", false},
		"it is read-only":           {&fakePostgres{readOnly: "on"}, "25006", "read-only by default", "default_transaction_read_only", false},
		"it is a standby":           {&fakePostgres{recovery: "true"}, CodeReadOnly, "in recovery", "", false},
		"it says nothing about it":  {&fakePostgres{recovery: "who knows"}, CodeReadOnly, "in recovery", "", false},
		"it restarts in between":    {&fakePostgres{restarts: true}, CodeRestarted, "restarted between two questions", "", false},
		"it is another server":      {&fakePostgres{system: "42"}, CodeIdentity, "its system identifier is 42, the container's is " + dbSystem, "another database", false},
		"its question fails":        {&fakePostgres{refuseServer: "XX000"}, "XX000", "", "", false},
		"its identity fails":        {&fakePostgres{refuseSystem: "58P01"}, "58P01", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			e := trading(tc.fake.start(t)).Run(t.Context())
			expectFailure(t, e, tc.code, tc.result, tc.hint)
			if e.Final != tc.final || strings.Contains(e.Result, "\x1b") {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestWhatADatabaseDoesNotAllowIsANoteAndNoFailure(t *testing.T) {
	t.Run("temporary tables", func(t *testing.T) {
		e := trading((&fakePostgres{refuseWrite: "42501"}).start(t)).Run(t.Context())
		expectPass(t, e, "answered twice", "writing was not tested")
	})
	t.Run("its system identifier", func(t *testing.T) {
		e := trading((&fakePostgres{refuseSystem: "42501"}).start(t)).Run(t.Context())
		expectPass(t, e, "answered twice", "was not compared")
	})
	t.Run("a container that has no identifier", func(t *testing.T) {
		p := trading((&fakePostgres{}).start(t))
		p.System = func(context.Context) (string, error) { return "", fmt.Errorf("%w: no program", ErrNoSystem) }
		expectPass(t, p.Run(t.Context()), "answered twice", "was not compared")
		p.System = nil
		expectPass(t, p.Run(t.Context()), "answered twice", "was not compared")
	})
	t.Run("a container that fails to tell it proves nothing", func(t *testing.T) {
		p := trading((&fakePostgres{}).start(t))
		p.System = func(context.Context) (string, error) { return "", errors.New("exec failed") }
		expectFailure(t, p.Run(t.Context()), CodeIdentity, "exec failed", "")
	})
	t.Run("a server that asks for no password", func(t *testing.T) {
		e := trading((&fakePostgres{trust: true}).start(t)).Run(t.Context())
		expectPass(t, e, "answered twice", "the credentials were not tested")
	})
}

func TestWrongCredentialsAreFinal(t *testing.T) {
	p := trading((&fakePostgres{}).start(t))
	p.Password = "wrong"
	expectFailure(t, p.Run(t.Context()), "28P01", "", "volume may predate")
	p = trading((&fakePostgres{}).start(t))
	p.Database = "other"
	if e := p.Run(t.Context()); e.Code != "3D000" || !e.Final {
		t.Errorf("%+v", e)
	}
}

func TestADatabaseThatInsistsOnTLSGetsIt(t *testing.T) {
	certificate := serveTLS(t).TLS.Certificates[0]
	e := trading((&fakePostgres{certificate: &certificate}).start(t)).Run(t.Context())
	expectPass(t, e, "answered twice")
	p := trading((&fakePostgres{certificate: &certificate}).start(t))
	p.Password = "wrong"
	expectFailure(t, p.Run(t.Context()), "28P01", "", "")
}

func TestTheNextAddressIsTriedWhereNobodyAnswers(t *testing.T) {
	address := (&fakePostgres{}).start(t)
	dead := nobody(t)
	e := trading(dead, address).Run(t.Context())
	expectPass(t, e, address, "nothing listens at "+dead)
	e = trading(accept(t, func(net.Conn) {}), address).Run(t.Context())
	expectPass(t, e, address, "accepts TCP but closes")
	e = trading((&fakePostgres{refuse: "57P03"}).start(t), address).Run(t.Context())
	expectFailure(t, e, "57P03", "", "")
	expectFailure(t, trading(dead).Run(t.Context()), CodeRefused, dead, "")
	expectFailure(t, trading().Run(t.Context()), CodeInput, "no address", "")
	expectFailure(t, trading("127.0.0.1").Run(t.Context()), CodeProtocol, "missing port", "")
}

func TestADatabaseThatNeverAnswersCostsTheProbesOwnTime(t *testing.T) {
	p := trading(accept(t, hold), (&fakePostgres{}).start(t))
	p.Timeout = time.Second
	e := p.Run(t.Context())
	expectPass(t, e, p.Addresses[1], "no answer from "+p.Addresses[0])
	p.Addresses = p.Addresses[:1]
	p.Timeout = 100 * time.Millisecond
	expectFailure(t, p.Run(t.Context()), CodeTimeout, "no answer", "")
}

func TestAServerOfAnotherProtocolIsNoDatabase(t *testing.T) {
	e := trading(say(t, "SSH-2.0-OpenSSH\r\n")).Run(t.Context())
	if e.Passed || e.Code == "" {
		t.Errorf("%+v", e)
	}
}

func TestNeitherEnvironmentNorFilesHaveASayInTheLogin(t *testing.T) {
	for name, value := range map[string]string{
		"PGHOST": "203.0.113.7", "PGHOSTADDR": "203.0.113.7", "PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "nowhere", "PGPASSWORD": "wrong",
		"PGSERVICE": "missing", "PGSERVICEFILE": "/nonexistent", "PGPASSFILE": "/nonexistent", "PGSSLMODE": "verify-full",
		"PGSSLROOTCERT": "/nonexistent", "PGSSLCERT": "/nonexistent", "PGSSLKEY": "/nonexistent", "PGSSLCERTMODE": "require",
		"PGSSLNEGOTIATION": "direct", "PGTARGETSESSIONATTRS": "standby", "PGCONNECT_TIMEOUT": "x", "PGOPTIONS": "-c x=y", "PGTZ": "Mars",
		"PGCHANNELBINDING": "require", "PGREQUIREAUTH": "gss", "PGMINPROTOCOLVERSION": "latest", "PGMAXPROTOCOLVERSION": "latest",
		"PGAPPNAME": "other", "PGSSLSNI": "0", "PGSSLPASSWORD": "x",
	} {
		t.Setenv(name, value)
	}
	expectPass(t, trading((&fakePostgres{}).start(t)).Run(t.Context()), "answered twice")
}

func TestUserAndDatabaseHaveTheImagesDefaults(t *testing.T) {
	if got := (Postgres{Addresses: []string{"a:1", "b:2"}}).String(); got != "SELECT 1 as postgres@a:1,b:2/postgres" {
		t.Error(got)
	}
	if got := (Postgres{Addresses: []string{"a:1"}, User: "me"}).String(); got != "SELECT 1 as me@a:1/me" {
		t.Error(got)
	}
	if got := (PostgresExec{Address: "10.0.0.2"}).String(); got != "SELECT 1 as postgres@10.0.0.2:5432/postgres (exec)" {
		t.Error(got)
	}
}
