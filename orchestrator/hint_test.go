package orchestrator

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

func TestTheLastWordsOfAContainerChooseTheHint(t *testing.T) {
	data := []Mount{{Type: "volume", Name: "shop_pgdata", Destination: "/var/lib/postgresql/data", Writable: true}}
	both := append([]Mount{{Type: "volume", Name: "shop_etc", Destination: "/etc/postgresql", Writable: true}}, data...)
	for name, c := range map[string]struct {
		lines  []string
		mounts []Mount
		want   string // "" means no hint
	}{
		"a volume of another major version": {[]string{
			"FATAL:  database files are incompatible with server",
			"DETAIL:  The data directory was initialized by PostgreSQL version 13, which is not compatible with this version 17.2.",
		}, data, "volume shop_pgdata holds data of another major version"},
		"the volume over PGDATA of several": {[]string{"database files are incompatible with server"}, both, "volume shop_pgdata holds"},
		"no volume at all":                  {[]string{"database files are incompatible with server"}, nil, "the data directory holds"},
		"a bind mount": {[]string{`initdb: error: directory "/var/lib/postgresql/data" exists but is not empty`},
			[]Mount{{Type: "bind", Source: "/srv/pg", Destination: "/var/lib/postgresql/data", Writable: true}}, "directory /srv/pg is left from an initialisation"},
		"no password":       {[]string{"Error: Database is uninitialized and superuser password is not specified.", "       You must specify POSTGRES_PASSWORD to a non-empty value"}, data, "POSTGRES_PASSWORD_FILE"},
		"the wrong owner":   {[]string{`FATAL:  data directory "/var/lib/postgresql/data" has wrong ownership`}, data, "chown"},
		"open to everybody": {[]string{`FATAL:  data directory "/var/lib/postgresql/data" has invalid permissions`}, data, "0700"},
		"a read-only root":  {[]string{`could not create lock file "/var/run/postgresql/x.lock": Read-only file system`}, data, "tmpfs"},
		"a volume mounted read-only": {[]string{"chown: changing ownership of '/var/lib/postgresql/data': Read-only file system"},
			[]Mount{{Type: "volume", Name: "shop_pgdata", Destination: "/var/lib/postgresql/data"}}, "volume shop_pgdata is mounted read-only"},
		"the database's own volume": {[]string{`FATAL:  could not create lock file "postmaster.pid": Read-only file system`},
			[]Mount{{Type: "volume", Name: "shop_pgdata", Destination: "/var/lib/postgresql/data"}}, "volume shop_pgdata is mounted read-only"},
		"a capability":          {[]string{"chown: changing ownership: Operation not permitted"}, nil, "cap_drop"},
		"another platform":      {[]string{"exec /app: exec format error"}, nil, "platform"},
		"a full disk":           {[]string{"PANIC:  could not write to file: No space left on device"}, data, "volume shop_pgdata may be what is full"},
		"a port in use":         {[]string{"listen tcp :80: bind: address already in use"}, nil, "network_mode"},
		"the newest decides":    {[]string{"exec format error", "x: Permission denied"}, nil, "user:"},
		"nothing that is known": {[]string{"bye"}, data, ""},
		"nothing":               {nil, nil, ""},
	} {
		got := logHint(c.lines, Container{Mounts: c.mounts, Env: []string{"PGDATA=/var/lib/postgresql/data"}})
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) || strings.Contains(got, "%!") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestLinesThatAreNoLastWordsChooseNoHint(t *testing.T) {
	for _, line := range []string{
		"config: POSTGRES_PASSWORD is read from the environment",
		"ERROR:  permission denied for table users",
		"git@example.org: Permission denied (publickey).",
		"policy: operation not permitted by the administrator",
		"listen unix /run/app.sock: bind: address already in use",
		"e-mail address already in use by another account",
		"the target directory exists but is not empty, merging",
		"metrics: free space: 12 MB left on device sda",
	} {
		if got := logHint([]string{line}, Container{}); got != "" {
			t.Errorf("%s: %q", line, got)
		}
	}
	for line, want := range map[string]string{
		"exec /p/script: no such file or directory":                                "#! line",
		"exec /p/noexec: permission denied":                                        "chmod +x",
		"listen tcp :80: bind: permission denied":                                  "1024",
		"Error: listen EADDRINUSE: address already in use :::3000":                 "network_mode",
		"OSError: [Errno 98] Address already in use":                               "network_mode",
		"PermissionError: [Errno 13] Permission denied: '/data/x'":                 "user:",
		"nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)":       "1024",
		`nginx: [emerg] mkdir() "/var/cache/nginx" failed (13: Permission denied)`: "user:",
		"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)":  "network_mode",
		"mkdir: cannot create directory '/data': Permission denied":                "user:",
	} {
		if got := logHint([]string{line}, Container{}); !strings.Contains(got, want) {
			t.Errorf("%s: %q", line, got)
		}
	}
}

// refusals are the words of Engine 20.10 and 28.5, with what is to be said about
// them: "" where a neighbour of a known error is not that error.
func startRefusals() map[string]string {
	const old = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
	const young = "failed to create task for container: " + old + "error during container init: "
	const device = `error gathering device information while adding custom device `
	const volume = "error while mounting volume '/var/lib/docker/volumes/p_vol/_data': failed to mount local volume: mount "
	const at = ":/var/lib/docker/volumes/p_vol/_data, "
	return map[string]string{
		`exec: "/nope": stat /nope: no such file or directory`:                                                                                          "entrypoint",
		`exec: "nope": executable file not found in $PATH`:                                                                                              "not in the image",
		`exec /entrypoint.sh: exec format error`:                                                                                                        "platform",
		`exec: "/entrypoint.sh": permission denied`:                                                                                                     "chmod +x",
		old + `exec: "nope": executable file not found in $PATH: unknown`:                                                                               "the program is not in the image",
		young + `exec: "nope": executable file not found in $PATH`:                                                                                      "the program is not in the image",
		old + `exec: "/nope": stat /nope: no such file or directory: unknown`:                                                                           "the program, or the interpreter",
		young + `exec: "/nope": stat /nope: no such file or directory`:                                                                                  "the program, or the interpreter",
		old + `exec: "/p/noexec": permission denied: unknown`:                                                                                           "chmod +x",
		young + `exec: "/etc": is a directory: permission denied`:                                                                                       "/etc is a directory",
		device + `"/dev/no-such-device": no such file or directory`:                                                                                     "this host has no /dev/no-such-device: look at devices:",
		device + `"/etc/passwd": not a device node`:                                                                                                     "/etc/passwd is no device",
		`could not select device driver "" with capabilities: [[gpu]]`:                                                                                  "capability gpu",
		volume + "./missing" + at + "flags: 0x1000: no such file or directory":                                                                          "./missing is not on the engine's host: look at driver_opts of volume vol",
		volume + "/srv/missing" + at + "flags: 0x1000: no such file or directory":                                                                       "/srv/missing is not on the engine's host: look at driver_opts of volume vol",
		volume + ":/x" + at + "data: addr=127.0.0.1: no such device":                                                                                    "type: in driver_opts of volume vol",
		volume + "/dev/null:/var/lib/docker/volumes/p_vol/_data: no such device":                                                                        "type: in driver_opts of volume vol",
		volume + "tmpfs" + at + "data: size=abc: invalid argument":                                                                                      "o: in driver_opts of volume vol",
		old + "error during container init: open /proc/sys/net/ipv4/nope: no such file or directory: unknown":                                           "no sysctl net/ipv4/nope",
		young + "open sysctl net.ipv4.nope file: unsafe procfs detected: openat2 fsmount:fscontext:proc/./sys/net/ipv4/nope: no such file or directory": "no sysctl net.ipv4.nope",
		old + "error during container init: write /proc/sys/net/core/somaxconn: invalid argument: unknown":                                              "does not take that value",
		young + `failed to write sysctl net.core.somaxconn = "abc": write fsmount:fscontext:proc/./sys/net/core/somaxconn: invalid argument`:            "does not take that value",
		young + "error setting rlimits for ready process: error setting rlimit type 7: operation not permitted":                                         "ulimits:",
		old + `error during container init: error mounting "/tmp/b" to rootfs at "/etc/passwd": mount /tmp/b:/etc/passwd (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`: "/tmp/b and what is at /etc/passwd",
		young + `error mounting "/tmp/b" to rootfs at "/etc": mount src=/tmp/b, dst=/etc, dstFd=/proc/thread-self/fd/14, flags=MS_BIND|MS_REC: not a directory: Are you trying to mount a directory onto a file (or vice-versa)?`:                                                                                           "volumes:",
		young + `error mounting "tmpfs" to rootfs at "/x": mount src=tmpfs, dst=/x, dstFd=/proc/thread-self/fd/11, flags=MS_NOSUID|MS_NODEV|MS_NOEXEC, data=size=abc: invalid argument`:                                                                                                                                     "tmpfs at /x",
		old + `error during container init: error mounting "/srv/a" to rootfs at "/new/x": mkdir /var/lib/docker/overlay2/ab/merged/new: read-only file system: unknown`:                                                                                                                                                    "there is no /new/x to mount at",
		`unable to find user nobodyhere: no matching entries in passwd file`:  "no user nobodyhere",
		`unable to find group nogrouphere: no matching entries in group file`: "no group nogrouphere",
		`network nonet not found`: "network nonet was removed",
		`failed to set up container networking: network nonet not found`:                                                                          "network nonet was removed",
		`failed to initialize logging driver: dial tcp 127.0.0.1:1: connect: connection refused`:                                                  "logging:",
		`failed to create task for container: failed to initialize logging driver: invalid size: 'abc'`:                                           "logging:",
		`Invalid address 10.231.9.9: It does not belong to any of this network's subnets`:                                                         "ipv4_address",
		`Error starting userland proxy: listen tcp4 192.0.2.7:45996: bind: cannot assign requested address`:                                       "ports:",
		young + `apply apparmor profile: apparmor failed to apply profile: write /proc/thread-self/attr/apparmor/exec: no such file or directory`: "AppArmor",
		old + `chdir to cwd ("/root/x") set in config.json failed: permission denied: unknown`:                                                    "working_dir:",
		old + `container init was OOM-killed (memory limit too low?): unknown`:                                                                    "mem_limit",

		"something else": "",
		"open /var/lib/docker/containers/x/config.v2.json: no such file or directory": "",
		"mkdir /var/lib/docker/overlay2/x: permission denied":                         "",
		"mkdir /run/x: not a directory":                                               "",
		`plugin "nope" not found`:                                                     "",
		"write /sys/fs/cgroup/x/memory.max: invalid argument":                         "",
		"write /proc/self/attr/keycreate: permission denied":                          "",
	}
}

func TestTheEngineWordsOnAFailedStartChooseTheHint(t *testing.T) {
	p := load(t, "name: p\nservices: {a: {image: x, volumes: ['vol:/v']}}\nvolumes: {vol: {}}\n")
	for said, want := range startRefusals() {
		if got := startHint(said, p); (got == "") != (want == "") || !strings.Contains(got, want) || strings.Contains(got, "%!") {
			t.Errorf("%s: %q", said, got)
		}
	}
}

func TestACardIsAboutTheReplicaThatFails(t *testing.T) {
	replicas := []ContainerReport{{Name: "p-web-1", State: "healthy"}, {Name: "p-web-11", State: "healthy"}, {Name: "p-web-2", State: "exited(1)"}}
	for reason, want := range map[string]string{
		"p-web-11: connection refused": "p-web-11",
		"p-web-2 is exited(1)":         "p-web-2",
		"something":                    "p-web-1",
	} {
		if got := worst(ServiceReport{State: "healthy", Reason: reason, Containers: replicas}); got.Name != want {
			t.Errorf("%s: the card is about %s", reason, got.Name)
		}
	}
	if worst(ServiceReport{}) != nil {
		t.Error("a card about no container")
	}
}

func TestTheHintOfACheckIsNotThatOfAProcessThatEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, `
services:
  web:
    image: web
    healthcheck: {test: [CMD, pg_isready], interval: 200ms, retries: 10}
`)
		e.scripts["web"] = script{exits: 3 * time.Second, code: 1, says: "FATAL: something of its own", probe: func(time.Duration, int) int { return 2 }}
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Service, "web")
		if c := r.Cards[0]; c.Hint != "" || c.ProbeExit == nil {
			t.Errorf("the hint is %q, the probe %v", c.Hint, c.ProbeExit)
		}
	})
}

