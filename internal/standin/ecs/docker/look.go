package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/slipway/slipway/internal/standin/ecs"
)

// Look asks about each container.
func (e *Engine) Look(ctx context.Context, task string) (seen ecs.Sight, err error) {
	all, err := e.list(ctx, task)
	if err != nil {
		return seen, err
	}
	for _, c := range all {
		is, err := e.client.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
		if errdefs.IsNotFound(err) {
			continue
		}
		if err != nil {
			return seen, fmt.Errorf("look at a container: %w", err)
		}
		if c.Labels[containerLabel] == "" {
			for _, n := range is.Container.NetworkSettings.Networks {
				if n.IPAddress.IsValid() {
					seen.Address, seen.MAC = n.IPAddress.String(), n.MacAddress.String()
				}
			}
			continue
		}
		seen.Containers = append(seen.Containers, sight(is.Container))
	}
	return seen, nil
}

func sight(c container.InspectResponse) ecs.ContainerSight {
	s := ecs.ContainerSight{
		Name: c.Config.Labels[containerLabel], RuntimeID: c.ID, Image: c.Image, State: "RUNNING", Health: types.HealthStatusUnknown,
		Bindings: bindings(c),
	}
	switch c.State.Status {
	case container.StateCreated:
		s.State = "PENDING"
	case container.StateExited, container.StateDead, container.StateRemoving:
		s.State, s.ExitCode, s.Reason = "STOPPED", aws.Int32(int32(c.State.ExitCode)), c.State.Error
		if c.State.OOMKilled {
			s.Reason = "OutOfMemoryError: Container killed due to memory usage"
		}
	}
	if c.State.Health != nil {
		switch c.State.Health.Status {
		case container.Healthy:
			s.Health = types.HealthStatusHealthy
		case container.Unhealthy:
			s.Health = types.HealthStatusUnhealthy
		}
	}
	return s
}

// bindings are the ports of the machine that lead to a container that runs; it keeps them in mind
// when it has ended.
func bindings(c container.InspectResponse) (list []types.NetworkBinding) {
	if c.NetworkSettings == nil {
		return nil
	}
	for port, at := range c.NetworkSettings.Ports {
		for _, b := range at {
			var number int32
			fmt.Sscan(b.HostPort, &number) // a number, as the engine says it
			list = append(list, types.NetworkBinding{
				BindIP: aws.String(b.HostIP.String()), ContainerPort: aws.Int32(int32(port.Num())), HostPort: &number,
				Protocol: types.TransportProtocol(port.Proto()),
			})
		}
	}
	return list
}

// Stop stops the containers at the same time, and what holds their network at last.
func (e *Engine) Stop(ctx context.Context, task string, grace func(container string) time.Duration) error {
	all, err := e.list(ctx, task)
	if err != nil {
		return err
	}
	var g errgroup.Group
	for _, c := range all {
		if container := c.Labels[containerLabel]; container != "" {
			g.Go(func() error { return e.stop(ctx, c.ID, grace(container)) })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, c := range all {
		if c.Labels[containerLabel] == "" {
			return e.stop(ctx, c.ID, 0)
		}
	}
	return nil
}

func (e *Engine) stop(ctx context.Context, id string, grace time.Duration) error {
	seconds := int(grace / time.Second)
	_, err := e.client.ContainerStop(ctx, id, client.ContainerStopOptions{Timeout: &seconds})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("stop a container: %w", err)
	}
	return nil
}
