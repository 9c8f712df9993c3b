package ecs

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"golang.org/x/sync/errgroup"
)

// rememberFor is how long tasks and services that are over can be described, as at AWS.
const rememberFor = time.Hour

// Run looks after services and tasks until ctx ends. Their containers go on then, and the next
// Run takes them up again.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	s.openKeepers(ctx, g)
	g.Go(func() error { s.watchEngine(ctx); return nil })
	g.Go(func() error { s.schedule(ctx); return nil })
	err := g.Wait()
	s.closeKeepers()
	return err
}

// wake lets the scheduler look now.
func (s *Service) wake() {
	select {
	case s.awake <- struct{}{}:
	default: // it is about to look anyway
	}
}

func (s *Service) schedule(ctx context.Context) {
	said := ""
	for ctx.Err() == nil {
		err := s.pass(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != said {
			s.cfg.Log.Error("containers: services cannot be looked after", "error", err)
		}
		said = fmt.Sprint(err)
		select {
		case <-ctx.Done():
		case <-s.awake:
		case <-time.After(s.cfg.Every):
		}
	}
}

// pass looks at every service once.
func (s *Service) pass(ctx context.Context) error {
	var targets []target
	for _, t := range s.tasks.All() {
		if t.live() {
			targets = append(targets, t.Joined...)
		}
	}
	health, err := s.healthOf(ctx, targets)
	errs := []error{err}
	ready := s.cfg.Engine.Ready(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.services.All() {
		if v.is() == inactive {
			continue
		}
		seen := view{now: s.cfg.Now(), targets: health, tasks: s.tasksOf(v), place: func(x set) string { return s.placeable(ready, aws.ToString(x.TaskDefinition)) }}
		if err := s.follow(ctx, v, decide(v, seen)); err != nil {
			errs = append(errs, fmt.Errorf("service %s: %w", v.key(), err))
		}
	}
	return errors.Join(append(errs, s.forget(ctx))...)
}

// placeable says why another task of a definition cannot be run; "" where it can.
func (s *Service) placeable(ready error, arn string) string {
	if ready != nil {
		return ready.Error()
	}
	d, ok := s.definition(arn)
	if !ok {
		return "the task definition " + arn + " does not exist any more."
	}
	for _, port := range fixedPorts(d) {
		for _, t := range s.tasks.All() {
			other, _ := s.definition(aws.ToString(t.TaskDefinitionArn))
			if t.phase() != stopped && slices.Contains(fixedPorts(other), port) {
				return fmt.Sprintf("The closest matching container-instance %s is already using a port required by your task: %d/%s, of (task %s).",
					InstanceID, port.number, port.protocol, t.ID)
			}
		}
	}
	return ""
}

type hostPort struct {
	number   int32
	protocol types.TransportProtocol
}

// fixedPorts are the ports of the machine that a task of the definition needs for itself.
func fixedPorts(d definition) (list []hostPort) {
	if d.NetworkMode != types.NetworkModeBridge && d.NetworkMode != types.NetworkModeHost {
		return nil
	}
	for _, c := range d.ContainerDefinitions {
		for _, p := range c.PortMappings {
			if port := aws.ToInt32(p.HostPort); port != 0 {
				list = append(list, hostPort{port, p.Protocol})
			}
		}
	}
	return list
}

// follow records what was decided. The lock is held.
func (s *Service) follow(ctx context.Context, before service, p plan) error {
	now := s.cfg.Now()
	for _, x := range p.stopped {
		t, _ := s.tasks.Get(x.task)
		if x.failed {
			p.taskFailed(t, now)
		}
		t.end(x.code, x.reason, now)
		if err := s.putTask(ctx, t); err != nil {
			return err
		}
	}
	for _, l := range p.launched {
		made, err := s.launch(ctx, p.service, p.Sets[p.set(l.set)], l.n)
		if err != nil {
			return err
		}
		if len(made) > 0 {
			p.say(now, "%s has started %d tasks: %s.", p.label(l.set), len(made), named(made))
		}
	}
	if reflect.DeepEqual(before, p.service) {
		return nil
	}
	return s.services.Put(ctx, p.key(), p.service)
}

// launch records tasks of a set, and gives them keepers. Where ports are fixed there is one at a
// time.
func (s *Service) launch(ctx context.Context, v service, x set, n int) (made []task, err error) {
	d, _ := s.definition(aws.ToString(x.TaskDefinition)) // placeable has found it
	if len(fixedPorts(d)) > 0 {
		n = 1
	}
	for range n {
		t := s.newTask(v.Cluster, d)
		t.Service, t.Set, t.Balancers = v.key(), x.id(), x.LoadBalancers
		t.Group, t.StartedBy = aws.String("service:"+v.name()), x.Id
		t.network(x.NetworkConfiguration)
		t.place(x.LaunchType, x.CapacityProviderStrategy, s.instanceARN(t.ClusterArn))
		switch v.PropagateTags {
		case types.PropagateTagsService:
			t.Tags = v.Tags
		case types.PropagateTagsTaskDefinition:
			t.Tags = d.Tags
		}
		if err := s.putTask(ctx, t); err != nil {
			return made, err
		}
		made = append(made, t)
	}
	return made, nil
}

// place says on what the task runs.
func (t *task) place(launch types.LaunchType, strategy []types.CapacityProviderStrategyItem, instance string) {
	t.LaunchType = launch
	if len(strategy) > 0 {
		t.CapacityProviderName = strategy[0].CapacityProvider
	}
	fargate := launch == types.LaunchTypeFargate || slices.Contains([]string{"FARGATE", "FARGATE_SPOT"}, aws.ToString(t.CapacityProviderName))
	if fargate {
		t.LaunchType, t.PlatformVersion, t.PlatformFamily = types.LaunchTypeFargate, aws.String("1.4.0"), aws.String("Linux")
	} else {
		t.ContainerInstanceArn = &instance
	}
}

// network says which subnet the task is in, of those that were named: the machine's network is one.
func (t *task) network(n *types.NetworkConfiguration) {
	if n != nil && n.AwsvpcConfiguration != nil && len(n.AwsvpcConfiguration.Subnets) > 0 {
		t.Subnet = n.AwsvpcConfiguration.Subnets[0]
	}
}

// instanceARN is the engine as a container instance of a cluster.
func (s *Service) instanceARN(cluster *string) string {
	return s.arn("container-instance", clusterName(cluster)+"/"+InstanceID)
}

// putTask records a task and wakes its keeper. The lock is held.
func (s *Service) putTask(ctx context.Context, t task) error {
	t.Version++
	if err := s.tasks.Put(ctx, t.ID, t); err != nil {
		return err
	}
	s.keep(t.ID)
	return nil
}

// forget drops what is over for long. The lock is held.
func (s *Service) forget(ctx context.Context) error {
	now := s.cfg.Now()
	for _, t := range s.tasks.All() {
		if t.phase() == stopped && now.Sub(aws.ToTime(t.StoppedAt)) >= rememberFor {
			if err := s.cfg.Engine.Forget(t.ID); err != nil {
				return fmt.Errorf("remove the logs of task %s: %w", t.ID, err)
			}
			if err := s.tasks.Delete(ctx, t.ID); err != nil {
				return err
			}
		}
	}
	for _, v := range s.services.All() {
		if v.is() == inactive && now.Sub(v.Ended) >= rememberFor {
			if err := s.services.Delete(ctx, v.key()); err != nil {
				return err
			}
		}
	}
	return s.dropDefinitions(ctx)
}
