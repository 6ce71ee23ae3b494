package healthchecks

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/sanitize"
)

// builtInTimeout bounds a built-in check: some clients take seconds to start.
const builtInTimeout = 15 * time.Second

// BuiltIn is the check of a well-known image for a service that brings none of
// its own. It is always named as built-in.
type BuiltIn struct {
	// Name is the kind of server, e.g. "redis".
	Name string
	// commands are tried in order until the image has one. "{address}" stands
	// for the container's own address: several images run a temporary server
	// on loopback while they initialise.
	commands [][]string
	// says are texts of which the output must hold one; none asks for exit
	// code 0 alone.
	says []string
	// port is exchanged with where there is no command.
	port uint16
}

const (
	addressMark = "{address}"
	// pong is a word that no client prints by itself.
	pong = "stackctl-pong"
)

// BuiltInFor returns the check for an image, by the last part of its name.
func BuiltInFor(image string) (BuiltIn, bool) {
	name := nameOf(image)
	for _, b := range builtIns() {
		if slices.Contains(b.images, name) {
			return b.BuiltIn, true
		}
	}
	return BuiltIn{}, false
}

// nameOf returns the last part of an image's name, without tag and digest.
func nameOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name := image[strings.LastIndex(image, "/")+1:]
	name, _, _ = strings.Cut(name, ":")
	return name
}

type known struct {
	images []string
	BuiltIn
}

func builtIns() []known {
	const loopback = "127.0.0.1"
	redis := []string{"PONG", "NOAUTH"} // without a password it still answers
	mongo := "if (db.adminCommand('ping').ok === 1) print('" + pong + "')"
	return []known{
		{[]string{"postgres", "postgresql", "postgis", "pgvector", "timescaledb", "timescaledb-ha"},
			BuiltIn{Name: "postgres", commands: [][]string{{"pg_isready", "-h", addressMark}}}},
		{[]string{"redis", "redis-stack", "redis-stack-server"},
			BuiltIn{Name: "redis", says: redis, commands: [][]string{{"redis-cli", "-h", loopback, "ping"}}}},
		{[]string{"valkey"},
			BuiltIn{Name: "valkey", says: redis, commands: [][]string{{"valkey-cli", "-h", loopback, "ping"}}}},
		{[]string{"mysql", "mysql-server", "percona", "percona-server"},
			BuiltIn{Name: "mysql", commands: [][]string{{"mysqladmin", "ping", "--protocol=tcp", "-h", addressMark}}}},
		{[]string{"mariadb"},
			BuiltIn{Name: "mariadb", commands: [][]string{
				{"mariadb-admin", "ping", "--protocol=tcp", "-h", addressMark},
				{"mysqladmin", "ping", "--protocol=tcp", "-h", addressMark},
			}}},
		{[]string{"mongo", "mongodb", "mongodb-community-server"},
			BuiltIn{Name: "mongo", says: []string{pong}, commands: [][]string{
				{"mongosh", "--quiet", "--norc", "--host", addressMark, "--eval", mongo},
				{"mongo", "--quiet", "--norc", "--host", addressMark, "--eval", mongo},
			}}},
		{[]string{"rabbitmq"},
			BuiltIn{Name: "rabbitmq", commands: [][]string{{"rabbitmq-diagnostics", "-q", "check_running"}}}},
		{[]string{"nginx", "httpd", "caddy"}, BuiltIn{Name: "http", port: 80}},
		{[]string{"nginx-unprivileged"}, BuiltIn{Name: "http", port: 8080}},
		{[]string{"memcached"}, BuiltIn{Name: "memcached", port: 11211}},
		{[]string{"elasticsearch", "opensearch"}, BuiltIn{Name: "elasticsearch", port: 9200}},
	}
}

// Probe returns the check of one container. address is the container's own,
// without a port, "" when it has none; agent is what it calls itself in HTTP.
func (b BuiltIn) Probe(e Execer, address, agent string) Probe {
	if len(b.commands) > 0 {
		return builtInExec{b, e, orElse(address, "127.0.0.1")}
	}
	return builtInExchange{BuiltIn: b, address: address, agent: agent}
}

type builtInExec struct {
	BuiltIn
	execer  Execer
	address string
}

var _ Probe = builtInExec{}

func (p builtInExec) String() string { return p.describe(p.command(0)) }

func (p builtInExec) describe(cmd []string) string {
	return "built-in " + p.Name + ": " + sanitize.Line(strings.Join(cmd, " "), commandLimit)
}

func (p builtInExec) command(n int) []string {
	cmd := slices.Clone(p.commands[n])
	for i := range cmd {
		cmd[i] = strings.ReplaceAll(cmd[i], addressMark, p.address)
	}
	return cmd
}

// Run asks once.
func (p builtInExec) Run(ctx context.Context) Evidence {
	return observe(ctx, p, builtInTimeout, p.ask)
}

func (p builtInExec) ask(ctx context.Context) Evidence {
	e := failure(CodeExit, "the image has none of the programs that could check it").
		hinted("add a healthcheck to the service")
	for i := range p.commands {
		cmd := p.command(i)
		code, output, err := p.execer.Exec(ctx, cmd, nil)
		switch {
		case err != nil:
			return failure(CodeExit, "run %s in the container: %v", cmd[0], err)
		case code == 126, code == 127, code < 0:
			continue
		}
		return p.judge(cmd, code, output)
	}
	return e
}

func (p builtInExec) judge(cmd []string, code int, output string) Evidence {
	said := len(p.says) == 0 && code == 0
	for _, text := range p.says {
		said = said || strings.Contains(output, text)
	}
	if !said {
		text, hint := Explain(Check{Test: append([]string{"CMD"}, cmd...)}, Result{ExitCode: max(code, 1), Output: output})
		return failure(CodeExit, "%s", text).hinted("%s", hint)
	}
	return Evidence{Passed: true, Result: sanitize.Line(cmd[0]+": "+output, bodyShown)}
}

// builtInExchange exchanges bytes with the port that such an image serves.
type builtInExchange struct {
	BuiltIn
	address, agent, method string
}

var _ Probe = builtInExchange{}

func (p builtInExchange) String() string {
	return "built-in " + p.Name + ": tcp://" + net.JoinHostPort(p.address, strconv.Itoa(int(p.port)))
}

// Run asks once.
func (p builtInExchange) Run(ctx context.Context) Evidence {
	return observe(ctx, p, builtInTimeout, func(ctx context.Context) Evidence {
		if p.address == "" {
			return failure(CodeInput, "the container has no address of its own to ask at")
		}
		return p.exchange().Run(ctx)
	})
}

func (p builtInExchange) exchange() TCP {
	address := net.JoinHostPort(p.address, strconv.Itoa(int(p.port)))
	return TCP{Address: address, Direct: address, TryHTTP: true, ContainerPort: p.port, Agent: p.agent, method: p.method}
}

// Accepts says whether the port still accepts connections. It sends nothing.
func (p builtInExchange) Accepts(ctx context.Context) bool { return p.exchange().Accepts(ctx) }

// AcceptsSilently says whether Accepts leaves no line in the server's log.
func (p builtInExchange) AcceptsSilently(last Evidence) bool {
	return p.exchange().AcceptsSilently(last)
}

// AskHead returns the probe that asks for the head of the page only.
func (p builtInExchange) AskHead() (Probe, bool) {
	p.method = http.MethodHead
	return p, true
}
