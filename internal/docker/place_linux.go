package docker

import (
	"bufio"
	"context"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// surround asks the kernel about the process behind a socket, and about this one.
func surround(ctx context.Context, socket string) surroundings {
	s := surroundings{container: inContainer(), gateway: defaultGateway()}
	pid := peerOf(ctx, socket)
	if pid <= 0 {
		return s // it is in another process namespace
	}
	ours, err := networkIdentity("self")
	theirs, theirErr := networkIdentity(strconv.Itoa(pid))
	switch {
	case err != nil || theirErr != nil:
	case ours == theirs:
		s.engine = networkOurs
	default:
		s.engine, s.engineAddresses = networkOther, addressesOf(pid)
	}
	return s
}

// peerOf is the process that listens at a socket, 0 when it is not to be seen.
func peerOf(ctx context.Context, socket string) int {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return 0
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0
	}
	pid := 0
	err = raw.Control(func(fd uintptr) {
		if peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(peer.Pid)
		}
	})
	if err != nil {
		return 0
	}
	return pid
}

// networkIdentity tells the network namespaces of processes apart: the kernel's files
// about a network are other ones in each, which any user may see.
func networkIdentity(process string) (uint64, error) {
	var s unix.Stat_t
	err := unix.Stat("/proc/"+process+"/net/dev", &s)
	return s.Ino, err
}

// addressesOf are the addresses of a process's network by which others may reach it:
// not its loopback, and not those of the bridges that it has for others, which it is
// the gateway of.
func addressesOf(pid int) []netip.Addr {
	trie, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/net/fib_trie")
	if err != nil {
		return nil
	}
	var out []netip.Addr
	var last netip.Addr
	lines := bufio.NewScanner(strings.NewReader(string(trie)))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if text, ok := strings.CutPrefix(line, "|-- "); ok {
			last, _ = netip.ParseAddr(text)
			continue
		}
		if strings.HasPrefix(line, "/32 host LOCAL") && last.IsValid() && !last.IsLoopback() && !slices.Contains(out, last) {
			out = append(out, last)
		}
	}
	return out
}

// defaultGateway is the way out of this process's network; invalid for none.
func defaultGateway() netip.Addr {
	routes, err := os.ReadFile("/proc/self/net/route")
	if err != nil {
		return netip.Addr{}
	}
	for line := range strings.Lines(string(routes)) {
		fields := strings.Fields(line)
		if len(fields) < 8 || fields[1] != "00000000" || fields[7] != "00000000" {
			continue
		}
		b, err := hex.DecodeString(fields[2])
		if err != nil || len(b) != 4 {
			continue
		}
		return netip.AddrFrom4([4]byte{b[3], b[2], b[1], b[0]}) // little-endian
	}
	return netip.Addr{}
}
