package sandbox

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// supported says that sandboxes exist on this system.
const supported = true

// initCommand is the re-execution of this program. Descriptor 3 brings the order and stays
// open as the lifeline; 4 takes the report.
func initCommand(spec Spec, order, report *os.File) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", InitArg)
	cmd.Args[0] = "slipway"
	cmd.Env = []string{"GOMAXPROCS=1"} // it sleeps all its life
	cmd.ExtraFiles = []*os.File{order, report}
	if spec.Stdout != nil {
		cmd.Stdout = spec.Stdout
	}
	if spec.Stderr != nil {
		cmd.Stderr = spec.Stderr
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:    true, // a Ctrl-C at the terminal is for whoever started us
		Pdeathsig: syscall.SIGKILL,
	}
	if !spec.Namespaces {
		// Killing the init would set what it looks after free: it notices the closed
		// lifeline instead and ends in order.
		cmd.SysProcAttr.Pdeathsig = 0
		return cmd
	}
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS |
		syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS
	mapIDs(cmd.SysProcAttr)
	return cmd
}

// mapIDs makes the caller root inside. The host's root keeps every id it has, so that hooks
// can run as other users; anybody else gets the one id the kernel lets them map.
func mapIDs(attr *syscall.SysProcAttr) {
	if os.Geteuid() == 0 {
		uids, gids := ownIDs("/proc/self/uid_map"), ownIDs("/proc/self/gid_map")
		if len(uids) > 0 && len(gids) > 0 {
			attr.UidMappings, attr.GidMappings = uids, gids
			attr.GidMappingsEnableSetgroups = true
			return
		}
	}
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
}

// ownIDs maps every id of the caller's own user namespace to itself.
func ownIDs(mapFile string) []syscall.SysProcIDMap {
	f, err := os.Open(mapFile)
	if err != nil {
		return nil
	}
	defer f.Close()
	var ids []syscall.SysProcIDMap
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var inside, outside, size int
		if _, err := fmt.Sscan(lines.Text(), &inside, &outside, &size); err != nil {
			return nil
		}
		ids = append(ids, syscall.SysProcIDMap{ContainerID: inside, HostID: inside, Size: size})
	}
	return ids
}
