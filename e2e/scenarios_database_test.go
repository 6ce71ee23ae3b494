package e2e

import (
	"slices"
	"strings"
	"time"
)

// keeper is a database with a password of its own, and more keys where there
// is @MORE@. Its check asks over the socket, as so many do.
const keeper = `
services:
  db:
    image: ${POSTGRES_IMAGE:-postgres:17}
    environment: {POSTGRES_USER: keeper, POSTGRES_DB: ledger, POSTGRES_PASSWORD_FILE: /run/secrets/password}
    secrets: [password]
    volumes: ["data:/var/lib/postgresql/data", "./init:/docker-entrypoint-initdb.d:ro"]
    healthcheck: {test: [CMD, pg_isready, -U, keeper, -d, ledger], interval: 500ms, retries: 60}
    @MORE@
volumes: {data: {}}
secrets: {password: {file: ./password}}
`

func kept(more string) string { return strings.ReplaceAll(keeper, "@MORE@", more) }

// initialised are the files of a database with a script.
func initialised(script string) map[string]string {
	return map[string]string{"password": "a-password-of-its-own", "init/10-first.sql": script}
}

const tableScript = "CREATE TABLE entries (id int); INSERT INTO entries VALUES (42);"

// databaseScenarios: Postgres, whose ways to be up and of no use are many.
func databaseScenarios() []scenario {
	entries := answersSQL("db", "SELECT id FROM entries", "42")
	return append([]scenario{
		{
			name: "a database that initialises itself is up when it has done so", core: true, works: true,
			file: kept(""), files: initialised("SELECT pg_sleep(4); " + tableScript), facts: []fact{entries},
		},
		{
			name: "a database whose initialisation takes longer than its check allows is unhealthy", code: 7,
			file: strings.Replace(kept(""), "[CMD, pg_isready, -U, keeper, -d, ledger], interval: 500ms, retries: 60",
				"[CMD, pg_isready, -h, 127.0.0.1, -U, keeper, -d, ledger], interval: 1s, retries: 3", 1),
			files: initialised("SELECT pg_sleep(15); " + tableScript), facts: []fact{entries}, cause: `db.*unhealthy`,
		},
		{
			name: "a database whose initialisation failed is not up", code: 7,
			file: kept(""), files: initialised("SELECT no_such_function();"), facts: []fact{entries},
			cause: `db.*(exited|exit) ?\(?\d`, says: []string{"no_such_function"},
		},
		{
			name: "a database that skips what is left of an initialisation that failed is not up", core: true, code: 9,
			file: kept("restart: always"), files: initialised("SELECT no_such_function();"), facts: []fact{entries},
			cause: `db.*initialisation.*no_such_function`,
		},
		{
			name: "a database that is brought up again after its initialisation failed is not up", code: 9,
			file: kept(""), files: initialised("SELECT no_such_function();"),
			before: func(s *stack) { s.expect(7, []string{"no_such_function"}, "up") },
			facts:  []fact{entries}, cause: `db.*initialisation.*no_such_function`, own: "it begins with a stack of stackctl's",
		},
		{
			name: "a database with another password than the file's lets nobody in", core: true, code: 9,
			file: kept(""), files: initialised(tableScript),
			before: func(s *stack) {
				s.write("password", "another-password-before")
				s.expect(0, nil, "up", "--stable-for", "0")
				s.expect(0, nil, "down")
				s.write("password", "a-password-of-its-own")
			},
			facts: []fact{entries}, cause: `db.*password authentication failed`,
		},
		{
			name: "a database that takes no writes is not up", core: true, code: 9,
			file: kept(""), files: initialised("ALTER DATABASE ledger SET default_transaction_read_only = on;"),
			facts: []fact{answersSQL("db", "CREATE TABLE anything (id int); DROP TABLE anything", "")}, cause: `db.*read-only`,
		},
		{
			name: "a database whose connections are used up lets nobody in", code: 9,
			file:  kept("command: [postgres, -c, max_connections=4, -c, superuser_reserved_connections=0, -c, max_wal_senders=0, -c, autovacuum=off]"),
			files: hogged(), facts: []fact{entries}, cause: `db.*(too many clients|connection slots)`, watch: 8 * time.Second,
		},
	}, slices.Concat(elsewhereDatabaseScenarios(entries), brokenDatabaseScenarios(entries))...)
}

