package healthchecks

import (
	"errors"
	"strings"
	"testing"
)

func TestAWellKnownImageIsRecognisedByTheLastPartOfItsName(t *testing.T) {
	for image, want := range map[string]string{
		"postgres": "postgres", "postgres:17": "postgres", "docker.io/library/postgres:17-alpine": "postgres",
		"registry.test:5000/postgis/postgis:16-3.4": "postgres", "redis@sha256:0123": "redis", "redis:7@sha256:0123": "redis",
		"valkey/valkey:8": "valkey", "mysql:8": "mysql", "mariadb:11": "mariadb", "mongo:7": "mongo", "rabbitmq:3-management": "rabbitmq",
		"nginx": "http", "nginxinc/nginx-unprivileged": "http", "memcached:1": "memcached", "docker.elastic.co/elasticsearch/elasticsearch:8": "elasticsearch",
		"acme/nginx-frontend": "", "postgres-exporter": "", "": "", "acme/web:redis": "",
	} {
		b, ok := BuiltInFor(image)
		if b.Name != want || ok != (want != "") {
			t.Errorf("%q is taken for %q", image, b.Name)
		}
	}
}

func TestABuiltInCheckRunsTheImagesOwnClient(t *testing.T) {
	const absent = `OCI runtime exec failed: exec failed: exec: "x": executable file not found in $PATH`
	for name, tc := range map[string]struct {
		image   string
		answers map[string]psqlRun
		passes  bool
		result  string
	}{
		"redis that answers":                     {"redis", map[string]psqlRun{"redis-cli -h 127.0.0.1 ping": {0, "PONG\n"}}, true, "PONG"},
		"redis with a password":                  {"redis", map[string]psqlRun{"redis-cli -h 127.0.0.1 ping": {1, "NOAUTH Authentication required.\n"}}, true, "NOAUTH"},
		"redis that loads its data":              {"redis", map[string]psqlRun{"redis-cli -h 127.0.0.1 ping": {0, "LOADING Redis is loading\n"}}, false, "LOADING"},
		"redis without its client":               {"redis", map[string]psqlRun{"redis-cli -h 127.0.0.1 ping": {126, absent}}, false, "none of the programs"},
		"postgres at its network address":        {"postgres", map[string]psqlRun{"pg_isready -h 172.18.0.2": {0, "accepting connections"}}, true, "accepting"},
		"postgres that starts":                   {"postgres", map[string]psqlRun{"pg_isready -h 172.18.0.2": {1, "rejecting connections"}}, false, "rejecting"},
		"mariadb with the client of older days":  {"mariadb", map[string]psqlRun{"mariadb-admin ping --protocol=tcp -h 172.18.0.2": {127, absent}, "mysqladmin ping --protocol=tcp -h 172.18.0.2": {0, "mysqld is alive"}}, true, "alive"},
		"mongo whose error text has a digit one": {"mongo", map[string]psqlRun{"mongosh": {1, "connect ECONNREFUSED 127.0.0.1:27017"}}, false, "ECONNREFUSED"},
		"mongo that answers":                     {"mongo", map[string]psqlRun{"mongosh": {0, "stackctl-pong\n"}}, true, "pong"},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := BuiltInFor(tc.image)
			e := b.Probe(execFunc(func(cmd, _ []string) (int, string, error) {
				if run, ok := tc.answers[strings.Join(cmd, " ")]; ok {
					return run.code, run.output, nil
				}
				if run, ok := tc.answers[cmd[0]]; ok {
					return run.code, run.output, nil
				}
				t.Errorf("unexpected %q", cmd)
				return 127, "", nil
			}), "172.18.0.2", "").Run(t.Context())
			if !strings.HasPrefix(e.Probe, "built-in ") || e.Passed != tc.passes || !strings.Contains(e.Result, tc.result) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestABuiltInCheckThatCannotBeRunProvesNothing(t *testing.T) {
	b, _ := BuiltInFor("redis")
	e := b.Probe(execFunc(func([]string, []string) (int, string, error) { return 0, "PONG", errors.New("engine lost") }), "", "").Run(t.Context())
	expectFailure(t, e, CodeExit, "engine lost", "")
	b, _ = BuiltInFor("nginx")
	expectFailure(t, b.Probe(nil, "", "").Run(t.Context()), CodeInput, "no address", "")
	if got := b.Probe(nil, "172.18.0.2", "").String(); got != "built-in http: tcp://172.18.0.2:80" {
		t.Error(got)
	}
}
