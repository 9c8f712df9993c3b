// Package ec2test has what tests let instances of the stand-in run on.
package ec2test

import (
	"context"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/standin/ec2"
)

// Machines have no processes: they run at once and until they are stopped.
type Machines struct{}

var _ ec2.Machines = Machines{}

// Start returns a machine that runs.
func (Machines) Start(context.Context, ec2.Boot) (ec2.Machine, error) {
	return &machine{done: make(chan struct{})}, nil
}

// Remove finds nothing to remove.
func (Machines) Remove(string) error { return nil }

// Console is empty.
func (Machines) Console(string) ([]byte, time.Time, error) { return nil, time.Time{}, nil }

type machine struct {
	once sync.Once
	done chan struct{}
}

func (m *machine) Stop(context.Context) error {
	m.once.Do(func() { close(m.done) })
	return nil
}

func (m *machine) Done() <-chan struct{} { return m.done }
