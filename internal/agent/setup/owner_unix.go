//go:build unix

package setup

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// hand gives folders to the user whom the agent runs as.
func (o *Options) hand(dirs ...string) error {
	if o.User == "" {
		return nil
	}
	u, err := user.Lookup(o.User)
	if err != nil {
		return fmt.Errorf("the agent is to run as %s: %w", o.User, err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	for _, dir := range dirs {
		if err := os.Chown(o.path(dir), uid, gid); err != nil {
			return err
		}
	}
	return nil
}