// inHostNetwork is a database without a network of its own, at a port of the
// host that PGPORT names.
func inHostNetwork() string {
	return strings.Replace(kept("network_mode: host"), "environment: {", `environment: {PGPORT: "@PORT1@", `, 1)
}

// builtDatabase is one whose image is built from the official one, under a
// name that does not say so; its scripts come with it.
const builtDatabase = `
services:
  db:
    image: "@NAME@-ledger"
    build: {context: ./db, args: {BASE: "${POSTGRES_IMAGE:-postgres:17}"}}
    environment: {POSTGRES_USER: keeper, POSTGRES_DB: ledger, POSTGRES_PASSWORD_FILE: /run/secrets/password}
    secrets: [password]
    healthcheck: {test: [CMD, pg_isready, -U, keeper, -d, ledger], interval: 500ms, retries: 60}
secrets: {password: {file: ./password}}
`

// full is a database on a disk that a neighbour fills.
func full() string {
	file := strings.Replace(kept(""), "volumes: {data: {}}", `volumes: {data: {driver_opts: {type: tmpfs, device: tmpfs, o: size=160m}}}`, 1)
	// Over the network: over the socket it passes while the scripts still run.
	file = strings.Replace(file, "[CMD, pg_isready, -U, keeper, -d, ledger]", `[CMD-SHELL, "pg_isready -h $$(hostname -i) -U keeper -d ledger"]`, 1)
	return strings.Replace(file, "services:\n", `services:
  fill:
    image: ${POSTGRES_IMAGE:-postgres:17}
    entrypoint: [sh, -c, "dd if=/dev/zero of=/data/filler bs=8k; dd if=/dev/zero of=/data/rest bs=512; exit 0"]
    volumes: ["data:/data"]
    depends_on: {db: {condition: service_healthy}}
    x-stackctl: {job: true}
`, 1)
}

// elsewhereDatabaseScenarios: databases that are not where, or not under what
// name, one looks for them, and one that cannot write any more.
func elsewhereDatabaseScenarios(entries fact) []scenario {
	const script = `PGPASSWORD=a-password-of-its-own psql -h "$(hostname -I | cut -d" " -f1)" -U keeper -d ledger -Atc "SELECT id FROM entries"`
	lets := holds("db lets its user in over the host's network", "db", "42", "sh", "-c", script)
	return []scenario{
		{
			name: "a database in the host's network that initialises itself is up when it has done so", core: true, works: true,
			file: inHostNetwork(), files: initialised("SELECT pg_sleep(4); " + tableScript), facts: []fact{lets},
		},
		{
			name: "a database in the host's network with another password than the file's lets nobody in", code: 9,
			file: inHostNetwork(), files: initialised(tableScript),
			before: func(s *stack) {
				s.write("password", "another-password-before")
				s.expect(0, nil, "up", "--stable-for", "0")
				s.expect(0, nil, "down")
				s.write("password", "a-password-of-its-own")
			},
			facts: []fact{lets}, cause: `db.*password authentication failed`,
		},
		{
			name: "a database built under a name of its own is up when it has initialised itself", core: true, works: true,
			file: builtDatabase, facts: []fact{entries},
			before: func(s *stack) { s.t.Cleanup(func() { s.removeImage(s.name + "-ledger") }) },
			files: map[string]string{
				"password":        "a-password-of-its-own",
				"db/10-first.sql": "SELECT pg_sleep(6); " + tableScript,
				"db/Dockerfile":   "ARG BASE\nFROM ${BASE}\nCOPY 10-first.sql /docker-entrypoint-initdb.d/\n",
			},
		},
		{
			name: "a database whose disk is full takes no writes", core: true, code: 9,
			file: full(), files: initialised(tableScript), watch: 5 * time.Second,
			facts: []fact{answersSQL("db", "CREATE TABLE anything (id int); INSERT INTO anything VALUES (1); DROP TABLE anything", "")}, cause: `db.*no space left on device`,
		},
	}
}