// saying is an engine that knows what containers have said.
type saying struct {
	Engine
	words string
}

func (e saying) Logs(_ context.Context, _ string, _ LogOptions, stdout, _ io.Writer) error {
	_, err := io.WriteString(stdout, e.words)
	return err
}

func TestTheWordsOfAProcessThatIsStartedAgainTellMoreThanItsCheck(t *testing.T) {
	// It runs again by the time that it is explained.
	sight := Sight{Container: Container{ID: "c1", State: StateRunning, Check: &healthchecks.Check{Test: []string{"CMD", "pg_isready"}},
		Mounts: []Mount{{Type: "volume", Name: "pgdata", Destination: "/data"}}}}
	sight.Execs = []healthchecks.Result{{ExitCode: 2}}
	look := func(string) (Sight, bool) { return sight, true }
	for state, want := range map[string]string{
		"restarting": "volume pgdata is mounted read-only", "crashloop(5)": "volume pgdata is mounted read-only",
		"failing": "does not answer",
	} {
		r := ServiceReport{Name: "db", State: state, Containers: []ContainerReport{{ID: "c1", Name: "p-db-1", State: state}}}
		card := makeCard(t.Context(), saying{words: "/data/lock: Read-only file system\n"}, nil, r, look)
		if !strings.Contains(card.Hint, want) {
			t.Errorf("%s: the hint is %q", state, card.Hint)
		}
	}
}

func TestACrashLoopSaysHowTheProcessEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, strings.Replace(oneService, "image: web", "image: web\n    restart: always", 1))
		e.scripts["web"] = script{exits: 10 * time.Millisecond, code: 42}
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Service, "web", "crashloop(5)", "code 42")
		if got := r.Cards[0].Restarts; got != 5 && got != 4 {
			t.Errorf("%d restarts", got)
		}
	})
}

// looping is a service that has crashed 20 times when nobody looked, a run of
// it every 12.8 s or less often.
func looping(t *testing.T, heals int) (*fakeEngine, *compose.Project) {
	e, p := newFake().has("web"), load(t, strings.Replace(oneService, "image: web", "image: web\n    restart: always", 1))
	e.scripts["web"] = script{run: func(n int) (time.Duration, int) {
		if heals > 0 && n > heals {
			return 0, 0
		}
		return 10 * time.Millisecond, 42
	}}
	_, err := Up(t.Context(), e, p, Options{})
	if err == nil {
		t.Fatal("a crash loop was proven")
	}
	for e.container("p-web-1").RestartCount < 9 {
		_ = pause(t.Context(), time.Second, nil)
	}
	_ = pause(t.Context(), 8*time.Second, nil)
	return e, p
}

func TestAContainerDeepInACrashLoopIsGivenOneMoreStart(t *testing.T) {
	t.Run("that fails", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, p := looping(t, 0)
			r, err := Up(t.Context(), e, p, Options{})
			wantFailure(t, r, err, fault.Service, "crashloop(", "code 42")
			if r.Took > 90*time.Second {
				t.Errorf("it took %s", r.Took)
			}
		})
	})
	t.Run("that comes good", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, p := looping(t, 10)
			mustUp(t, e, p, Options{})
		})
	})
	t.Run("for which there is no time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, p := looping(t, 0)
			r, err := Up(t.Context(), e, p, Options{WaitTimeout: 6 * time.Second})
			wantFailure(t, r, err, fault.Service, "crashloop(")
		})
	})
}

