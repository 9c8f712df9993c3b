//go:build !linux

package bundle

import (
	"os"
	"time"
)

func setTime(f *os.File, when time.Time) error { return os.Chtimes(f.Name(), when, when) }
