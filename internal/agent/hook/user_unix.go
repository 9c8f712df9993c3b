//go:build unix

package hook

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"

	"github.com/slipway/slipway/internal/appspec"
)

// An identity is how a script gets to run as somebody else.
type identity struct {
	credential *syscall.Credential
	env        []string
	// prefix comes before the script on the command line.
	prefix []string
}

// switchUser works out who runs a script. Root switches directly, with the user's groups and home
// and without a shell in between; others need sudo.
func switchUser(script appspec.Script) (identity, error) {
	if script.RunAs == "" {
		if !script.Sudo || os.Geteuid() == 0 {
			return identity{}, nil
		}
		return withSudo("-n")
	}
	u, err := user.Lookup(script.RunAs)
	if err != nil {
		return identity{}, fmt.Errorf("there is no user %s on this host (runas in the AppSpec file)", script.RunAs)
	}
	env := []string{"HOME=" + u.HomeDir, "USER=" + u.Username, "LOGNAME=" + u.Username}
	switch {
	case u.Uid == strconv.Itoa(os.Geteuid()):
		return identity{env: env}, nil
	case os.Geteuid() == 0:
		credential, err := credentialOf(u)
		return identity{credential: credential, env: env}, err
	case script.Sudo:
		return withSudo("-n", "-u", u.Username)
	}
	return identity{}, fmt.Errorf("the agent runs as user %d and only root can run a script as %s: run the agent as root, or remove runas from the AppSpec file", os.Geteuid(), script.RunAs)
}

func withSudo(args ...string) (identity, error) {
	path, err := exec.LookPath("sudo")
	if err != nil {
		return identity{}, errors.New("the AppSpec file asks for sudo, which is not installed on this host: run the agent as root, or install sudo")
	}
	return identity{prefix: append([]string{path}, args...)}, nil
}

func credentialOf(u *user.User) (*syscall.Credential, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	credential := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("find the groups of %s: %w", u.Username, err)
	}
	for _, g := range groups {
		id, err := strconv.ParseUint(g, 10, 32)
		if err != nil {
			return nil, err
		}
		credential.Groups = append(credential.Groups, uint32(id))
	}
	return credential, nil
}
