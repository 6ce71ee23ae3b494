package operator

import (
	"errors"
	"net"
	"strconv"
	"time"
)

// Systemd tells the service manager how the process is, as sd_notify does;
// where there is none, it tells nobody.
type Systemd struct {
	socket   string
	watchdog time.Duration
}

// NewSystemd reads NOTIFY_SOCKET and WATCHDOG_USEC from the environment.
func NewSystemd(get func(string) string) Systemd {
	s := Systemd{socket: get("NOTIFY_SOCKET")}
	if usec, err := strconv.ParseInt(get("WATCHDOG_USEC"), 10, 64); err == nil && usec > 0 {
		s.watchdog = time.Duration(usec) * time.Microsecond
	}
	return s
}

// Watchdog is how often a sign of life is due at the latest; 0 is never.
func (s Systemd) Watchdog() time.Duration { return s.watchdog }

// Tell sends one message, e.g. "READY=1".
func (s Systemd) Tell(state string) error {
	if s.socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	_, err = conn.Write([]byte(state))
	return errors.Join(err, conn.Close())
}
