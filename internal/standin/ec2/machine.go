package ec2

import (
	"context"
	"net/http"
	"time"
)

// Machines are what instances run on.
type Machines interface {
	// Start boots the machine of an instance, which keeps its files from one boot to the next.
	// It returns once the machine runs; ctx bounds only that.
	Start(ctx context.Context, boot Boot) (Machine, error)
	// Remove removes what a machine that has ended left behind. There may be nothing.
	Remove(id string) error
	// Console is the end of what the machine printed in all its boots, and when it last did.
	// There is nothing, and no error, where it was never booted.
	Console(id string) (text []byte, at time.Time, err error)
}

// A Machine is one boot.
type Machine interface {
	// Stop lets everything on the machine end, and kills it when ctx does. Nothing runs
	// when it returns.
	Stop(ctx context.Context) error
	// Done is closed when nothing runs on the machine any more.
	Done() <-chan struct{}
}

// A Boot is what a machine must know of its instance.
type Boot struct {
	ID       string
	Address  string // of its own, on loopback
	Hostname string
	// UserData is run once in the life of the instance if it begins with "#!".
	UserData []byte
	// Metadata answers as the instance metadata service, to this machine alone.
	Metadata http.Handler
}
