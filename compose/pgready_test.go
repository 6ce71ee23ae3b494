package compose

import (
	"strings"
	"testing"
)

func TestAHealthcheckThatAsksByTheSocketAloneIsKnown(t *testing.T) {
	for _, c := range []struct {
		test []string
		host string
		want bool
	}{
		{[]string{"CMD", "pg_isready"}, "", true},
		{[]string{"CMD", "pg_isready", "-U", "app", "-d", "app"}, "", true},
		{[]string{"CMD-SHELL", "pg_isready -U $$POSTGRES_USER || exit 1"}, "", true},
		{[]string{"CMD-SHELL", "/usr/bin/pg_isready -h /var/run/postgresql"}, "", true},
		{[]string{"CMD", "sh", "-c", "pg_isready -U app"}, "", true},
		{[]string{"CMD-SHELL", `psql -U app -c "SELECT 1"`}, "", true},
		{[]string{"CMD", "psql", "postgresql:///app", "-c", "SELECT 1"}, "", true},
		{[]string{"CMD", "pg_isready", "-h", "127.0.0.1"}, "", false},
		{[]string{"CMD", "pg_isready", "-hlocalhost"}, "", false},
		{[]string{"CMD-SHELL", "pg_isready --host=localhost -U app"}, "", false},
		{[]string{"CMD-SHELL", "PGHOST=localhost pg_isready"}, "", false},
		{[]string{"CMD", "pg_isready"}, "127.0.0.1", false},
		{[]string{"CMD", "psql", "postgresql://app@127.0.0.1/app", "-c", "SELECT 1"}, "", false},
		{[]string{"CMD-SHELL", `psql "host=127.0.0.1 user=app" -c "SELECT 1"`}, "", false},
		{[]string{"CMD", "true"}, "", false},
		{[]string{"NONE"}, "", false},
	} {
		got := SocketOnlyCheck(c.test, func(name string) string { return map[string]string{"PGHOST": c.host}[name] })
		if got != c.want {
			t.Errorf("%q with PGHOST=%q: %t", c.test, c.host, got)
		}
	}
}

func TestAPostgresThatIsAskedByTheSocketAloneIsWarnedOf(t *testing.T) {
	warned := func(check, image string) bool {
		p := mustLoad(t, "services: {db: {image: '"+image+"', volumes: ['pg:/var/lib/postgresql/data'], environment: {POSTGRES_PASSWORD: x}, healthcheck: {test: "+check+"}}}\nvolumes: {pg: {}}\n")
		for _, w := range p.Warnings {
			if strings.Contains(w.Message, "add -h 127.0.0.1") {
				return true
			}
		}
		return false
	}
	if !warned("[CMD, pg_isready]", "postgres:17") {
		t.Error("nothing is said of a check by the socket alone")
	}
	if warned("[CMD, pg_isready, -h, 127.0.0.1]", "postgres:17") || warned("[CMD, pg_isready]", "app:1") {
		t.Error("something is said of a check over TCP, or of another image")
	}
}
