package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/slipway/slipway/internal/standin/ecs"
)

const (
	// defaultStartTimeout is how long a container waits for those that it depends on.
	defaultStartTimeout = 3 * time.Minute
	// askEvery is how often one is looked at that another waits for.
	askEvery = 100 * time.Millisecond
)

// Start starts what was not started yet.
func (e *Engine) Start(ctx context.Context, w ecs.Workload) error {
	if err := e.Ready(ctx); err != nil {
		return err
	}
	info, err := e.client.Info(ctx, client.InfoOptions{})
	if err != nil {
		return fmt.Errorf("ask the engine about itself: %w", err)
	}
	if w.Mode == types.NetworkModeAwsvpc {
		if err := e.startPause(ctx, w); err != nil {
			return final("", "ResourceInitializationError: unable to make the network interface", err)
		}
	}
	for _, c := range inOrder(w.Containers) {
		for _, d := range c.DependsOn {
			if err := e.await(ctx, w, c, d); err != nil {
				return err
			}
		}
		if err := e.pull(ctx, aws.ToString(c.Image)); err != nil {
			return final(*c.Name, "CannotPullContainerError", err)
		}
		if err := e.startContainer(ctx, name(w.Task, *c.Name), e.options(w, c, info.Info.NCPU)); err != nil {
			return final(*c.Name, "", err)
		}
	}
	return nil
}

// final makes a failure a StartError where the engine has answered: asking again would not help.
func final(container, kind string, err error) error {
	if wrong, ok := errors.AsType[*ecs.StartError](err); ok {
		wrong.Container = container
		return wrong
	}
	if errors.Is(err, context.Canceled) || client.IsErrConnectionFailed(err) || kind == "" {
		return err
	}
	return &ecs.StartError{Container: container, Reason: kind + ": " + err.Error()}
}

// inOrder are the containers, each after those that it depends on: there is no circle.
func inOrder(all []types.ContainerDefinition) (list []types.ContainerDefinition) {
	in := func(name *string) bool {
		return slices.ContainsFunc(list, func(c types.ContainerDefinition) bool { return *c.Name == aws.ToString(name) })
	}
	for len(list) < len(all) {
		for _, c := range all {
			waits := slices.ContainsFunc(c.DependsOn, func(d types.ContainerDependency) bool { return !in(d.ContainerName) })
			if !waits && !in(c.Name) {
				list = append(list, c)
			}
		}
	}
	return list
}

// name is a container's in the engine.
func name(task, container string) string { return "slipway-" + task + "-" + container }

// startPause starts the container that holds the task's network.
func (e *Engine) startPause(ctx context.Context, w ecs.Workload) error {
	e.networking.RLock()
	defer e.networking.RUnlock()
	bridge, err := e.ensureNetwork(ctx)
	if err != nil {
		return err
	}
	if err := e.ensurePause(ctx); err != nil {
		return err
	}
	return e.startContainer(ctx, name(w.Task, ""), client.ContainerCreateOptions{
		Config:     &container.Config{Image: pauseImage, Labels: e.marks(w, "")},
		HostConfig: &container.HostConfig{NetworkMode: container.NetworkMode(bridge), LogConfig: container.LogConfig{Type: "none"}},
	})
}

// startContainer makes and starts a container, unless it was started before.
func (e *Engine) startContainer(ctx context.Context, name string, o client.ContainerCreateOptions) error {
	o.Name = name
	_, err := e.client.ContainerCreate(ctx, o)
	if err != nil && !errdefs.IsConflict(err) { // a conflict: it is there
		return wrong("CannotCreateContainerError", err)
	}
	is, err := e.client.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("look at container %s: %w", name, err)
	}
	if is.Container.State.Status != container.StateCreated {
		return nil
	}
	if _, err := e.client.ContainerStart(ctx, name, client.ContainerStartOptions{}); err != nil {
		return wrong("CannotStartContainerError", err)
	}
	return nil
}

func wrong(kind string, err error) error {
	if !answered(err) {
		return err
	}
	return &ecs.StartError{Reason: kind + ": " + err.Error()}
}

// pull pulls an image that is not there.
func (e *Engine) pull(ctx context.Context, image string) error {
	_, err := e.client.ImageInspect(ctx, image)
	if err == nil || !errdefs.IsNotFound(err) {
		return err
	}
	out, err := e.client.ImagePull(ctx, image, client.ImagePullOptions{})
	if err != nil {
		return err
	}
	defer out.Close()
	return out.Wait(ctx)
}

// await waits until a container that another depends on is as far as that wants.
func (e *Engine) await(ctx context.Context, w ecs.Workload, c types.ContainerDefinition, on types.ContainerDependency) error {
	most := defaultStartTimeout
	if c.StartTimeout != nil {
		most = time.Duration(*c.StartTimeout) * time.Second
	}
	bounded, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		is, err := e.client.ContainerInspect(bounded, name(w.Task, *on.ContainerName), client.ContainerInspectOptions{})
		if err == nil {
			done, never := reached(is.Container.State, on.Condition)
			if never {
				return &ecs.StartError{Container: *c.Name, Reason: fmt.Sprintf("TaskFailedToStart: the container %s, which has to be %s before, has ended "+
					"with exit code %d", *on.ContainerName, on.Condition, is.Container.State.ExitCode)}
			}
			if done {
				return nil
			}
		}
		select {
		case <-bounded.Done():
			if ctx.Err() != nil || err != nil {
				return errors.Join(ctx.Err(), err)
			}
			return &ecs.StartError{Container: *c.Name, Reason: fmt.Sprintf("TaskFailedToStart: the container %s was not %s within %s",
				*on.ContainerName, on.Condition, most)}
		case <-time.After(askEvery):
		}
	}
}

// reached tells whether a container is as far as a condition wants, and whether it never will be.
func reached(is *container.State, condition types.ContainerCondition) (done, never bool) {
	over := is.Status == container.StateExited || is.Status == container.StateDead
	switch condition {
	case types.ContainerConditionComplete:
		return over, false
	case types.ContainerConditionSuccess:
		return over && is.ExitCode == 0, over && is.ExitCode != 0
	case types.ContainerConditionHealthy:
		return is.Health != nil && is.Health.Status == container.Healthy, over
	}
	return is.Status != container.StateCreated, false
}
