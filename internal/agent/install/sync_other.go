//go:build !linux

package install

import "os"

// syncDisk writes out f alone; these systems have no call for a whole file system. A version may
// then lose files in a power cut, though not in a crash of the agent.
func syncDisk(f *os.File) error { return f.Sync() }
