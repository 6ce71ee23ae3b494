package orchestrator

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/stackctl/stackctl/internal/fault"
)

// freePorts finds the ports of this host that a start needs and that a
// process here holds. Ports that containers hold are the planner's business.
// It asks only where this host is the engine's.
func freePorts(ctx context.Context, outside Outside, info EngineInfo, wanted map[Port]string, holders []PortHolder) error {
	if !info.Local || info.Rootless {
		return nil
	}
	var errs []error
	for port, service := range wanted {
		if port.Proto != "tcp" || slices.ContainsFunc(holders, func(h PortHolder) bool { return overlaps(port, h.Port) }) {
			continue
		}
		if outside.taken(ctx, port) {
			errs = append(errs, fault.New(fault.Resource, "service %s: port %d on the host is taken by %s", service, port.Host, holder(port.Host)).
				WithHint("see what it is: ss -ltnp 'sport = :%d'; stop it, or publish another port", port.Host))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// besideEngine says whether the engine's bridges are interfaces of ours: in a
// container, or beside a virtual machine, our ports are not the engine's.
func besideEngine() bool {
	interfaces, err := net.Interfaces()
	return err == nil && slices.ContainsFunc(interfaces, func(i net.Interface) bool {
		return i.Name == "docker0" || strings.HasPrefix(i.Name, "br-")
	})
}

// taken tries to listen where the engine will.
func taken(ctx context.Context, port Port) bool {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(port.HostIP, strconv.Itoa(int(port.Host))))
	if err == nil {
		_ = l.Close() // nothing was accepted
		return false
	}
	return errors.Is(err, syscall.EADDRINUSE)
}

// holder names the process that listens on a TCP port of this host, as far as
// this user may see.
func holder(port uint16) string {
	inode := listeningInode(port)
	if inode == "" {
		return "a process of this host"
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == "socket:["+inode+"]" {
			pid := strings.Split(link, "/")[2]
			name, _ := os.ReadFile(filepath.Join("/proc", pid, "comm"))
			return fmt.Sprintf("process %s (%s) of this host", pid, strings.TrimSpace(string(name)))
		}
	}
	return "a process of this host"
}

// listeningInode is the socket that listens on port, from /proc/net/tcp and
// tcp6; "" where there is no such file.
func listeningInode(port uint16) string {
	const listening = "0A"
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		sockets, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(sockets)) {
			fields := strings.Fields(line)
			if len(fields) < 10 || fields[3] != listening {
				continue
			}
			_, hexPort, _ := strings.Cut(fields[1], ":")
			if b, err := hex.DecodeString(hexPort); err == nil && len(b) == 2 && uint16(b[0])<<8|uint16(b[1]) == port {
				return fields[9]
			}
		}
	}
	return ""
}
