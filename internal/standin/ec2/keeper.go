package ec2

import (
	"context"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const (
	// bootsAtOnce bounds how many machines boot at the same time.
	bootsAtOnce = 4
	// bootTimeout bounds a boot, which takes a fraction of a second.
	bootTimeout = 30 * time.Second
	// A machine that died is booted again after a pause, which doubles up to the longest.
	shortestPause, longestPause = 500 * time.Millisecond, 30 * time.Second
	// rememberFor is how long a terminated instance can be described, as at AWS.
	rememberFor = time.Hour
	forgetEvery = time.Minute
)

// keepers are the goroutines that look after machines, one for each instance that is to have
// one. Service.mu guards them.
type keepers struct {
	awake map[string]chan struct{} // to wake the keeper of an instance; nil outside of Run
	start func(id string)
	boots chan struct{}
}

// Run boots the machines of all instances that are to run, and looks after them. When ctx ends
// every machine is stopped, and the instances stay recorded as they are.
func (s *Service) Run(ctx context.Context) error {
	var all sync.WaitGroup
	s.mu.Lock()
	s.keepers = keepers{awake: map[string]chan struct{}{}, boots: make(chan struct{}, bootsAtOnce), start: func(id string) {
		all.Go(func() { s.lookAfter(ctx, id) })
	}}
	for _, i := range s.instances.All() {
		s.keep(i.ID)
	}
	s.mu.Unlock()
	for ctx.Err() == nil {
		if err := s.forget(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("terminated instances are not forgotten", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(forgetEvery):
		}
	}
	s.mu.Lock()
	s.keepers.awake = nil
	s.mu.Unlock()
	all.Wait()
	return nil
}

// keep wakes the keeper of an instance, or gives it one. The caller holds mu.
func (s *Service) keep(id string) {
	if s.keepers.awake == nil {
		return // Run will
	}
	if wake, ok := s.keepers.awake[id]; ok {
		select {
		case wake <- struct{}{}:
		default: // it is about to look anyway
		}
		return
	}
	s.keepers.awake[id] = make(chan struct{}, 1)
	s.keepers.start(id)
}

// A keeper sees to it that the machine of an instance is as the instance is to be.
type keeper struct {
	*Service
	id      string
	wake    <-chan struct{}
	machine Machine // nil when nothing runs
	boots   int     // of the instance, when the machine was booted
	since   time.Time
	pause   time.Duration
}

func (s *Service) lookAfter(ctx context.Context, id string) {
	s.mu.Lock()
	k := &keeper{Service: s, id: id, wake: s.keepers.awake[id]}
	s.mu.Unlock()
	for ctx.Err() == nil {
		i, ok := s.instances.Get(id)
		var err error
		switch {
		case ok && i.State == types.InstanceStateNamePending, ok && i.State == types.InstanceStateNameRunning:
			err = k.running(ctx, i)
		case ok && i.State == types.InstanceStateNameStopping:
			k.stop(ctx)
			err = k.reached(ctx, i.State, func(i *instance) { i.State = types.InstanceStateNameStopped })
		case ok && i.State == types.InstanceStateNameShuttingDown:
			err = k.end(ctx)
		default:
			if k.leave() {
				return
			}
		}
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("instance", "id", id, "error", err)
			k.rest(ctx)
		}
	}
	k.stop(ctx)
}

// leave ends the keeper, unless the instance has come back to life meanwhile.
func (k *keeper) leave() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if i, ok := k.instances.Get(k.id); ok && !i.over() && i.State != types.InstanceStateNameStopped {
		return false
	}
	delete(k.keepers.awake, k.id)
	return true
}

// running boots the machine, unless it runs, and waits until something changes.
func (k *keeper) running(ctx context.Context, i instance) error {
	if k.machine != nil && k.boots != i.Boots {
		k.stop(ctx)
	}
	if k.machine == nil {
		if err := k.boot(ctx, i); err != nil {
			return k.failed(ctx, i, err)
		}
	}
	if err := k.reached(ctx, types.InstanceStateNamePending, func(i *instance) { i.State = types.InstanceStateNameRunning }); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-k.wake:
	case <-k.machine.Done():
		k.machine = nil
		if time.Since(k.since) > longestPause {
			k.pause = 0
		}
		return errors.New("its machine has ended by itself, and is booted again")
	}
	return nil
}

func (k *keeper) boot(ctx context.Context, i instance) (err error) {
	select {
	case k.keepers.boots <- struct{}{}:
		defer func() { <-k.keepers.boots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	data, err := base64.StdEncoding.DecodeString(i.UserData)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	k.machine, err = k.cfg.Machines.Start(ctx, Boot{
		ID: i.ID, Address: i.Address, Hostname: k.hostname(i.Address), UserData: data, Metadata: k.metadata(i.ID),
	})
	if err != nil {
		k.machine = nil
		return err
	}
	k.boots, k.since = i.Boots, time.Now()
	return nil
}

// failed ends an instance that could not be launched, as EC2 does; one that ran already is tried
// again.
func (k *keeper) failed(ctx context.Context, i instance, err error) error {
	if ctx.Err() != nil || i.State != types.InstanceStateNamePending || i.Boots > 1 {
		return err
	}
	k.cfg.Log.Error("instance could not be launched", "id", i.ID, "error", err)
	return k.reached(ctx, types.InstanceStateNamePending, func(i *instance) {
		i.State, i.Transition = types.InstanceStateNameShuttingDown, "Server.InternalError"
		i.Reason = &types.StateReason{Code: aws.String("Server.InternalError"), Message: aws.String("Server.InternalError: Internal error on launch: " + err.Error())}
	})
}

// end stops the machine and removes what is left of it.
func (k *keeper) end(ctx context.Context) error {
	k.stop(ctx)
	if err := k.cfg.Machines.Remove(k.id); err != nil {
		return err
	}
	k.sessions.forget(k.id)
	return k.reached(ctx, types.InstanceStateNameShuttingDown, func(i *instance) {
		i.State, i.EndedAt = types.InstanceStateNameTerminated, k.cfg.Now().UTC()
	})
}

// stop stops the machine, also when ctx has ended.
func (k *keeper) stop(ctx context.Context) {
	if k.machine == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), k.cfg.Grace)
	defer cancel()
	if err := k.machine.Stop(ctx); err != nil {
		k.cfg.Log.Warn("machine did not end in order", "id", k.id, "error", err)
	}
	k.machine = nil
}

// reached records that the machine is where the instance is to be, unless that has changed.
func (k *keeper) reached(ctx context.Context, from types.InstanceStateName, change func(*instance)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	i, ok := k.instances.Get(k.id)
	if !ok || i.State != from {
		return nil
	}
	change(&i)
	return k.instances.Put(ctx, k.id, i)
}

// rest waits before the next try, longer each time, or until somebody wants something else.
func (k *keeper) rest(ctx context.Context) {
	k.pause = min(max(2*k.pause, shortestPause), longestPause)
	select {
	case <-ctx.Done():
	case <-k.wake:
	case <-time.After(k.pause):
	}
}

// forget drops instances that were terminated long ago.
func (s *Service) forget(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.instances.All() {
		if i.over() && s.cfg.Now().Sub(i.EndedAt) >= rememberFor {
			if err := s.instances.Delete(ctx, i.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
