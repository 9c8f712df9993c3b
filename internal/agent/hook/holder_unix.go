//go:build unix

package hook

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// leftOpen says which streams are open, and whose fault that is.
func leftOpen(who, open []string) string {
	by := "a background process keeps its "
	if len(who) > 0 {
		by = "the background process " + strings.Join(who, ", ") + " keeps its "
	}
	return by + strings.Join(open, " and ")
}

// inodes are the pipes as /proc names them.
func (s *streams) inodes() map[string]bool {
	out := map[string]bool{}
	for _, p := range []pipe{s.stdout, s.stderr} {
		// The reader may have ended by now, and then has no inode to ask for.
		if info, err := p.r.Stat(); err == nil {
			if stat, ok := info.Sys().(*syscall.Stat_t); ok {
				out[fmt.Sprintf("pipe:[%d]", stat.Ino)] = true
			}
		}
	}
	return out
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
