package sandbox

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Owns tells whether a process of the sandbox holds the other end of a TCP connection over
// loopback, which is how somebody who serves a sandbox knows that nobody else asks.
func (s *Sandbox) Owns(conn net.Conn) bool {
	local, ok := conn.LocalAddr().(*net.TCPAddr)
	remote, also := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || !also {
		return false
	}
	inode := socketBetween(remote.AddrPort(), local.AddrPort())
	if inode == "" {
		return false
	}
	return slices.ContainsFunc(descendantsOf(s.Pid()), func(pid int) bool { return holds(pid, inode) })
}

// socketBetween is the inode of the socket with these two ends, as the kernel lists it.
func socketBetween(near, far netip.AddrPort) string {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return ""
	}
	want := hex(near) + " " + hex(far)
	for line := range strings.Lines(string(table)) {
		// "sl local remote state queues timer retransmits uid timeout inode …"
		if fields := strings.Fields(line); len(fields) > 9 && fields[1]+" "+fields[2] == want {
			return fields[9]
		}
	}
	return ""
}

// hex is an IPv4 address and a port in /proc's form: the address as a number in the machine's
// byte order, which is little-endian wherever this runs.
func hex(at netip.AddrPort) string {
	a := at.Addr().Unmap()
	if !a.Is4() {
		return "none"
	}
	b := a.As4()
	return fmt.Sprintf("%02X%02X%02X%02X:%04X", b[3], b[2], b[1], b[0], at.Port())
}

// holds tells whether the process has the socket open.
func holds(pid int, inode string) bool {
	names, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	return slices.ContainsFunc(names, func(name string) bool {
		target, err := os.Readlink(name)
		return err == nil && target == "socket:["+inode+"]"
	})
}
