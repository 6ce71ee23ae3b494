package orchestrator

import (
	"context"
	"fmt"
	"net"
	"os"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// postgresPort is where the official image listens, unless PGPORT says
// otherwise.
const postgresPort = 5432

// isDatabase says whether a service is a Postgres server: by the name of its
// image, or since its image is built from the official one, which leaves its
// variables, and still begins the server.
func isDatabase(s *compose.Service, image images.Image) bool {
	if !s.RunsServer() {
		return false
	}
	if isPostgres(s.Image) {
		return true
	}
	begins := len(s.Command) > 0 || len(image.Cmd) > 0 && path.Base(image.Cmd[0]) == "postgres"
	return begins && variable(image.Env, "PG_MAJOR") != "" && variable(image.Env, "PGDATA") != ""
}

// databasePort is where the server in a container listens.
func databasePort(c Container) uint16 {
	if port, err := strconv.ParseUint(variable(c.Env, "PGPORT"), 10, 16); err == nil && port > 0 {
		return uint16(port)
	}
	return postgresPort
}

// credentials are how a database is asked, and where they came from.
type credentials struct {
	user, database, password, origin string
}

// postgres is the proof of a database: through its published port, or at the
// container's own address from here where that can be routed to, or from
// inside to that address.
func (p prober) postgres(s *compose.Service, c Container, declared *compose.VerifyPostgres) task {
	return task{gate: GateDatabase, probe: databaseProbe{prober: p, service: s, container: c, declared: declared}}
}

// databaseProbe chooses the way to the database when it is run, since the
// credentials may have to be read inside the container.
type databaseProbe struct {
	prober    prober
	service   *compose.Service
	container Container
	declared  *compose.VerifyPostgres
}

// String names the probe.
func (d databaseProbe) String() string { return "SELECT 1 on " + d.service.Name }

// Run implements healthchecks.Probe.
func (d databaseProbe) Run(ctx context.Context) healthchecks.Evidence {
	e := d.ask(ctx)
	if !e.Passed {
		return e
	}
	if aborted := d.abortedInit(ctx); aborted != nil {
		aborted.At, aborted.Took = e.At, e.Took
		return *aborted
	}
	return e
}

// ask makes the query.
func (d databaseProbe) ask(ctx context.Context) healthchecks.Evidence {
	inside := execer{d.prober.engine, d.container.ID, ""}
	began := time.Now()
	cred, err := d.credentials(ctx)
	if err != nil {
		return healthchecks.Evidence{Probe: d.String(), Result: sanitize.Line(err.Error(), cardLineMax), Code: "credentials",
			Final: fault.ClassOf(err) == fault.Config, Hint: fault.HintOf(err), At: began, Took: time.Since(began)}
	}
	var own atomic.Pointer[string]
	system := func(ctx context.Context) (string, error) {
		id, err := healthchecks.SystemIdentifier(ctx, inside, d.dataDir())
		own.Store(&id)
		return id, err
	}
	place, err := d.place(ctx)
	if err != nil {
		return healthchecks.Evidence{Probe: d.String(), Result: sanitize.Line(err.Error(), cardLineMax), Code: "network", At: began, Took: time.Since(began)}
	}
	known := d.prober.servers.of(d.container)
	var probe healthchecks.Probe = healthchecks.PostgresExec{
		Execer: inside, Address: ownAddress(place), Port: databasePort(d.container), User: cred.user, Database: cred.database, Password: cred.password,
		Origin: cred.origin, System: system, Known: known, Redact: d.prober.redact.Redact,
	}
	if addresses := d.addresses(place); len(addresses) > 0 {
		probe = healthchecks.Postgres{
			Addresses: addresses, User: cred.user, Database: cred.database, Password: cred.password,
			Origin: cred.origin, System: system, Known: known, Redact: d.prober.redact.Redact, Dial: d.prober.outside.Dial,
		}
	}
	e := probe.Run(ctx)
	if id := own.Load(); e.Passed && id != nil && *id != "" && *id == e.Detail[healthchecks.DetailSystem] {
		d.prober.servers.remember(d.container, healthchecks.ServerIdentity{Started: e.Detail[healthchecks.DetailStarted], System: *id})
	}
	return e
}

// ownAddress is a container's address in its first network, "" for none.
func ownAddress(c Container) string {
	for _, e := range c.Endpoints {
		if ip := firstText(e.IPv4, e.IPv6); ip != "" {
			return ip
		}
	}
	return ""
}

// place is the container in whose network the database listens: its own, or
// the one whose network it shares.
func (d databaseProbe) place(ctx context.Context) (Container, error) {
	id, shared := strings.CutPrefix(d.container.NetworkMode, "container:")
	if !shared {
		return d.container, nil
	}
	c, err := d.prober.engine.Inspect(ctx, id)
	if err != nil {
		return c, fmt.Errorf("look at the container whose network it shares: %w", err)
	}
	return c, nil
}

// addresses are the published ones of the container in whose network the
// database is; else that container's own, or in the host's network the host's:
// never its loopback, which the official image trusts.
func (d databaseProbe) addresses(place Container) []string {
	port := databasePort(d.container)
	if place.NetworkMode == "host" {
		return d.prober.hostAddresses(port)
	}
	var out []string
	for _, b := range d.prober.published(place, port) {
		if _, ok := d.prober.faraway(b); ok {
			continue
		}
		out = append(out, d.prober.address(b))
	}
	if direct := d.prober.direct(place, port); direct != "" && len(out) == 0 {
		if host, _, err := net.SplitHostPort(direct); err == nil && d.prober.outside.routable(host) {
			out = append(out, direct)
		}
	}
	return out
}

// hostAddresses are where a port in the host's own network is reached.
func (p prober) hostAddresses(port uint16) []string {
	if !p.info.Local {
		return []string{healthchecks.HostAddress("", port, p.info.Host)}
	}
	var out []string
	for _, ip := range p.outside.own() {
		out = append(out, net.JoinHostPort(ip, strconv.Itoa(int(port))))
	}
	return out
}

func (d databaseProbe) dataDir() string {
	if dir := d.env("PGDATA"); dir != "" {
		return dir
	}
	return "/var/lib/postgresql/data"
}

// credentials are those of verify.postgres, else the POSTGRES_* of the
// container.
func (d databaseProbe) credentials(ctx context.Context) (credentials, error) {
	c := credentials{user: "postgres", origin: "POSTGRES_*"}
	for _, field := range []struct {
		key string
		to  *string
	}{{"POSTGRES_USER", &c.user}, {"POSTGRES_PASSWORD", &c.password}, {"POSTGRES_DB", &c.database}} {
		value, err := d.value(ctx, field.key)
		if err != nil {
			return c, err
		}
		if value != "" {
			*field.to = value
		}
	}
	if v := d.declared; v != nil {
		c.origin = "verify.postgres"
		if v.User != "" {
			c.user = v.User
		}
		if v.Database != "" {
			c.database = v.Database
		}
		if v.PasswordFile != "" {
			b, err := os.ReadFile(v.PasswordFile)
			if err != nil {
				return c, fault.New(fault.Config, "the password of verify.postgres cannot be read: %w", err)
			}
			c.password = strings.TrimRight(string(b), "\r\n")
		}
	}
	if c.database == "" {
		c.database = c.user
	}
	return c, nil
}

// value is a setting of the image's contract: KEY, or the content of the file
// that KEY_FILE names inside the container.
func (d databaseProbe) value(ctx context.Context, key string) (string, error) {
	if v := d.env(key); v != "" {
		return v, nil
	}
	file := d.env(key + "_FILE")
	if file == "" {
		return "", nil
	}
	if host := d.hostFile(file); host != "" {
		if b, err := os.ReadFile(host); err == nil {
			return strings.TrimRight(string(b), "\r\n"), nil
		}
	}
	// The redactor would blank a secret in what an exec prints: read it
	// from the engine itself.
	r, err := raw(d.prober.engine).Exec(ctx, d.container.ID, ExecSpec{Cmd: []string{"cat", file}})
	switch {
	case err != nil:
		return "", fmt.Errorf("read %s, which %s_FILE names, in the container: %w", file, key, err)
	case r.ExitCode != 0:
		return "", fault.New(fault.Config, "%s, which %s_FILE names, cannot be read in the container: %s", file, key, sanitize.Line(r.Output, cardLineMax)).
			WithHint("mount the secret there, or name the credentials under x-stackctl: verify: [{postgres: {...}}]")
	}
	return strings.TrimRight(r.Output, "\r\n"), nil
}

// raw is the engine without the redactor.
func raw(e Engine) Engine {
	if c, ok := e.(cleanEngine); ok {
		return c.Engine
	}
	return e
}

// hostFile is the file on this host that is mounted at a path of the
// container, "" when there is none that can be read here.
func (d databaseProbe) hostFile(inside string) string {
	if !d.prober.info.Local {
		return ""
	}
	for _, m := range d.container.Mounts {
		if m.Type == "bind" && path.Clean(m.Destination) == path.Clean(inside) {
			return m.Source
		}
	}
	return ""
}

// env is a variable of the container, the image's included.
func (d databaseProbe) env(key string) string { return variable(d.container.Env, key) }

// variable is the value of a variable in an environment, "" for none.
func variable(env []string, key string) string {
	for _, kv := range env {
		if value, ok := strings.CutPrefix(kv, key+"="); ok {
			return value
		}
	}
	return ""
}
