package ecs

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// Retire removes the task set of a side, once that is due and no listener forwards to it.
func (d *Driver) Retire(ctx context.Context, dep deploy.Deployment, now time.Time) (left []string, err error) {
	if !dep.Retirement.Due(now) {
		return nil, nil
	}
	targets, err := d.cfg.Store.Targets(ctx, dep.ID)
	if err != nil {
		return nil, fmt.Errorf("read targets: %w", err)
	}
	for _, t := range targets {
		text, err := d.retire(ctx, dep, t)
		if err != nil {
			return nil, err
		}
		if text != "" {
			left = append(left, text)
		}
	}
	return left, nil
}

func (d *Driver) retire(ctx context.Context, dep deploy.Deployment, t deploy.Target) (left string, err error) {
	at, err := d.look(ctx, dep, t)
	side, share, other := dep.Retirement.Side, 100, deploy.Green
	if side == deploy.Green {
		share, other = 0, deploy.Blue
	}
	switch refused := platform.Refused(err); {
	case refused != nil && refused.Info.Code == deploy.ServiceInvalid:
		return "", nil // the service is gone, with all that it had
	case refused != nil:
		return fmt.Sprintf("The %s task set of %s: %s", side, t.ID, refused.Info.Message), nil
	case err != nil:
		return "", err
	}
	set := at.set(side)
	if set == nil {
		return "", d.settleListeners(ctx, at, other, share)
	}
	if err := d.settleListeners(ctx, at, other, share); err != nil {
		if refused := platform.Refused(err); refused != nil {
			return fmt.Sprintf("The task set %s of %s still runs, for it may have traffic: %s", set.ID, t.ID, refused.Info.Message), nil
		}
		return "", err
	}
	if err := d.delete(ctx, at, set.ID); err != nil {
		if refused := platform.Refused(err); refused != nil {
			return fmt.Sprintf("The task set %s of %s still runs: %s", set.ID, t.ID, refused.Info.Message), nil
		}
		return "", err
	}
	return "", &platform.Wait{Again: d.cfg.Every, Note: fmt.Sprintf("The task set %s is being removed: %d tasks still run.", set.ID, set.Running)}
}

// settleListeners makes sure that all traffic goes to the side that stays. Test traffic follows
// only where a replacement is taken back.
func (d *Driver) settleListeners(ctx context.Context, at *scene, stays deploy.Label, share int) error {
	if err := d.forward(ctx, at, at.prod(), at.routes, share); err != nil {
		return err
	}
	if stays == deploy.Blue {
		if err := d.testTraffic(ctx, at, deploy.Blue); err != nil {
			return err
		}
	}
	return d.promote(ctx, at, at.group(stays).ID)
}

// delete begins to remove a task set. One that is gone is gone.
func (d *Driver) delete(ctx context.Context, at *scene, id string) error {
	force := true
	_, err := d.cfg.Services.DeleteTaskSet(ctx, &sdk.DeleteTaskSetInput{Cluster: &at.service.Cluster, Service: &at.service.Name, TaskSet: &id, Force: &force})
	if answer, ok := errors.AsType[smithy.APIError](err); ok && answer.ErrorCode() == "TaskSetNotFoundException" {
		return nil
	}
	return refusedOr(err, "task set %s of %s", id, at.service.ID())
}
