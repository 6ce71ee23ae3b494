package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// service is one service of a stack that all tools bring up.
type service struct {
	name  string
	needs []string
	// after is how long it takes to become ready once it runs.
	after time.Duration
	// postgres makes it the database.
	postgres bool
	// port is published on this port of the host; 0 for none.
	port int
}

// probing is how often the checks of a stack's file ask.
type probing struct {
	interval time.Duration
	// startInterval is what a tuned file sets; 0 for an ordinary one.
	startInterval time.Duration
}

// stack is what is brought up.
type stack struct {
	services []service
	probing  probing
	// variable is the value of one variable of the service "search".
	variable string
	image    string
	database string
}

// eleven are eleven services in four levels.
func eleven(port int) []service {
	ms := time.Millisecond
	return []service{
		{name: "db", postgres: true},
		{name: "cache", after: 100 * ms},
		{name: "queue", after: 300 * ms},
		{name: "auth", after: 200 * ms, needs: []string{"db", "cache"}},
		{name: "catalog", after: 200 * ms, needs: []string{"db"}},
		{name: "orders", after: 300 * ms, needs: []string{"db", "queue"}},
		{name: "api", after: 200 * ms, needs: []string{"auth", "catalog", "orders"}},
		{name: "worker", after: 100 * ms, needs: []string{"orders", "queue"}},
		{name: "search", after: 300 * ms, needs: []string{"catalog"}},
		{name: "web", after: 100 * ms, needs: []string{"api", "search"}, port: port},
		{name: "admin", after: 100 * ms, needs: []string{"api"}},
	}
}

// many are n small services that need nobody.
func many(n int) []service {
	var all []service
	for i := range n {
		all = append(all, service{name: fmt.Sprintf("s%03d", i)})
	}
	return all
}

// imageOf is the image of a service.
func (s stack) imageOf(v service) string {
	if v.postgres {
		return s.database
	}
	return s.image
}

// command is what a service runs; nil for its image's own.
func (s stack) command(v service) []string {
	if v.postgres {
		return nil
	}
	return []string{"serve", "listen=:8080", "after=" + v.after.String()}
}

// environment are a service's variables.
func (s stack) environment(v service) map[string]string {
	switch {
	case v.postgres:
		return map[string]string{"POSTGRES_PASSWORD": "a-password-for-the-bench"}
	case v.name == "search":
		return map[string]string{"VARIABLE": s.variable}
	default:
		return nil
	}
}

// check is a service's healthcheck.
func (s stack) check(v service) []string {
	if v.postgres {
		return []string{"CMD", "pg_isready", "-h", "127.0.0.1", "-U", "postgres"}
	}
	return []string{"CMD", "/testimage", "check"}
}

// file is the stack as a compose file.
func (s stack) file() string {
	var b strings.Builder
	b.WriteString("services:\n")
	for _, v := range s.services {
		fmt.Fprintf(&b, "  %s:\n    image: %s\n", v.name, s.imageOf(v))
		if command := s.command(v); command != nil {
			fmt.Fprintf(&b, "    command: [%s]\n", quoted(command))
		}
		for i, key := range slices.Sorted(maps.Keys(s.environment(v))) {
			if i == 0 {
				b.WriteString("    environment:\n")
			}
			fmt.Fprintf(&b, "      %s: %q\n", key, s.environment(v)[key])
		}
		if v.port != 0 {
			fmt.Fprintf(&b, "    ports: [\"127.0.0.1:%d:8080\"]\n", v.port)
		}
		if v.postgres {
			b.WriteString("    volumes: [\"data:/var/lib/postgresql/data\"]\n")
		}
		s.writeCheck(&b, v)
		for i, need := range v.needs {
			if i == 0 {
				b.WriteString("    depends_on:\n")
			}
			fmt.Fprintf(&b, "      %s: {condition: service_healthy}\n", need)
		}
	}
	if slices.ContainsFunc(s.services, func(v service) bool { return v.postgres }) {
		b.WriteString("volumes: {data: {}}\n")
	}
	return b.String()
}

func (s stack) writeCheck(b *strings.Builder, v service) {
	fmt.Fprintf(b, "    healthcheck:\n      test: [%s]\n      interval: %s\n      timeout: 5s\n      retries: 5\n",
		quoted(s.check(v)), s.probing.interval)
	if s.probing.startInterval > 0 {
		fmt.Fprintf(b, "      start_period: 30s\n      start_interval: %s\n", s.probing.startInterval)
	}
}

// quoted is a list in the flow style of YAML.
func quoted(words []string) string {
	var out []string
	for _, w := range words {
		out = append(out, fmt.Sprintf("%q", w))
	}
	return strings.Join(out, ", ")
}
