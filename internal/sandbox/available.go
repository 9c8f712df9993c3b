package sandbox

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// Available tries the namespace mode with a root that is thrown away, in about 20 ms. It
// returns nil if that works, else what the kernel refused and, where a known setting is the
// reason, which.
func Available(ctx context.Context) error {
	root, err := os.MkdirTemp("", "slipway-probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	box, err := start(ctx, Spec{Root: root, Namespaces: true}, true)
	if err == nil {
		err = box.Wait()
	}
	if err == nil {
		return nil
	}
	if why := restriction(os.ReadFile); why != "" {
		return fmt.Errorf("%w (%s)", err, why)
	}
	return err
}

// restriction names the setting that most likely forbids namespaces here, or "".
func restriction(read func(string) ([]byte, error)) string {
	for _, known := range []struct{ file, value, why string }{
		{"/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone is 0"},
		{"/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces is 0"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
			"AppArmor restricts it: sysctl kernel.apparmor_restrict_unprivileged_userns is 1"},
	} {
		if b, err := read(known.file); err == nil && strings.TrimSpace(string(b)) == known.value {
			return known.why
		}
	}
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := read(mark); err == nil {
			return "this is a container, whose runtime may forbid it"
		}
	}
	return ""
}
