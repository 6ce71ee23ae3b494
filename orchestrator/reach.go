package orchestrator

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// Access is how clients reach a stack that runs.
type Access struct {
	Project string
	// Ports are the published ports in the order of the services, each at its
	// real address.
	Ports []PublishedEndpoint
	// Inside are the ports by which the services reach each other, whether
	// published or not; Address is service:port.
	Inside []PublishedEndpoint
	// Databases are those that a postgres proof is declared or made for.
	Databases []DatabaseAccess
}

// DatabaseAccess is how a client logs in to a database.
type DatabaseAccess struct {
	Service string
	// Address is host:port from this host, "" when it cannot be reached from
	// here; Inside is service:port.
	Address, Inside string
	// User, Password and Database are those that the proof uses. The password
	// is a secret.
	User, Password, Database string
}

// ReachOptions are what Reach goes by.
type ReachOptions struct {
	// Known are the endpoints of a report about these containers; without one
	// the published ports are asked whether they speak HTTP.
	Known   []PublishedEndpoint
	Redact  *sanitize.Redactor
	Outside Outside
}

// Reach finds out how the running containers of the project are reached, and
// reads the credentials of its databases. It proves nothing and changes nothing.
func Reach(ctx context.Context, engine Engine, p *compose.Project, o ReachOptions) (Access, error) {
	info, err := engine.Info(ctx)
	if err != nil {
		return Access{}, err
	}
	s := newSession(engine, info, p, Options{Redact: o.Redact, Outside: o.Outside})
	observed, err := s.engine.Observe(ctx, s.scope())
	if err != nil {
		return Access{}, err
	}
	s.images = wantedImages(p, observed)
	access := Access{Project: p.Name}
	urls := map[string]string{}
	for _, e := range o.Known {
		urls[e.Address] = e.URL
	}
	for _, name := range slices.Concat(p.Order()...) {
		first := true
		for _, c := range observed.Containers {
			if c.Service != name || c.State != StateRunning || c.OneOff || ownerOf(c.Labels, p) != ownedByUs {
				continue
			}
			access.Ports = append(access.Ports, s.prober.reach(ctx, s.bench(name), c, urls)...)
			if first {
				access.Inside = append(access.Inside, inside(p.Services[name], access.Ports)...)
				if db := s.prober.database(ctx, p.Services[name], c); db != nil {
					access.Databases = append(access.Databases, *db)
				}
			}
			first = false
		}
	}
	return access, nil
}

// reach are the published ports of one container; urls are those that are
// known, by address, and empty when nothing is.
func (p prober) reach(ctx context.Context, b bench, c Container, urls map[string]string) []PublishedEndpoint {
	var proofs []Proof
	if len(c.Published) > 0 && len(urls) == 0 {
		proofs = p.run(ctx, c, slices.DeleteFunc(p.tasks(b.service, c, b), func(t task) bool { return t.gate != GateReachable }))
	}
	var out []PublishedEndpoint
	for _, port := range distinct(c.Published, p.info) {
		e := PublishedEndpoint{
			Service: c.Service, Container: port.Container, Proto: port.Proto, Open: wildcard(port.HostIP), Address: p.address(port),
		}
		if e.URL = urls[e.Address]; e.URL == "" {
			e.URL = urlOf(e.Address, proofs)
		}
		out = append(out, e)
	}
	return out
}

// inside are the ports of a service as the other services reach them: those
// that are published, and that of a database.
func inside(s *compose.Service, outside []PublishedEndpoint) []PublishedEndpoint {
	seen := map[string]bool{}
	var out []PublishedEndpoint
	add := func(port uint16, proto, scheme string) {
		e := PublishedEndpoint{Service: s.Name, Container: port, Proto: proto, Address: within(s.Name, port)}
		if scheme != "" {
			e.URL = scheme + "://" + e.Address
		}
		if key := e.Address + "/" + proto; !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
	}
	for _, e := range outside {
		if e.Service == s.Name {
			scheme, _, _ := strings.Cut(e.URL, "://")
			add(e.Container, e.Proto, scheme)
		}
	}
	if _, ok := postgresOf(s); ok {
		add(postgresPort, "tcp", "")
	}
	return out
}

// within is a port of a service for the other services.
func within(service string, port uint16) string {
	return net.JoinHostPort(service, strconv.Itoa(int(port)))
}

// database is how the database of a container is logged in to, nil when there
// is none, or when its credentials cannot be read.
func (p prober) database(ctx context.Context, s *compose.Service, c Container) *DatabaseAccess {
	declared, ok := postgresOf(s)
	if !ok {
		return nil
	}
	probe := databaseProbe{prober: p, service: s, container: c, declared: declared}
	cred, err := probe.credentials(ctx)
	if err != nil {
		return nil
	}
	db := &DatabaseAccess{
		Service: s.Name, Inside: within(s.Name, postgresPort),
		User: cred.user, Password: cred.password, Database: cred.database,
	}
	if addresses := probe.addresses(c); len(addresses) > 0 {
		db.Address = addresses[0]
	}
	return db
}

// postgresOf is the proof of a database that a service declares, nil when it
// is made without being declared; false when there is none.
func postgresOf(s *compose.Service) (declared *compose.VerifyPostgres, ok bool) {
	for _, v := range s.Settings.Verify {
		if v.Postgres != nil {
			return v.Postgres, true
		}
	}
	return nil, isPostgres(s.Image) && s.RunsServer()
}