func TestACheckThatMayTakeLongerThanTheRunIsTold(t *testing.T) {
	check := func(interval, start time.Duration) *healthchecks.Check {
		return &healthchecks.Check{Test: []string{"CMD", "ok"}, Interval: interval, Timeout: time.Second, Retries: 2, StartPeriod: start}
	}
	for name, c := range map[string]struct {
		check *healthchecks.Check
		want  string
	}{
		"it fits":                      {check(time.Second, time.Minute), ""},
		"a long start period":          {check(time.Second, 10*time.Minute), "allows it 10m"},
		"a long interval":              {check(30*time.Minute, 0), "interval of its healthcheck, 30m0s"},
		"no check":                     {nil, ""},
		"a check that is switched off": {&healthchecks.Check{Test: []string{"NONE"}, StartPeriod: time.Hour}, ""},
	} {
		if got := lateCheck(c.check, 5*time.Minute); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestARunThatWasTooShortSaysWhatWouldHaveBeenEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, strings.Replace(oneService, "[CMD, ok]", "[CMD, ok], interval: 1s, timeout: 1s, start_period: 2m", 1))
		e.scripts["web"] = script{probe: func(time.Duration, int) int { return 1 }}
		var h heard
		r, err := Up(t.Context(), e, p, Options{WaitTimeout: 5 * time.Second, Listen: h.listen})
		wantFailure(t, r, err, fault.Timeout, "web", "hidden by the start_period")
		if !strings.Contains(r.Cards[0].Hint, "its healthcheck allows 2m9s") {
			t.Errorf("the hint is %q", r.Cards[0].Hint)
		}
		if !h.says(PhaseWarning, "the ceiling of this run is 5s") {
			t.Error("nobody was told before the start")
		}
	})
}
