//go:build !windows

package agent

import (
	"errors"
	"os"

	"github.com/slipway/slipway/internal/agent/setup"
)

// serviceControl is install on systems other than Linux.
func serviceControl(setup.Options, bool, bool) error {
	return errors.New("install knows the service managers of Linux and Windows: start slipway-agent from this system's own, or use --root to prepare a Linux image")
}

// underManager is for Windows, where services do not get signals.
func underManager(func(stop <-chan os.Signal) error) (bool, error) { return false, nil }
