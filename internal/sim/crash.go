package sim

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/store"
)

// errCrash is what a crashed engine's calls return; it never hears of it.
var errCrash = errors.New("crashed")

// A crasher counts the points at which an engine could die, and kills it at one.
type crasher struct {
	mu     sync.Mutex
	points int
	at     int // 0: never
	dead   bool
	kill   func()
}

// point is passed after everything that cannot be taken back: dying just before it is the
// same as dying after the one before. It returns errCrash from the fatal point on.
func (c *crasher) point() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return errCrash
	}
	c.points++
	if c.points == c.at {
		c.dead = true
		c.kill()
		return errCrash
	}
	return nil
}

// check returns errCrash to an engine that is dead.
func (c *crasher) check() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return errCrash
	}
	return nil
}

// crashStore is a store whose engine may die around each write.
type crashStore struct {
	engine.Store
	c *crasher
}

// Claim is a point where it found something: nothing is written otherwise.
func (s crashStore) Claim(ctx context.Context, owner string, now, until time.Time, n int) ([]string, error) {
	if err := s.c.check(); err != nil {
		return nil, err
	}
	ids, err := s.Store.Claim(ctx, owner, now, until, n)
	if err != nil || len(ids) == 0 {
		return ids, err
	}
	return ids, s.c.point()
}

func (s crashStore) Commit(ctx context.Context, c store.Commit) error {
	return around(s.c, func() error { return s.Store.Commit(ctx, c) })
}

func (s crashStore) UpdateTarget(ctx context.Context, deployment, target string, change func(*deploy.Target) error) error {
	return around(s.c, func() error { return s.Store.UpdateTarget(ctx, deployment, target, change) })
}

func (s crashStore) UpdateDeployment(ctx context.Context, id string, change func(*deploy.Deployment) error) error {
	return around(s.c, func() error { return s.Store.UpdateDeployment(ctx, id, change) })
}

// crashDriver is a driver whose engine may die around each act.
type crashDriver struct {
	platform.Driver
	c *crasher
}

func (d crashDriver) Resolve(ctx context.Context, dep deploy.Deployment, g deploy.Group, now time.Time) (targets []deploy.Target, err error) {
	err = around(d.c, func() error { targets, err = d.Driver.Resolve(ctx, dep, g, now); return err })
	return targets, err
}

func (d crashDriver) Retire(ctx context.Context, dep deploy.Deployment, now time.Time) (left []string, err error) {
	err = around(d.c, func() error { left, err = d.Driver.Retire(ctx, dep, now); return err })
	return left, err
}

func (d crashDriver) Start(ctx context.Context, s deploy.Step) error {
	return around(d.c, func() error { return d.Driver.Start(ctx, s) })
}

func around(c *crasher, act func() error) error {
	if err := c.check(); err != nil {
		return err
	}
	if err := act(); err != nil {
		return err
	}
	return c.point()
}
