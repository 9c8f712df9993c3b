package ecs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"golang.org/x/sync/errgroup"
)

const (
	// startsAtOnce bounds how many tasks are started at the same time.
	startsAtOnce = 8
	// lookEvery is how often containers are looked at without a hint of the engine's.
	lookEvery = 5 * time.Second
	// drainEvery is how often a draining target is looked at.
	drainEvery = 200 * time.Millisecond
	// defaultGrace is how long a container gets to end in order.
	defaultGrace = 30 * time.Second
)

// keepers are the goroutines that look after tasks, one for each that is not over. Service.mu
// guards them.
type keepers struct {
	awake  map[string]chan struct{} // to wake the keeper of a task; nil outside of Run
	start  func(id string)
	starts chan struct{}
}

func (s *Service) openKeepers(ctx context.Context, all *errgroup.Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepers = keepers{awake: map[string]chan struct{}{}, starts: make(chan struct{}, startsAtOnce), start: func(id string) {
		all.Go(func() error { s.lookAfter(ctx, id); return nil })
	}}
	for _, t := range s.tasks.All() {
		if t.phase() != stopped {
			s.keep(t.ID)
		}
	}
}

func (s *Service) closeKeepers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepers = keepers{}
}

// keep wakes the keeper of a task, or gives it one. The caller holds mu.
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

// watchEngine lets keepers know what happens to their containers, and ends containers that are
// nobody's, each time that the engine is found again.
func (s *Service) watchEngine(ctx context.Context) {
	said := ""
	for ctx.Err() == nil {
		err := s.cfg.Engine.Sweep(ctx, func(id string) bool {
			t, ok := s.tasks.Get(id)
			return ok && t.phase() != stopped
		})
		if err == nil {
			said = ""
			s.changed("")
			err = s.cfg.Engine.Watch(ctx, s.changed)
		}
		if err != nil && ctx.Err() == nil && len(s.tasks.All()) > 0 && err.Error() != said {
			s.cfg.Log.Warn("containers are not watched", "error", err)
			said = err.Error()
		}
		select {
		case <-ctx.Done():
		case <-time.After(s.cfg.Every):
		}
	}
}

// changed wakes the keeper of a task; of all tasks where none is named.
func (s *Service) changed(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for of, wake := range s.keepers.awake {
		if id == "" || id == of {
			select {
			case wake <- struct{}{}:
			default:
			}
		}
	}
}

// A keeper takes a task through its statuses.
type keeper struct {
	*Service
	id    string
	wake  <-chan struct{}
	pause time.Duration
}

func (s *Service) lookAfter(ctx context.Context, id string) {
	s.mu.Lock()
	k := &keeper{Service: s, id: id, wake: s.keepers.awake[id]}
	s.mu.Unlock()
	said := ""
	for ctx.Err() == nil {
		t, ok := s.tasks.Get(id)
		if !ok || t.phase() == stopped {
			break
		}
		err := k.step(ctx, t)
		if err == nil || ctx.Err() != nil {
			k.pause, said = 0, ""
			continue
		}
		if err.Error() != said {
			s.cfg.Log.Warn("task", "id", id, "error", err)
			said = err.Error()
		}
		k.pause = min(max(2*k.pause, 500*time.Millisecond), 10*time.Second)
		k.rest(ctx, k.pause)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keepers.awake, id) // a task that is over stays so
}

// rest waits, or until something has changed.
func (k *keeper) rest(ctx context.Context, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-k.wake:
	case <-time.After(most):
	}
}

// step does what is next for the task.
func (k *keeper) step(ctx context.Context, t task) error {
	switch {
	case !t.live():
		return k.finish(ctx, t)
	case t.status() == provisioning:
		return k.change(ctx, func(t *task) { t.LastStatus, t.PullStartedAt = aws.String(pending), k.now() })
	case t.status() == pending:
		return k.start(ctx, t)
	case t.status() == activating:
		return k.join(ctx, t)
	}
	return k.watch(ctx)
}

// change changes what is recorded of the task, and lets the scheduler look.
func (k *keeper) change(ctx context.Context, f func(*task)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, ok := k.tasks.Get(k.id)
	if !ok {
		return nil
	}
	t.Containers = slices.Clone(t.Containers)
	f(&t)
	t.Version++
	defer k.Service.wake()
	return k.tasks.Put(ctx, t.ID, t)
}

