package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/store"
)

// sides names the instances of a blue/green deployment: those that are the group's, Blue, and
// those that replace them, Green, which are started first if the group wants a copy of its
// Auto Scaling group. A rollback has the sides of the deployment that it undoes.
func (d *Driver) sides(ctx context.Context, dep deploy.Deployment, now time.Time, add func(machine, deploy.Label)) error {
	if dep.Creator == deploy.ByRollback {
		return d.sidesOf(ctx, dep.RollbackInfo.TriggeringID, add)
	}
	blue, err := d.cfg.Cloud.members(ctx, dep.Members)
	if err != nil {
		return err
	}
	green, err := d.green(ctx, dep, now)
	if err != nil {
		return err
	}
	for _, m := range blue {
		add(m, deploy.Blue)
	}
	for _, m := range green {
		if !slices.Contains(blue, m) {
			add(m, deploy.Green)
		}
	}
	return nil
}

func (d *Driver) sidesOf(ctx context.Context, deploymentID string, add func(machine, deploy.Label)) error {
	targets, err := d.cfg.Fleet.Targets(ctx, deploymentID)
	if err != nil {
		return fmt.Errorf("read the targets of %s: %w", deploymentID, err)
	}
	for _, t := range targets {
		add(machine{id: t.ID, arn: t.ARN, zone: t.Zone}, t.Label)
	}
	return nil
}

func (d *Driver) green(ctx context.Context, dep deploy.Deployment, now time.Time) ([]machine, error) {
	switch {
	case dep.Replacement() != "":
		return d.cfg.Cloud.provision(ctx, dep, now)
	case dep.TargetInstances == nil:
		return nil, platform.Refuse(deploy.BlueGreenMissing, "The deployment names no replacement instances.")
	default:
		return d.cfg.Cloud.members(ctx, deploy.Members(*dep.TargetInstances))
	}
}

// Retire lets the side that got the traffic take the other's place, and ends the other, if
// the group wants that, once it is due.
func (d *Driver) Retire(ctx context.Context, dep deploy.Deployment, now time.Time) (left []string, err error) {
	switch {
	case d.cfg.Cloud == nil:
		return nil, nil // the instances were refused
	case dep.Action != nil:
		return whatIsLeft(d.cfg.Cloud.LetGo(ctx, *dep.Action, dep.Failure == nil))
	}
	if dep.Retirement.Side != dep.Incoming() {
		if err := d.cfg.Cloud.tookOver(ctx, dep); err != nil {
			return nil, err
		}
		if err := d.handOver(ctx, dep); err != nil {
			return nil, err
		}
	}
	if !dep.Retirement.Due(now) {
		return nil, nil
	}
	switch name := dep.Replacement(); {
	case dep.Retirement.Side == deploy.Green && name != "":
		err = d.cfg.Cloud.endScalingGroup(ctx, name)
	case dep.Retirement.Side == deploy.Green || name == "" && !dep.Terminates():
		return nil, nil
	case !dep.Terminates():
		err = d.cfg.Cloud.detach(ctx, dep.Members.AutoScalingGroups[0])
	case name != "":
		err = d.cfg.Cloud.endScalingGroup(ctx, dep.Members.AutoScalingGroups[0])
	default:
		err = d.terminate(ctx, dep)
	}
	return whatIsLeft(err)
}

// whatIsLeft turns a refusal into a sentence: the deployment itself has come to its end.
func whatIsLeft(err error) ([]string, error) {
	if refused := platform.Refused(err); refused != nil {
		return []string{refused.Info.Message}, nil
	}
	return nil, err
}

// handOver makes the replacement's Auto Scaling group what the other was, once.
func (d *Driver) handOver(ctx context.Context, dep deploy.Deployment) error {
	d.mu.Lock()
	done := d.handed[dep.ID]
	d.mu.Unlock()
	if done {
		return nil
	}
	g, err := d.cfg.Fleet.Group(ctx, dep.Application, dep.Group)
	if errors.Is(err, store.ErrNotFound) {
		return nil // nobody's place is to be taken
	}
	if err != nil {
		return fmt.Errorf("read group %s: %w", dep.Group, err)
	}
	if err := d.cfg.Cloud.takeOver(ctx, g, dep, d.cfg.Traffic); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handed[dep.ID] = true
	return nil
}

// terminate ends the original instances. One in an Auto Scaling group takes its place there
// with it, or it would be replaced.
func (d *Driver) terminate(ctx context.Context, dep deploy.Deployment) error {
	targets, err := d.cfg.Fleet.Targets(ctx, dep.ID)
	if err != nil {
		return fmt.Errorf("read targets: %w", err)
	}
	var blue []string
	for _, t := range targets {
		if t.Label == deploy.Blue {
			blue = append(blue, t.ID)
		}
	}
	running, err := d.cfg.Cloud.notTerminated(ctx, blue)
	if err != nil || len(running) == 0 {
		return err
	}
	if err := d.cfg.Cloud.end(ctx, running); err != nil {
		return err
	}
	return &platform.Wait{Again: d.cfg.Cloud.Every, Note: "Being terminated: " + strings.Join(running, ", ")}
}

// notTerminated are those of the instances that there are still.
func (c *Cloud) notTerminated(ctx context.Context, ids []string) (running []string, err error) {
	return running, c.eachNamed(ctx, ids, func(i ec2types.Instance) {
		if stateOf(i) != ec2types.InstanceStateNameTerminated {
			running = append(running, aws.ToString(i.InstanceId))
		}
	})
}
