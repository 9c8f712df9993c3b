//go:build !linux

package install

import "errors"

func writeACL(string, []byte, []byte, bool) error { return errors.ErrUnsupported }

func aclSupport(string) error { return errors.ErrUnsupported }
