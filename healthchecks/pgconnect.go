package healthchecks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// errDial marks an error that kept a connection from coming about.
var errDial = errors.New("dial")

// neutral holds a value for everything that the environment or files of this
// host could have a say in; what it leaves empty is set afterwards.
const neutral = "host=127.0.0.1 port=5432 user=x database=x password=x passfile='' connect_timeout=0 " +
	"sslmode=disable sslnegotiation=postgres sslrootcert='' sslcert='' sslkey='' sslpassword='' sslsni=1 sslcertmode=allow " +
	"target_session_attrs=any min_protocol_version=3.0 max_protocol_version=3.0 channel_binding=prefer require_auth=''"

// maxMessage bounds one message of a server, in bytes.
const maxMessage = 1 << 20

// connect logs in. It is plain TCP unless the server asks for TLS, whose
// certificate is not verified: the address is the container's own. trusted says
// that the server let us in without a word about who we are.
func (p Postgres) connect(ctx context.Context, address string) (conn *pgconn.PgConn, trusted bool, err error) {
	conn, err = p.login(ctx, address, nil, "!none")
	if wantsTLS(err) {
		secured, secureErr := p.login(ctx, address, &tls.Config{InsecureSkipVerify: true}, "!none") //nolint:gosec // see above
		if isSQL(secureErr) || secureErr == nil {
			conn, err = secured, secureErr
		}
	}
	if err == nil || isSQL(err) || isClosed(err) || isTimeout(err) || errors.Is(err, errDial) {
		return conn, false, err
	}
	// The client's own refusal to enter without a password has no type.
	if open, openErr := p.login(ctx, address, nil, ""); openErr == nil {
		return open, true, nil
	}
	return nil, false, err
}

func isSQL(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal)
}

// wantsTLS says that the server has no rule for this login; it may have one for
// the same over TLS.
func wantsTLS(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && refusal.Code == "28000"
}

func (p Postgres) login(ctx context.Context, address string, security *tls.Config, auth string) (*pgconn.PgConn, error) {
	config, err := neutralConfig()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	config.Host, config.Port = host, uint16(number)
	config.User, config.Database, config.Password = p.user(), p.database(), p.Password
	config.TLSConfig, config.RequireAuth = security, auth
	config.MaxProtocolMessageBodyLen = maxMessage
	config.RuntimeParams = map[string]string{"application_name": "stackctl"}
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer(p.Dial)(ctx, network, address)
		if err != nil {
			return nil, fmt.Errorf("%w %s: %w", errDial, address, err)
		}
		return conn, nil
	}
	return pgconn.ConnectConfig(ctx, config)
}

// neutralConfig returns a configuration that owes nothing to this process'
// environment. A service named there must exist for the driver, so it is
// overridden by an empty one.
func neutralConfig() (*pgconn.Config, error) {
	settings := neutral
	if os.Getenv("PGSERVICE") != "" {
		file, err := os.CreateTemp("", "stackctl-pgservice-")
		if err != nil {
			return nil, fmt.Errorf("override PGSERVICE: %w", err)
		}
		defer os.Remove(file.Name())
		_, err = file.WriteString("[stackctl]\n")
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, fmt.Errorf("override PGSERVICE: %w", err)
		}
		settings += " service=stackctl servicefile='" + file.Name() + "'"
	}
	config, err := pgconn.ParseConfig(settings)
	if err != nil {
		return nil, fmt.Errorf("configure the database client: %w", err)
	}
	return config, nil
}
