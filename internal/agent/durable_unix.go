//go:build unix

package agent

import (
	"errors"
	"os"
	"syscall"
)

// syncFolder puts the names in a folder on the disk, where the file system can.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
