package cli

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/stackctl/stackctl/orchestrator"
)

// variable is one variable of a client's environment.
type variable struct{ name, value string }

// clientEnv is what a client needs to know to reach a stack, as variables: from
// this host, or from inside of its networks. Of several replicas the first
// counts; the others have their number behind the name. Without secrets, the
// passwords of databases are left out.
func clientEnv(a orchestrator.Access, inside, secrets bool) []variable {
	e := &envBuilder{taken: map[string]int{}}
	e.add("STACKCTL_PROJECT", a.Project)
	ports := a.Ports
	if inside {
		ports = a.Inside
	}
	ports = oneFamily(ports)
	for _, p := range ports {
		e.add(portVariable(p), p.Address)
	}
	for _, p := range ports {
		if p.URL != "" {
			e.once("STACKCTL_URL_"+variableWord(p.Service), p.URL)
		}
	}
	var urls []string
	for _, db := range a.Databases {
		address := db.Address
		if inside {
			address = db.Inside
		}
		if address != "" {
			urls = append(urls, databaseURL(db, address, secrets))
			e.once("STACKCTL_DATABASE_URL_"+variableWord(db.Service), urls[len(urls)-1])
		}
	}
	if len(urls) == 1 { // of several, none is the one
		e.add("DATABASE_URL", urls[0])
	}
	return e.all
}

// envBuilder gives each variable a name of its own.
type envBuilder struct {
	all   []variable
	taken map[string]int
}

// add numbers the second of a name and those after it.
func (e *envBuilder) add(name, value string) {
	e.taken[name]++
	if n := e.taken[name]; n > 1 {
		name += "_" + strconv.Itoa(n)
	}
	e.all = append(e.all, variable{name, value})
}

// once lets the first of a name count.
func (e *envBuilder) once(name, value string) {
	if e.taken[name] == 0 {
		e.add(name, value)
	}
}

// oneFamily leaves out the IPv6 address of a port that has one of IPv4 too.
func oneFamily(ports []orchestrator.PublishedEndpoint) []orchestrator.PublishedEndpoint {
	four := map[string]bool{}
	key := func(p orchestrator.PublishedEndpoint) string {
		return p.Service + "/" + strconv.Itoa(int(p.Container)) + "/" + p.Proto
	}
	for _, p := range ports {
		if !strings.HasPrefix(p.Address, "[") {
			four[key(p)] = true
		}
	}
	var out []orchestrator.PublishedEndpoint
	for _, p := range ports {
		if !strings.HasPrefix(p.Address, "[") || !four[key(p)] {
			out = append(out, p)
		}
	}
	return out
}

// portVariable is STACKCTL_WEB_80, with the protocol behind it where that is
// not TCP.
func portVariable(p orchestrator.PublishedEndpoint) string {
	name := fmt.Sprintf("STACKCTL_%s_%d", variableWord(p.Service), p.Container)
	if p.Proto != "tcp" {
		name += "_" + variableWord(p.Proto)
	}
	return name
}

// variableWord is a service's name as it can stand in that of a variable.
func variableWord(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, name)
}

// databaseURL is what clients of Postgres understand. TLS is left off, as the
// proof does: some clients would insist on it otherwise.
func databaseURL(db orchestrator.DatabaseAccess, address string, secrets bool) string {
	u := url.URL{Scheme: "postgres", Host: address, Path: "/" + db.Database, RawQuery: "sslmode=disable", User: url.User(db.User)}
	if secrets && db.Password != "" {
		u.User = url.UserPassword(db.User, db.Password)
	}
	return u.String()
}
