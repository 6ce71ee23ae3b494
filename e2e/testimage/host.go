package main

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// strike ends a process of the host as kill -9 does: pid=N, or with hang=1 stops
// it, so that it answers nobody. The container needs the host's processes.
func strike(args []string) error {
	pid, err := strconv.Atoi(option(args, "pid", ""))
	if err != nil {
		return err
	}
	if option(args, "hang", "") != "" {
		return unix.Kill(pid, unix.SIGSTOP)
	}
	return unix.Kill(pid, unix.SIGKILL)
}
