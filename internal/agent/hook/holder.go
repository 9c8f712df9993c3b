package hook

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// leftOpen names the streams that are open and, where /proc can tell, the processes that hold them.
func leftOpen(s *streams, open []string) string {
	inodes := map[string]bool{}
	for _, p := range []pipe{s.stdout, s.stderr} {
		// The reader may have ended by now, and then has no inode to ask for.
		if info, err := p.r.Stat(); err == nil {
			if stat, ok := info.Sys().(*syscall.Stat_t); ok {
				inodes[fmt.Sprintf("pipe:[%d]", stat.Ino)] = true
			}
		}
	}
	who := "a background process keeps its "
	if found := holders(inodes); len(found) > 0 {
		who = "the background process " + strings.Join(found, ", ") + " keeps its "
	}
	return who + strings.Join(open, " and ")
}

// holders looks for processes with one of the pipes among their open files.
func holders(inodes map[string]bool) []string {
	var out []string
	dirs, _ := filepath.Glob("/proc/[0-9]*/fd")
	self := fmt.Sprintf("/proc/%d/fd", os.Getpid())
	for _, dir := range dirs {
		if dir == self || !holds(dir, inodes) {
			continue
		}
		proc := filepath.Dir(dir)
		name, _ := os.ReadFile(filepath.Join(proc, "comm"))
		out = append(out, fmt.Sprintf("%s (%s)", filepath.Base(proc), strings.TrimSpace(string(name))))
	}
	return out
}

func holds(dir string, inodes map[string]bool) bool {
	names, _ := os.ReadDir(dir)
	for _, n := range names {
		if target, err := os.Readlink(filepath.Join(dir, n.Name())); err == nil && inodes[target] {
			return true
		}
	}
	return false
}
