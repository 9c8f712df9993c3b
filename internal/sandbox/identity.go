package sandbox

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
)

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
