package install

import (
	"errors"
	"syscall"
)

// The extended attributes in which Linux keeps ACLs.
const (
	accessACL    = "system.posix_acl_access"
	inheritedACL = "system.posix_acl_default"
)

// writeACL sets both lists of a file; without an inherited one an earlier one is removed.
func writeACL(file string, access, inherited []byte, hands bool) error {
	if err := syscall.Setxattr(file, accessACL, access, 0); err != nil {
		return err
	}
	if hands {
		return syscall.Setxattr(file, inheritedACL, inherited, 0)
	}
	err := syscall.Removexattr(file, inheritedACL)
	if errors.Is(err, syscall.ENODATA) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EOPNOTSUPP) {
		return nil // there was none; a file cannot have one
	}
	return err
}

func aclSupport(dir string) error {
	_, err := syscall.Getxattr(dir, accessACL, nil)
	if errors.Is(err, syscall.EOPNOTSUPP) {
		return err
	}
	return nil
}