// start starts the containers, unless the task is stopped meanwhile.
func (k *keeper) start(ctx context.Context, t task) error {
	select {
	case k.keepers.starts <- struct{}{}:
		defer func() { <-k.keepers.starts }()
	case <-ctx.Done():
		return ctx.Err()
	}
	d, ok := k.definition(aws.ToString(t.TaskDefinitionArn))
	if !ok {
		return k.fail(ctx, types.TaskStopCodeTaskFailedToStart, "The task definition does not exist any more", "", "")
	}
	wanted, giveUp := context.WithCancel(ctx)
	defer giveUp()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for wanted.Err() == nil {
			k.rest(wanted, lookEvery)
			if t, ok := k.tasks.Get(k.id); !ok || !t.live() {
				giveUp()
			}
		}
	}()
	err := k.cfg.Engine.Start(wanted, t.workload(d))
	unwanted := wanted.Err() != nil && ctx.Err() == nil
	giveUp()
	<-ended
	if wrong, ok := errors.AsType[*StartError](err); ok {
		return k.fail(ctx, types.TaskStopCodeTaskFailedToStart, wrong.Reason, wrong.Container, wrong.Reason)
	}
	if unwanted {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start containers: %w", err)
	}
	return k.started(ctx)
}

func (k *keeper) started(ctx context.Context) error {
	seen, err := k.cfg.Engine.Look(ctx, k.id)
	if err != nil {
		return fmt.Errorf("look at containers: %w", err)
	}
	return k.change(ctx, func(t *task) {
		t.see(seen)
		t.Connectivity, t.ConnectivityAt, t.PullStoppedAt = types.ConnectivityConnected, k.now(), k.now()
		if len(t.Balancers) > 0 {
			t.LastStatus = aws.String(activating)
		} else {
			t.LastStatus, t.StartedAt = aws.String(running), k.now()
		}
	})
}

// join registers the task in its target groups. Where it is to be is recorded before it is
// there, so that it leaves it in any case.
func (k *keeper) join(ctx context.Context, t task) error {
	var places []target
	for _, b := range t.Balancers {
		at, ok := t.target(b)
		if !ok {
			return k.fail(ctx, types.TaskStopCodeTaskFailedToStart,
				fmt.Sprintf("The container %s has no port %d", aws.ToString(b.ContainerName), aws.ToInt32(b.ContainerPort)), aws.ToString(b.ContainerName), "")
		}
		places = append(places, at)
	}
	if err := k.change(ctx, func(t *task) { t.Joined = places }); err != nil {
		return err
	}
	for _, at := range places {
		if err := k.register(ctx, at); err != nil {
			if isRefusal(err) {
				k.tell(ctx, t, "failed to register targets in (target-group %s) with (error %v)", at.Group, err)
			}
			return fmt.Errorf("register in %s: %w", at.Group, err)
		}
		k.tell(ctx, t, "registered 1 targets in (target-group %s)", at.Group)
	}
	return k.change(ctx, func(t *task) {
		if t.status() == activating {
			t.LastStatus, t.StartedAt = aws.String(running), k.now()
		}
	})
}

// tell adds an event to those of the task's service, unless it is the last one.
func (k *keeper) tell(ctx context.Context, t task, format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.services.Get(t.Service)
	if !ok {
		return
	}
	text := v.label(t.Set) + " " + fmt.Sprintf(format, args...)
	if len(v.Events) > 0 && *v.Events[0].Message == text && time.Since(*v.Events[0].CreatedAt) < time.Minute {
		return
	}
	v.say(k.cfg.Now(), "%s", text)
	if err := k.services.Put(ctx, v.key(), v); err != nil {
		k.cfg.Log.Error("an event of a service is lost", "event", text, "error", err)
	}
}