// hogged is a database with a neighbour that uses up its connections.
func hogged() map[string]string {
	files := initialised(tableScript)
	files["docker-compose.override.yml"] = `
services:
  hog:
    image: ${POSTGRES_IMAGE:-postgres:17}
    entrypoint: [sh, -c]
    command: ["for n in 1 2 3 4; do while :; do PGPASSWORD=a-password-of-its-own psql -h db -U keeper -d ledger -c 'SELECT pg_sleep(600)'; sleep 0.1; done & done; wait"]
    depends_on: {db: {condition: service_healthy}}
    restart: always
    stop_grace_period: 1s
    x-stackctl: {allow_unverified: true}
`
	return files
}

// brokenDatabaseScenarios: databases that cannot start.
func brokenDatabaseScenarios(entries fact) []scenario {
	return []scenario{
		{
			name: "a database of another major version does not start", core: true, code: 7,
			file: kept(""), files: initialised(tableScript),
			before: func(s *stack) { s.oldData("13") },
			facts:  []fact{entries}, cause: `db.*exited ?\(1\)`, says: []string{"incompatible"},
		},
		{
			name: "a database of another major version that is restarted again and again is not up", code: 7,
			file: kept("restart: always"), files: initialised(tableScript),
			before: func(s *stack) { s.oldData("13") },
			facts:  []fact{entries}, cause: `db.*(crashloop|restart|code 1)`, says: []string{"incompatible"},
		},
		{
			name: "a database without the right to its own files does not start", code: 7,
			file: kept("cap_drop: [ALL]"), files: initialised(tableScript),
			facts: []fact{entries}, cause: `db.*exited ?\(\d`, says: []string{"ermi"},
		},
		{
			name: "a database on a read-only root does not start", code: 7,
			file: kept("read_only: true"), files: initialised(tableScript),
			facts: []fact{entries}, cause: `db.*(exited ?\(\d|crashloop)`, says: []string{"ead-only file system"},
		},
		{
			name: "a database in a directory that belongs to somebody else does not start", code: 7,
			file:  strings.Replace(kept(`user: "12345:12345"`), "data:/var/lib/postgresql/data", "./data:/var/lib/postgresql/data", 1),
			files: map[string]string{"password": "a-password-of-its-own", "init/10-first.sql": "", "data/PG_VERSION": "17\n"},
			facts: []fact{entries}, cause: `db.*exited ?\(\d`,
		},
		{
			name: "a database on too small a disk does not start", code: 7,
			file:  strings.Replace(kept("tmpfs: ['/var/lib/postgresql/data:size=8m']"), "\"data:/var/lib/postgresql/data\", ", "", 1),
			files: initialised(tableScript), facts: []fact{entries}, cause: `db.*exited ?\(\d`, says: []string{"No space left on device"},
		},
		{
			name: "a database without a password is not initialised", code: 7,
			file: strings.Replace(kept(""), ", POSTGRES_PASSWORD_FILE: /run/secrets/password", "", 1), files: initialised(tableScript),
			facts: []fact{entries}, cause: `db.*exited ?\(1\)`, says: []string{"POSTGRES_PASSWORD"},
		},
	}
}

// oldData makes the database's volume and marks it as one of another major
// version.
func (s *stack) oldData(version string) {
	s.t.Helper()
	s.expect(0, nil, "up", "--stable-for", "0")
	if code, out := inside(s.t, s.only("db").ID, "sh", "-c", "echo "+version+" >$PGDATA/PG_VERSION"); code != 0 {
		s.t.Fatal(out)
	}
	s.expect(0, nil, "down")
}
