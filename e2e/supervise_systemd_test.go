package e2e

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/testkit"
)

func TestASupervisorUnderSystemdTellsOfItselfAndReadsItsFileAgainAtAReload(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	must(t, err)
	defer conn.Close()
	told := &testkit.Buffer{}
	go func() {
		buf := make([]byte, 256)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return // closed at the end of the test
			}
			_, _ = told.Write(append(buf[:n:n], '\n'))
		}
	}()
	is := func(want string) {
		t.Helper()
		eventually(t, time.Minute, "systemd is told "+want, func() bool { return strings.Contains(told.String(), want+"\n") })
	}
	st := newStack(t, trio)
	st.env = []string{"XDG_STATE_HOME=" + t.TempDir(), "NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=1500000"}
	s := st.supervise()
	is("READY=1")
	is("WATCHDOG=1")
	s.says(0, "proven")
	before := containersOf(t, s.name)

	from := s.mark()
	s.write("docker-compose.yml", strings.Replace(trio, "WORD: one", "WORD: two", 1))
	must(t, s.cmd.Process.Signal(syscall.SIGHUP)) // systemctl reload
	s.says(from, "healing", "service=lone", "environment")
	s.says(from, "proven")
	now := containersOf(t, s.name)
	if now["lone"].ID == before["lone"].ID {
		t.Error("lone is still as the old file had it")
	}
	for _, other := range []string{"db", "web"} {
		if now[other].ID != before[other].ID || now[other].State.StartedAt != before[other].State.StartedAt {
			t.Errorf("%s was touched although nothing about it changed", other)
		}
	}
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	is("STOPPING=1")
}