// watch records how the containers are, and waits until something changes.
func (k *keeper) watch(ctx context.Context) error {
	seen, err := k.cfg.Engine.Look(ctx, k.id)
	if err != nil {
		return fmt.Errorf("look at containers: %w", err)
	}
	t, _ := k.tasks.Get(k.id)
	d, _ := k.definition(aws.ToString(t.TaskDefinitionArn))
	after := t
	after.Containers = slices.Clone(t.Containers)
	after.see(seen)
	if !sameSight(t, after) {
		if err := k.change(ctx, func(t *task) { t.see(seen) }); err != nil {
			return err
		}
	}
	for _, c := range after.Containers {
		of, _ := d.container(aws.ToString(c.Name))
		if isEssential(of) && aws.ToString(c.LastStatus) == stopped {
			return k.fail(ctx, types.TaskStopCodeEssentialContainerExited, "Essential container in task exited", "", "")
		}
	}
	k.rest(ctx, lookEvery)
	return nil
}

// fail stops a task that has ended by itself or never begun, and lets its service count it.
func (k *keeper) fail(ctx context.Context, code types.TaskStopCode, reason, container, why string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer k.Service.wake()
	t, ok := k.tasks.Get(k.id)
	if !ok || !t.live() {
		return nil
	}
	now := k.cfg.Now()
	if v, ok := k.services.Get(t.Service); ok {
		if code == types.TaskStopCodeTaskFailedToStart {
			v.say(now, "%s was unable to start (task %s). Reason: %s", v.label(t.Set), t.ID, reason)
		}
		v.taskFailed(t, now)
		if err := k.services.Put(ctx, v.key(), v); err != nil {
			return err
		}
	}
	t.Containers = slices.Clone(t.Containers)
	for i, c := range t.Containers {
		if why != "" && aws.ToString(c.Name) == container {
			t.Containers[i].Reason = &why
		}
	}
	t.end(code, reason, now)
	return k.tasks.Put(ctx, t.ID, t)
}

// finish takes a task that is to stop to its end: out of its target groups, its containers
// stopped, what is left of them removed.
func (k *keeper) finish(ctx context.Context, t task) error {
	if len(t.Joined) > 0 {
		return k.leave(ctx, t)
	}
	if t.status() != stopping && t.status() != deprovisioning {
		if err := k.change(ctx, func(t *task) { t.LastStatus = aws.String(stopping) }); err != nil {
			return err
		}
	}
	d, _ := k.definition(aws.ToString(t.TaskDefinitionArn))
	err := k.cfg.Engine.Stop(ctx, k.id, func(container string) time.Duration {
		if c, ok := d.container(container); ok && c.StopTimeout != nil {
			return time.Duration(*c.StopTimeout) * time.Second
		}
		return defaultGrace
	})
	if err != nil {
		return fmt.Errorf("stop containers: %w", err)
	}
	seen, err := k.cfg.Engine.Look(ctx, k.id)
	if err != nil {
		return fmt.Errorf("look at containers: %w", err)
	}
	if t.status() != deprovisioning {
		if err := k.change(ctx, func(t *task) {
			t.see(seen)
			t.LastStatus, t.ExecutionStoppedAt = aws.String(deprovisioning), k.now()
		}); err != nil {
			return err
		}
	}
	if err := k.cfg.Engine.Remove(ctx, k.id); err != nil {
		return fmt.Errorf("remove containers: %w", err)
	}
	return k.change(ctx, func(t *task) {
		t.LastStatus, t.StoppedAt, t.Connectivity = aws.String(stopped), k.now(), ""
		for i := range t.Containers {
			t.Containers[i].LastStatus = aws.String(stopped)
		}
	})
}

// leave takes the task out of its target groups, and waits until nothing is open on it, or it
// has ended already.
func (k *keeper) leave(ctx context.Context, t task) error {
	if t.status() != deactivating {
		for _, at := range t.Joined {
			if err := k.deregister(ctx, at); err != nil {
				return err
			}
			k.tell(ctx, t, "deregistered 1 targets in (target-group %s)", at.Group)
		}
		k.tell(ctx, t, "has begun draining connections on 1 tasks.")
		return k.change(ctx, func(t *task) { t.LastStatus = aws.String(deactivating) })
	}
	over := t.StopCode == types.TaskStopCodeEssentialContainerExited || t.StopCode == types.TaskStopCodeTaskFailedToStart
	if !over {
		done, err := k.drained(ctx, t.Joined)
		if err != nil {
			return err
		}
		over = done
	}
	if over {
		return k.change(ctx, func(t *task) { t.Joined = nil })
	}
	k.rest(ctx, drainEvery)
	return nil
}
