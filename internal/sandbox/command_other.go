//go:build !linux

package sandbox

import (
	"fmt"
	"net"
	"os"
	"os/exec"
)

// supported says that sandboxes exist on this system.
const supported = false

func initCommand(Spec, *os.File, *os.File) *exec.Cmd { panic("unsupported") } // start refuses before

// Init is the whole life of the re-executed program, which does not exist on this system.
func Init() {
	fmt.Fprintln(os.Stderr, "sandboxes need Linux")
	os.Exit(2)
}

// Owns tells whether a process of the sandbox holds the other end of a connection.
func (s *Sandbox) Owns(net.Conn) bool { return false }
